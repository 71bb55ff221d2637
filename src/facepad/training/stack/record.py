"""The record of a run: one CSV line for each step and each validation, and a plot of both."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.jobs.files import replaced_file, write_file, writing_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS, VALIDATION, PLOT = "log.csv", "validation.csv", "plot.png"
FILES = re.compile(r"log\.csv|validation\.csv|plot\.png|checkpoint\.pt")  # all files of a run
COLUMNS = ("step", "epoch", "loss", "learning_rate", "seconds")
_SMOOTHED = 50  # of the steps of a run make one point of the smooth curve
_SIZE = (7.2, 4.0)  # inches
_LOSS, _METRICS = "#1f5fa8", ("#b3541e", "#2e7d4f", "#7b4aa0", "#8a6d00")


class RunRecord:
    """Appends to the files of a run, from where its checkpoint left off.

    Args:
        folder: Folder of the run.
        step: Number of steps that were done; later lines are of a run that was killed.
        epoch: Number of epochs that were done.
    """

    def __init__(self, folder: Path, step: int, epoch: int) -> None:
        self._steps, self._validation = folder / STEPS, folder / VALIDATION
        _keep(self._steps, step, ",".join(COLUMNS))
        _keep(self._validation, epoch, "")

    def step(self, step: int, epoch: int, loss: float, rate: float, seconds: float) -> None:
        """Write the line of one step.

        Raises:
            ModelError: It cannot be written.
        """
        _append(self._steps, f"{step},{epoch},{loss!r},{rate!r},{seconds:.4f}")

    def validation(self, step: int, epoch: int, metrics: Mapping[str, float]) -> None:
        """Write the line of one validation, after so many steps.

        Raises:
            ModelError: It cannot be written.
        """
        if not self._validation.stat().st_size:
            _append(self._validation, ",".join(("epoch", "step", *metrics)))
        _append(self._validation, ",".join([str(epoch), str(step), *map(repr, metrics.values())]))


def draw(folder: Path, file: Path) -> None:
    """Draw loss and validation metrics of a run over its steps, as PNG.

    Without matplotlib nothing is drawn.

    Args:
        folder: Folder of the run.
        file: The plot.

    Raises:
        ModelError: It cannot be written.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("step")
    steps, metrics = _columns(folder / STEPS), _columns(folder / VALIDATION)
    if steps:
        _draw_loss(axes, steps)
    _draw_metrics(axes.twinx(), metrics)
    if steps or metrics:
        figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize="small")
    with replaced_file(file, error=ModelError) as part:
        figure.savefig(part, format="png", dpi=110)


def _draw_loss(axes: "Axes", columns: Mapping[str, NDArray[np.float64]]) -> None:
    steps, loss = columns["step"] + 1.0, columns["loss"]
    width = max(1, len(loss) // _SMOOTHED)
    groups = np.array_split(np.arange(len(loss)), max(1, len(loss) // width))
    axes.plot(steps, loss, color=_LOSS, alpha=0.25, linewidth=0.7)
    middle, mean = (np.array([one[rows].mean() for rows in groups]) for one in (steps, loss))
    label = "loss" if width == 1 else f"loss, mean of {width} steps"
    axes.plot(middle, mean, color=_LOSS, linewidth=1.4, label=label)
    axes.set_ylabel("training loss")
    axes.set_ylim(bottom=min(0.0, float(loss.min())))


def _draw_metrics(axes: "Axes", columns: Mapping[str, NDArray[np.float64]]) -> None:
    names = [name for name in columns if name not in ("epoch", "step")]
    for index, name in enumerate(names):
        colour = _METRICS[index % len(_METRICS)]
        label = f"{name} (right)" + (", selects" if index == 0 else "")
        axes.plot(columns["step"], columns[name], "o-", ms=3, color=colour, label=label)
    axes.spines["top"].set_visible(False)
    axes.set_ylabel("validation")


def _columns(file: Path) -> dict[str, NDArray[np.float64]]:
    """Return the numbers by name; none where there is no line."""
    header, *lines = file.read_text(encoding="utf-8").splitlines() or [""]
    if not lines:
        return {}
    values = np.array([line.split(",") for line in lines], np.float64)
    return dict(zip(header.split(","), values.T, strict=True))


def _keep(file: Path, count: int, header: str) -> None:
    """Keep the header and the lines whose first number is below ``count``.

    A line that was cut off is not kept; a header that was, is replaced by ``header``.
    """
    lines: Sequence[str] = ()
    if file.is_file() and count:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    first = lines[0] if lines and lines[0].endswith("\n") else f"{header}\n" * bool(header)
    kept = [line for line in lines[1:] if _number(line) < count]
    write_file(file, "".join([first, *kept]), error=ModelError)


def _number(line: str) -> float:
    """Return the first number of a line; infinity where it was cut off."""
    first = line.partition(",")[0]
    return float(first) if line.endswith("\n") and first.isdecimal() else float("inf")


def _append(file: Path, line: str) -> None:
    with writing_errors(file, ModelError), file.open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")
