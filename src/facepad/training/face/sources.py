"""Data for the heads of the face test: simulated pictures, a real dataset, lists of crops."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from facepad.datasets import open_dataset
from facepad.errors import DatasetError
from facepad.evaluation import protocol
from facepad.training.sources import DatasetCopy, SampleSet, part_of, simulated_samples
from facepad.types import Sample, Split

TrainingKind = Literal["simulated", "real", "both"]


@dataclass(frozen=True, slots=True)
class FaceSources:
    """Data for the heads of the face test.

    Attributes:
        simulated: Output of ``facepad simulate``, one or more.
        dataset: Name of the real dataset, or NAME:PROTOCOL.
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
            found.append(SampleSet("real", part_of(self._real(), Split.TRAIN)[::every]))
        if not all(part.samples for part in found):
            raise DatasetError("a set for training has no picture in its train part")
        return tuple(found)

    def dev(self, every: int) -> tuple[SampleSet, ...]:
        """Return the dev parts, for thresholds; never used for fitting."""
        found = []
        if self.root is not None:
            found.append(
                SampleSet(f"{self.dataset} dev", part_of(self._real(), Split.DEV)[::every])
            )
        if self.crops is not None:
            dev = part_of(_csv(self.crops), Split.DEV)
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
            test = part_of(_csv(self.crops), Split.TEST)
            found.append(SampleSet("crops test", test, is_test=True, is_cropped=True))
        if self.pictures is not None:
            test = part_of(_csv(self.pictures), Split.TEST)
            found.append(SampleSet("pictures test", test, is_test=True))
        return tuple(part for part in found if part.samples)

    def command(self, kind: TrainingKind, every: int) -> str:
        """Return the training command with these sources, for the card; folders are left out."""
        parts = [f"facepad train face --trains {kind}", *["--simulated DIR"] * len(self.simulated)]
        if self.root is not None:
            parts.append(f"--dataset {self.dataset} --root DIR --every {every}")
        parts += ["--crops FILE"] * (self.crops is not None)
        parts += ["--pictures FILE"] * (self.pictures is not None)
        return " ".join(parts)

    def _real(self) -> tuple[Sample, ...]:
        if self.root is None:
            raise DatasetError("training on real pictures needs --root DIR")
        return DatasetCopy.named(self.dataset, self.root).samples()


def _csv(file: Path) -> tuple[Sample, ...]:
    return tuple(
        replace(sample, session=sample.subject) for sample in open_dataset("csv", file).samples()
    )
