"""Contact sheets: one picture of some capture sets of a run."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np

from facepad.errors import SettingsError
from facepad.jobs.files import write_file
from facepad.media.resize import to_long_side
from facepad.sources import read_picture
from facepad.types import RgbImage

SUFFIXES = (".png", ".jpg", ".jpeg")
Row = Mapping[str, str]  # of ``dataset.csv``

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


def write(path: Path, rows: Iterable[Row], root: Path, most: int) -> None:
    """Write one line of pictures for each of some capture sets, bona fide first.

    Args:
        path: The sheet; see `check`.
        rows: Rows of ``dataset.csv``.
        root: Folder of the pictures.
        most: Number of capture sets; evenly spaced over all.
    """
    lines = [[_cell(row, root) for row in chosen] for chosen in _some_rounds(rows, most)]
    wide = max(len(line) for line in lines)
    empty = np.full((_SIDE + _LINE, _SIDE, 3), 255, np.uint8)
    full = [np.hstack([*line, *[empty] * (wide - len(line))]) for line in lines]
    _, data = cv2.imencode(path.suffix.lower(), np.vstack(full)[..., ::-1])
    write_file(path, data.tobytes())


def _some_rounds(rows: Iterable[Row], most: int) -> list[list[Row]]:
    by_round: dict[str, list[Row]] = {}
    for row in rows:
        by_round.setdefault(row["session"], []).append(row)
    all_rounds = list(by_round.values())
    step = max(1.0, len(all_rounds) / most)
    return [all_rounds[int(at * step)] for at in range(min(most, len(all_rounds)))]


def _cell(row: Row, root: Path) -> RgbImage:
    small = to_long_side(read_picture(root / row["path"]).image, _SIDE)
    height, width = small.shape[:2]
    cell = np.full((_SIDE + _LINE, _SIDE, 3), 255, np.uint8)
    cell[:height, :width] = small
    label = row["pai_species"] or "bona fide"
    cv2.putText(cell, label, (4, _SIDE + 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1)
    return cell
