"""Options that several commands have, with one help text each."""

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facepad.errors import SettingsError
from facepad.registry import (
    DEFAULT_ADVISORY,
    DEFAULT_CLIP_TESTS,
    DEFAULT_FUSION,
    DEFAULT_POINT,
    DEFAULT_TESTS,
)
from facepad.settings import expanded

if TYPE_CHECKING:
    from facepad.training.sources import DatasetCopy

CPUS = os.cpu_count() or 1
Out = Annotated[Path, typer.Option(help="Folder for the model and its card.")]
Workers = Annotated[int, typer.Option(min=1, help="Number of processes.")]
Judge = Annotated[
    Path | None,
    typer.Option(
        "--judge",
        metavar="OPENINGS.csv",
        help="Evaluate on the test split, once for a finished recipe; a row is added to this list.",
    ),
]

PATHS_HELP = "Pictures, folders, globs (may be quoted), or - for standard input."
TESTS_HELP = (
    f"Comma-separated names of the tests that decide. Default: {','.join(DEFAULT_TESTS)}, and for "
    f"clips also {','.join(DEFAULT_CLIP_TESTS)}. Of several, --fusion makes one decision. A test "
    "that has never seen a camera like this one abstains; its score is shown and ignored. "
    "network:FILE.toml is a network of your own, see docs/how-to-use-your-own-network.md."
)
ADVISORY_HELP = (
    "Comma-separated names of tests whose scores are shown but do not affect the decision. "
    f"Default: {','.join(DEFAULT_ADVISORY)}, or none with --tests."
)
CALIBRATION_HELP = (
    "Calibration of the camera, made by `facepad calibrate`. The calibrated test decides alone; "
    "blink, parallax and pulse add to it, the scores of other tests are shown but do not affect "
    "the decision."
)
POINT_HELP = (
    "How cautious to be: 'strict' accepts the fewest attacks and asks the most genuine users "
    "again, 'convenience' the fewest. A test without this operating point uses its own. Default: "
    f"{DEFAULT_POINT}. See docs/operating-points.md."
)
FUSION_HELP = (
    "How several deciding tests become one: 'mean' counts them alike, 'lda' has fitted weights; or "
    f"a file of `facepad train fusion`. Default: {DEFAULT_FUSION}."
)
FACES_HELP = (
    "Which face is judged where there are several: the largest; or, for a gate, none: then "
    "several faces are no response, with the reason multiple_faces."
)

SEQUENCE_HELP = (
    "Take each path, a folder of pictures or a pattern such as 'frames/%04d.png', as one clip of "
    "RATE frames a second."
)

Tests = Annotated[str | None, typer.Option("--tests", metavar="NAME,...", help=TESTS_HELP)]
Advisory = Annotated[str | None, typer.Option("--advisory", metavar="NAME,...", help=ADVISORY_HELP)]
CameraName = Annotated[
    str | None, typer.Option("--calibration", metavar="NAME", help=CALIBRATION_HELP)
]


FusionName = Annotated[str, typer.Option("--fusion", metavar="NAME|FILE", help=FUSION_HELP)]
SequenceRate = Annotated[
    float | None, typer.Option("--sequence", metavar="RATE", min=0.01, help=SEQUENCE_HELP)
]


class FacesName(StrEnum):
    """Which face of several is judged."""

    LARGEST = "largest"
    SINGLE = "single"


WhichFace = Annotated[FacesName, typer.Option("--faces", help=FACES_HELP)]


class PointName(StrEnum):
    """Name of an operating point, as `facepad.registry.POINT_NAMES`."""

    CONVENIENCE = "convenience"
    BALANCED = "balanced"
    STRICT = "strict"


def split_names(text: str) -> tuple[str, ...]:
    """Return the names in a comma-separated list.

    Example:
        >>> split_names("quality, quality_whole")
        ('quality', 'quality_whole')
    """
    return tuple(name for part in text.split(",") if (name := part.strip()))


def names_given(text: str | None) -> tuple[str, ...] | None:
    """Return the names in a comma-separated list; None where the option was not given."""
    return None if text is None else split_names(text)


def dataset_copy(asked: str) -> "DatasetCopy":
    """Return the dataset that is named as NAME=DIR or NAME:PROTOCOL=DIR.

    Raises:
        SettingsError: It is not named so.
    """
    from facepad.training.sources import DatasetCopy

    name, equals, root = asked.partition("=")
    if not (name and equals and root):
        raise SettingsError(f"expected a dataset as NAME=DIR or NAME:PROTOCOL=DIR, got {asked!r}")
    return DatasetCopy.named(name, expanded(root, f"the folder of {name}"))
