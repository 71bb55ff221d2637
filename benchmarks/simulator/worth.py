"""What heads reach that learned with all effects, and without one group of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.liveness.face_cnn.heads import Head
from facepad.simulate.recipe import BONA_FIDE
from facepad.training.face.heads import HeadSpec, LabelledFeatures, decided, fit
from facepad.training.scaling import Mask
from simulator.variants import ALL_ON, CHANGES, Variant

NOTHING = "nothing"
FOLDS = 2  # of people, where media are left out
SPECIES = ("print", "screen", "partial")  # masks have heads of their own
RECORDED = ("NUAA dev", "crops, mean", "crops, pooled")
LEFT_OUT = (*(f"{one} left out" for one in SPECIES), "media, mean")

Values = dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """All pictures of one seed with the statistics of the backbone.

    Attributes:
        listed: In the order of ``seen``; only those with a face.
        seen: Their statistics.
    """

    listed: tuple[Variant, ...]
    seen: LabelledFeatures

    def training(self, change: str, dropped: str = NOTHING) -> Mask:
        """Rows to learn from: attacks as they are without ``change``.

        Args:
            change: One of `CHANGES`, or `ALL_ON`. Attacks that do not have the effect stay
                as they are.
            dropped: A species or medium that is left out altogether.
        """
        changed = {(one.source, one.species) for one in self.listed if one.change == change}
        return np.array(
            [
                dropped not in {one.species, one.medium}
                and (
                    one.change == change
                    or (one.change == ALL_ON and (one.source, one.species) not in changed)
                )
                for one in self.listed
            ]
        )

    def judged(self, species: str) -> Mask:
        """Bona fide pictures and the attacks of one kind, as drawn."""
        return np.array(
            [one.change == ALL_ON and one.species in {BONA_FIDE, species} for one in self.listed]
        )

    def fold(self, number: int) -> Mask:
        """Pictures of one part of the people."""
        people = sorted({one.subject for one in self.listed})
        own = set(people[number::FOLDS])
        return np.array([one.subject in own for one in self.listed])


@dataclass(frozen=True, slots=True, eq=False)
class Choosers:
    """Recordings that may choose.

    Attributes:
        frames: Two people of NUAA; whole frames.
        crops: Crops of webcams; sites are their subjects.
    """

    frames: LabelledFeatures
    crops: LabelledFeatures


def conditions() -> dict[str, tuple[str, str]]:
    """What is compared, by name: what is left out of attacks, which attacks are left out."""
    return {
        "all on": (ALL_ON, NOTHING),
        **{change: (change, NOTHING) for change in CHANGES},
        **{f"no {one} attacks": (ALL_ON, one) for one in SPECIES},
    }


def worth(
    pictures: Pictures, choosers: Choosers, spec: HeadSpec, advance: Callable[[], None]
) -> dict[str, Values]:
    """Areas under the curve by condition and column."""
    found = {}
    for name, (change, dropped) in conditions().items():
        keep = pictures.training(change, dropped) & _teaching(pictures, spec)
        heads = fit(pictures.seen.part(keep), spec)
        found[name] = recorded(heads, choosers) | _media(pictures, keep, spec, dropped)
        advance()
    return found


def recorded(heads: Sequence[Head], choosers: Choosers) -> Values:
    """Areas on the recordings that may choose."""
    frames, crops = choosers.frames, choosers.crops
    raw = decided(heads, crops)
    sites = np.array([sample.subject for sample in crops.samples])
    areas = [area(crops.bona_fide[sites == s], raw[sites == s]) for s in sorted(set(sites))]
    values = (
        area(frames.bona_fide, decided(heads, frames)),
        float(np.mean(areas)),
        area(crops.bona_fide, raw),
    )
    return dict(zip(RECORDED, values, strict=True))


def area(bona_fide: Mask, raw: NDArray[np.float64]) -> float:
    """Area under the curve: how often a bona fide picture has the higher logit."""
    wins = np.subtract.outer(raw[bona_fide], raw[~bona_fide])
    return float((wins > 0).mean() + 0.5 * (wins == 0).mean())


def differences(seeds: Sequence[Mapping[str, Values]], name: str, column: str) -> list[float]:
    """A condition less "all on", seed by seed."""
    return [one[name][column] - one["all on"][column] for one in seeds]


def _teaching(pictures: Pictures, spec: HeadSpec) -> Mask:
    return np.array([spec.teaches(sample) for sample in pictures.seen.samples], np.bool_)


def _media(pictures: Pictures, keep: Mask, spec: HeadSpec, dropped: str) -> Values:
    """Media that were left out, on people who were left out; empty where one is missing anyway."""
    if dropped != NOTHING:
        return {}
    found: Values = {}
    for species in SPECIES:
        apart = keep & ~np.array([species in {one.species, one.medium} for one in pictures.listed])
        areas = list(_folds(pictures, apart, pictures.judged(species), spec))
        found[f"{species} left out"] = float(np.mean(areas))
    return found | {"media, mean": float(np.mean(list(found.values())))}


def _folds(pictures: Pictures, keep: Mask, judged: Mask, spec: HeadSpec) -> Iterator[float]:
    for number in range(FOLDS):
        own = pictures.fold(number)
        heads = fit(pictures.seen.part(keep & ~own), spec)
        seen = pictures.seen.part(judged & own)
        yield area(seen.bona_fide, decided(heads, seen))
