"""Pictures for the voxel network: simulated ones by person, and sets that are only evaluated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from facepad.errors import DatasetError
from facepad.training.face.sources import FaceSources
from facepad.training.sources import SampleSet, every_nth, simulated_samples, without
from facepad.types import Sample, Split

PARTIAL = "partial"  # such recaptures serve to learn where to look; no attacker presents them
HELD_OUT = "held-out people"


@dataclass(frozen=True, slots=True)
class VoxelSources:
    """Data for a voxel network.

    Attributes:
        simulated: Output of ``facepad simulate``, one or more.
        left_out: Kinds of attack that are not used for training, of `without`.
        evaluated: Real sets; never trained on. Their dev parts also select operating points.
        every: Use every Nth picture of real dev parts; neighbours are alike.
    """

    simulated: tuple[Path, ...]
    left_out: tuple[str, ...]
    evaluated: FaceSources
    every: int = 1

    def listed(self, *, test: bool) -> "VoxelSamples":
        """List all pictures.

        Args:
            test: Whether the test parts of the real sets are evaluated.

        Raises:
            SettingsError: A kind of attack that is left out is unknown.
            DatasetError: Something is missing or not laid out as expected.
        """
        listed = simulated_samples(self.simulated)
        kept, _ = without(listed, self.left_out)
        train = tuple(sample for sample in kept if sample.split is Split.TRAIN)
        people = _held_out(kept)
        bona_fide = tuple(sample for sample in people if sample.is_bona_fide)
        apart = {name: _held_out(without(listed, (name,))[1]) for name in self.left_out}
        for what, samples in (("training", train), (HELD_OUT, people)):
            if {sample.is_bona_fide for sample in samples} != {True, False}:
                raise DatasetError(f"{what} needs simulated pictures of both classes")
        return VoxelSamples(
            SampleSet("train", train),
            SampleSet(HELD_OUT, people),
            tuple(
                SampleSet(f"left out: {name}", (*bona_fide, *attacks))
                for name, attacks in apart.items()
                if attacks
            ),
            self.evaluated.dev(self.every),
            self.evaluated.test() if test else (),
        )


@dataclass(frozen=True, slots=True)
class VoxelSamples:
    """The pictures of one training, by use.

    Attributes:
        train: Fitted on.
        held_out: Simulated people of the parts dev and test, for the best epoch, scaling and
            operating points.
        left_out: By kind of attack that was left out: these attacks and bona fide pictures of the
            held-out people. Only evaluated.
        dev: Dev parts of real sets, for operating points.
        test: Test parts of real sets, only evaluated.
    """

    train: SampleSet
    held_out: SampleSet
    left_out: tuple[SampleSet, ...]
    dev: tuple[SampleSet, ...]
    test: tuple[SampleSet, ...]

    @property
    def sets(self) -> tuple[SampleSet, ...]:
        """All sets."""
        return (self.train, self.held_out, *self.left_out, *self.dev, *self.test)

    def __len__(self) -> int:
        """Return the number of pictures, each counted once in every set that has it."""
        return sum(len(part.samples) for part in self.sets)

    def every(self, step: int) -> "VoxelSamples":
        """Return every Nth picture of each species of the simulated sets, for trials."""
        return replace(
            self,
            train=_thinned(self.train, step),
            held_out=_thinned(self.held_out, step),
            left_out=tuple(_thinned(part, step) for part in self.left_out),
        )


def _held_out(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Return the pictures of people who are not in the train part, all as dev.

    Partial recaptures are left out.
    """
    return tuple(
        replace(sample, split=Split.DEV)
        for sample in samples
        if sample.split is not Split.TRAIN and sample.pai_species != PARTIAL
    )


def _thinned(part: SampleSet, step: int) -> SampleSet:
    kept = every_nth(part.samples, step)
    return replace(part, samples=tuple(part.samples[place] for place in kept))
