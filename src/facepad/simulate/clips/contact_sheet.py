"""A sheet of clips to look at: one line of frames for each."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from facepad.jobs.files import write_file
from facepad.media.frame_selection import FrameSelection
from facepad.media.video import read_numbered
from facepad.opencv import cv2
from facepad.simulate.clips.truth import ClipTruth, read_truth
from facepad.types import RgbImage

FRAMES = 8  # of a clip
_SIZE = 200, 150  # of a frame on the sheet, pixels
_LINE = 15  # height of the label


def write_clip_sheet(path: Path, rows: Sequence[Mapping[str, str]], root: Path, most: int) -> None:
    """Write one line of frames for each of some clips, with pose and closure of the eyes.

    The last frame is the one with the eyes most closed.

    Args:
        path: The sheet, which ends in .png or .jpg.
        rows: Rows of ``dataset.csv``.
        root: Folder of the clips.
        most: Number of clips; evenly spaced over all.
    """
    step = max(1.0, len(rows) / most)
    chosen = [rows[int(at * step)] for at in range(min(most, len(rows)))]
    lines = [_line(row, root) for row in chosen]
    wide = max(line.shape[1] for line in lines)
    full = [np.pad(line, ((0, 0), (0, wide - line.shape[1]), (0, 0)), constant_values=255)
            for line in lines]  # fmt: skip
    _, data = cv2.imencode(path.suffix.lower(), np.vstack(full)[..., ::-1])
    write_file(path, data.tobytes())


def _line(row: Mapping[str, str], root: Path) -> RgbImage:
    truth = read_truth(root / row["truth"])
    frames = list(read_numbered(root / row["path"], FrameSelection("even", FRAMES)))
    closed = int(np.nan_to_num(truth["closure_right"]).argmax())
    if closed:  # of a clip with a blink
        frames += read_numbered(root / row["path"], FrameSelection("at", closed))
    cells = [_cell(frame.image, _words(truth, number)) for number, frame in frames]
    cells[0] = _label(cells[0], f"{row['pai_species'] or 'bona fide'} {row['motion']}", 12)
    return np.hstack(cells)


def _cell(image: RgbImage, words: str) -> RgbImage:
    small = np.asarray(cv2.resize(image, _SIZE, interpolation=cv2.INTER_AREA), np.uint8)
    space = ((0, _LINE), (0, 0), (0, 0))
    return _label(np.pad(small, space, constant_values=255), words, _SIZE[1] + 11)


def _label(cell: RgbImage, words: str, line: int) -> RgbImage:
    cv2.putText(cell, words, (3, line), cv2.FONT_HERSHEY_SIMPLEX, 0.33, (200, 0, 0), 1, cv2.LINE_AA)
    return cell


def _words(truth: ClipTruth, number: int) -> str:
    pose = (truth[name][number] for name in ("yaw_deg", "pitch_deg", "distance_m"))
    yaw, pitch, distance = (float(value) for value in pose)
    closure = float(truth["closure_right"][number])
    eyes = "" if np.isnan(closure) else f", eyes {closure:.1f}"
    return f"yaw {yaw:.0f}, pitch {pitch:.0f}, {distance:.2f} m{eyes}"
