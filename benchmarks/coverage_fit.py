"""Fit the weights of `facepad.faces.coverage` and print them with their error rates.

Usage: python benchmarks/coverage_fit.py --pictures FOLDER [FOLDER ...] [--copies 3]

Each folder holds pictures or short clips of people with bare faces. Masks, scarves and hands are
drawn over them; beards are drawn, too, and count as bare. Copies of all get other light, colour,
blur, noise and compression. Files whose names begin alike (up to the first ``_`` or ``-``) in one
folder count as one person. Error rates are those of people, or of kinds of cover, that were left
out.

The weights in the source come from the studio portraits FRL London and FRL Canada (CC BY 4.0),
FRL phone (CC0), the sample pictures of Azure (MIT) and clips of Intel (CC BY 4.0).
"""

import argparse
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from capture_scenes import BEARDS, COVERS, draw_beard, draw_mask
from facepad.faces.coverage import CUES, cues, small_face
from facepad.faces.finder import FaceFinder
from facepad.types import Face, Frame, Landmarks, RgbImage

Table = NDArray[np.float64]  # one row of cues a face

CLIPS = {".gif", ".mkv", ".mp4"}
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
BARE = "bare"
STRENGTH = 0.01  # inverse strength of the penalty; small, for other cameras than these
LIMIT = 0.7  # from which the capture quality calls a face covered
_SIDE, _FRAMES, _COVERS, _BEARDS = 150, 6, 4, 2


@dataclass(frozen=True, slots=True)
class Example:
    """A face, bare or covered.

    Attributes:
        person: Who it is.
        kind: A name in `COVERS`, ``beard`` and its kind, or `BARE`.
        image: Picture of the face.
        face: The face in it.
    """

    person: str
    kind: str
    image: RgbImage
    face: Face

    @property
    def covered(self) -> bool:
        """Whether something hides the mouth."""
        return self.kind in COVERS


def main() -> None:
    """Fit, and print weights and error rates."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--pictures", type=Path, nargs="+", required=True)
    options.add_argument("--copies", type=int, default=3)
    given = options.parse_args()
    rows = [
        (example, cues(small_face(copy.image, copy.face)))
        for example in examples(given.pictures)
        for copy in copies(example, given.copies)
    ]
    table = np.array([row for _, row in rows])
    covered = np.array([example.covered for example, _ in rows])
    people = [example.person for example, _ in rows]
    kinds = [example.kind for example, _ in rows]
    print(f"{len(rows)} faces, {len(set(people))} people, {covered.mean():.0%} covered")
    print(f"share above {LIMIT} of people left out, and of kinds left out:")
    by_person = left_out(table, covered, people, 5)
    by_kind = left_out(table, covered, [kind.partition("_")[0] for kind in kinds], 99)
    for kind in sorted(set(kinds)):
        here = np.array(kinds) == kind
        shares = [f"{(chance[here] > LIMIT).mean():6.1%}" for chance in (by_person, by_kind)]
        print(f"{kind:20s} {here.sum():5d} {' '.join(shares)}")
    weighed = weights(table, covered)
    print("weights, the constant first:")
    print(", ".join(f"{weight:.3f}" for weight in weighed))
    for name, weight, spread in zip(CUES, weighed[1:], table.std(axis=0), strict=True):
        print(f"{name:20s} {weight * spread:6.2f} for each standard deviation")


def examples(folders: Iterable[Path]) -> Iterator[Example]:
    """Yield bare, bearded and covered faces of all pictures."""
    finder = FaceFinder()
    for folder in folders:
        for name, image in _pictures(folder):
            frame = finder.find(Frame(image))
            if frame.face is None or frame.face.landmarks is None:
                print(f"no face in {folder.name}/{name}")
                continue
            part, marks = _part(np.ascontiguousarray(image), frame.face)
            face = finder.find(Frame(part)).face
            if face is None:
                continue
            rng = np.random.default_rng(zlib.crc32(f"{folder.name}/{name}".encode()))
            person = f"{folder.name}/{name.replace('-', '_').partition('_')[0]}"
            example = Example(person, BARE, part, face)
            yield example
            yield from _bearded(example, marks, rng)
            yield from _covered(example, marks, rng, finder)


def copies(example: Example, count: int) -> Iterator[Example]:
    """Yield an example as it is, then with other light, colour, sharpness and points."""
    yield example
    rng = np.random.default_rng(zlib.crc32(f"{example.person} {example.kind}".encode()))
    for _ in range(count):
        points = np.array(example.face.points)
        across = float(np.hypot(*(points[1] - points[0])))
        moved = points + rng.normal(0, 0.03 * across, points.shape)
        face = Face(example.face.box, 1.0, points=tuple((float(x), float(y)) for x, y in moved))
        yield Example(example.person, example.kind, _changed(example.image, across, rng), face)


def weights(table: Table, covered: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the constant and the weights of the cues as they are."""
    mean, spread = table.mean(axis=0), table.std(axis=0)
    regression = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=3000)
    regression.fit((table - mean) / spread, covered)
    slopes = regression.coef_[0] / spread
    return np.asarray([regression.intercept_[0] - slopes @ mean, *slopes], np.float64)


