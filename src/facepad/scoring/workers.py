"""Worker processes that score pictures and clips; each makes its checker once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from facepad import runtime
from facepad.errors import DatasetError, FacepadError, InputError
from facepad.jobs.processes import ProcessPool
from facepad.media.frame_selection import FrameSelection
from facepad.pipeline import Checker
from facepad.scoring.systems import CalibrationRef, checker_for
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
        """Make the checker.

        Raises:
            ModelError: A model is missing or wrong, or the calibration was replaced.
            SettingsError: A test or the calibration does not exist.
        """
        runtime.tune()
        return checker_for(self.tests, self.calibration, self.frames)


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
