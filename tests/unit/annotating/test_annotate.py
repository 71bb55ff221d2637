"""Clips that are judged over time and written again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from clip_samples import write_clip
from facepad.annotating import Annotation, DecisionTimes, KeptFrames, annotate, rate_of
from facepad.errors import InputError, SettingsError
from facepad.media.formats.clip_header import VideoTrack
from facepad.media.video import read_video
from facepad.needs import Needs
from facepad.pipeline import Checker
from facepad.types import (
    CaptureQuality,
    Face,
    Frame,
    OperatingPoint,
    Outcome,
    Presentation,
    Reason,
    RgbImage,
    Score,
)

RATE = 10.0


class LightFinder:
    """Takes the middle of a picture for a face, unless it is dark."""

    models: Mapping[str, str] = {}

    def find(self, frame: Frame) -> Frame:
        if frame.image.mean() < 20:
            return replace(frame, no_face=Reason.NO_FACE)
        width, height = frame.size
        box = (width // 4, height // 4, 3 * width // 4, 3 * height // 4)
        return replace(frame, face=Face(box, 0.9), capture=CaptureQuality())


@dataclass
class BrightClipTest:
    """A clip test: the brighter, the more bona fide; keeps what it was given."""

    name: str = "bright"
    operating_point: OperatingPoint = field(default=OperatingPoint.at(0.5))
    models: Mapping[str, str] = field(default_factory=dict)
    needs: Needs = field(default=Needs(min_frames=2, fps=5.0, wanted_fps=30.0))
    given: list[tuple[float, ...]] = field(default_factory=list)

    def score(self, presentation: Presentation) -> Score:
        self.given.append(tuple(frame.time_s for frame in presentation.frames))
        return Score(float(np.mean([frame.image.mean() for frame in presentation.frames])) / 255.0)


def clip_of(folder: Path, levels: list[int], size: tuple[int, int] = (64, 48)) -> Path:
    images: list[RgbImage] = [np.full((size[1], size[0], 3), one, np.uint8) for one in levels]
    return write_clip(folder / "clip.avi", images, rate=RATE)


def run(
    source: Path, test: BrightClipTest | None = None, *, force: bool = False, window_s: float = 1.0
) -> Annotation:
    checker = Checker([test or BrightClipTest()], finder=LightFinder())
    times = DecisionTimes(window_s, 0.5)
    return annotate(source, source.with_name("overlay.webm"), checker, times, force=force)


def test_decisions_follow_the_clip(tmp_path: Path) -> None:
    done = run(clip_of(tmp_path, [200] * 20 + [60] * 20))
    assert [moment.time_s for moment in done.moments] == pytest.approx(np.arange(0.5, 4.0, 0.5))
    outcomes = [moment.decision.outcome for moment in done.moments]
    assert outcomes == [Outcome.BONA_FIDE] * 4 + [Outcome.ATTACK] * 3
    assert done.outcomes == {Outcome.BONA_FIDE: 4, Outcome.ATTACK: 3}


def test_the_clip_has_the_size_the_rate_and_the_length_of_the_source(tmp_path: Path) -> None:
    done = run(clip_of(tmp_path, [200] * 12))
    frames = list(read_video(done.path))
    assert (done.size, done.rate, done.frames) == ((64, 48), RATE, 12)
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(12) / RATE, abs=0.001)
    assert {frame.size for frame in frames} == {(64, 48)}


def test_each_decision_is_about_the_window_before_it(tmp_path: Path) -> None:
    test = BrightClipTest()
    run(clip_of(tmp_path, [200] * 30), test, window_s=1.0)
    assert all(times[0] == 0.0 for times in test.given)
    assert [len(times) for times in test.given] == [6, *[10] * 4]


def test_where_no_face_is_the_outcome_is_no_response(tmp_path: Path) -> None:
    done = run(clip_of(tmp_path, [0] * 10))
    assert [moment.decision.outcome for moment in done.moments] == [Outcome.NON_RESPONSE]


def test_a_clip_shorter_than_a_step_has_one_decision(tmp_path: Path) -> None:
    done = run(clip_of(tmp_path, [200] * 3))
    assert [moment.time_s for moment in done.moments] == pytest.approx([0.2])


def test_odd_sizes_lose_a_row_or_a_column(tmp_path: Path) -> None:
    assert run(clip_of(tmp_path, [200] * 3, (65, 49))).size == (64, 48)


def test_large_clips_are_reduced_to_1280_pixels(tmp_path: Path) -> None:
    assert run(clip_of(tmp_path, [200] * 2, (1920, 96))).size == (1280, 64)


def test_frames_over_the_memory_of_a_clip_are_judged_at_a_smaller_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_MAX_CLIP_MB", "10")
    done = run(clip_of(tmp_path, [200] * 6, (1280, 720)))
    assert done.moments[0].decision.source_size == (320, 180)
    assert done.size == (1280, 720)


def test_a_file_that_exists_is_overwritten_on_request_only(tmp_path: Path) -> None:
    source, out = clip_of(tmp_path, [200] * 3), tmp_path / "overlay.webm"
    out.write_bytes(b"mine")
    with pytest.raises(SettingsError, match="exists already; overwrite it with --force"):
        run(source)
    assert out.read_bytes() == b"mine"
    run(source, force=True)
    assert out.read_bytes() != b"mine"


def test_the_clip_itself_is_never_overwritten(tmp_path: Path) -> None:
    source = run(clip_of(tmp_path, [200] * 3)).path
    with pytest.raises(SettingsError, match="is the clip itself"):
        run(source, force=True)


@dataclass
class InterruptedTest(BrightClipTest):
    """The user presses Ctrl-C meanwhile."""

    def score(self, presentation: Presentation) -> Score:
        raise KeyboardInterrupt(presentation.source)


def test_an_interrupted_run_leaves_no_file(tmp_path: Path) -> None:
    source = clip_of(tmp_path, [200] * 20)
    checker = Checker([InterruptedTest()], finder=LightFinder(), threads=1)
    with pytest.raises(KeyboardInterrupt):
        annotate(source, tmp_path / "new" / "overlay.webm", checker)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [source.name]


def broken(folder: Path) -> Path:
    path = folder / "clip.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(200))
    return path


def still(folder: Path) -> Path:
    path = folder / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    return path


SOURCES: Mapping[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "none.mp4", "none.mp4: "),
    "broken": (broken, "clip.mp4: "),
    "picture": (still, "picture.png: expected a clip, got a picture"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_what_cannot_be_read_is_an_error_that_names_it(tmp_path: Path, name: str) -> None:
    make, expected = SOURCES[name]
    with pytest.raises(InputError, match=expected):
        run(make(tmp_path))


def test_another_suffix_is_an_error(tmp_path: Path) -> None:
    source = clip_of(tmp_path, [200])
    with pytest.raises(SettingsError, match=r"a name that ends in \.webm or \.mp4"):
        annotate(source, tmp_path / "out.avi", Checker([BrightClipTest()], finder=LightFinder()))


@pytest.mark.parametrize(
    ("window_s", "step_s", "name"),
    [(0.0, 0.5, "window"), (31.0, 0.5, "window"), (1.0, 2.0, "step")],
)
def test_times_out_of_range_are_errors(window_s: float, step_s: float, name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be"):
        DecisionTimes(window_s, step_s)


@pytest.mark.parametrize(
    ("frames", "duration_s", "rate"),
    [(50, 2.0, 25.0), (10, 100.0, 1.0), (1000, 2.0, 60.0), (None, None, 25.0), (1, 0.0, 25.0)],
)
def test_the_rate_is_that_of_the_clip_within_bounds(
    frames: int | None, duration_s: float | None, rate: float
) -> None:
    assert rate_of(VideoTrack("vp9", 64, 48, frames=frames, duration_s=duration_s)) == rate


@pytest.mark.parametrize(("clip_rate", "kept"), [(5.0, 15), (10.0, 30), (60.0, 30), (240.0, 30)])
def test_kept_frames_are_bounded_at_any_rate(clip_rate: float, kept: int) -> None:
    frames, image = KeptFrames(3.0, 10.0), np.zeros((2, 2, 3), np.uint8)
    for number in range(round(10 * clip_rate)):
        frames.add(Frame(image, number / clip_rate))
        assert len(frames.presentation("").frames) <= frames.most
    assert len(frames.presentation("").frames) == pytest.approx(kept, abs=1)


def test_kept_frames_are_bounded_where_times_hardly_move() -> None:
    frames, image = KeptFrames(3.0, 10.0), np.zeros((2, 2, 3), np.uint8)
    for number in range(1000):
        frames.add(Frame(image, number * 1e-6))
    assert len(frames.presentation("").frames) <= frames.most