def chances(table: Table, weighed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how likely each face is covered."""
    return np.asarray(1.0 / (1.0 + np.exp(-(table @ weighed[1:] + weighed[0]))), np.float64)


def left_out(
    table: Table, covered: NDArray[np.bool_], groups: Sequence[str], most: int
) -> NDArray[np.float64]:
    """Return the chance of each face by weights of the other groups; in ``most`` parts or less."""
    names = sorted(set(groups))
    part_of = {name: number % most for number, name in enumerate(names)}
    parts = np.array([part_of[name] for name in groups])
    result = np.empty(len(table))
    for part in set(parts):
        here = parts == part
        result[here] = chances(table[here], weights(table[~here], covered[~here]))
    return result


def _bearded(example: Example, marks: Landmarks, rng: np.random.Generator) -> Iterator[Example]:
    for kind in rng.choice(BEARDS, _BEARDS, replace=False):
        image = draw_beard(example.image, marks, str(kind), rng)
        yield replace(example, kind=f"beard {kind}", image=image)


def _covered(
    example: Example, marks: Landmarks, rng: np.random.Generator, finder: FaceFinder
) -> Iterator[Example]:
    for kind in rng.choice(list(COVERS), _COVERS, replace=False):
        image = draw_mask(example.image, marks, str(kind), rng)
        face = finder.find(Frame(image)).face  # its points are less sure than those of a bare face
        if face is not None:
            yield replace(example, kind=str(kind), image=image, face=face)


def _changed(image: RgbImage, across: float, rng: np.random.Generator) -> RgbImage:
    """Return a picture as another camera and other light show it."""
    light = (image.astype(np.float32) / 255.0) ** 2.2 * np.exp(rng.normal(0, 0.12, 3))
    if rng.random() < 0.5:
        light = light * np.exp(rng.uniform(-1.6, 0.9))
    shown = np.clip(light, 0, 1) ** (1 / 2.2)
    if rng.random() < 0.5:
        gray = shown.mean(axis=2, keepdims=True)
        shown = gray + (shown - gray) * rng.uniform(0.3, 1.8)
    if rng.random() < 0.5:
        contrast = rng.uniform(0.5, 1.5)
        shown = (shown - 0.5) * contrast + 0.5
    if rng.random() < 0.6:
        shown = cv2.GaussianBlur(shown, (0, 0), across * rng.uniform(0.008, 0.055))
    if rng.random() < 0.5:
        shown = shown + rng.normal(0, rng.uniform(0, 0.03), shown.shape)
    changed = np.asarray(np.clip(shown, 0, 1) * 255 + 0.5, np.uint8)
    if rng.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
        coded = cv2.imencode(".jpg", changed, quality)[1]
        changed = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return changed


def _part(image: RgbImage, face: Face) -> tuple[RgbImage, Landmarks]:
    """Return the part of a picture around a face, shrunk, and the landmarks in it."""
    left, top, right, bottom = face.box
    wide = max(right - left, bottom - top)
    x, y = max(0, left - wide), max(0, top - wide)
    part = image[y : bottom + wide, x : right + wide]
    scale = min(1.0, _SIDE / wide)
    size = (round(part.shape[1] * scale), round(part.shape[0] * scale))
    marks = np.array(face.landmarks, np.float32) - [x, y, 0]
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), np.asarray(marks * scale, np.float32)


def _pictures(folder: Path) -> Iterator[tuple[str, RgbImage]]:
    """Yield names and pictures of a folder, and frames of its clips, spread evenly."""
    for path in sorted(folder.iterdir()):
        if path.suffix in PICTURES:
            yield path.stem, np.asarray(cv2.imread(str(path)), np.uint8)[..., ::-1]
        elif path.suffix in CLIPS:
            clip = cv2.VideoCapture(str(path))
            frames = []
            while (read := clip.read())[0]:
                frames.append(np.asarray(read[1], np.uint8)[..., ::-1])
            for number in np.linspace(0, len(frames) - 1, _FRAMES).astype(int):
                yield f"{path.stem}_{number}", np.ascontiguousarray(frames[number])


if __name__ == "__main__":
    main()
