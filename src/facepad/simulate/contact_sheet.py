"""Contact sheets: what was simulated, at a glance."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from facepad.errors import SettingsError
from facepad.sources import read_picture
from facepad.types import RgbImage

SUFFIXES = (".png", ".jpg", ".jpeg")
_SIDE, _LINE = 240, 18  # pixels: of a picture, of the words below it


def check(path: Path) -> None:
    """Refuse a file name that no sheet can be written to.

    Raises:
        SettingsError: It does not end in .png or .jpg, or its folder is not there.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SettingsError(f"a contact sheet ends in {', '.join(SUFFIXES)}, got {path}")
    if not path.parent.is_dir():
        raise SettingsError(f"{path.parent} is not a folder; the contact sheet goes into one")


def write(path: Path, rounds: Iterable[Sequence[Mapping[str, str]]], root: Path) -> None:
    """Write one line of pictures a round, bona fide first.

    Args:
        path: Of the sheet; see `check`.
        rounds: Rows of ``dataset.csv``.
        root: Folder of the pictures.
    """
    lines = [[_cell(row, root) for row in one] for one in rounds]
    wide = max(len(line) for line in lines)
    empty = np.full((_SIDE + _LINE, _SIDE, 3), 255, np.uint8)
    full = [np.hstack([*line, *[empty] * (wide - len(line))]) for line in lines]
    _, data = cv2.imencode(path.suffix.lower(), np.vstack(full)[..., ::-1])
    path.write_bytes(data.tobytes())


def _cell(row: Mapping[str, str], root: Path) -> RgbImage:
    picture = read_picture(root / row["path"]).image
    scale = _SIDE / max(picture.shape[:2])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    cell = np.full((_SIDE + _LINE, _SIDE, 3), 255, np.uint8)
    cell[: size[1], : size[0]] = small
    words = row["pai_species"] or "bona fide"
    cv2.putText(cell, words, (4, _SIDE + 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1)
    return cell
