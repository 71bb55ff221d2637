"""Charts of a clip: what tests measure over time, and the scores of its frames."""

from dataclasses import dataclass

import numpy as np

from facepad import sources
from facepad.charts import TIME, Chart, ChartsClip, Series, SeriesKind, Span
from facepad.errors import printable
from facepad.finders import chosen_frames, joined, with_faces
from facepad.needs import judged_frames, missing_reason, needs_of
from facepad.pipeline import Checker
from facepad.selected_tests.loaded import LoadedTests
from facepad.sources import Source
from facepad.types import LivenessTest, OperatingPoint, Presentation, Score


@dataclass(frozen=True, slots=True, eq=False)
class ClipCharts:
    """The charts of one clip.

    Attributes:
        source: Where the clip came from.
        charts: One or more, tests in the order of the checker.
    """

    source: str
    charts: tuple[Chart, ...]


def clip_charts(checker: Checker, source: Source, *, name: str = "") -> ClipCharts | None:
    """Return what the tests of a checker measure over a clip.

    The clip is read again, and each frame that was selected for frame-wise tests is scored by
    itself, also those that the decision did not need.

    Args:
        checker: Its tests are asked, deciding and advisory ones.
        source: As `Checker.check`, like ``name``.
        name: Name of the source in messages.

    Returns:
        The charts; None for a still, and where no test has a chart.

    Raises:
        InputError: The source cannot be read, or is over a limit.
        ModelError: A model file is missing or has the wrong hash.
    """
    parts, stills, clip = checker.parts(is_clip=True), None, None
    with sources.settled(source, name=name) as (settled, name):
        if sources.clip_path(settled) is None:
            return None
        if parts.clip_needs is not None:
            clip = sources.load_dense(settled, parts.clip_needs, name=name)
        if parts.has_frame_wise:
            depth, selection = parts.stills_need_depth, checker.frames
            stills = sources.load(settled, selection=selection, name=name, depth=depth)
    single = checker.faces == "single"
    stills, clip = with_faces(*joined(stills, clip), parts.finder, single=single)
    if stills is not None:
        chosen = chosen_frames(stills, checker.frames.best, parts.assess, parts.finder)
        stills = judged_frames(chosen, parts.assess).presentation
    charts = tuple(chart for test in parts.tests for chart in _charts(test, parts, stills, clip))
    given = clip or stills
    return ClipCharts(given.source, charts) if given and charts else None


def _charts(
    test: LivenessTest,
    parts: LoadedTests,
    stills: Presentation | None,
    clip: Presentation | None,
) -> tuple[Chart, ...]:
    if missing_reason(test, stills, clip) is not None:
        return ()
    needs = needs_of(test)
    if isinstance(test, ChartsClip) and clip is not None:
        unmet = needs.unmet(clip) if needs.is_clip else None  # the test was not asked then
        title = f"{printable(test.name)}: not measured"
        return (Chart.without_numbers(title, unmet),) if unmet else tuple(test.charts(clip))
    if needs.is_clip or stills is None:
        return ()
    return (_of_scores(test, parts, stills),)


def _of_scores(test: LivenessTest, parts: LoadedTests, stills: Presentation) -> Chart:
    """Return the scores of single frames over time, with threshold and band."""
    title = f"{printable(test.name)}: scores of selected frames"
    frames = [frame for frame in stills.frames if frame.face]
    if not frames:
        reason = next((f.no_face for f in stills.frames if f.no_face), None)
        return Chart.without_numbers(title, reason) if reason else Chart(title, "", "")
    found = [
        parts.on_scale({test.name: test.score(Presentation((frame,)))})[test.name]
        for frame in frames
    ]
    values = np.array([np.nan if one.value is None else one.value for one in found], np.float64)
    times = np.array([frame.time_s for frame in frames], np.float64)
    return Chart(
        title,
        TIME,
        "score",
        (Series("score of a frame", times, values, SeriesKind.POINTS),),
        _bounds(parts.points[test.name]),
        _in_words(found),
        y_limits=(0.0, 1.0),
    )


def _in_words(found: list[Score]) -> str:
    scored = sum(one.value is not None for one in found)
    frames = "frame" if len(found) == 1 else "frames"
    return f"{scored} {frames}" if scored == len(found) else f"{scored} of {len(found)} {frames}"


def _bounds(point: OperatingPoint) -> tuple[Span, ...]:
    """Return the threshold, and the band where there is one; none of a test that only adds."""
    if not point.decides:
        return ()
    line = Span(point.threshold, point.threshold, f"threshold {point.threshold:.2f}", is_of_y=True)
    if point.low == point.high:
        return (line,)
    return Span(point.low, point.high, "uncertain", is_of_y=True), line
