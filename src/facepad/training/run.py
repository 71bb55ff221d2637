"""The steps that trainings share: fit, evaluate, then write model, card and report."""

import csv
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from os import SEEK_END
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from facepad import settings
from facepad.errors import ModelError, SettingsError
from facepad.jobs.files import write_file
from facepad.jobs.progress import Advance
from facepad.models import store
from facepad.models.card import Card
from facepad.types import OperatingPoint, Sample

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    class Errors(DataclassInstance, Protocol):
        """Error rates on one set of samples, a dataclass."""

        def lines(self) -> list[str]:
            """Return the lines of the report."""


RESEARCH_LICENCE = "research use only, after the licence of the training data"
FREE_LICENCE = "Apache-2.0"
SELECTED_ON = "Threshold selected on"  # begins that part of a card's data
OPENINGS = ("date", "version", "data", "recipe", "command")  # columns of their list
FIRST_VERSION = "1"  # of a model from a user's own data

Data = TypeVar("Data")


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fitted model and its errors.

    Attributes:
        arrays: The model, for `facepad.models.store.save_arrays`.
        operating_point: Its threshold and uncertain band.
        errors: Error rates on each set that was evaluated.
    """

    arrays: Mapping[str, NDArray[Any]]
    operating_point: OperatingPoint
    errors: "Sequence[Errors]"


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """The files of one training.

    Attributes:
        model: The model file; its card is beside it.
        report: The report as JSON.
        text: The report for the terminal.
    """

    model: Path
    report: Path
    text: str


class TrainingRecipe(Protocol[Data]):
    """The options of one training, and its own steps."""

    @property
    def name(self) -> str:
        """Name of the model."""

    @property
    def out(self) -> Path:
        """Folder for model, card and report."""

    @property
    def command(self) -> str:
        """The command that repeats the training, without the places of folders."""

    @property
    def facts(self) -> Mapping[str, object]:
        """Options, for the report as JSON."""

    def judged(self, data: Data) -> Sequence[str]:
        """Return the names of the test sets that are evaluated."""

    def prepare(self) -> Data:
        """List the data, before any slow step; its length is the number of items to measure.

        Raises:
            SettingsError: A dataset's name is unknown.
            DatasetError: A dataset is not laid out as expected.
        """

    def fit(self, data: Data, cache: Path, advance: Advance) -> Fitted:
        """Measure the data, fit a model and evaluate it.

        Args:
            data: From `prepare`.
            cache: Folder of measured features.
            advance: Called once per item.

        Raises:
            DatasetError: A picture cannot be read, or a class is missing.
            ModelError: The file of a network is missing.
        """

    def card(self, data: Data, report: str) -> Card:
        """Return the card of the model.

        Args:
            data: From `prepare`.
            report: The report for the terminal.
        """


def run(
    recipe: TrainingRecipe[Data], data: Data, advance: Advance, *, openings: Path | None = None
) -> TrainingResult:
    """Fit a model, evaluate it, and write it with its card and report.

    Args:
        recipe: What to train.
        data: From its `prepare`.
        advance: Called once per item.
        openings: List of the evaluations of test sets, which gets a row before anything else;
            None where no test set is evaluated.

    Raises:
        DatasetError: As `TrainingRecipe.fit`.
        ModelError: As `TrainingRecipe.fit`, or a file cannot be written.
        SettingsError: The list of openings is no such list, or cannot be written.
    """
    if openings is not None:
        record_opening(openings, recipe.name, recipe.judged(data), recipe.command)
    started = time.monotonic()
    fitted = recipe.fit(data, settings.writable_folder("cache_dir"), advance)
    seconds = time.monotonic() - started
    report = report_text(fitted.errors, fitted.operating_point)
    model, file = (recipe.out / f"{recipe.name}.{ending}" for ending in ("npz", "json"))
    store.save_arrays(model, fitted.arrays, recipe.card(data, report))
    values = {
        **recipe.facts,
        "seconds": seconds,
        "operating_point": asdict(fitted.operating_point),
        "parts": [asdict(errors) for errors in fitted.errors],
    }
    write_file(file, json.dumps(values, indent=2, default=str) + "\n", error=ModelError)
    return TrainingResult(model, file, f"{report}\n\ntook {seconds:.0f} s")


def record_opening(
    file: Path, model: str, sets: Sequence[str], command: str, recipe: str = "trained anew"
) -> None:
    """Add a row to the list of evaluations of test sets.

    Args:
        file: A CSV file with the columns of `OPENINGS`, such as ``docs/lab/openings.csv``.
        model: Name of the model.
        sets: Names of the test sets.
        command: What evaluates them.
        recipe: How the model was made.

    Raises:
        SettingsError: The file is no such list, or cannot be written.
    """
    try:
        with file.open("r+", newline="", encoding="utf-8") as stream:
            if stream.readline().strip() != ",".join(OPENINGS):
                raise SettingsError(
                    f"{file} is no list of openings; its first line is {','.join(OPENINGS)}"
                )
            stream.seek(0, SEEK_END)
            row = (f"{date.today():%Y-%m-%d}", model, "; ".join(sets), recipe, command)
            csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(row)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{file}: test sets are evaluated only where a row can be added: {error}"
        ) from error


# --- the report ---------------------------------------------------------------------------


def report_text(errors: "Sequence[Errors]", point: OperatingPoint) -> str:
    """Return the report for the terminal: the operating point and the errors on each set."""
    lines = [
        f"threshold {point.threshold:.4f} ({point.name}); uncertain from {point.low:.4f} to "
        f"{point.high:.4f}"
    ]
    for part in errors:
        lines += ["", *part.lines()]
    return "\n".join(lines)


def percent(rate: float) -> str:
    """Return a rate as text.

    Example:
        >>> percent(0.125), percent(float("nan"))
        ('12.5 %', 'n/a')
    """
    return "n/a" if np.isnan(rate) else f"{100.0 * rate:.1f} %"


# --- parts of a card ----------------------------------------------------------------------


def recipe_section(command: str, method: str, extra: str = "fit") -> str:
    """Return a card's recipe: the command with the extra that it needs, and the method."""
    return f"`{command}`, with `pip install 'facepad[{extra}]'`\n\n{method}"


def result_section(report: str, test_sets: Sequence[str]) -> str:
    """Return a card's results: the report, and which test sets were evaluated."""
    log = "No test set was evaluated in this training."
    if test_sets:
        log = f"Test sets that were evaluated in this training: {'; '.join(test_sets)}."
    return f"```text\n{report}\n```\n\n{log}"


def licences_of(samples: Sequence[Sample]) -> str:
    """Return the licences that a dataset states for its pictures."""
    stated = {sample.attributes.get("licence", "") for sample in samples} - {""}
    return "; ".join(sorted(stated)) or "not stated by the dataset"


def size_of(samples: Sequence[Sample]) -> str:
    """Return how many pictures of how many people there are, as text."""
    return f"{len(samples):,} pictures of {people(samples)} people"


def people(samples: Sequence[Sample]) -> int:
    """Return the number of subjects."""
    return len({sample.subject for sample in samples})
