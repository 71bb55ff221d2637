"""Pictures whose statistics are compared: simulated attacks beside recorded ones."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from facepad.datasets.csv_list import CsvList
from facepad.datasets.nuaa import Nuaa
from facepad.faces.finder import FaceFinder
from facepad.sources import read_picture
from facepad.training.face.sources import FaceSources
from facepad.types import RgbImage, Sample, Split
from simulator import colours, spectra
from simulator.spectra import Floats

ONE_SIZE = 96  # pixels that a face is wide when all are brought to one size
_A_PERSON = 20  # frames of a class and person; neighbours are alike


@dataclass(frozen=True, slots=True)
class Listed:
    """One picture to measure.

    Attributes:
        path: Of the file.
        attack: Whether it shows one.
        group: Pictures that an attack is compared with: a round, a person, a pair, a site.
        holds: "face" (a crop of a detector), "frame" (a face is looked for in it), "photo" (a
            whole picture of anything) or "detail" (a part of one).
    """

    path: str
    attack: bool
    group: str
    holds: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What a picture is like.

    Attributes:
        listed: Which picture.
        native: Spectra of luminance and chroma at the picture's own pixels; shape (2, F).
        one_size: The same of the face `ONE_SIZE` pixels wide; None where it has fewer, or
            where there is no face.
        colours: By name.
    """

    listed: Listed
    native: Floats
    one_size: Floats | None
    colours: dict[str, float]


def simulated(roots: Sequence[Path], species: str, most: int) -> list[Listed]:
    """Attacks of one kind and the bona fide pictures of their rounds, evenly spaced."""
    folders = FaceSources(tuple(roots), "", None, None, None)
    samples = folders.train("simulated", 1)[0].samples
    kept = [one for one in samples if one.pai_species in {None, species}]
    names = sorted({round_of(one) for one in kept})
    some = set(names[:: max(1, len(names) // most)])
    return [_listed(one, round_of(one), "frame") for one in kept if round_of(one) in some]


def nuaa(root: Path) -> list[Listed]:
    """The train part without the dev people, evenly spaced."""
    train = [one for one in Nuaa(root).samples() if one.split is Split.TRAIN]
    found: list[Listed] = []
    for person in sorted({one.subject for one in train}):
        for attack in (False, True):
            own = [s for s in train if s.subject == person and s.is_bona_fide is not attack]
            found += [
                _listed(one, person, "frame") for one in own[:: max(1, len(own) // _A_PERSON)]
            ]
    return found


def webcams(crops: Path) -> list[Listed]:
    """Crops of the sites that may choose: part dev of a list."""
    samples = [one for one in CsvList(crops).samples() if one.split is Split.DEV]
    return [_listed(one, one.subject, "face") for one in samples]


def recapture(root: Path, name: str) -> list[Listed]:
    """Photographs of screens beside what they showed ("demoire"), or beside other scenes."""
    with (root / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["set"] == name]
    paired = name == "demoire"
    return [
        Listed(
            str(root / row["path"]),
            row["label"] == "attack",
            Path(row["path"]).name.partition("_")[0] if paired else name,
            "detail" if paired else "photo",
        )
        for row in rows
    ]


def measured(listed: Sequence[Listed]) -> Iterator[Measured]:
    """Measure every picture that has a face and is large enough."""
    finder = FaceFinder(landmarks=False)
    for one in listed:
        frame = read_picture(one.path)
        crop: RgbImage = frame.image
        if one.holds == "frame":
            face = finder.find(frame).face
            if face is None:
                continue
            left, top, right, bottom = face.box
            crop = np.ascontiguousarray(crop[top:bottom, left:right])
        if min(crop.shape[:2]) < spectra.SIDE:
            continue
        told = colours.statistics(crop)
        if one.holds in {"frame", "photo"}:
            told[colours.BORDER_LIGHTNESS] = colours.border_lightness(frame.image)
        small = _at_one_size(crop) if one.holds in {"face", "frame"} else None
        yield Measured(one, _spectra(crop), None if small is None else _spectra(small), told)


def relative(found: Sequence[Measured], values: Sequence[float]) -> list[float]:
    """Values of attacks less the mean of the bona fide pictures of their groups."""
    people: dict[str, list[float]] = {}
    for one, value in zip(found, values, strict=True):
        if not one.listed.attack:
            people.setdefault(one.listed.group, []).append(value)
    return [
        value - float(np.mean(people[one.listed.group]))
        for one, value in zip(found, values, strict=True)
        if one.listed.attack and one.listed.group in people
    ]


def round_of(sample: Sample) -> str:
    """The round of a simulated picture: its source and camera."""
    return f"{sample.attributes['source']} {sample.attributes['camera']}"


def _listed(sample: Sample, group: str, holds: str) -> Listed:
    return Listed(sample.path, not sample.is_bona_fide, group, holds)


def _at_one_size(face: RgbImage) -> RgbImage | None:
    height, width = face.shape[:2]
    if width < ONE_SIZE:
        return None
    size = (ONE_SIZE, max(spectra.SIDE, round(height * ONE_SIZE / width)))
    return np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_AREA), np.uint8)


def _spectra(image: RgbImage) -> Floats:
    return np.stack([spectra.spectrum(one) for one in spectra.planes(image)])
