"""Draw the pictures of docs/operating-points.md, from made-up normal distributions.

Usage: python scripts/operating_point_pictures.py [FOLDER]

Writes ``operating-points.svg``, ``two-cameras.svg`` and ``ten-frames.svg`` into docs/images, or
into a folder, there with a PNG file of each to look at.
"""

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks")]

from facepad.calibration.anchor import TARGETS  # noqa: E402 - as below
from facepad.registry import DEFAULT_POINT  # noqa: E402 - as below
from simulator.drawing import Drawing, quiet, save  # noqa: E402 - lies among the benchmarks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from facepad.evaluation.report.plot_style import Colours

Floats = NDArray[np.float64]

IMAGES = ROOT / "docs" / "images"
TARGET = TARGETS[DEFAULT_POINT]  # share of genuine users
FRAMES = (2, 3, 5, 7, 10, 15, 20, 30, 50)
CAMERAS = 4000  # made-up ones for each number of frames
REST = (0.1, 0.9)  # of the cameras, the range that is drawn


@dataclass(frozen=True, slots=True)
class Scene:
    """Made-up scores before one camera.

    Attributes:
        bona_fide: Mean of the genuine users' scores; their deviation is 1.
        attack: Mean of the attacks' scores.
        spread: Deviation of the attacks' scores.
    """

    bona_fide: float = 0.0
    attack: float = -3.0
    spread: float = 1.1

    def bound(self, share: float) -> float:
        """Return the score below which a share of the genuine users lies."""
        return self.bona_fide + float(ndtri(share))

    def shifted(self, by: float) -> "Scene":
        """Return the same scores on the scale of another camera."""
        return Scene(self.bona_fide + by, self.attack + by, self.spread)


HERE = Scene()
ELSEWHERE = HERE.shifted(-1.5)


def errors_by_frames(
    frames: int, scene: Scene = HERE, cameras: int = CAMERAS
) -> tuple[Floats, Floats]:
    """Return the error rates of cameras whose threshold comes from a few bona fide frames.

    The threshold is the bound of a prediction: mean minus t times deviation times the root of
    1 + 1/n, t with n - 1 degrees of freedom. A calibration of facepad also knows how other
    cameras vary, which narrows the ranges.

    Args:
        frames: Number of frames, 2 or more.
        scene: Where they come from.
        cameras: How many draws.

    Returns:
        BPCER and APCER, in [0, 1], each of shape (cameras,).
    """
    drawn = np.random.default_rng(frames).normal(scene.bona_fide, 1.0, (cameras, frames))
    multiplier = stdtrit(frames - 1, 1.0 - TARGET) * np.sqrt(1.0 + 1.0 / frames)
    bounds = drawn.mean(axis=1) - multiplier * drawn.std(axis=1, ddof=1)
    rejected: Floats = ndtr(bounds - scene.bona_fide)
    accepted: Floats = ndtr((scene.attack - bounds) / scene.spread)
    return rejected, accepted


def main(folder: Path | None = None) -> None:
    """Draw all pictures."""
    with tempfile.TemporaryDirectory() as scratch:
        for one in (points(), cameras(), frames()):
            vector, _ = save(one, folder or Path(scratch))
            if folder is None:
                shutil.copy(vector, IMAGES / vector.name)


def points() -> Drawing:
    """The same scores at the three operating points."""

    def draw(figure: "Figure", colours: "Colours") -> None:
        low = HERE.bound(min(TARGETS.values()))
        panels = figure.subplots(3, 1, sharex=True)
        for axes, (name, share) in zip(panels, TARGETS.items(), strict=True):
            _zones(axes, colours, low, HERE.bound(share))
            _curves(axes, colours, HERE, labelled=axes is panels[0])
            axes.set_ylabel(name, rotation=0, ha="right", va="center", color=colours["ink"])
        panels[-1].set_xlabel("score, higher for bona fide")

    return Drawing(
        "operating-points",
        "The three operating points",
        "Three panels with the same made-up scores of attacks and of genuine users. Scores on the "
        "left are attacks, those on the right are accepted; between them the person is asked "
        "again: nowhere at convenience, in a narrow band at balanced, in a wider one at strict.",
        (6.6, 4.0),
        draw,
    )


