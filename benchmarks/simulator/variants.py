"""Simulated rounds, and the same attacks once more without each group of effects."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facepad.errors import InputError
from facepad.faces.finder import FaceFinder
from facepad.simulate.capture_set import ATTACKS, Capture, CaptureOptions, Simulator
from facepad.simulate.recipe import BONA_FIDE, GROUPS, Recipe, apply
from facepad.sources import read_picture
from facepad.types import Face, Frame, RgbImage, Sample, Split

ALL_ON, EVERYTHING = "", "all groups"
CHANGES = (*GROUPS, EVERYTHING)


@dataclass(frozen=True, slots=True)
class Variant:
    """One picture on disk.

    Attributes:
        path: Of the file.
        source: Key of the bona fide picture that it began with.
        subject: The person.
        set: Folder of sources.
        species: Of the round's attack as drawn; "bona_fide" for the person.
        becomes: Species after the change; a partial recapture without its part is whole.
        medium: What it went through; "" for bona fide.
        change: What was left out; `ALL_ON` for nothing.
    """

    path: str
    source: str
    subject: str
    set: str
    species: str
    becomes: str
    medium: str
    change: str

    def sample(self) -> Sample:
        """As the heads' training takes it."""
        species = None if self.becomes == BONA_FIDE else self.becomes
        return Sample(self.path, self.path, self.subject, Split.TRAIN, species, session=self.set)


def chosen(listed: Sequence[Sample], count: int, seed: int) -> list[Sample]:
    """So many sources, taken from every folder in turn, other ones for every seed.

    Args:
        listed: Sources; the first part of their keys names the folder.
        count: How many; all, where there are fewer.
        seed: Where in each folder to begin.
    """
    by_set: dict[str, list[Sample]] = {}
    for one in listed:
        by_set.setdefault(set_of(one.key), []).append(one)
    rng = np.random.default_rng(seed)
    shuffled = [[own[at] for at in rng.permutation(len(own))] for own in by_set.values()]
    turns = [
        own[turn] for turn in range(max(map(len, shuffled))) for own in shuffled if turn < len(own)
    ]
    return turns[:count]


def set_of(key: str) -> str:
    """The folder of a source."""
    return key.partition("/")[0]


def take(
    listed: Sequence[Sample], seed: int, out: Path, advance: Callable[[], None] = lambda: None
) -> list[Variant]:
    """One round of every source, and its attacks without each group; goes on after a kill.

    People stay before their own background, since heads leave moved people out.

    Args:
        listed: Sources; those without a face give nothing.
        seed: Of the simulation.
        out: Folder of pictures and notes.
        advance: Called once per source.
    """
    out.mkdir(parents=True, exist_ok=True)
    simulator = Simulator(CaptureOptions(ATTACKS, seed=seed, keep_backgrounds=True))
    found = []
    for source in listed:
        note = out / f"{source.key.replace('/', '-')}.json"
        if not note.is_file():
            made = [vars_of(one) for one in _source(source, simulator, out)]
            part = note.with_suffix(".part")
            part.write_text(json.dumps(made), encoding="utf-8")
            part.replace(note)
        found += [Variant(**row) for row in json.loads(note.read_text(encoding="utf-8"))]
        advance()
    return found


def vars_of(one: Variant) -> dict[str, str]:
    """The fields of a variant, for JSON."""
    return {name: getattr(one, name) for name in Variant.__slots__}


def without(recipe: Recipe, change: str) -> Recipe:
    """The recipe without a group, or without `EVERYTHING`."""
    for group in GROUPS if change == EVERYTHING else (change,):
        recipe = recipe.ablated(group)
    return recipe


def _source(source: Sample, simulator: Simulator, out: Path) -> Iterator[Variant]:
    try:
        taken = list(simulator.captures(source))
    except InputError:
        return
    picture, face = person_of(source)
    for one in taken:
        recipe = Recipe.from_dict(json.loads(one.parameters))
        yield _written(source, one, recipe, ALL_ON, one.file, out)
        for change in CHANGES:
            changed = without(recipe, change)
            if changed != recipe:
                file = apply(changed, picture, face).file
                yield _written(source, one, changed, change, file, out)


def _written(
    source: Sample, taken: Capture, recipe: Recipe, change: str, file: bytes, out: Path
) -> Variant:
    name = f"{source.key.replace('/', '-')}.{taken.species}.{change.replace(' ', '-') or 'on'}.jpg"
    path = out / name
    path.write_bytes(file)
    medium = "" if recipe.medium is None else recipe.medium.species
    return Variant(
        str(path), source.key, source.subject, set_of(source.key), taken.species, recipe.species,
        medium, change,
    )  # fmt: skip


def person_of(source: Sample) -> tuple[RgbImage, Face]:
    """The picture and face that rounds begin with; pictures of over 1280 pixels are not used."""
    picture = read_picture(source.path).image
    face = FaceFinder().find(Frame(picture)).face
    if face is None or max(picture.shape[:2]) > 1280:
        raise InputError(f"{source.path} has no face, or is larger than a round takes it")
    return picture, face
