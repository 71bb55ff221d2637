"""The pictures that the heads of the face test learn from, are chosen by and are judged on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from facepad import registry
from facepad.datasets.simulated import Simulated, set_of, was_moved
from facepad.errors import DatasetError
from facepad.evaluation import protocol
from facepad.types import Dataset, Sample, Split

Trains = Literal["simulated", "real", "both"]


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the data lies.

    Attributes:
        simulated: Output of ``facepad simulate``, one or more.
        dataset: Name of the listing of the real dataset.
        root: Its folder; None to do without.
        crops: CSV list of crops that end at a detector's box, its subjects being sites; part
            dev may choose and part test may only judge.
        pictures: CSV list of whole pictures, likewise.
    """

    simulated: tuple[Path, ...]
    dataset: str
    root: Path | None
    crops: Path | None
    pictures: Path | None


@dataclass(frozen=True, slots=True)
class Listed:
    """Samples of one kind of use; their session names the source.

    Attributes:
        name: For the report.
        samples: At least one.
        crops: Whether each picture is a face and nothing else.
    """

    name: str
    samples: tuple[Sample, ...]
    crops: bool = False


def training(folders: Folders, trains: Trains, every: int) -> tuple[Listed, ...]:
    """What may train: simulated pictures, the train part of a real dataset, or both.

    Args:
        folders: Where the data lies.
        trains: Which of the two.
        every: Of the real dataset only one picture in so many, since neighbours are alike.

    Raises:
        DatasetError: Something that is needed was not given or cannot be listed.
    """
    found = []
    if trains != "real":
        found.append(Listed("simulated", simulated(folders.simulated)))
    if trains != "simulated":
        found.append(Listed("real", _part(_real(folders), Split.TRAIN)[::every]))
    if not all(listed.samples for listed in found):
        raise DatasetError("a set that is to train has no picture in its train part")
    return tuple(found)


def choosing(folders: Folders, every: int) -> tuple[Listed, ...]:
    """What may choose thresholds: dev parts; never trained on."""
    found = []
    if folders.root is not None:
        found.append(Listed(f"{folders.dataset} dev", _part(_real(folders), Split.DEV)[::every]))
    if folders.crops is not None:
        found.append(Listed("crops dev", _part(_csv(folders.crops), Split.DEV), crops=True))
    return tuple(listed for listed in found if listed.samples)


def judging(folders: Folders) -> tuple[Listed, ...]:
    """What may only judge: test parts, of the real dataset those people no other part has."""
    found = []
    if folders.root is not None:
        apart = protocol.subject_disjoint(_real(folders))
        found.append(Listed(f"{folders.dataset} test, subject-disjoint", apart))
    if folders.crops is not None:
        found.append(Listed("crops test", _part(_csv(folders.crops), Split.TEST), crops=True))
    if folders.pictures is not None:
        found.append(Listed("pictures test", _part(_csv(folders.pictures), Split.TEST)))
    return tuple(listed for listed in found if listed.samples)


def simulated(roots: Sequence[Path]) -> tuple[Sample, ...]:
    """Output of ``facepad simulate``: all parts, people before their own background.

    All parts, since what is left out of a fit are sources.

    People who were cut out and set before another one teach the heads the seam: with them the
    area under the curve on webcams that chose fell from .92 to .84.
    """
    if not roots:
        raise DatasetError("training on simulated pictures needs --simulated DIR")
    samples = [sample for root in roots for sample in Simulated(root).samples()]
    own = [sample for sample in samples if not was_moved(sample)]
    return tuple(replace(sample, session=set_of(sample)) for sample in own)


def _real(folders: Folders) -> tuple[Sample, ...]:
    if folders.root is None:
        raise DatasetError("training on real pictures needs --root DIR")
    listed = _listing(folders.dataset, folders.root)
    return tuple(replace(s, session=f"{folders.dataset} {s.session}") for s in listed)


def _csv(file: Path) -> tuple[Sample, ...]:
    return tuple(replace(sample, session=sample.subject) for sample in _listing("csv", file))


def _listing(name: str, root: Path) -> tuple[Sample, ...]:
    listing = cast(Callable[[Path], Dataset], registry.resolve("datasets", name))
    return tuple(listing(root).samples())


def _part(samples: Sequence[Sample], split: Split) -> tuple[Sample, ...]:
    return tuple(sample for sample in samples if sample.split is split)
