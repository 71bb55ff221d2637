"""A clip is one presentation: the same decision everywhere, with the frames that tests need."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event, Lock, active_count, get_ident
from time import perf_counter, sleep

import numpy as np
import pytest
from typer.testing import CliRunner

from facepad.cli.app import app
from facepad.decision import Decision
from facepad.errors import InputError, ModelError, SettingsError
from facepad.fusion import mean_over_frames
from facepad.media.frame_selection import FrameSelection
from facepad.needs import Needs
from facepad.pipeline import Checker
from facepad.scoring.table import output_columns, presentation_columns
from facepad.scoring.workers import score_picture, score_presentation
from facepad.testing.media_files import write_depth_clip, write_video
from facepad.types import (
    CaptureQuality,
    Face,
    Frame,
    OperatingPoint,
    Outcome,
    Presentation,
    Reason,
    Score,
)

POINT = OperatingPoint.at(0.5, "made_up")
LEVELS = (0, 60, 90, 120, 150, 180)  # the first frame is black, where no face is found
FACE = Face((0, 0, 64, 48), 0.9)


class LightFinder:
    """Takes the whole picture for a face, unless it is dark."""

    models: Mapping[str, str] = {}
    searches = 0

    def __init__(self, captured: bool = True) -> None:
        self.capture = CaptureQuality() if captured else None

    def find(self, frame: Frame) -> Frame:
        self.searches += 1
        if frame.image.mean() < 20:
            return replace(frame, no_face=Reason.NO_FACE)
        return replace(frame, face=Face((0, 0, *frame.size), 0.9), capture=self.capture)


@dataclass
class BrightTest:
    """A frame-wise test: the brighter, the more bona fide."""

    name: str = "bright"
    operating_point: OperatingPoint = POINT
    models: Mapping[str, str] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)  # frames of each presentation

    def score(self, presentation: Presentation) -> Score:
        self.asked.append(len(presentation.frames))
        return mean_over_frames(presentation, self._frame)

    def _frame(self, frame: Frame) -> Score:
        if frame.face is None:
            return Score(None, frame.no_face or Reason.NO_FACE)
        return Score(float(frame.image.mean()) / 255.0)


@dataclass
class MotionTest:
    """A clip test: the more the frames differ, the more bona fide."""

    name: str = "motion"
    operating_point: OperatingPoint = POINT
    models: Mapping[str, str] = field(default_factory=dict)
    needs: Needs = field(default_factory=lambda: Needs(min_frames=6))
    asked: list[Presentation] = field(default_factory=list)

    def score(self, presentation: Presentation) -> Score:
        self.asked.append(presentation)
        means = [frame.image.mean() for frame in presentation.frames]
        return Score(min(1.0, float(np.std(means)) / 100.0))


def checker(*tests: BrightTest | MotionTest, **options: object) -> Checker:
    return Checker(tests, finder=LightFinder(), **options)  # type: ignore[arg-type]


def written(folder: Path, levels: Sequence[int], name: str = "clip.avi", fps: float = 25.0) -> Path:
    frames = [np.full((48, 64, 3), level, np.uint8) for level in levels]
    write_video(folder / name, frames, fps=fps)
    return folder / name


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return written(tmp_path, LEVELS)


def frames_of(levels: Sequence[int], fps: float = 25.0) -> Presentation:
    images = [np.full((48, 64, 3), level, np.uint8) for level in levels]
    return Presentation(tuple(Frame(image, at / fps) for at, image in enumerate(images)))


def without_times(decision: Decision) -> Decision:
    return replace(decision, timings_ms={}, source="")


# --- one decision -------------------------------------------------------------------------


@pytest.fixture
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    from facepad.fusion import mean_ratio

    tests: Mapping[str, Callable[[], object]] = {"bright": BrightTest, "motion": MotionTest}
    monkeypatch.setattr("facepad.registry.resolve", lambda _, name: tests.get(name, mean_ratio))
    monkeypatch.setattr("facepad.selected_tests._face_finder", lambda _: LightFinder())


@pytest.mark.usefixtures("_registered")
@pytest.mark.parametrize("tests", [("bright",), ("motion",), ("bright", "motion")])
def test_python_check_score_and_evaluate_give_one_decision(
    clip: Path, tests: tuple[str, ...]
) -> None:
    decision = Checker(tests).check(clip)
    assert decision.score is not None
    shown = CliRunner().invoke(app, ["check", "--json", "--tests", ",".join(tests), str(clip)])
    document = json.loads(shown.stdout)
    score = score_picture(Checker(tests), (str(clip), "clip"), tests=tests)
    evaluate = score_presentation(Checker(tests), (str(clip), None), tests=tests)
    rows = (
        dict(zip(output_columns(tests), score, strict=True)),
        dict(zip(presentation_columns(tests), evaluate, strict=True)),
    )
    for row in rows:
        assert (row["score"], row["outcome"]) == (f"{decision.score:.6f}", decision.outcome.value)
        for test in tests:
            assert row[f"{test}_score"] == f"{decision.scores[test].value:.6f}"
    assert document["score"] == round(decision.score, 6)
    assert (document["outcome"], document["reasons"]) == (decision.outcome.value, [])
    assert list(document["tests"]) == list(tests)


@pytest.mark.parametrize(("dark", "outcome"), [(1, Outcome.ATTACK), (4, Outcome.UNCERTAIN)])
def test_a_poor_capture_has_one_decision_everywhere(
    tmp_path: Path, dark: int, outcome: Outcome
) -> None:
    def assess(frame: Frame) -> CaptureQuality:
        return CaptureQuality((Reason.TOO_DARK,) if frame.image.mean() < 70 else ())

    path = str(written(tmp_path, [60] * dark + [100] * (6 - dark)))
    made = Checker((BrightTest(),), finder=LightFinder(captured=False), assess=assess)
    decision = made.check(path)
    assert (decision.outcome, decision.frames) == (outcome, 5 if dark == 1 else 6)
    assert ("1 of 6 frames ignored: too dark" in decision.notes) is (dark == 1)
    score = score_picture(made, (path, path), tests=("bright",))
    evaluate = score_presentation(made, (path, None), tests=("bright",))
    assert score[:4] == evaluate[:4]
    assert (score[1], score[2]) == (outcome.value, ";".join(decision.reasons))


def test_a_clip_test_alone_does_not_pass_a_clip_without_context() -> None:
    def assess(_: Frame) -> CaptureQuality:
        return CaptureQuality((Reason.NO_CONTEXT,))

    moving = frames_of([100, 180] * 5)
    made = Checker((MotionTest(),), finder=LightFinder(captured=False), assess=assess)
    assert checker(MotionTest()).check_presentation(moving).score is not None
    decision = made.check_presentation(moving)
    assert decision.outcome is not Outcome.BONA_FIDE
    assert len(decision.notes) == 0


def test_a_clip_in_memory_is_judged_as_its_file(clip: Path) -> None:
    made = checker(BrightTest(), MotionTest())
    from facepad.media.video import read_video

    in_memory = made.check_presentation(Presentation(tuple(read_video(clip)), source="it"))
    assert without_times(in_memory) == without_times(made.check(clip))


def test_every_frame_is_asked_for_a_face_and_not_the_first_alone(clip: Path) -> None:
    decision = checker(BrightTest()).check(clip)
    assert decision.outcome is not Outcome.NON_RESPONSE
    assert decision.face is not None
    assert decision.source_size == (64, 48)


def test_without_a_face_in_any_frame_there_is_no_response(tmp_path: Path) -> None:
    decision = checker(BrightTest()).check(written(tmp_path, (0, 1, 2)))
    assert (decision.outcome, decision.reasons) == (Outcome.NON_RESPONSE, (Reason.NO_FACE,))
    assert decision.face is None


# --- what tests get -----------------------------------------------------------------------


def test_frame_wise_tests_get_eight_frames_of_a_clip(tmp_path: Path) -> None:
    bright = BrightTest()
    decision = checker(bright).check(written(tmp_path, [100] * 40))
    assert (bright.asked, decision.frames) == ([8], 8)


def test_another_selection_can_be_asked_for(tmp_path: Path) -> None:
    bright = BrightTest()
    checker(bright, frames="every:10").check(written(tmp_path, [100] * 40))
    checker(bright, frames=FrameSelection("even", 3)).check_presentation(frames_of([100] * 40))
    assert bright.asked == [4, 3]


def test_a_selection_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingsError, match="random"):
        checker(BrightTest(), frames="random")


def test_a_selection_that_selects_nothing_is_told() -> None:
    with pytest.raises(InputError, match="at:99 selects none of its 6 frames"):
        checker(BrightTest(), frames="at:99").check_presentation(frames_of(LEVELS))


@pytest.mark.parametrize(
    ("fps", "name"), [(20.0, "a.avi"), (25.0, "a.mp4"), (30.0, "a.avi"), (60.0, "a.mov")]
)
def test_a_test_that_needs_six_seconds_at_twenty_frames_a_second_gets_them(
    tmp_path: Path, fps: float, name: str
) -> None:
    motion = MotionTest(needs=Needs(seconds=6.0, fps=20.0))
    bright = BrightTest()
    levels = np.linspace(30, 210, round(6 * fps)).round().astype(int).tolist()
    checker(bright, motion).check(written(tmp_path, levels, name, fps))
    (presentation,) = motion.asked
    times = [frame.time_s for frame in presentation.frames]
    assert len(times) == 120
    assert times[0] == 0.0
    assert times[-1] == pytest.approx(5.95, abs=0.05)
    assert np.diff(times).max() < 0.1
    assert bright.asked == [8]


def test_the_most_demanding_test_sets_how_densely_a_clip_is_read(tmp_path: Path) -> None:
    few, many = MotionTest("few"), MotionTest("many", needs=Needs(min_frames=24))
    checker(few, many).check(written(tmp_path, list(range(30, 90))))
    assert [len(test.asked[0].frames) for test in (few, many)] == [24, 24]


def test_a_low_rate_of_one_test_does_not_thin_out_the_frames_of_another(tmp_path: Path) -> None:
    slow, many = MotionTest("slow", needs=Needs(seconds=1.0, fps=2.0)), MotionTest("many")
    checker(slow, many).check(written(tmp_path, list(range(30, 90))))
    assert [len(test.asked[0].frames) for test in (slow, many)] == [8, 8]


@pytest.mark.parametrize(
    "needs", [Needs(min_frames=7), Needs(seconds=0.3), Needs(min_frames=2, seconds=9.0)]
)
def test_a_clip_that_is_too_short_for_a_test_is_a_missing_score(clip: Path, needs: Needs) -> None:
    motion = MotionTest(needs=needs)
    decision = checker(BrightTest(), motion).check(clip)
    assert decision.scores["motion"] == Score(None, Reason.CLIP_TOO_SHORT)
    assert decision.outcome is not Outcome.NON_RESPONSE
    assert not motion.asked


@pytest.mark.parametrize("needs", [Needs(seconds=1.0, fps=20.0), Needs(fps=20.0)])
def test_a_clip_that_is_too_sparse_for_a_test_is_a_missing_score(
    tmp_path: Path, needs: Needs
) -> None:
    motion = MotionTest(needs=needs)
    sparse = written(tmp_path, list(range(100, 130)), fps=5.0)
    decision = checker(BrightTest(), motion).check(sparse)
    assert decision.scores["motion"] == Score(None, Reason.FRAME_RATE_TOO_LOW)
    assert not motion.asked


@pytest.mark.parametrize("jitter", [0.0, 0.02])
def test_a_clip_with_the_rate_that_a_test_needs_is_read_whole(
    tmp_path: Path, jitter: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def jittery(_path: object, *_: object, **__: object) -> Iterator[tuple[int, Frame]]:
        for at in range(60):
            late = jitter * (at * 7 % 3 - 1) if at else 0.0
            yield at, Frame(np.full((48, 64, 3), 90, np.uint8), at / 20.0 + late, number=at)

    path = written(tmp_path, [90] * 3)
    monkeypatch.setattr("facepad.sources.read_numbered", jittery)
    motion = MotionTest(needs=Needs(seconds=2.0, fps=20.0))
    checker(motion).check(path)
    assert len(motion.asked[0].frames) == 60


def test_a_frame_that_two_kinds_of_tests_get_is_searched_once(tmp_path: Path) -> None:
    finder = LightFinder()
    made = Checker((BrightTest(), MotionTest(needs=Needs(seconds=1.0, fps=25.0))), finder=finder)
    decision = made.check(written(tmp_path, [100] * 30))
    assert (finder.searches, decision.frames) == (30, 8)


def test_frames_that_no_test_gets_are_not_searched(tmp_path: Path) -> None:
    finder, motion = LightFinder(), MotionTest(needs=Needs(seconds=0.5, fps=5.0))
    made = Checker((motion,), finder=finder, frames="every:2")
    clip = written(tmp_path, [100] * 50)
    decision = made.check(clip, name="it")
    count = len(motion.asked[0].frames)
    assert (finder.searches, decision.frames, decision.source) == (count, count, "it")
    with pytest.raises(InputError, match="is for arrays"):
        made.check(clip, channels="rgb")


@pytest.mark.parametrize("tests", [(MotionTest(),), (BrightTest(), MotionTest())])
def test_a_packed_clip_that_cannot_be_read_is_an_input_error(
    tmp_path: Path, tests: tuple[BrightTest | MotionTest, ...]
) -> None:
    pytest.importorskip("h5py")
    with pytest.raises(InputError, match=r"^it: .*nowhere\.h5 cannot be read"):
        checker(*tests).check(f"{tmp_path / 'nowhere.h5'}#attack/1-5", name="it")


def test_a_still_leaves_clip_tests_out() -> None:
    still = np.full((48, 64, 3), 200, np.uint8)
    decision = checker(BrightTest(), MotionTest()).check(still, channels="rgb")
    assert list(decision.scores) == list(decision.operating_points) == ["bright"]
    assert decision.left_out == {"motion": Reason.CLIP_TOO_SHORT}
    assert (decision.outcome, decision.reasons) == (Outcome.BONA_FIDE, ())
    assert decision.operating_point == POINT


def test_a_still_alone_with_clip_tests_is_no_response() -> None:
    decision = checker(MotionTest()).check(np.full((48, 64, 3), 200, np.uint8), channels="rgb")
    assert (decision.outcome, decision.reasons) == (
        Outcome.NON_RESPONSE, (Reason.CLIP_TOO_SHORT,),
    )  # fmt: skip
    assert decision.scores == {}


@pytest.mark.parametrize("min_frames", [1, 2])
def test_tests_of_depth_get_the_depth_of_each_frame(tmp_path: Path, min_frames: int) -> None:
    pytest.importorskip("h5py")
    write_depth_clip(tmp_path / "01_01_01.hdf5", seed=1, attack=False)
    motion = MotionTest(needs=Needs(min_frames=min_frames, depth=True))
    checker(motion).check(tmp_path / "01_01_01.hdf5")
    depths = [frame.depth for frame in motion.asked[0].frames]
    assert all(depth is not None and depth.shape == (24, 32) for depth in depths)


def test_tests_of_depth_are_left_out_where_there_is_none(clip: Path) -> None:
    motion = MotionTest(needs=Needs(min_frames=2, depth=True))
    decision = checker(BrightTest(), motion).check(clip)
    assert list(decision.scores) == ["bright"]
    assert decision.left_out == {"motion": Reason.NO_DEPTH}


@pytest.mark.parametrize("min_frames", [1, 2])
def test_without_depth_a_test_of_depth_alone_is_no_response(clip: Path, min_frames: int) -> None:
    motion = MotionTest(needs=Needs(min_frames=min_frames, depth=True))
    decision = checker(motion).check(clip)
    assert (decision.outcome, decision.reasons) == (Outcome.NON_RESPONSE, (Reason.NO_DEPTH,))
    row = score_presentation(checker(motion), (str(clip), None), tests=("motion",))
    fields = dict(zip(presentation_columns(("motion",)), row, strict=True))
    assert (fields["motion_score"], fields["motion_reason"]) == ("", "no_depth")


def test_depth_in_any_frame_is_depth() -> None:
    first, *others = frames_of(LEVELS).frames
    depth = np.ones((48, 64), np.uint16)
    some = Presentation((first, *(replace(frame, depth=depth) for frame in others)))
    motion = MotionTest(needs=Needs(min_frames=2, depth=True))
    assert list(checker(motion).check_presentation(some).scores) == ["motion"]


def test_each_test_keeps_its_own_operating_point(clip: Path) -> None:
    strict = MotionTest(operating_point=OperatingPoint.at(0.9, "strict"))
    decision = checker(BrightTest(), strict).check(clip)
    assert decision.operating_points["motion"].name == "strict"
    assert decision.operating_points["bright"] == POINT


def test_landmarks_are_looked_for_when_a_test_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def finder(landmarks: bool) -> LightFinder:
        asked.append(landmarks)
        return LightFinder()

    monkeypatch.setattr("facepad.selected_tests._face_finder", finder)
    for needs in (Needs(min_frames=2), Needs(landmarks=True)):
        Checker((BrightTest(), MotionTest(needs=needs))).load()
    assert asked == [False, True]


# --- side by side -------------------------------------------------------------------------


@dataclass
class SlowTest:
    """Takes its time, then gives its score or raises."""

    name: str
    seconds: float = 0.2
    error: Exception | None = None
    operating_point: OperatingPoint = POINT
    models: Mapping[str, str] = field(default_factory=dict)
    threads: set[int] = field(default_factory=set)

    def score(self, presentation: Presentation) -> Score:
        assert presentation.frames
        self.threads.add(get_ident())
        sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return Score(0.9)


STILL = np.full((48, 64, 3), 200, np.uint8)


def slow_checker(*tests: SlowTest, **options: object) -> Checker:
    made = Checker(tests, finder=LightFinder(), **options)  # type: ignore[arg-type]
    made.load()
    return made


def test_two_tests_of_a_fifth_of_a_second_take_less_than_two_fifths() -> None:
    made = slow_checker(SlowTest("one"), SlowTest("two"), threads=2)
    took_ms: list[float] = []
    while not took_ms or (min(took_ms) >= 300.0 and len(took_ms) < 20):  # the machine may be busy
        timings = made.check(STILL, channels="rgb").timings_ms
        took_ms.append(timings["total"])
    assert min(took_ms) < 300.0
    assert list(timings) == ["decode", "faces", "capture", "one", "two", "total"]


def test_the_order_of_results_is_that_of_the_tests_and_not_of_their_ends() -> None:
    tests = SlowTest("last", 0.05), SlowTest("middle", 0.02), SlowTest("first", 0.0)
    decision = slow_checker(*tests, threads=2).check(STILL, channels="rgb")
    assert list(decision.scores) == ["last", "middle", "first"]


@pytest.mark.parametrize(("threads", "names"), [(1, ("a", "b")), (4, ("a",))])
def test_one_thread_or_one_test_stays_in_the_calling_thread(
    threads: int, names: tuple[str, ...]
) -> None:
    tests = [SlowTest(name, 0.0) for name in names]
    slow_checker(*tests, threads=threads).check(STILL, channels="rgb")
    assert all(test.threads == {get_ident()} for test in tests)


@pytest.mark.parametrize("deadline_s", [0.0, -1.0, float("nan"), float("inf"), 1e10])
def test_a_deadline_that_no_clock_takes_is_refused(deadline_s: float) -> None:
    with pytest.raises(SettingsError, match="deadline_s must be above 0 and at most 86400"):
        checker(BrightTest(), deadline_s=deadline_s)


@pytest.mark.parametrize("deadline_s", [None, 20.0])
def test_no_more_tests_than_threads_run_at_a_time(deadline_s: float | None) -> None:
    at_work, most, lock = 0, 0, Lock()

    class Counting(SlowTest):
        def score(self, presentation: Presentation) -> Score:
            nonlocal at_work, most
            with lock:
                at_work += 1
                most = max(most, at_work)
            score = super().score(presentation)
            with lock:
                at_work -= 1
            return score

    tests = [Counting(name, 0.02) for name in "abcdef"]
    made = slow_checker(*tests, threads=2, deadline_s=deadline_s)
    decision = made.check(STILL, channels="rgb")
    assert (list(decision.scores), most) == (list("abcdef"), 2)


def test_late_tests_do_not_pile_up() -> None:
    goes_on, asked = Event(), []

    class Stuck(SlowTest):
        def score(self, presentation: Presentation) -> Score:
            asked.append(presentation)
            goes_on.wait(20.0)
            return Score(0.9)

    made = slow_checker(Stuck("stuck"), SlowTest("quick", 0.0), threads=2, deadline_s=0.2)
    before = active_count()
    for _ in range(4):
        decision = made.check(STILL, channels="rgb")
        assert decision.scores["stuck"] == Score(None, Reason.TIMED_OUT)
        assert decision.scores["quick"] == Score(0.9)
    assert len(asked) == 1
    assert active_count() <= before + 2
    goes_on.set()
    while made.check(STILL, channels="rgb").scores["stuck"].value is None:
        sleep(0.01)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_test_over_its_own_deadline_does_not_delay_the_others(threads: int) -> None:
    goes_on = Event()

    class Stuck(SlowTest):
        def score(self, presentation: Presentation) -> Score:
            goes_on.wait(20.0)
            return super().score(presentation)

    tests = Stuck("stuck", 0.0), *(SlowTest(name, 0.0) for name in "abc")
    made = slow_checker(*tests, threads=threads, test_deadline_s=0.5)
    decision = made.check(STILL, channels="rgb")
    assert decision.scores["stuck"] == Score(None, Reason.TIMED_OUT)
    assert [decision.scores[name].value for name in "abc"] == [0.9] * 3
    assert decision.outcome is Outcome.BONA_FIDE
    goes_on.set()
    while made.check(STILL, channels="rgb").scores["stuck"].value is None:
        sleep(0.01)


def test_the_deadline_of_a_test_begins_with_its_turn() -> None:
    tests = [SlowTest(name, 0.15) for name in "abc"]
    made = slow_checker(*tests, threads=1, deadline_s=20.0, test_deadline_s=10.0)
    assert all(score.value for score in made.check(STILL, channels="rgb").scores.values())
    late = slow_checker(*tests, threads=1, deadline_s=20.0, test_deadline_s=0.05)
    reasons = [score.reason for score in late.check(STILL, channels="rgb").scores.values()]
    assert reasons == [Reason.TIMED_OUT] * 3
    assert all(test.threads for test in tests)  # each had its turn


@pytest.mark.parametrize("test_deadline_s", [0.0, float("nan"), 1e10])
def test_a_deadline_of_each_test_that_no_clock_takes_is_refused(test_deadline_s: float) -> None:
    with pytest.raises(SettingsError, match="test_deadline_s must be above 0 and at most 86400"):
        checker(BrightTest(), test_deadline_s=test_deadline_s)


@pytest.mark.slow
def test_a_test_whose_turn_does_not_come_in_time_is_late_and_never_begins() -> None:
    tests = SlowTest("late", 0.3), SlowTest("waits", 0.0)
    decision = slow_checker(*tests, threads=1, deadline_s=0.1).check(STILL, channels="rgb")
    assert [score.reason for score in decision.scores.values()] == [Reason.TIMED_OUT] * 2
    sleep(0.4)
    assert not tests[1].threads


@pytest.mark.parametrize("broken", [0, 1])
def test_what_a_test_raises_reaches_the_caller(broken: int) -> None:
    tests = [SlowTest(name, 0.0) for name in ("a", "b")]
    tests[broken].error = ModelError("no weights")
    with pytest.raises(ModelError, match="no weights"):
        slow_checker(*tests, threads=2).check(STILL, channels="rgb")


@pytest.mark.parametrize("threads", [1, 2])
def test_a_late_test_is_a_missing_test_with_its_reason(threads: int) -> None:
    tests = SlowTest("quick", 0.0), SlowTest("late", 5.0)
    made = slow_checker(*tests, threads=threads, deadline_s=0.2)
    began = perf_counter()
    decision = made.check(STILL, channels="rgb")
    assert perf_counter() - began < 1.0
    assert decision.scores["late"] == Score(None, Reason.TIMED_OUT)
    assert (decision.outcome, decision.score) == (Outcome.BONA_FIDE, 0.9)


def test_when_all_are_late_there_is_no_response() -> None:
    decision = slow_checker(SlowTest("late", 5.0), deadline_s=0.1).check(STILL, channels="rgb")
    assert (decision.outcome, decision.reasons) == (Outcome.NON_RESPONSE, (Reason.TIMED_OUT,))


def test_a_test_that_times_out_by_itself_is_an_error_and_not_late() -> None:
    test = SlowTest("own", 0.0, error=TimeoutError("no answer"))
    with pytest.raises(TimeoutError, match="no answer"):
        slow_checker(test, deadline_s=2.0).check(STILL, channels="rgb")


@pytest.mark.parametrize("deadline_s", [0.0, -1.0, float("nan")])
def test_a_deadline_that_cannot_be_met_is_refused(deadline_s: float) -> None:
    with pytest.raises(SettingsError, match="deadline_s must be above 0"):
        Checker(deadline_s=deadline_s)
