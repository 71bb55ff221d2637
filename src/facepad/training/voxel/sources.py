"""Pictures for the voxel network: simulated ones by person, and sets that are only evaluated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from facepad.errors import DatasetError
from facepad.training.face.sources import FaceSources
from facepad.training.sources import SampleSet, every_nth, simulated_samples, without
from facepad.types import Sample, Split

PARTIAL = "partial"  # such recaptures serve to learn where to look; no attacker presents them
SELECTING, HELD_OUT = "people for selection", "held-out people"


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
        halves = _halves(listed)
        selecting, held_out = (_of(half, kept) for half in halves)
        parts = (("training", train), (SELECTING, selecting), (HELD_OUT, held_out))
        for what, samples in parts:
            if {sample.is_bona_fide for sample in samples} != {True, False}:
                raise DatasetError(
                    f"{what} needs simulated pictures of both classes, got {len(samples)}; half of "
                    "the people of the parts dev and test select, the others are held out"
                )
        bona_fide = tuple(sample for sample in held_out if sample.is_bona_fide)
        apart = {name: _of(halves[1], without(listed, (name,))[1]) for name in self.left_out}
        return VoxelSamples(
            SampleSet("train", train),
            SampleSet(SELECTING, selecting),
            SampleSet(HELD_OUT, held_out),
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
        selecting: Every second simulated person of the parts dev and test, for the best epoch,
            scaling and operating points.
        held_out: The other simulated people of these parts. Only evaluated.
        left_out: By kind of attack that was left out: these attacks and bona fide pictures of the
            held-out people. Only evaluated.
        dev: Dev parts of real sets, for operating points.
        test: Test parts of real sets, only evaluated.
    """

    train: SampleSet
    selecting: SampleSet
    held_out: SampleSet
    left_out: tuple[SampleSet, ...]
    dev: tuple[SampleSet, ...]
    test: tuple[SampleSet, ...]

    @property
    def sets(self) -> tuple[SampleSet, ...]:
        """All sets."""
        return (self.train, self.selecting, self.held_out, *self.left_out, *self.dev, *self.test)

    def __len__(self) -> int:
        """Return the number of pictures, each counted once in every set that has it."""
        return sum(len(part.samples) for part in self.sets)

    def every(self, step: int) -> "VoxelSamples":
        """Return every Nth picture of each species of the simulated sets, for trials."""
        return replace(
            self,
            train=_thinned(self.train, step),
            selecting=_thinned(self.selecting, step),
            held_out=_thinned(self.held_out, step),
            left_out=tuple(_thinned(part, step) for part in self.left_out),
        )


def _halves(samples: Sequence[Sample]) -> tuple[set[str], set[str]]:
    """Return every second of the people who are not in the train part, and the others.

    In the order of names, so that people of each source of pictures are in both.
    """
    people = sorted({sample.subject for sample in samples if sample.split is not Split.TRAIN})
    return set(people[::2]), set(people[1::2])


def _of(people: set[str], samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Return the pictures of some people, all as dev; partial recaptures are left out."""
    own = (sample for sample in samples if sample.subject in people)
    return tuple(
        replace(sample, split=Split.DEV)
        for sample in own
        if sample.split is not Split.TRAIN and sample.pai_species != PARTIAL
    )


def _thinned(part: SampleSet, step: int) -> SampleSet:
    kept = every_nth(part.samples, step)
    return replace(part, samples=tuple(part.samples[place] for place in kept))
