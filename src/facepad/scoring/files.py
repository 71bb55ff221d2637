"""Scores of pictures and clips, of a manifest or of folders, in a CSV file; it resumes."""

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from facepad.decision import Decision
from facepad.documents import Judged
from facepad.errors import DatasetError, InputError, SettingsError, counted
from facepad.finders import Faces
from facepad.jobs.csv_rows import read_csv
from facepad.jobs.progress import Progress, Say
from facepad.jobs.work_folder import Facts
from facepad.media.inputs import Input
from facepad.media.sequence import ImageSequence
from facepad.packed import address
from facepad.registry import DEFAULT_FUSION, DEFAULT_POINT
from facepad.scoring.engine import append_rows, facts_of, provenance_of, say_done
from facepad.scoring.table import (
    ERROR_PREFIX,
    OUTCOME_COLUMN,
    PATH_COLUMN,
    Manifest,
    ScoresFile,
    output_columns,
    read_manifest,
)
from facepad.scoring.workers import CheckerSpec, holds_clip, score_pictures
from facepad.sources import Place
from facepad.types import Face, OperatingPoint, Outcome, Reason, Score

INPUTS = "inputs"  # the fact that names the list of files


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """How a manifest is scored.

    Attributes:
        tests: Names of the tests that decide; None for the default ones.
        workers: Number of processes.
        resume: Whether to continue a file that exists.
        force: Whether to overwrite a file that exists.
        calibration: Name of the camera's calibration, whose test then decides alone; None
            for none.
        advisory: Names of tests that are only reported; None for the default ones beside the
            default tests, and for none beside others.
        faces: Which face of several is judged.
        operating_point: Name of the tests' operating point.
        fusion: Name or file of what makes one score of several deciding tests.
        sequence: Frames a second, where each path is a folder or a pattern of the pictures of one
            clip; None where paths are files.
    """

    tests: tuple[str, ...] | None
    workers: int
    resume: bool = False
    force: bool = False
    calibration: str | None = None
    advisory: tuple[str, ...] | None = None
    faces: Faces = "largest"
    operating_point: str = DEFAULT_POINT
    fusion: str = DEFAULT_FUSION
    sequence: float | None = None


@dataclass(frozen=True, slots=True)
class ScoredFiles:
    """A file of scores that is complete.

    Attributes:
        out: The file.
        manifest: The pictures, one a row.
        spec: The tests, those that decide first.
        sequence: Frames a second of pictures that are one clip a row; None for files.
    """

    out: Path
    manifest: Manifest
    spec: CheckerSpec
    sequence: float | None = None

    def place(self, row: int) -> Place:
        """Return what a row is about; "" when the row has no path."""
        path = self.manifest.picture(row)
        return ImageSequence(Path(path), self.sequence) if path and self.sequence else path

    def results(self) -> Iterator[tuple[Place, Judged]]:
        """Yield the path of each picture with its result, named as in the row.

        Raises:
            DatasetError: The file was changed by another program.
        """
        for index, (line, row) in enumerate(read_csv(self.out).rows()):
            try:
                judged = _judged(self.manifest.name(index), row, self.spec.tests)
            except (KeyError, ValueError) as error:
                raise DatasetError(
                    f"{self.out}, line {line}: not a row of scores: {error}"
                ) from error
            yield self.place(index), judged


def score_manifest(
    file: Path, out: Path, options: ScoreOptions, *, say: Say, progress: Progress
) -> ScoredFiles:
    """Score every row of a manifest once, in order.

    Args:
        file: The manifest.
        out: The file of scores.
        options: How to score.
        say: Takes messages for the user.
        progress: Shows progress.

    Raises:
        DatasetError: The manifest, or the file to continue, cannot be used.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: The output exists, cannot be written, or was started with other models,
            settings or another calibration; or a name is not known.
    """
    spec = _spec(options)
    manifest = read_manifest(file, output_columns(spec.for_clips().tests))
    to_score = _with_clips(ScoredFiles(out, manifest, spec, options.sequence))
    return _score(to_score, options, {}, say=say, progress=progress)


def score_files(
    inputs: Iterable[Input], out: Path, options: ScoreOptions, *, say: Say, progress: Progress
) -> ScoredFiles:
    """Score files once, in order, named in the column ``path`` relative to their common folder.

    Args:
        inputs: The files, as `facepad.media.expand` finds them.
        out: The file of scores.
        options: How to score.
        say: Takes messages for the user.
        progress: Shows progress.

    Raises:
        InputError: What was named is no file, or stands for none.
        DatasetError: The file to continue was not made from these files.
        ModelError: As `score_manifest`.
        SettingsError: As `score_manifest`; or files were added, removed or renamed since the run
            that is resumed began.
    """
    spec = _spec(options)
    manifest = manifest_of(inputs)
    facts = {INPUTS: _fingerprint(manifest)}
    to_score = _with_clips(ScoredFiles(out, manifest, spec, options.sequence))
    return _score(to_score, options, facts, say=say, progress=progress)


def manifest_of(inputs: Iterable[Input]) -> Manifest:
    """Return a row for each file, named relative to the folder that all of them are in.

    A file that several inputs name has one row.

    Raises:
        InputError: An input is standard input, or stands for nothing, such as an empty folder.
    """
    once: dict[str, Input] = {}
    for each in inputs:
        once.setdefault(os.path.abspath(_file_of(each)), each)  # noqa: PTH100 - keeps links
    files = tuple(map(_file_of, once.values()))
    packed = (address.parse(file) for file in files)
    folder = _common_folder(
        [
            each.root if rows is None else rows.file.parent
            for each, rows in zip(once.values(), packed, strict=True)
        ]
    )
    rows = tuple((_relative_name(file, folder),) for file in files)
    return Manifest(folder, (PATH_COLUMN,), rows, files)


