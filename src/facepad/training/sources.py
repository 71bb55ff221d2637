"""Samples for training, validation and test: datasets, and which part each of them gives."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from facepad.datasets.opening import list_dataset
from facepad.datasets.simulated import Simulated, drawn_for, material_of, set_of, was_moved
from facepad.errors import DatasetError, SettingsError, unknown_name
from facepad.evaluation import protocol
from facepad.types import Sample, Split


@dataclass(frozen=True, slots=True)
class DatasetCopy:
    """One copy of a dataset.

    Attributes:
        name: Name of the dataset in the registry.
        root: Its folder or file.
        protocol: Which of its protocols gives the parts; None for the listing's own choice.
    """

    name: str
    root: Path
    protocol: str | None = None

    @classmethod
    def named(cls, asked: str, root: Path) -> "DatasetCopy":
        """Return the copy of a dataset that is named as NAME or NAME:PROTOCOL."""
        name, _, protocol = asked.partition(":")
        return cls(name, root, protocol or None)

    @property
    def asked(self) -> str:
        """The name as options have it: NAME or NAME:PROTOCOL."""
        return self.name if self.protocol is None else f"{self.name}:{self.protocol}"

    @property
    def is_simulated(self) -> bool:
        """Whether it is the output of ``facepad simulate``."""
        return self.name == Simulated.name

    def samples(self) -> tuple[Sample, ...]:
        """Return all samples; their session names the source, which is held out as a whole.

        The source of a simulated picture is the set of bona fide pictures that it was made
        from. People who were pasted on another background are left out: models learn the seam.
        That of a real one is its session, or its subject where each session has one class only.

        Raises:
            SettingsError: There is no such dataset or protocol.
            DatasetError: The copy is not laid out as expected.
        """
        listed = self.listed()
        if self.is_simulated:
            own = (sample for sample in listed if not was_moved(sample))
            return tuple(replace(sample, session=set_of(sample)) for sample in own)
        sessions = ({s.session for s in listed if s.is_bona_fide is kind} for kind in (True, False))
        shared = next(sessions) & next(sessions)
        return tuple(
            replace(s, session=f"{self.name} {s.session if shared else s.subject}") for s in listed
        )

    def listed(self) -> tuple[Sample, ...]:
        """Return all samples as the dataset lists them.

        Raises:
            SettingsError: There is no such dataset or protocol.
            DatasetError: The copy is not laid out as expected.
        """
        return list_dataset(self.name, self.root, self.protocol).samples


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


def train_and_dev(copies: Sequence[DatasetCopy]) -> tuple[Sample, ...]:
    """Return the train parts, and the dev parts for the threshold.

    Raises:
        SettingsError: There is no such dataset.
        DatasetError: A copy is not laid out as expected, or a dataset has no train part.
    """
    found: list[Sample] = []
    for name, samples in _by_name(copies).items():
        if not any(sample.split is Split.TRAIN for sample in samples):
            roots = ", ".join(str(copy.root) for copy in copies if copy.asked == name)
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
        found.append(SampleSet(f"{name} dev", part_of(samples, Split.DEV)))
        if test:
            official, disjoint = part_of(samples, Split.TEST), protocol.subject_disjoint(samples)
            if official != disjoint:
                found.append(SampleSet(f"{name} test, official", official, is_test=True))
            found.append(SampleSet(f"{name} test, subject-disjoint", disjoint, is_test=True))
    return tuple(part for part in found if part.samples)


def part_of(samples: Sequence[Sample], split: Split) -> tuple[Sample, ...]:
    """Return the samples of one part."""
    return tuple(sample for sample in samples if sample.split is split)


def every_nth(samples: Sequence[Sample], step: int) -> list[int]:
    """Return the places of every Nth picture of each class and PAI species, in order.

    Each person loses the same share, up to one picture of each species. Every Nth picture of all
    together could be of one class: the simulator lists the attacks after their source; or of one
    person, where pictures of people alternate.
    """
    subjects = dict.fromkeys(sample.subject for sample in samples)
    turns = {subject: turn for turn, subject in enumerate(subjects)}
    groups: dict[str | None, list[int]] = {}
    for place, sample in enumerate(samples):
        groups.setdefault(sample.pai_species, []).append(place)
    kept = [
        place
        for group in groups.values()
        for place in sorted(group, key=lambda one: turns[samples[one].subject])[::step]
    ]
    return sorted(kept)


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


def without(
    samples: Sequence[Sample], left_out: Sequence[str]
) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """Return what is left without some kinds of attack, and the attacks of these kinds.

    To train without a medium and to test on it. Partial recaptures by a medium that is left out
    are in neither.

    Args:
        samples: Bona fide pictures and attacks.
        left_out: Each a PAI species ("print"), or a species and the material of simulated masks
            ("mask:silicone").

    Raises:
        SettingsError: No sample is of one of these kinds, or no attack is left.
    """
    known = sorted({kind for sample in samples for kind in _kinds(sample)})
    for name in left_out:
        if name not in known:
            raise SettingsError(unknown_name("attack to leave out", name, known))
    wanted = set(left_out)
    apart = tuple(sample for sample in samples if wanted & set(_kinds(sample)))
    kept = tuple(sample for sample in samples if not wanted & {*_kinds(sample), _medium_of(sample)})
    if apart and not any(sample.pai_species for sample in kept):
        raise SettingsError(f"no attack is left without {', '.join(left_out)}; leave out fewer")
    return kept, apart


def _kinds(sample: Sample) -> tuple[str, ...]:
    """Return the names by which `without` leaves a sample out; none for bona fide."""
    if sample.pai_species is None:
        return ()
    material = material_of(sample)
    return (sample.pai_species, *((f"{sample.pai_species}:{material}",) if material else ()))


def _medium_of(sample: Sample) -> str:
    """Return the medium of a simulated attack, which a partial recapture has too; else ""."""
    if "parameters" not in sample.attributes:
        return ""
    return str((drawn_for(sample).get("medium") or {}).get("species", ""))


def _by_name(copies: Sequence[DatasetCopy]) -> dict[str, tuple[Sample, ...]]:
    found: dict[str, tuple[Sample, ...]] = {}
    for copy in copies:
        found[copy.asked] = (*found.get(copy.asked, ()), *copy.samples())
    return found
