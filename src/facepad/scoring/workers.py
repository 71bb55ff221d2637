"""Worker processes that score pictures and clips; each makes its checker once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter

from facepad import runtime
from facepad.errors import DatasetError, FacepadError, InputError
from facepad.evaluation.aggregation import Scored, combined
from facepad.evaluation.choices import FrameAggregation
from facepad.jobs.processes import ProcessPool
from facepad.media.frame_selection import FrameSelection
from facepad.pipeline import Checker
from facepad.scoring.systems import CalibrationRef, checker_for, conclude, fuse
from facepad.scoring.table import (
    STEPS,
    Fields,
    decision_fields,
    error_fields,
    output_columns,
    presentation_columns,
    score_field,
)
from facepad.types import Decision, OperatingPoint, Presentation, Reason, Sample, Split

NO_PATH = "the row has no path"
DIED = "the worker process died on this picture"
_NO_SAMPLE = Sample("", "", "", Split.TEST)  # a worker does not know the labels


@dataclass(frozen=True, slots=True)
class CheckerSpec:
    """What a process needs to make its checker.

    Attributes:
        tests: Names of the liveness tests, in the order of the columns.
        calibration: The calibration of one of them, if any.
    """

    tests: tuple[str, ...]
    calibration: CalibrationRef | None = None

    def checker(self) -> Checker:
        """Make the checker.

        Raises:
            ModelError: A model is missing or wrong, or the calibration was replaced.
            SettingsError: A test or the calibration does not exist.
        """
        runtime.tune()
        return checker_for(self.tests, self.calibration)


@dataclass(frozen=True, slots=True)
class PresentationOptions:
    """How the frames of a presentation are chosen and combined.

    Attributes:
        frames: Which frames of a clip.
        combine: How their scores become one.
        points: Threshold and band of each test that decides, by name.
    """

    frames: FrameSelection
    combine: FrameAggregation
    points: Mapping[str, OperatingPoint]


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
    spec: CheckerSpec, options: PresentationOptions, samples: Sequence[Sample], workers: int
) -> Iterator[Fields]:
    """Yield the fields of `presentation_columns` of each sample, in order.

    Args:
        spec: Makes the checker of each process.
        options: How frames are chosen and combined.
        samples: Pictures or clips; labels are not sent to the processes.
        workers: Number of processes.

    Raises:
        DatasetError: A sample is in a packed file that is damaged.
        FacepadError: As `score_pictures`.
    """
    work = partial(presentation_fields, options=options, tests=spec.tests)
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
    checker: Checker,
    place: tuple[str, int | None],
    *,
    options: PresentationOptions,
    tests: Sequence[str],
) -> Fields:
    """Return the fields of one picture or clip; an error if it cannot be read.

    Args:
        checker: Judges the frames.
        place: Path, and the only frame that counts; None for those that the options choose.
        options: How frames are chosen and combined.
        tests: Names of the liveness tests.

    Raises:
        DatasetError: It is in a packed file that is damaged.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: A test does not exist, or a library is missing.
    """
    path, frame = place
    width = len(presentation_columns(tests))
    selection = options.frames if frame is None else FrameSelection("at", frame)
    try:
        decisions = list(_decisions(checker, path, selection))
    except InputError as error:
        return error_fields(str(error), width)
    except FacepadError:
        raise
    except Exception as error:  # noqa: BLE001 - one odd picture must not end a long run
        return error_fields(_unexpected(path, error), width)
    if not decisions:
        return error_fields(f"{path}: none of the frames can be read", width)
    scored = {test: _combined(decisions, test, options.combine) for test in tests}
    fused = fuse(scored, options.points)
    outcome, reasons = conclude(fused)
    times = _times(decisions)
    return (
        score_field(fused.value),
        outcome.value,
        ";".join(reasons),
        *(score_field(row.value) for row in scored.values()),
        f"{times.get('total', 0.0) - times.get('load', 0.0):.1f}",
        *(row.reason for row in scored.values()),
        str(len(decisions)),
        *(f"{times.get(step, 0.0):.2f}" for step in (*STEPS, *tests)),
    )


def _unexpected(path: str, error: Exception) -> str:
    return f"{path}: unexpected {type(error).__name__}: {error}"


def _decisions(checker: Checker, path: str, selection: FrameSelection) -> Iterator[Decision]:
    """Yield the decision of each frame, with the time that decoding took."""
    from facepad.media.limits import VideoLimits
    from facepad.sources import read_frames

    limits = VideoLimits.from_settings()
    began = perf_counter()
    for _, frame in read_frames(path, selection, limits):
        decode_ms = 1000.0 * (perf_counter() - began)
        decision = checker.check_presentation(Presentation((frame,), source=path))
        times = {**decision.timings_ms, "decode": decode_ms}
        times["total"] = decode_ms + decision.timings_ms["total"]
        yield replace(decision, timings_ms=times)
        began = perf_counter()


def _combined(decisions: Sequence[Decision], test: str, how: FrameAggregation) -> Scored:
    """FrameAggregation one test's scores over all frames; without a face there is none."""
    frames = [Scored(_NO_SAMPLE, *_answer(decision, test)) for decision in decisions]
    return combined(frames, how)[0]


def _answer(decision: Decision, test: str) -> tuple[float | None, str]:
    score = decision.scores[test]
    if decision.face is None:
        return None, (decision.reasons or (Reason.NO_FACE,))[0].value
    return score.value, "" if score.reason is None else score.reason.value


def _times(decisions: Sequence[Decision]) -> Mapping[str, float]:
    steps = {step for decision in decisions for step in decision.timings_ms}
    return {step: sum(d.timings_ms.get(step, 0.0) for d in decisions) for step in steps}