def _file_of(given: Input) -> Path:
    if isinstance(given.source, InputError):
        raise given.source
    if isinstance(given.source, bytes):
        raise InputError("standard input has no file that could be named in a row; use check -")
    if given.rate is not None:
        ImageSequence(given.source, given.rate).check()
    elif not os.path.lexists(given.source) and address.parse(given.source) is None:
        raise InputError(f"{given.name}: file not found")
    return given.source


def _common_folder(folders: Sequence[Path]) -> Path:
    """Return the folder that all folders are in; the working folder where there is none."""
    try:
        return Path(os.path.commonpath([os.path.abspath(each) for each in {*folders}]))  # noqa: PTH100
    except ValueError:  # different drives
        return Path()


def _relative_name(file: Path, folder: Path) -> str:
    """Return the path of a file within a folder, as text that UTF-8 can hold."""
    whole = Path(os.path.abspath(file))  # noqa: PTH100 - links stay as they are
    near = whole.relative_to(folder) if whole.is_relative_to(folder) else file
    return near.as_posix().encode(errors="backslashreplace").decode()


def _fingerprint(manifest: Manifest) -> str:
    """Return the number of rows and a hash of them."""
    digest = sha256("\n".join(row for (row,) in manifest.rows).encode()).hexdigest()
    return f"{counted(len(manifest.rows), 'file')} (names {digest[:12]})"


def _spec(options: ScoreOptions) -> CheckerSpec:
    return CheckerSpec.of(
        *(options.tests, options.advisory, options.calibration),
        faces=options.faces,
        operating_point=options.operating_point,
        fusion=options.fusion,
    )


def _with_clips(to_score: ScoredFiles) -> ScoredFiles:
    """Return the same with columns for the tests over clips, where a file is a clip."""
    places = map(to_score.place, range(len(to_score.manifest.rows)))
    if to_score.spec.over_time and holds_clip(place for place in places if place):
        return replace(to_score, spec=to_score.spec.for_clips())
    return to_score


def _score(
    to_score: ScoredFiles, options: ScoreOptions, inputs: Facts, *, say: Say, progress: Progress
) -> ScoredFiles:
    out, manifest, spec = to_score.out, to_score.manifest, to_score.spec
    checker = spec.checker()
    checker.load()  # a missing model is an error before any file is touched
    parts = checker.parts(is_clip=spec.has_clips)
    rate = {} if options.sequence is None else {"sequence": options.sequence}
    facts = {**facts_of(spec, parts.models, parts.points), **inputs, **rate}
    outputs = output_columns(spec.tests)
    with ScoresFile(out, manifest, outputs, resume=options.resume, force=options.force) as scores:
        _keep_facts(out, facts, resumed=scores.done > 0)
        total = len(manifest.rows)
        left = range(scores.done, total)
        say_done(out, scores, len(left), say)
        fields = score_pictures(
            spec,
            ((to_score.place(row), manifest.name(row)) for row in left),
            min(options.workers, max(1, len(left))),
        )
        with progress("scored", total, done=scores.done, lines=True) as advance:
            append_rows(scores, manifest.rows[scores.done :], fields, advance)
    return to_score


def _keep_facts(out: Path, facts: Facts, *, resumed: bool) -> None:
    kept = provenance_of(out)
    began, now = (kept.earlier() or {}).get(INPUTS), facts.get(INPUTS)
    if resumed and began and now and began != now:
        raise SettingsError(
            f"{out} was started with other files: expected {began}, got {now}. Files were added, "
            "removed or renamed since; score the new ones into another file, or start again with "
            "--force"
        )
    kept.keep(facts, resumed=resumed)


def _judged(path: str, row: Mapping[str, str], tests: Sequence[str]) -> Judged:
    """Return the result that a row was made from, as far as the row has it.

    Args:
        path: Name of the picture.
        row: The fields of `output_columns`, by name.
        tests: Names of the liveness tests.

    Raises:
        ValueError: A field is not one that `decision_fields` writes.
    """
    if not row[OUTCOME_COLUMN]:
        return Judged(path, error=row["reason"].removeprefix(ERROR_PREFIX))
    scores = {test: row[f"{test}_score"] for test in tests}
    decision = Decision(
        Outcome(row[OUTCOME_COLUMN]),
        float(row["score"]) if row["score"] else None,
        tuple(Reason(reason) for reason in row["reason"].split(";") if reason),
        scores={test: Score(float(value)) for test, value in scores.items() if value},
        operating_point=_point(row),
        interval=_interval(row["interval"]),
        face=_face(row),
        source=path,
        notes=(row["notes"],) if row["notes"] else (),
        timings_ms={"total": float(row["ms"])},
        fusion=row["fusion"],
        calibration=row["calibration"] or None,
        version=row["facepad_version"],
    )
    return Judged(path, decision)


def _point(row: Mapping[str, str]) -> OperatingPoint | None:
    if not row["threshold"]:
        return None
    bounds = (float(row[bound]) for bound in ("threshold", "low", "high"))
    return OperatingPoint(row["operating_point"], *bounds)


def _interval(cell: str) -> tuple[float, float] | None:
    if not cell:
        return None
    low, high = map(float, cell.split())
    return low, high


def _face(row: Mapping[str, str]) -> Face | None:
    if not row["face_box"]:
        return None
    left, top, right, bottom = map(int, row["face_box"].split())
    return Face((left, top, right, bottom), math.nan, others=int(row["other_faces"] or 0))
