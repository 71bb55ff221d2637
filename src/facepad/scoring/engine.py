"""Scores of a dataset in a CSV file; an interrupted run resumes."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from facepad import __version__, settings
from facepad.errors import counted
from facepad.evaluation.aggregation import Scored
from facepad.fusion import fusion_name
from facepad.jobs.csv_rows import label_of, read_csv
from facepad.jobs.progress import Advance, Progress, Say
from facepad.jobs.work_folder import Facts, Provenance
from facepad.models import bundles
from facepad.packed import address
from facepad.reasons import DECIDE_WHEN_FITTED
from facepad.scoring.table import (
    ERROR_PREFIX,
    NO_SCORE,
    Fields,
    Manifest,
    ScoresFile,
    answer_of,
    capture_reasons,
    presentation_columns,
    reasons_of,
    score_field,
)
from facepad.scoring.workers import CheckerSpec, score_presentations
from facepad.types import OperatingPoint, Outcome, Reason, Sample, Split

# Reasons that do not concern a threshold that is set later, from dev.
WITHIN_BAND = (Reason.NEAR_THRESHOLD, Reason.UNCALIBRATED_CAMERA, *DECIDE_WHEN_FITTED)
LABELS = ("key", "path", "label", "pai_species", "subject", "split")


@dataclass(frozen=True, slots=True)
class DatasetScoring:
    """How a dataset is scored.

    Attributes:
        name: Name of the dataset, for the file's name.
        root: Folder of the dataset.
        samples: Samples of all splits; those of train are not scored.
        spec: What a process needs to make its checker.
        models: Version of each model, by name.
        points: Each test's own threshold and band, by name.
        folder: Where the file of scores is.
        workers: Number of processes.
        force: Whether to score again what is there.
    """

    name: str
    root: Path
    samples: tuple[Sample, ...]
    spec: CheckerSpec
    models: Mapping[str, str]
    points: Mapping[str, OperatingPoint]
    folder: Path
    workers: int
    force: bool

    @property
    def file(self) -> Path:
        """The file of scores."""
        return self.folder / f"scores-{self.name}.csv"


def facts_of(
    spec: CheckerSpec, models: Mapping[str, str], points: Mapping[str, OperatingPoint]
) -> Facts:
    """Return what scores depend on, beside the pictures.

    Args:
        spec: Makes the checkers.
        models: Version of each model, by name.
        points: Each test's own threshold and band, by name.
    """
    return {
        "facepad": __version__,
        "calibration": None if spec.calibration is None else spec.calibration.version,
        "tests": ",".join(spec.deciding),
        "advisory": ",".join(spec.advisory),
        "fusion": fusion_name(spec.fusion),
        "operating point": spec.operating_point,
        **{f"operating point {test}": asdict(point) for test, point in points.items()},
        **{f"model {name}": version for name, version in models.items()},
        "bundle": bundles.holding(models.values()),
        "frames": str(spec.frames),
        "max_clip_mb": settings.number("max_clip_mb"),
        **({"faces_are_cropped": True} if spec.faces_are_cropped else {}),
        **({} if spec.faces == "largest" else {"faces": spec.faces}),
    }


def score_dataset(
    scoring: DatasetScoring, *, say: Say, progress: Progress
) -> list[Mapping[str, str]]:
    """Score what is not scored yet, and return all rows: labels and fields by column.

    Args:
        scoring: What to score, and how.
        say: Takes messages for the user.
        progress: Shows progress.

    Raises:
        SettingsError: The file was made with other models, frames, settings or calibration, or
            another run is at work on it.
        DatasetError: The file is no file of scores of this dataset by these tests.
        ModelError: A model is missing or has the wrong hash.
    """
    scoring.folder.mkdir(parents=True, exist_ok=True)
    resume = scoring.file.exists() and not scoring.force
    samples = [sample for sample in scoring.samples if sample.split is not Split.TRAIN]
    rows = tuple(labels(scoring.root, sample) for sample in samples)
    manifest = Manifest(scoring.root, LABELS, rows)
    outputs = presentation_columns(scoring.spec.tests)
    with ScoresFile(scoring.file, manifest, outputs, resume=resume, force=True) as scores:
        facts = facts_of(scoring.spec, scoring.models, scoring.points)
        provenance_of(scoring.file).keep(facts, resumed=scores.done > 0)
        left = samples[scores.done :]
        say_done(scoring.file, scores, len(left), say)
        fields = score_presentations(
            scoring.spec,
            left,
            min(scoring.workers, max(1, len(left))),
        )
        with progress(f"scored {scoring.name}", len(rows), done=scores.done, lines=True) as advance:
            append_rows(scores, rows[scores.done :], fields, advance)
    return [row for _, row in read_csv(scoring.file, may_be_empty=True).rows()]


def scored_rows(
    scoring: DatasetScoring, rows: Sequence[Mapping[str, str]], test: str
) -> tuple[Scored, ...]:
    """Return one test's presentations; those of train have no score.

    Those of the only deciding test have their own threshold and band, where these are not the
    test's usual ones.
    """
    usual = scoring.points.get(test) if scoring.spec.deciding == (test,) else None
    return scored_by(scoring, rows, partial(answer_of, test=test), usual)


def decided_rows(
    scoring: DatasetScoring,
    rows: Sequence[Mapping[str, str]],
    usual: OperatingPoint | None = None,
) -> tuple[Scored, ...]:
    """Return the presentations with the scores that were decided by; those of train have none.

    Each has the threshold and band that were applied to it, where these are not the usual ones.
    """
    return scored_by(scoring, rows, _decision, usual)


def scored_by(
    scoring: DatasetScoring,
    rows: Sequence[Mapping[str, str]],
    answer: Callable[[Mapping[str, str]], tuple[float | None, str]],
    usual: OperatingPoint | None = None,
) -> tuple[Scored, ...]:
    """Return the presentations with the scores that a function makes of their rows.

    Args:
        scoring: Has the samples; those of train have no score.
        rows: Labels and fields of the other samples, by column.
        answer: Returns the score of a row, and why there is none or it must not decide.
        usual: Where another threshold and band were applied to a row, these are kept with it;
            None to keep none.
    """
    by_key = {row["key"]: row for row in rows}
    return tuple(
        Scored(
            sample,
            *((None, "not scored") if sample.split is Split.TRAIN else answer(by_key[sample.key])),
            # Samples that are single frames belong to the video they are part of.
            presentation="" if sample.frame is None else sample.path,
            point=None if usual is None else _own_point(by_key.get(sample.key), usual),
        )
        for sample in scoring.samples
    )


def unreadable(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the keys of presentations that could not be read."""
    return [row["key"] for row in rows if row["reason"].startswith(ERROR_PREFIX)]


