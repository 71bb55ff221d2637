"""Scores of a dataset, kept in a CSV file, so that a run that was interrupted goes on."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from facepad import runtime
from facepad.cli.console import progress
from facepad.cli.errors import say
from facepad.errors import FacepadError, SettingsError, counted
from facepad.evaluation.aggregation import Scored
from facepad.media.frame_selection import FrameSelection
from facepad.packed import address
from facepad.pipeline import Checker
from facepad.scoring.evaluated_tests import Camera, checker_for
from facepad.scoring.manifest import Manifest
from facepad.scoring.presentation_rows import judge_presentation, kept_columns, padded
from facepad.scoring.rows import ERROR_PREFIX, Fields
from facepad.scoring.scores_file import ScoresFile
from facepad.scoring.workers import Workers
from facepad.types import Sample, Split

LABELS = ("key", "path", "label", "pai_species", "subject", "split")
# One per worker process, set of tests and camera.
_checkers: dict[tuple[tuple[str, ...], Camera | None, FrameSelection], Checker] = {}


@dataclass(frozen=True, slots=True)
class Order:
    """What to score.

    Attributes:
        name: Of the dataset, for the file's name.
        root: Folder of the dataset.
        samples: All of its parts; those of train are not scored.
        tests: Names of the liveness tests.
        frames: Which frames of a clip frame-wise tests get.
        camera: Whose calibration anchors one of the tests, if any.
        models: Version of each model, by name.
        folder: Where scores are kept.
        workers: Processes.
        force: Whether to score again what is there.
    """

    name: str
    root: Path
    samples: tuple[Sample, ...]
    tests: tuple[str, ...]
    frames: FrameSelection
    camera: Camera | None
    models: Mapping[str, str]
    folder: Path
    workers: int
    force: bool

    @property
    def file(self) -> Path:
        """The file of scores."""
        return self.folder / f"scores-{self.name}.csv"

    @property
    def facts(self) -> dict[str, object]:
        """What the scores depend on, beside the pictures."""
        return {
            "tests": list(self.tests),
            "calibration": None if self.camera is None else self.camera.version,
            "models": dict(self.models),
            "frames": str(self.frames),
        }


def keep_scores(order: Order) -> list[Mapping[str, str]]:
    """Score what is not scored yet, and give all rows: labels and kept fields by column.

    Raises:
        SettingsError: What is there was made with other tests, models or frames, or for
            another camera.
        DatasetError: What is there is no file of scores of this dataset.
        ModelError: A model is missing or has the wrong hash.
    """
    order.folder.mkdir(parents=True, exist_ok=True)
    _check_facts(order)
    outputs = kept_columns(order.tests)
    wanted = [sample for sample in order.samples if sample.split is not Split.TRAIN]
    manifest = Manifest(order.root, LABELS, tuple(labels(order.root, s) for s in wanted))
    with ScoresFile(
        order.file, manifest, outputs, resume=not order.force, force=order.force
    ) as scores:
        left = wanted[scores.done :]
        if scores.done and left:
            say(f"{order.file}: {counted(scores.done, 'row')} there already, {len(left):,} left")
        _score(order, manifest, scores, left)
    with order.file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def scored_rows(order: Order, rows: Sequence[Mapping[str, str]], test: str) -> tuple[Scored, ...]:
    """One test's presentations, those of train without score."""
    by_key = {row["key"]: row for row in rows}
    return tuple(
        Scored(
            sample,
            *(
                (None, "not scored")
                if sample.split is Split.TRAIN
                else _answer(by_key[sample.key], test)
            ),
            # Samples that are single frames belong to the video they are of.
            presentation="" if sample.frame is None else sample.path,
        )
        for sample in order.samples
    )


def unreadable(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Keys of presentations that could not be read."""
    return [row["key"] for row in rows if row["reason"].startswith(ERROR_PREFIX)]


def labels(root: Path, sample: Sample) -> tuple[str, ...]:
    """What a sample should have been, in the columns ``LABELS``.

    Args:
        root: Of the dataset; paths are told from there, those of one packed file from its folder.
        sample: Any of the dataset.
    """
    label = "bona_fide" if sample.is_bona_fide else "attack"
    return (
        sample.key,
        _near(root, sample.path),
        label,
        sample.pai_species or "",
        sample.subject,
        sample.split.value,
    )


def judge(
    frames: FrameSelection, camera: Camera | None, asked: str, tests: tuple[str, ...]
) -> Fields:
    """What a worker process does with a picture or video; only text goes back.

    Args:
        frames: Which frames of a clip frame-wise tests get.
        camera: Whose calibration anchors one of the tests, if any.
        asked: Path and frame number, as JSON.
        tests: Names of the liveness tests.
    """
    path, frame = json.loads(asked)
    key = (tests, camera, frames)
    if key not in _checkers:
        runtime.tune()
        _checkers[key] = checker_for(tests, camera, frames)
    try:
        return judge_presentation(_checkers[key], path, frame, tests)
    except FacepadError:
        raise
    except Exception as error:  # noqa: BLE001 - one odd picture must not end a long run
        text = f"{ERROR_PREFIX}{path}: unexpected {type(error).__name__}: {error}"
        return padded(("", "", text), tests)


def _score(order: Order, manifest: Manifest, scores: ScoresFile, left: Sequence[Sample]) -> None:
    if not left:
        return
    begin, total = scores.done, len(manifest.rows)
    ask = partial(judge, order.frames, order.camera)
    with (
        Workers(order.tests, min(order.workers, len(left)), ask) as pool,
        progress(f"scored {order.name}", total, done=begin, lines=True) as advance,
    ):
        judged = pool.judge(json.dumps([sample.path, sample.frame]) for sample in left)
        for row, fields in zip(manifest.rows[begin:], judged, strict=True):
            scores.append((*row, *padded(fields, order.tests)))
            advance()


def _near(root: Path, path: str) -> str:
    packed = address.parse(path)
    file = Path(path) if packed is None else packed.file
    folder = root.parent if file == root else root
    near = file.relative_to(folder) if file.is_relative_to(folder) else Path(file.name)
    return near.as_posix() if packed is None else str(replace(packed, file=near))


def _answer(row: Mapping[str, str], test: str) -> tuple[float | None, str]:
    cell, reason = row[f"{test}_score"], row[f"{test}_reason"]
    if not cell:
        return None, reason or row["reason"] or "no score"
    return float(cell), reason


def _check_facts(order: Order) -> None:
    """Scores of other models or frames must not be mixed with these."""
    file = order.file.with_suffix(".json")
    if order.file.exists() and not order.force:
        try:
            made = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            made = {}
        for name, value in order.facts.items():
            if not isinstance(made, dict) or made.get(name) != value:
                was = made.get(name) if isinstance(made, dict) else None
                raise SettingsError(
                    f"{order.file} was made with other {name}: expected "
                    f"{value or 'none'}, got {was or 'none'}; "
                    "--force scores again, or name another --out"
                )
    file.write_text(json.dumps(order.facts, indent=2) + "\n", encoding="utf-8")
