"""Scores of tests as the thesis counts them: every score decides, at one threshold.

facepad's own tests abstain before cameras that they do not know, and leave scores near the
threshold undecided. Here neither counts: a file of scores that `facepad evaluate` wrote becomes one
file for each test, and one for the consolidation, which `facepad evaluate --scores` judges.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from facepad.jobs.csv_rows import label_of
from facepad.scores import logit, sigmoid
from facepad.training.fusion.fit import FusionRows, fit
from facepad.types import Sample, Split

LABELS = ("key", "label", "pai_species", "subject", "split")
CONSOLIDATION = "lda"  # name of its file
NO_BOUNDS = {"balanced": (0.0, 0.0)}  # only the ratios of the consolidation are used

Row = Mapping[str, str]


def read(file: Path) -> list[Row]:
    """Return the rows of a file of scores."""
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write_labels(rows: Sequence[Row], trained_on: Sequence[Sample], file: Path) -> Path:
    """Write the labels of scored rows, and of the people of the train part, who have no score."""
    train = [
        (s.key, label_of(s.is_bona_fide), s.pai_species or "", s.subject, s.split.value)
        for s in trained_on
        if s.split is Split.TRAIN
    ]
    _write(file, LABELS, [*(tuple(row[name] for name in LABELS) for row in rows), *train])
    return file


def write_scores(rows: Sequence[Row], tests: Sequence[str], folder: Path) -> list[Path]:
    """Write a file of scores for each test, without reasons to abstain."""
    files = []
    for test in tests:
        files.append(folder / f"{test.replace(':', '-')}.csv")
        _write(files[-1], ("key", "score"), [(row["key"], row[f"{test}_score"]) for row in rows])
    return files


def write_consolidation(rows: Sequence[Row], tests: Sequence[str], folder: Path) -> Path:
    """Fit the consolidation on the scores of dev, and write its scores of all rows.

    Raises:
        DatasetError: Dev has too few people, or a class or a test has no score there.
    """
    ratios = np.array([[_ratio(row[f"{test}_score"]) for test in tests] for row in rows])
    dev = np.array([row["split"] == Split.DEV for row in rows])
    samples = tuple(map(_sample, rows))
    known = FusionRows(tuple(tests), samples, ratios, ({},) * len(samples)).part(dev)
    fusion = fit(known, {test: {} for test in tests}, NO_BOUNDS)
    scores = []
    for row, own in zip(rows, ratios, strict=True):
        given = {test: float(v) for test, v in zip(tests, own, strict=True) if np.isfinite(v)}
        scores.append((row["key"], repr(sigmoid(fusion.ratio(given))) if given else ""))
    file = folder / f"{CONSOLIDATION}.csv"
    _write(file, ("key", "score"), scores)
    return file


def _ratio(cell: str) -> float:
    return logit(float(cell)) if cell else math.nan


def _sample(row: Row) -> Sample:
    species = row["pai_species"] or None
    return Sample(row["key"], row["key"], row["subject"], Split(row["split"]), species)


def _write(file: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
