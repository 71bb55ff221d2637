"""Figures of clips: charts of tests, scores of frames, and the file that they are drawn to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facepad.charts import TIME, Chart, Series, SeriesKind, Span
from facepad.errors import InputError
from facepad.explaining import HeatMapFolder, can_map, chart_drawing
from facepad.explaining.clip_charts import ClipCharts, clip_charts
from facepad.needs import Needs
from facepad.pipeline import Checker
from facepad.testing.media_files import write_video
from facepad.types import (
    CaptureQuality,
    Face,
    Frame,
    LivenessTest,
    OperatingPoint,
    Presentation,
    Reason,
    Score,
)

SIDE = 96
BAND = OperatingPoint("dev", 0.5, 0.4, 0.6)
RAMP = np.arange(5.0)


@dataclass
class Level:
    """Scores the grey level of single frames."""

    name: str = "level"
    operating_point: OperatingPoint = BAND

    @property
    def models(self) -> Mapping[str, str]:
        return {self.name: f"{self.name}-1"}

    def score(self, presentation: Presentation) -> Score:
        return Score(float(np.mean([frame.image.mean() / 255.0 for frame in presentation.frames])))


@dataclass
class Charting(Level):
    """A test of clips that charts the time of its frames."""

    name: str = "charting"
    operating_point: OperatingPoint = OperatingPoint.undecided()  # noqa: RUF009 - frozen
    needs: Needs = Needs(min_frames=5)  # noqa: RUF009 - frozen

    def charts(self, presentation: Presentation) -> tuple[Chart, ...]:
        times = np.array([frame.time_s for frame in presentation.frames])
        return (Chart("frames", TIME, "half", (Series("one", times, times / 2.0),)),)


class WholeFrame:
    """Finds a face in every picture that is not black."""

    models: Mapping[str, str] = {"finder": "finder-1"}

    def find(self, frame: Frame) -> Frame:
        if frame.image.mean() < 8.0:
            return replace(frame, no_face=Reason.NO_FACE)
        return replace(frame, face=Face((20, 20, 70, 70), 1.0), capture=CaptureQuality())


def checker(*tests: LivenessTest) -> Checker:
    return Checker(tests or (Level(), Charting()), finder=WholeFrame())


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A clip of ten frames that become lighter."""
    path = tmp_path / "me.avi"
    write_video(path, [np.full((SIDE, SIDE, 3), 100 + 10 * n, np.uint8) for n in range(10)])
    return path


@pytest.fixture
def still(tmp_path: Path) -> Path:
    path = tmp_path / "me.png"
    Image.new("RGB", (SIDE, SIDE), (200, 200, 200)).save(path)
    return path


def charts(given: Checker, source: Path) -> tuple[Chart, ...]:
    found = clip_charts(given, source)
    assert isinstance(found, ClipCharts)
    return found.charts


def test_a_clip_has_the_charts_of_its_tests_and_the_scores_of_its_frames(clip: Path) -> None:
    scores, own = charts(checker(), clip)
    (points,) = scores.series
    assert points.kind is SeriesKind.POINTS
    assert len(points.x) == 8
    assert np.all(np.diff(points.y) > 0.0)
    assert scores.title.startswith("level:")
    assert len(own.series[0].x) >= 5


def test_scores_have_the_band_and_the_threshold_of_their_test(clip: Path) -> None:
    band, threshold = charts(checker(), clip)[0].spans
    assert (band.low, band.high, threshold.low) == (0.4, 0.6, 0.5)
    assert band.is_of_y
    assert threshold.is_of_y


def test_a_threshold_without_a_band_is_one_line(clip: Path) -> None:
    given = checker(Level(operating_point=OperatingPoint.at(0.3)), Charting())
    (line,) = charts(given, clip)[0].spans
    assert line.low == line.high == 0.3


def test_without_a_face_the_chart_says_so(tmp_path: Path) -> None:
    path = tmp_path / "black.avi"
    write_video(path, [np.zeros((SIDE, SIDE, 3), np.uint8)] * 9)
    scores = charts(checker(), path)[0]
    assert (scores.series, scores.words) == ((), "no face found")


def test_a_clip_that_is_too_short_for_a_test_has_no_chart_of_it(clip: Path) -> None:
    own = charts(checker(Level(), Charting(needs=Needs(seconds=5.0))), clip)[1]
    assert (own.series, own.words) == ((), "clip too short")
    assert own.title == "charting: not measured"


def test_a_still_has_no_figure(still: Path, tmp_path: Path) -> None:
    assert clip_charts(checker(), still) is None
    assert HeatMapFolder(tmp_path / "maps").chart(checker(), still) is None
    assert not any((tmp_path / "maps").iterdir())


def test_a_figure_is_a_file_of_its_own_each_time(clip: Path, tmp_path: Path) -> None:
    folder = HeatMapFolder(tmp_path / "maps")
    paths = [folder.chart(checker(), clip) for _ in range(2)]
    assert paths == [tmp_path / "maps" / name for name in ("me.clip.png", "me-2.clip.png")]
    with Image.open(tmp_path / "maps" / "me.clip.png") as image:
        assert image.format == "PNG"


def test_a_clip_that_cannot_be_read_has_its_reason_in_words(tmp_path: Path) -> None:
    found = HeatMapFolder(tmp_path).chart(checker(), tmp_path / "missing.avi")
    assert "file not found" in str(found)


def test_without_matplotlib_a_clip_has_a_line_and_a_still_has_none(
    clip: Path, still: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chart_drawing, "find_spec", lambda _: None)
    folder = HeatMapFolder(tmp_path / "maps")
    assert folder.chart(checker(), clip) == "Matplotlib is missing; install facepad[report]"
    assert folder.chart(checker(), still) is None


def test_a_heat_map_needs_a_test_of_single_frames() -> None:
    assert can_map(checker())
    assert not can_map(checker(Charting()))


KINDS: tuple[Chart, ...] = (
    Chart.without_numbers("none", Reason.CLIP_TOO_SHORT),
    Chart("empty", TIME, "y", (Series("", RAMP[:0], RAMP[:0]),)),
    Chart("nan", "x", "y", (Series("a", RAMP, RAMP * np.nan, SeriesKind.POINTS),)),
    Chart(
        "all $kinds$",
        TIME,
        "y",
        tuple(Series(kind, RAMP, RAMP / 4.0, kind) for kind in SeriesKind),
        (Span(1.0, 2.0, "span"), Span(0.5, 0.5, "line", is_of_y=True)),
        "words",
        y_limits=(0.0, 1.0),
    ),
)


@pytest.mark.parametrize("chart", KINDS, ids=lambda chart: chart.title)
def test_each_kind_of_chart_can_be_drawn(chart: Chart) -> None:
    assert chart_drawing.drawn([chart], "title").startswith(b"\x89PNG")


def test_the_same_charts_are_the_same_file() -> None:
    draw: Callable[[], bytes] = lambda: chart_drawing.drawn(KINDS, "title")  # noqa: E731
    assert draw() == draw()


def test_a_series_has_as_many_places_as_values() -> None:
    with pytest.raises(InputError, match=r"one shape \(N,\), got \(5,\) and \(4,\)"):
        Series("a", RAMP, RAMP[1:])
