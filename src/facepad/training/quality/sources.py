"""The pictures that train the quality test, choose its threshold and are judged by it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from facepad import registry
from facepad.datasets import simulated
from facepad.errors import DatasetError
from facepad.evaluation import protocol
from facepad.types import Dataset, Sample, Split

_SIMULATED = simulated.Simulated.name


@dataclass(frozen=True, slots=True)
class Source:
    """One copy of a dataset.

    Attributes:
        name: Of the listing.
        root: Its folder or file.
    """

    name: str
    root: Path

    def samples(self) -> tuple[Sample, ...]:
        """All samples; their session names what is left out together when scores are scaled.

        Of a simulation that is the set of bona fide pictures that a picture began with, and
        people who were set before another background are left out: they teach the seam.

        Raises:
            SettingsError: There is no such dataset.
            DatasetError: The copy is not laid out as expected.
        """
        listing = cast(Callable[[Path], Dataset], registry.resolve("datasets", self.name))
        listed = listing(self.root).samples()
        if self.name == _SIMULATED:
            own = (sample for sample in listed if not simulated.was_moved(sample))
            return tuple(replace(sample, session=simulated.set_of(sample)) for sample in own)
        return tuple(replace(s, session=f"{self.name} {s.session}") for s in listed)


@dataclass(frozen=True, slots=True)
class Listed:
    """Samples of one split whose errors are told together.

    Attributes:
        name: "nuaa dev".
        samples: At least one.
        judges: Whether it is a test part.
    """

    name: str
    samples: tuple[Sample, ...]
    judges: bool = False


def is_free(trains: Sequence[Source]) -> bool:
    """Whether simulation alone trains."""
    return all(source.name == _SIMULATED for source in trains)


def training(trains: Sequence[Source]) -> tuple[Sample, ...]:
    """The train parts, and the dev parts that choose the threshold.

    Raises:
        SettingsError: There is no such dataset.
        DatasetError: A copy is not laid out as expected, or a dataset has no train part.
    """
    found: list[Sample] = []
    for name, samples in _by_name(trains).items():
        if not any(sample.split is Split.TRAIN for sample in samples):
            raise DatasetError(f"{name} has no train part in {_roots(trains, name)}")
        found += [sample for sample in samples if sample.split is not Split.TEST]
    return tuple(found)


def told(sources: Sequence[Source], *, judge: bool) -> tuple[Listed, ...]:
    """What errors are told of: dev parts; test parts only when they are to be opened.

    Args:
        sources: Those that train and those that do not.
        judge: Whether to open the test parts, whole and without people of other parts.
    """
    found = []
    for name, samples in _by_name(sources).items():
        found.append(Listed(f"{name} dev", _part(samples, Split.DEV)))
        if judge:
            whole, apart = _part(samples, Split.TEST), protocol.subject_disjoint(samples)
            if whole != apart:
                found.append(Listed(f"{name} test, official", whole, judges=True))
            found.append(Listed(f"{name} test, subject-disjoint", apart, judges=True))
    return tuple(listed for listed in found if listed.samples)


def _by_name(sources: Sequence[Source]) -> dict[str, tuple[Sample, ...]]:
    found: dict[str, tuple[Sample, ...]] = {}
    for source in sources:
        found[source.name] = (*found.get(source.name, ()), *source.samples())
    return found


def _part(samples: Sequence[Sample], split: Split) -> tuple[Sample, ...]:
    return tuple(sample for sample in samples if sample.split is split)


def _roots(sources: Sequence[Source], name: str) -> str:
    return ", ".join(str(source.root) for source in sources if source.name == name)
