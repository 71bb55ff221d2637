"""What a checker offers beside one check: many sources, all faces, copies; wrong options."""

import inspect
import multiprocessing
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import facepad
from facepad.errors import InputError, ModelError, SettingsError
from facepad.finders import Faces
from facepad.pipeline import Checker
from facepad.sources import Source
from facepad.testing.made_up import made_up_picture
from facepad.testing.media_files import made_up_clip, write_picture, write_video
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

PICTURE = np.full((48, 64, 3), 128, np.uint8)
BOXES = ((8, 8, 40, 40), (44, 2, 60, 20))


@dataclass
class CrowdFinder:
    """Finds as many of two faces as it is told to."""

    count: int = 1
    models: Mapping[str, str] = field(default_factory=lambda: {"finder": "finder-1"})

    def find(self, frame: Frame) -> Frame:
        return self.find_all(frame)[0]

    def find_all(self, frame: Frame) -> tuple[Frame, ...]:
        if not self.count:
            return (replace(frame, no_face=Reason.NO_FACE),)
        faces = [Face(box, 0.9, others=self.count - 1) for box in BOXES[: self.count]]
        return tuple(replace(frame, face=face) for face in faces)


@dataclass
class LightTest:
    """Scores the left edge of the face's box, so that each face has its own score."""

    name: str = "light"
    operating_point: OperatingPoint = field(default_factory=lambda: OperatingPoint.at(0.5))
    models: Mapping[str, str] = field(default_factory=dict)

    def score(self, presentation: Presentation) -> Score:
        frame = presentation.frames[0]
        if frame.face is None:
            return Score(None, frame.no_face)
        return Score(1.0 - frame.face.box[0] / 64)


def no_complaint(_: Frame) -> CaptureQuality:
    return CaptureQuality()


def checker(count: int = 1, faces: Faces = "largest", threads: int = 1) -> Checker:
    finder = CrowdFinder(count)
    return Checker((LightTest(),), finder=finder, faces=faces, threads=threads, assess=no_complaint)


# --- many -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(5):
        write_picture(folder / f"{number}.png", made_up_picture(size=(64, 48)))
    return tuple(sorted(folder.iterdir()))


@pytest.mark.parametrize("workers", [None, 1, 3])
def test_decisions_on_many_come_in_order(workers: int | None, paths: tuple[Path, ...]) -> None:
    decisions = list(checker().check_many(paths, workers=workers))
    assert [decision.source for decision in decisions] == [str(path) for path in paths]
    assert decisions[0].scores == checker().check(paths[0]).scores


@pytest.mark.parametrize("workers", [1, 2])
def test_one_bad_file_can_be_a_value_among_the_decisions(
    workers: int, paths: tuple[Path, ...]
) -> None:
    sources: list[Source] = [paths[0], b"no picture", paths[1]]
    first, error, last = checker().check_many(sources, workers=workers, errors="return")
    assert isinstance(error, InputError)
    assert "the given bytes: looks like text" in str(error)
    assert isinstance(first, facepad.Decision)
    assert isinstance(last, facepad.Decision)


def test_by_default_the_error_of_a_bad_file_is_raised_in_its_place(paths: tuple[Path, ...]) -> None:
    decisions = checker().check_many([paths[0], "missing.png", paths[1]])
    assert next(decisions).source == str(paths[0])
    with pytest.raises(InputError, match=r"missing\.png: file not found"):
        next(decisions)


def test_an_unexpected_error_is_the_items_own_and_keeps_its_cause() -> None:
    @dataclass
    class Broken(LightTest):
        def score(self, presentation: Presentation) -> Score:
            raise ZeroDivisionError(presentation.source)

    broken = Checker(
        (Broken(),), finder=CrowdFinder(), threads=1, assess=lambda _: CaptureQuality()
    )
    (error,) = broken.check_many([PICTURE], channels="rgb", errors="return")
    assert isinstance(error, InputError)
    assert str(error).startswith("ndarray: unexpected ZeroDivisionError: array")
    assert isinstance(error.__cause__, ZeroDivisionError)


