"""Pristine photographs for fitting NIQE and BIQI, and their licences."""

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError
from facepad.jobs.csv_rows import path_of_cell, read_csv
from facepad.quality.filters import halve
from facepad.quality.picture import to_gray
from facepad.sources import read_picture
from facepad.types import GrayImage

MANIFEST = "manifest.csv"  # columns path (relative to it) and licence
_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"})
_LONGEST = 1600  # pixels; larger pictures are halved until below


def find(folder: Path) -> tuple[Path, ...]:
    """Return all pictures in a folder and its subfolders, in order of name.

    Raises:
        DatasetError: There are none.
    """
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _ENDINGS and p.is_file())
    if not found:
        raise DatasetError(f"{folder} holds no picture ({', '.join(sorted(_ENDINGS))})")
    return tuple(found)


def licences(folder: Path, pictures: tuple[Path, ...]) -> Counter[str]:
    """Return the number of pictures under each licence, by the folder's list.

    Raises:
        DatasetError: The list does not name a picture.
    """
    file = folder / MANIFEST
    if not file.is_file():
        return Counter({"not stated": len(pictures)})
    table = read_csv(file, fill=True, may_be_empty=True)
    table.require("path", "licence")
    known = {path_of_cell(folder, row["path"]): row["licence"] for _, row in table.rows()}
    names = [path.relative_to(folder).as_posix() for path in pictures]
    if missing := [name for name in names if name not in known]:
        raise DatasetError(f"{file} does not list {missing[0]}")
    return Counter(known[name] for name in names)


def read(path: Path) -> GrayImage:
    """Return the gray values of a picture, 0..255, halved until its longer side is at most 1600.

    Raises:
        InputError: Not a picture.
    """
    gray = to_gray(read_picture(path).image)[1]
    while max(gray.shape) > _LONGEST:
        gray = halve(gray)
    return gray


def rounded(gray: GrayImage) -> NDArray[np.uint8]:
    """Return whole gray levels."""
    return np.rint(np.clip(gray, 0, 255)).astype(np.uint8)
