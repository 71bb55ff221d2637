"""Which drawn parameters decide how clearly an attack is told from the person."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError
from facepad.simulate.camera.camera import Camera
from facepad.simulate.parameters import Range, ranges
from facepad.simulate.recipe import MEDIA, PARTIAL, RecapturedPart
from facepad.simulate.scene.stage import Framing
from facepad.types import Sample
from simulator.spectra import Floats

BINS = 5  # of equally many attacks, besides those without the effect
LEAST = 30  # attacks of a parameter that is judged at all
_SHUFFLES = 200

Bins = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Attack:
    """One simulated attack as heads saw it that knew neither its person nor its source.

    Attributes:
        species: Kind.
        person: Who is shown.
        logit: Raw, higher for bona fide.
        bona_fide: The same of the person before the same camera, without a medium.
        drawn: All parameters, as the dataset lists them.
    """

    species: str
    person: str
    logit: float
    bona_fide: float
    drawn: Mapping[str, Any]

    @property
    def margin(self) -> float:
        """How far the attack lies below the person."""
        return self.bona_fide - self.logit


@dataclass(frozen=True, slots=True, eq=False)
class Parameter:
    """One parameter with the attacks that it was drawn for.

    Attributes:
        name: Medium or part of the recipe, then its path: "screen: panel.ppi".
        range: As documented.
        attacks: All that have it.
        values: Drawn, in the order of ``attacks``.
        bins: Number of each attack's bin; -1 where the effect is absent.
    """

    name: str
    range: Range
    attacks: tuple[Attack, ...]
    values: tuple[Any, ...]
    bins: Bins


def parameters(attacks: Sequence[Attack]) -> list[Parameter]:
    """Every parameter that varies, with its attacks.

    Those of camera and situation are judged on all attacks, those of a medium on whole
    recaptures by it, those of a part on partial ones.
    """
    places: list[tuple[str, str, type, list[Attack]]] = [
        ("camera", "camera", Camera, list(attacks)),
        ("situation", "situation", Framing, list(attacks)),
        ("partial", "part", RecapturedPart, [one for one in attacks if one.species == PARTIAL]),
    ]
    for species, kind in MEDIA.items():
        places.append((species, "medium", kind, [a for a in attacks if a.species == species]))
    return [
        _parameter(f"{word}: {name}", one, own, [_at(a.drawn[key], name) for a in own])
        for word, key, kind, own in places
        if len(own) >= LEAST
        for name, one in ranges(kind).items()
        if len({_at(a.drawn[key], name) for a in own}) > 1
    ]


def binned(values: Sequence[Any], one: Range) -> Bins:
    """Bins of equally many attacks; of choices, one for each.

    Example:
        >>> binned([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], Range("", off=0.0, high=5.0, chance=0.5))
        array([-1,  0,  1,  2,  3,  4])
    """
    if one.choices is not None:
        places = {value: at for at, value in enumerate(one.choices)}
        return np.array([places.get(value, -1) for value in values], np.int64)
    numbers = np.array(values, np.float64)
    absent = (numbers == one.off) if one.chance < 1.0 else np.zeros(len(numbers), bool)
    order = np.argsort(np.argsort(numbers[~absent], kind="stable"), kind="stable")
    found = np.full(len(numbers), -1, np.int64)
    found[~absent] = order * BINS // max(1, len(order))
    return found


def strength(bins: Bins, ranks: Floats) -> float:
    """Share of the ranks' variance between bins, less what chance gives (epsilon squared).

    At most 1; about 0, and also below it, where the parameter tells nothing. Sees effects
    that rise and fall, too, unlike a rank correlation.
    """
    names, place = np.unique(bins, return_inverse=True)
    counts = np.bincount(place)
    means = np.bincount(place, ranks) / counts
    total = float(np.square(ranks - ranks.mean()).sum())
    inside = float(np.square(ranks - means[place]).sum())
    free = len(ranks) - len(names)
    if free <= 0 or total <= 0.0:
        return 0.0
    return 1.0 - (inside / free) * (len(ranks) - 1) / total


def margin_ranks(attacks: Sequence[Attack]) -> Floats:
    """Ranks of margins in [0, 1] within each species, so that species cancel."""
    found = np.zeros(len(attacks))
    species = np.array([one.species for one in attacks])
    margins = np.array([one.margin for one in attacks])
    for name in set(species.tolist()):
        own = species == name
        found[own] = (np.argsort(np.argsort(margins[own])) + 0.5) / own.sum()
    return found


def chance_level(found: Sequence[Parameter], seed: int = 0) -> float:
    """What the strongest of all parameters reaches by chance in one of twenty screens."""
    rng = np.random.default_rng(seed)
    best = [
        max(strength(one.bins, rng.permutation(margin_ranks(one.attacks))) for one in found)
        for _ in range(_SHUFFLES)
    ]
    return float(np.percentile(best, 95.0))


def drawn_of(sample: Sample) -> Mapping[str, Any]:
    """The parameters that the simulation noted of a picture."""
    found: Mapping[str, Any] = json.loads(sample.attributes["parameters"])
    return found


def _parameter(name: str, one: Range, own: list[Attack], values: list[Any]) -> Parameter:
    return Parameter(name, one, tuple(own), tuple(values), binned(values, one))


def _at(drawn: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - numbers, words, switches
    found: Any = drawn
    try:
        for part in name.split("."):
            found = found[part]
    except KeyError:
        raise DatasetError(f"a picture was simulated without {name}: by another version") from None
    return found