def test_what_ends_every_check_is_raised_also_where_errors_are_returned() -> None:
    @dataclass
    class Unloaded(LightTest):
        def score(self, presentation: Presentation) -> Score:
            raise ModelError(f"{presentation.source}: light.npz is missing")

    broken = Checker(
        (Unloaded(),), finder=CrowdFinder(), threads=1, assess=lambda _: CaptureQuality()
    )
    with pytest.raises(ModelError):
        list(broken.check_many([PICTURE], channels="rgb", errors="return"))


def test_sources_are_taken_as_they_are_needed() -> None:
    taken = []

    def endless() -> Iterator[np.ndarray[Any, Any]]:
        while True:
            taken.append(PICTURE)
            yield PICTURE

    decisions = checker().check_many(endless(), channels="rgb", workers=2)
    assert [next(decisions).outcome for _ in range(3)] == [Outcome.BONA_FIDE] * 3
    assert len(taken) <= 8


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sources": "me.jpg"}, "sources must be a list of sources; use check for a single one"),
        ({"sources": [], "workers": 0}, "workers must be a whole number of 1 or more, got 0"),
        ({"sources": [], "errors": "ignore"}, "errors must be 'raise' or 'return'"),
    ],
)
def test_arguments_of_many_are_checked_at_once(options: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        checker().check_many(**options)


# --- faces ----------------------------------------------------------------------------------


def test_each_face_has_a_decision_the_largest_first() -> None:
    decisions = checker(count=2).check_faces(PICTURE, channels="rgb")
    assert [decision.face and decision.face.box for decision in decisions] == list(BOXES)
    assert [decision.outcome for decision in decisions] == [Outcome.BONA_FIDE, Outcome.ATTACK]
    assert decisions[0].notes == ("1 other face in the picture",)
    assert set(decisions[1].timings_ms) == {"decode", "load", "faces", "capture", "light", "total"}


def test_without_a_face_there_is_one_decision_that_does_not_pass() -> None:
    (decision,) = checker(count=0).check_faces(PICTURE, channels="rgb")
    assert decision.outcome is Outcome.NON_RESPONSE
    assert decision.reasons == (Reason.NO_FACE,)


def test_faces_of_clips_are_refused_in_words(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.avi", made_up_clip(seed=1, attack=False))
    for source in (tmp_path / "clip.avi", (tmp_path / "clip.avi").read_bytes()):
        with pytest.raises(InputError, match="this is a clip; check_faces judges stills only"):
            checker().check_faces(source)


def test_a_finder_of_one_face_cannot_judge_all() -> None:
    @dataclass
    class OneFinder:
        models: Mapping[str, str] = field(default_factory=dict)

        def find(self, frame: Frame) -> Frame:
            return frame

    with pytest.raises(SettingsError, match="OneFinder finds one face only"):
        Checker((LightTest(),), finder=OneFinder()).check_faces(PICTURE, channels="rgb")


def test_for_a_gate_several_faces_are_a_non_response() -> None:
    assert checker(count=2).check(PICTURE, channels="rgb").passed
    decision = checker(count=2, faces="single").check(PICTURE, channels="rgb")
    assert decision.outcome is Outcome.NON_RESPONSE
    assert decision.reasons == (Reason.MULTIPLE_FACES,)
    assert decision.notes == ("2 faces in the picture",)
    assert decision.face is None


def test_for_a_gate_a_single_face_is_judged() -> None:
    assert checker(count=1, faces="single").check(PICTURE, channels="rgb").passed


def test_for_a_gate_one_frame_with_several_faces_is_enough() -> None:
    one, two = (CrowdFinder(count).find(Frame(PICTURE, number=count)) for count in (1, 2))
    clip = Presentation((one, two, one), "clip")
    assert checker().check_presentation(clip).passed
    decision = checker(faces="single").check_presentation(clip)
    assert decision.reasons[0] is Reason.MULTIPLE_FACES


# --- copies ---------------------------------------------------------------------------------


def test_a_checker_can_be_pickled_and_decides_alike() -> None:
    original = checker(count=2, faces="single")
    original.check(PICTURE, channels="rgb")
    copy = pickle.loads(pickle.dumps(original))  # noqa: S301 - our own bytes
    assert copy.tests == original.tests
    assert copy.check(PICTURE, channels="rgb") == original.check(PICTURE, channels="rgb")


def test_a_checker_of_named_tests_can_be_pickled_with_its_options() -> None:
    original = Checker(("quality",), frames="even:3", threads=3, explain=True, deadline_s=60.0)
    copy = pickle.loads(pickle.dumps(original))  # noqa: S301 - our own bytes
    assert copy.__getstate__() == original.__getstate__()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["spawn", "forkserver"])
def test_a_checker_can_be_sent_to_another_process(way: str, paths: tuple[Path, ...]) -> None:
    shared = checker()
    with multiprocessing.get_context(way).Pool(1) as pool:
        decisions = pool.map(shared.check, paths[:2])
    assert decisions == [shared.check(path) for path in paths[:2]]


# --- options --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"threads": 1.5}, r"threads must be a whole number of 1 or more, got 1\.5"),
        ({"threads": "2"}, "threads must be a whole number of 1 or more, got '2'"),
        ({"threads": 0}, "threads must be a whole number of 1 or more, got 0"),
        ({"deadline_s": "5"}, "deadline_s must be above 0 and at most 86400, or None, got '5'"),
        ({"deadline_s": float("nan")}, "deadline_s must be above 0 .* got nan"),
        ({"tests": [None]}, "each test must be a name, or an object with a method score"),
        ({"tests": [LightTest]}, "each test must be a name, or an object with a method score"),
        ({"tests": "quality"}, "tests must be a list of at least one name, got 'quality'"),
        ({"tests": []}, r"tests must be a list of at least one name, got \[\]"),
        ({"tests": 3}, "tests must be a list of at least one name, got 3"),
        ({"advisory": [None]}, "each test must be a name"),
        ({"calibration": Path("desk")}, "calibration must be the name of a calibration"),
        ({"fusion": None}, "fusion must be a name or a function, got None"),
        ({"operating_point": 0.5}, r"such as OperatingPoint\.at\(0\.5\), got 0\.5"),
        ({"operating_point": None}, "must be one of convenience, balanced, strict, or an"),
        ({"operating_point": "strikt"}, r"unknown operating point 'strikt'; did you mean strict\?"),
        ({"faces": "all"}, "faces must be 'largest' or 'single', got 'all'"),
        ({"finder": 5}, "finder must be an object with a method find, got 5"),
    ],
)
def test_a_wrong_option_is_an_error_in_words(options: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Checker(**options)


def test_numbers_of_numpy_are_numbers_of_threads() -> None:
    assert Checker(threads=np.int64(2), deadline_s=np.float64(1.0)).tests  # type: ignore[arg-type]


def test_check_takes_every_option_of_a_checker_with_the_same_default_and_type() -> None:
    own = inspect.signature(facepad.check).parameters
    for name, option in inspect.signature(Checker).parameters.items():
        assert own[name].default == option.default
        assert own[name].annotation == option.annotation
        assert own[name].kind is inspect.Parameter.KEYWORD_ONLY
    for name, option in inspect.signature(Checker.check).parameters.items():
        assert name == "self" or own[name] == option


def test_check_passes_every_option_on(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    class Recorded(Checker):
        def __init__(self, tests: Any, **options: Any) -> None:  # noqa: ANN401
            given.update(options, tests=tests)
            super().__init__((LightTest(),), finder=CrowdFinder(), assess=no_complaint)

    monkeypatch.setattr("facepad.checking.Checker", Recorded)
    options = {name: object() for name in inspect.signature(Checker).parameters}
    facepad.check(PICTURE, channels="rgb", **options)  # type: ignore[arg-type]
    assert given == options