def labels(root: Path, sample: Sample) -> Fields:
    """Return the labels of a sample, in the columns ``LABELS``.

    Args:
        root: Root of the dataset. Paths are relative to it, or to the folder of a packed file.
        sample: Any sample of the dataset.
    """
    return (
        sample.key,
        _relative(root, sample.path),
        label_of(sample.is_bona_fide),
        sample.pai_species or "",
        sample.subject,
        sample.split.value,
    )


def provenance_of(scores: Path) -> Provenance:
    """Return what keeps the facts of a file of scores, whose own columns are a contract."""
    return Provenance(scores.with_name(f"{scores.name}.run.json"), subject=scores)


def say_done(file: Path, scores: ScoresFile, left: int, say: Say) -> None:
    """Say how many rows an earlier run has done, and whether the file cannot be locked."""
    if scores.note:
        say(scores.note)
    if scores.done:
        say(f"{file}: {counted(scores.done, 'row')} there already, {left:,} left")


def append_rows(
    scores: ScoresFile, rows: Sequence[Fields], added: Iterable[Fields], advance: Advance
) -> None:
    """Write rows with their added fields."""
    for row, fields in zip(rows, added, strict=True):
        scores.append((*row, *fields))
        advance()


def _relative(root: Path, path: str) -> str:
    packed = address.parse(path)
    file = Path(path) if packed is None else packed.file
    folder = root.parent if file == root else root
    near = file.relative_to(folder) if file.is_relative_to(folder) else Path(file.name)
    return near.as_posix() if packed is None else str(replace(packed, file=near))


def _own_point(row: Mapping[str, str] | None, usual: OperatingPoint) -> OperatingPoint | None:
    """Return the operating point that was applied to a row; None for the usual one."""
    cells = [(row or {}).get(column, "") for column in ("threshold", "low", "high")]
    bounds = [score_field(bound) for bound in (usual.threshold, usual.low, usual.high)]
    if row is None or not all(cells) or cells == bounds:
        return None
    return OperatingPoint(row["operating_point"], *map(float, cells))


def _decision(row: Mapping[str, str]) -> tuple[float | None, str]:
    """Return the score that was decided by, and why there is none or it must not decide.

    A score near the threshold may decide: every operating point has a band of its own. What is
    wrong with the capture holds at each of them, also where it changes nothing at this one.
    """
    if not row["score"] or row["outcome"] == Outcome.NON_RESPONSE:
        return None, row["reason"] or NO_SCORE
    reasons = dict.fromkeys((*capture_reasons(row), *reasons_of(row)))
    return float(row["score"]), ";".join(r for r in reasons if r and r not in WITHIN_BAND)
