"""Worker processes that score pictures and clips; each makes its checker once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Self

from facepad import calibration, runtime
from facepad.errors import DatasetError, FacepadError, InputError, ModelError
from facepad.jobs.processes import ProcessPool
from facepad.media.frame_selection import FrameSelection
from facepad.pipeline import Checker
from facepad.scoring.table import (
    STEPS,
    Fields,
    decision_fields,
    error_fields,
    output_columns,
    presentation_columns,
    score_field,
)
from facepad.sources import EVENLY
from facepad.types import Decision, Reason, Sample, Score, Split

NO_PATH = "the row has no path"
DIED = "the worker process died on this picture"


@dataclass(frozen=True, slots=True)
class CalibrationRef:
    """The calibration that a run uses.

    Attributes:
        name: Name of the calibration.
        version: Name and hash of its file; scores depend on it.
        test: The liveness test that it calibrates.
        frames: Number of bona fide frames it was made from.
        kept: Date of its file, ISO 8601.
    """

    name: str
    version: str
    test: str
    frames: int
    kept: str

    @classmethod
    def of(cls, name: str) -> Self:
        """Return the calibration of this name.

        Raises:
            SettingsError: There is no such calibration.
            ModelError: Its file is damaged.
        """
        found = calibration.load(name)
        kept = datetime.fromtimestamp(calibration.path(name).stat().st_mtime, UTC)
        day = kept.date().isoformat()
        return cls(name, calibration.version(name), found.test, found.frames, day)

    @property
    def origin(self) -> str:
        """Where its threshold comes from, as in "at a threshold from ..."."""
        return f"from {self.frames} bona fide frames of the camera"

    @property
    def notice(self) -> str:
        """What a reader of error rates must check, since a calibration does not name people."""
        return (
            f"{self.test} uses calibration {self.version} of "
            f"{self.kept}, made from {self.frames} bona fide frames, and its threshold. "
            "People in those frames must not be among the people evaluated; the calibration does "
            "not record who they were"
        )

    def check_unchanged(self) -> None:
        """Check that the calibration was not replaced while a run is at work.

        Raises:
            SettingsError: It was removed.
            ModelError: It was replaced.
        """
        if (now := calibration.version(self.name)) != self.version:
            raise ModelError(
                f"calibration {self.name!r} was replaced during the run: expected "
                f"{self.version}, got {now}; evaluate again"
            )


@dataclass(frozen=True, slots=True)
class CheckerSpec:
    """What a process needs to make its checker.

    Attributes:
        tests: Names of the liveness tests, in the order of the columns.
        calibration: The calibration of one of them, if any.
        frames: Which frames of a clip frame-wise tests get.
    """

    tests: tuple[str, ...]
    calibration: CalibrationRef | None = None
    frames: FrameSelection = EVENLY

    def checker(self) -> Checker:
        """Make the checker, of one thread; a calibrated test decides, the others are advisory.

        Raises:
            ModelError: A model is missing or wrong, or the calibration was replaced.
            SettingsError: A test or the calibration does not exist.
        """
        runtime.tune()
        name = None
        if self.calibration is not None:
            self.calibration.check_unchanged()
            name = self.calibration.name
        return Checker(self.tests, calibration=name, frames=self.frames, threads=1)


def score_pictures(spec: CheckerSpec, paths: Iterable[str], workers: int) -> Iterator[Fields]:
    """Yield the fields of `output_columns` of each picture, in order.

    Args:
        spec: Makes the checker of each process.
        paths: Paths of pictures; "" where a row has none.
        workers: Number of processes.

    Raises:
        ModelError: A model is missing or has the wrong hash, or the calibration was replaced.
        SettingsError: A test or the calibration does not exist.
        FacepadError: The processes cannot be started.
    """
    work = partial(picture_fields, tests=spec.tests)
    dead = error_fields(DIED, len(output_columns(spec.tests)))
    with ProcessPool(work, workers, spec.checker) as pool:
        yield from pool.map(paths, died=lambda _: dead)


def score_presentations(
    spec: CheckerSpec, samples: Sequence[Sample], workers: int
) -> Iterator[Fields]:
    """Yield the fields of `presentation_columns` of each sample, in order.

    Args:
        spec: Makes the checker of each process.
        samples: Pictures or clips; labels are not sent to the processes.
        workers: Number of processes.

    Raises:
        DatasetError: A sample is in a packed file that is damaged.
        FacepadError: As `score_pictures`.
    """
    work = partial(presentation_fields, tests=spec.tests)
    dead = error_fields(DIED, len(presentation_columns(spec.tests)))
    with ProcessPool(work, workers, spec.checker) as pool:
        places = ((sample.path, sample.frame) for sample in samples)
        yield from pool.map(places, died=lambda _: dead)


def picture_fields(checker: Checker, path: str, *, tests: Sequence[str]) -> Fields:
    """Return the fields of one picture; an error if it cannot be read.

    Raises:
        ModelError: A model is missing or wrong.
        SettingsError: A test does not exist.
    """
    width = len(output_columns(tests))
    if not path:
        return error_fields(NO_PATH, width)
    try:
        return decision_fields(checker.check(path), tests)
    except (InputError, DatasetError) as error:
        return error_fields(str(error), width)
    except FacepadError:
        raise
    except Exception as error:  # noqa: BLE001 - one odd picture must not end a long run
        return error_fields(_unexpected(path, error), width)


def presentation_fields(
    checker: Checker, place: tuple[str, int | None], *, tests: Sequence[str]
) -> Fields:
    """Return the fields of one picture or clip; an error if it cannot be read.

    Args:
        checker: Judges the whole presentation.
        place: Path, and the only frame that counts; None for those that the checker selects.
        tests: Names of the liveness tests.

    Raises:
        DatasetError: It is in a packed file that is damaged.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: A test does not exist, or a library is missing.
    """
    path, frame = place
    width = len(presentation_columns(tests))
    try:
        decision = checker.check(Sample(path, path, "", Split.TEST, frame=frame))
    except InputError as error:
        return error_fields(str(error), width)
    except FacepadError:
        raise
    except Exception as error:  # noqa: BLE001 - one odd picture must not end a long run
        return error_fields(_unexpected(path, error), width)
    answers = [_answer(decision, test) for test in tests]
    times = decision.timings_ms
    return (
        score_field(None if decision.face is None else decision.score),
        decision.outcome.value,
        ";".join(decision.reasons),
        *(score_field(value) for value, _ in answers),
        f"{times.get('total', 0.0) - times.get('load', 0.0):.1f}",
        *(reason for _, reason in answers),
        str(decision.frames),
        *(f"{times.get(step, 0.0):.2f}" for step in (*STEPS, *tests)),
    )


def _unexpected(path: str, error: Exception) -> str:
    return f"{path}: unexpected {type(error).__name__}: {error}"


def _answer(decision: Decision, test: str) -> tuple[float | None, str]:
    """One test's score and reason; without a face there is none, as in the decision."""
    if decision.face is None:
        return None, (decision.reasons or (Reason.NO_FACE,))[0].value
    score = decision.scores.get(test, Score(None, Reason.CLIP_TOO_SHORT))  # a clip test on a still
    return score.value, "" if score.reason is None else score.reason.value
