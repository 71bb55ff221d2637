"""Ground truth of a clip: pose, eyes, pulse and light of each frame, as a CSV file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError
from facepad.jobs.csv_rows import encoded_row, read_csv

COLUMNS = (
    "frame", "time_s", "exposed_s", "yaw_deg", "pitch_deg", "roll_deg", "right_mm", "down_mm",
    "distance_m", "bend_rad", "closure_right", "closure_left", "mouth", "pulse", "lamp",
    "shown_frame", "shown_yaw_deg", "shown_pitch_deg", "shown_roll_deg", "shown_distance_m",
)  # fmt: skip
_WHOLE = ("frame", "shown_frame")

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ClipTruth:
    """Values of each frame by column; see the documentation for their meaning.

    Attributes:
        columns: One of shape (T,) for each of `COLUMNS`; NaN where something is not there, as
            ``shown_yaw_deg`` of anything but a replay.
    """

    columns: dict[str, Values]

    def __getitem__(self, column: str) -> Values:
        """Return the values of one column, shape (T,)."""
        return self.columns[column]

    def encoded(self) -> str:
        """Return the CSV file."""
        lines = [COLUMNS]
        count = len(self.columns["frame"])
        cells = [
            [_cell(name, value) for value in self.columns.get(name, np.full(count, np.nan))]
            for name in COLUMNS
        ]
        lines += zip(*cells, strict=True)
        return "".join(encoded_row(line) for line in lines)


def read_truth(path: Path) -> ClipTruth:
    """Read the truth of a clip.

    Args:
        path: The CSV file, which the column ``truth`` of ``dataset.csv`` names.

    Raises:
        DatasetError: It cannot be read, or is no such file.
    """
    table = read_csv(path)
    table.require(*COLUMNS)
    try:
        rows = [[float(row[name] or "nan") for name in COLUMNS] for _, row in table.rows()]
    except ValueError as error:
        raise DatasetError(f"{path}: the truth of a clip is numbers: {error}") from None
    values = np.array(rows, np.float64).reshape(-1, len(COLUMNS))
    return ClipTruth(dict(zip(COLUMNS, values.T, strict=True)))


def _cell(name: str, value: float) -> str:
    if np.isnan(value):
        return ""
    return str(int(value)) if name in _WHOLE else f"{value:.5f}"