def cameras() -> Drawing:
    """A threshold on the camera that it was set for, on another, and set anew there."""

    def draw(figure: "Figure", colours: "Colours") -> None:
        here, there = HERE.bound(TARGET), ELSEWHERE.bound(TARGET)
        panels = figure.subplots(3, 1, sharex=True)
        rows = (
            ("camera A", HERE, here, "threshold set for camera A"),
            ("camera B", ELSEWHERE, here, "the same threshold"),
            ("camera B,\ncalibrated", ELSEWHERE, there, "threshold from frames of camera B"),
        )
        for axes, (name, scene, threshold, words) in zip(panels, rows, strict=True):
            _zones(axes, colours, threshold, threshold)
            _curves(axes, colours, scene, labelled=axes is panels[0])
            axes.set_ylabel(name, rotation=0, ha="right", va="center", color=colours["ink"])
            axes.text(threshold + 0.08, 0.52, words, color=colours["ink"], fontsize=8.5, va="top")
        panels[-1].set_xlabel("score, higher for bona fide")

    return Drawing(
        "two-cameras",
        "A threshold on two cameras",
        "Three panels with made-up scores. Camera A: the threshold separates attacks and genuine "
        "users. Camera B: all scores are lower, and the same threshold rejects nearly half of the "
        "genuine users. Camera B, calibrated: a threshold of its own separates them again.",
        (6.6, 4.0),
        draw,
    )


def frames() -> Drawing:
    """What the number of frames of a calibration does to both errors."""

    def draw(figure: "Figure", colours: "Colours") -> None:
        both = [errors_by_frames(count) for count in FRAMES]
        panels = figure.subplots(1, 2)
        titles = ("genuine users rejected, %", "attacks accepted, %")
        for index, (axes, title) in enumerate(zip(panels, titles, strict=True)):
            rates = [100.0 * each[index] for each in both]
            low, high = (np.array([np.quantile(one, end) for one in rates]) for end in REST)
            colour = colours[f"c{index}"]
            axes.fill_between(FRAMES, low, high, color=colour, alpha=0.2, linewidth=0)
            axes.plot(FRAMES, [one.mean() for one in rates], color=colour, marker="o", ms=4)
            axes.axvline(10, color=colours["muted"], linewidth=0.8, linestyle=(0, (4, 3)))
            axes.set_xscale("log")
            axes.set_xticks([2, 5, 10, 20, 50], ["2", "5", "10", "20", "50"])
            axes.minorticks_off()
            axes.set_ylim(bottom=0.0)
            axes.locator_params(axis="y", nbins=5)
            axes.set_title(title, loc="left", color=colours["ink"])
            axes.set_xlabel("bona fide frames")
            quiet(axes, colours)

    return Drawing(
        "ten-frames",
        "Error rates by the number of frames",
        "Two panels over 2 to 50 bona fide frames. The share of genuine users who are rejected is "
        "the target on average, with a wide range over cameras for few frames. The share of "
        "accepted attacks falls quickly up to ten frames and slowly after that.",
        (6.6, 2.7),
        draw,
    )


def _zones(axes: "Axes", colours: "Colours", low: float, high: float) -> None:
    """Shade what is an attack, uncertain, and bona fide."""
    left, right = -7.0, 3.0
    for start, end, colour in ((left, low, "c1"), (low, high, "c4"), (high, right, "c0")):
        axes.axvspan(start, end, color=colours[colour], alpha=0.13, linewidth=0)
    axes.axvline(high, color=colours["ink"], linewidth=1.0)
    axes.set(xlim=(left, right), ylim=(0.0, 0.56), yticks=[], xticks=[])
    for x, words in ((left + 0.1, "attack"), (right - 0.1, "accepted")):
        side = "left" if x < 0 else "right"
        axes.text(x, 0.52, words, ha=side, va="top", color=colours["muted"], fontsize=8.5)
    if high > low:
        axes.annotate(
            "asked again", ((low + high) / 2, 0.35), (low - 0.3, 0.45), ha="right", fontsize=8.5,
            color=colours["muted"], arrowprops={"arrowstyle": "-", "color": colours["muted"]},
        )  # fmt: skip


def _curves(axes: "Axes", colours: "Colours", scene: Scene, *, labelled: bool) -> None:
    x = np.linspace(-7.0, 3.0, 121)
    kinds = (
        ("attacks", _density(x, scene.attack, scene.spread), "c1", scene.attack),
        ("genuine users", _density(x, scene.bona_fide, 1.0), "c0", scene.bona_fide),
    )
    for name, height, colour, middle in kinds:
        axes.plot(x, height, color=colours[colour], linewidth=1.6)
        axes.fill_between(x, height, color=colours[colour], alpha=0.12, linewidth=0)
        if labelled:
            axes.text(middle, 0.14, name, ha="center", color=colours[colour], fontsize=9)


def _density(x: Floats, mean: float, deviation: float) -> Floats:
    height = 1.0 / (deviation * np.sqrt(2.0 * np.pi))
    density: Floats = height * np.exp(-(((x - mean) / deviation) ** 2) / 2.0)
    return density


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
