"""Samples for training, validation and test: datasets, and which part each of them gives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from facepad.datasets import open_dataset
from facepad.datasets.simulated import Simulated, set_of, was_moved
from facepad.errors import DatasetError
from facepad.evaluation import protocol
from facepad.types import Sample, Split

TrainingKind = Literal["simulated", "real", "both"]


@dataclass(frozen=True, slots=True)
class DatasetCopy:
    """One copy of a dataset.

    Attributes:
        name: Name of the dataset in the registry.
        root: Its folder or file.
    """

    name: str
    root: Path

    @property
    def is_simulated(self) -> bool:
        """Whether it is the output of ``facepad simulate``."""
        return self.name == Simulated.name

    def samples(self) -> tuple[Sample, ...]:
        """Return all samples; their session names the source, which is held out as a whole.

        The source of a simulated picture is the set of bona fide pictures that it was made
        from. People who were pasted on another background are left out: models learn the seam.

        Raises:
            SettingsError: There is no such dataset.
            DatasetError: The copy is not laid out as expected.
        """
        listed = tuple(open_dataset(self.name, self.root).samples())
        if self.is_simulated:
            own = (sample for sample in listed if not was_moved(sample))
            return tuple(replace(sample, session=set_of(sample)) for sample in own)
        return tuple(replace(s, session=f"{self.name} {s.session}") for s in listed)


@dataclass(frozen=True, slots=True)
class SampleSet:
    """Samples that are used or evaluated together.

    Attributes:
        name: Name in reports ("nuaa dev").
        samples: At least one.
        is_test: Whether it is a test set.
        is_cropped: Whether each picture is a face and nothing else.
    """

    name: str
    samples: tuple[Sample, ...]
    is_test: bool = False
    is_cropped: bool = False


def only_simulated(copies: Sequence[DatasetCopy]) -> bool:
    """Return whether all data is simulated, so that the model is free to use."""
    return all(copy.is_simulated for copy in copies)


# --- the quality test ---------------------------------------------------------------------


def train_and_dev(copies: Sequence[DatasetCopy]) -> tuple[Sample, ...]:
    """Return the train parts, and the dev parts for the threshold.

    Raises:
        SettingsError: There is no such dataset.
        DatasetError: A copy is not laid out as expected, or a dataset has no train part.
    """
    found: list[Sample] = []
    for name, samples in _by_name(copies).items():
        if not any(sample.split is Split.TRAIN for sample in samples):
            roots = ", ".join(str(copy.root) for copy in copies if copy.name == name)
            raise DatasetError(f"{name} has no train part in {roots}")
        found += [sample for sample in samples if sample.split is not Split.TEST]
    return tuple(found)


def evaluation_sets(copies: Sequence[DatasetCopy], *, test: bool) -> tuple[SampleSet, ...]:
    """Return the sets that are evaluated: dev parts, and test parts on request.

    Args:
        copies: Datasets, used for training or not.
        test: Whether to evaluate the test parts: all subjects, and those of no other part.
    """
    found = []
    for name, samples in _by_name(copies).items():
        found.append(SampleSet(f"{name} dev", _part(samples, Split.DEV)))
        if test:
            official, disjoint = _part(samples, Split.TEST), protocol.subject_disjoint(samples)
            if official != disjoint:
                found.append(SampleSet(f"{name} test, official", official, is_test=True))
            found.append(SampleSet(f"{name} test, subject-disjoint", disjoint, is_test=True))
    return tuple(part for part in found if part.samples)


def _by_name(copies: Sequence[DatasetCopy]) -> dict[str, tuple[Sample, ...]]:
    found: dict[str, tuple[Sample, ...]] = {}
    for copy in copies:
        found[copy.name] = (*found.get(copy.name, ()), *copy.samples())
    return found


# --- the face test ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FaceSources:
    """Data for the heads of the face test.

    Attributes:
        simulated: Output of ``facepad simulate``, one or more.
        dataset: Name of the real dataset.
        root: Its folder; None for none.
        crops: CSV list of crops that end at a detector's box, with sites as subjects. Part
            dev is used for thresholds, part test for evaluation only.
        pictures: CSV list of whole pictures, likewise.
    """

    simulated: tuple[Path, ...]
    dataset: str
    root: Path | None
    crops: Path | None
    pictures: Path | None

    def train(self, kind: TrainingKind, every: int) -> tuple[SampleSet, ...]:
        """Return simulated pictures, the train part of the real dataset, or both.

        Args:
            kind: Which of the two.
            every: Use every Nth picture of the real dataset; neighbours are alike.

        Raises:
            DatasetError: Something that is needed was not given or cannot be listed.
        """
        found = []
        if kind != "real":
            found.append(SampleSet("simulated", simulated_samples(self.simulated)))
        if kind != "simulated":
            found.append(SampleSet("real", _part(self._real(), Split.TRAIN)[::every]))
        if not all(part.samples for part in found):
            raise DatasetError("a set for training has no picture in its train part")
        return tuple(found)

    def dev(self, every: int) -> tuple[SampleSet, ...]:
        """Return the dev parts, for thresholds; never used for fitting."""
        found = []
        if self.root is not None:
            found.append(SampleSet(f"{self.dataset} dev", _part(self._real(), Split.DEV)[::every]))
        if self.crops is not None:
            dev = _part(_csv(self.crops), Split.DEV)
            found.append(SampleSet("crops dev", dev, is_cropped=True))
        return tuple(part for part in found if part.samples)

    def test(self) -> tuple[SampleSet, ...]:
        """Return the test parts; of the real dataset, subjects that are in no other part."""
        found = []
        if self.root is not None:
            disjoint = protocol.subject_disjoint(self._real())
            name = f"{self.dataset} test, subject-disjoint"
            found.append(SampleSet(name, disjoint, is_test=True))
        if self.crops is not None:
            test = _part(_csv(self.crops), Split.TEST)
            found.append(SampleSet("crops test", test, is_test=True, is_cropped=True))
        if self.pictures is not None:
            test = _part(_csv(self.pictures), Split.TEST)
            found.append(SampleSet("pictures test", test, is_test=True))
        return tuple(part for part in found if part.samples)

    def _real(self) -> tuple[Sample, ...]:
        if self.root is None:
            raise DatasetError("training on real pictures needs --root DIR")
        return DatasetCopy(self.dataset, self.root).samples()


def simulated_samples(roots: Sequence[Path]) -> tuple[Sample, ...]:
    """Return all parts of simulated datasets: sources are held out, not parts.

    Raises:
        DatasetError: No folder was given, one is not laid out as expected, or all people were
            pasted on another background.
    """
    if not roots:
        raise DatasetError("training on simulated pictures needs --simulated DIR")
    found = tuple(s for root in roots for s in DatasetCopy(Simulated.name, root).samples())
    if not found:
        raise DatasetError(
            "training needs simulated pictures with people on their own background, got none; "
            "simulate with --keep-backgrounds"
        )
    return found


def _csv(file: Path) -> tuple[Sample, ...]:
    return tuple(
        replace(sample, session=sample.subject) for sample in open_dataset("csv", file).samples()
    )


def _part(samples: Sequence[Sample], split: Split) -> tuple[Sample, ...]:
    return tuple(sample for sample in samples if sample.split is split)
