"""What simulated screens and prints look like beside recorded ones: spectra and colours.

    python benchmarks/simulator_figures.py --simulated OUT --out DIR
        [--nuaa DIR] [--recapture DIR] [--crops CSV] [--most 150]

OUT is what `facepad simulate` made. Of NUAA the train part without the dev people is read; of
CSV, a list of webcam crops, the part dev. Draws `simulator-spectra`, `simulator-high-band` and
`simulator-colours` into DIR as SVG and PNG files, and prints the medians behind the last two.
Figures hold statistics of pictures and no picture.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from facepad.evaluation.report.plot_style import Colours, dash, mark
from simulator import colours as colour
from simulator import recordings, spectra
from simulator.drawing import Drawing, quiet, save
from simulator.recordings import Measured
from simulator.spectra import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Sets = Mapping[str, Sequence[Measured]]

PLANES = ("luminance", "chroma")
CLASSES = ("bona fide", "attack")


def main() -> None:
    """Measure, draw, and print the medians."""
    given = _arguments()
    cv2.setNumThreads(1)
    sets: dict[str, list[Measured]] = {}
    for name, listed in _listed(given).items():
        sets[name] = list(recordings.measured(listed))
        attacks = sum(one.listed.attack for one in sets[name])
        print(f"{name}: {attacks} attacks, {len(sets[name]) - attacks} bona fide", flush=True)
    for one in drawings(sets):
        print(f"{one.name}: {one.caption}")
        save(one, given.out)
    _print_bands(sets)
    _print_colours(sets)


def drawings(sets: Sets) -> tuple[Drawing, ...]:
    """The three figures."""
    wide = 1.75 * len(sets) + 0.8
    return (
        Drawing(
            "simulator-spectra",
            "Spectra of simulated and recorded attacks",
            "Power of luminance (above) and chroma (below) over spatial frequency, at the "
            "picture's own pixels, times frequency squared, so that a natural picture is nearly "
            "level. Lines: medians over pictures, solid blue bona fide, dashed "
            "orange attack; bands: quartiles.",
            (wide, 4.6),
            lambda figure, palette: _draw_spectra(figure, palette, sets),
        ),
        Drawing(
            "simulator-high-band",
            "High frequencies of attacks against bona fide pictures",
            "Power at .25 to .5 cycles per pixel of attacks, against the bona fide pictures of "
            "the same round, pair, person or site. Marks: medians (blue discs recorded, orange "
            "triangles simulated); lines: quartiles over pictures. Right of 0 an attack holds more "
            "fine detail than the person.",
            (10.4, 0.34 * len(sets) + 1.7),
            lambda figure, palette: _draw_bands(figure, palette, sets),
        ),
        Drawing(
            "simulator-colours",
            "Colours of simulated and recorded attacks",
            "Colour statistics of face crops (of whole pictures where there is no face), and "
            "lightness of the frame's border. Discs: bona fide; triangles: attacks; medians and "
            "quartiles over pictures.",
            (10.4, 5.6),
            lambda figure, palette: _draw_colours(figure, palette, sets),
        ),
    )


def bands(found: Sequence[Measured], plane: int, *, one_size: bool) -> list[float]:
    """High-band power of attacks against that of their groups, decibels."""
    chosen = [one for one in found if not one_size or one.one_size is not None]
    values = [
        spectra.high_band(
            (one.native if one.one_size is None or not one_size else one.one_size)[plane]
        )
        for one in chosen
    ]
    return recordings.relative(chosen, values)


def _draw_spectra(figure: "Figure", palette: Colours, sets: Sets) -> None:
    grid = figure.subplots(2, len(sets), sharex=True, sharey="row", squeeze=False)
    for column, (name, found) in enumerate(sets.items()):
        for plane, axes in enumerate(grid[:, column]):
            for index, kind in enumerate(CLASSES):
                rows = [one.native[plane] for one in found if one.listed.attack == bool(index)]
                _band(axes, palette, spectra.levelled(np.array(rows)), index, kind)
            quiet(axes, palette)
            axes.set_xscale("log")
            axes.set_xticks([0.03, 0.1, 0.25, 0.5], [".03", ".1", ".25", ".5"])
            axes.minorticks_off()
        grid[0, column].set_title(name, loc="left")
        grid[1, column].set_xlabel("cycles per pixel")
    for plane, word in enumerate(PLANES):
        grid[plane, 0].set_ylabel(f"{word}: power times\nfrequency\N{SUPERSCRIPT TWO}, dB")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=2, frameon=False)


def _band(axes: "Axes", palette: Colours, rows: Floats, index: int, kind: str) -> None:
    low, middle, high = np.percentile(rows, [25, 50, 75], axis=0)
    tint = palette[f"c{index}"]
    axes.fill_between(spectra.FREQUENCIES, low, high, color=tint, alpha=0.18, linewidth=0.0)
    axes.plot(
        spectra.FREQUENCIES, middle, color=tint, linewidth=1.5, linestyle=dash(index), label=kind
    )


def _draw_bands(figure: "Figure", palette: Colours, sets: Sets) -> None:
    panels = [(plane, one_size) for one_size in (False, True) for plane in (0, 1)]
    for axes, (plane, one_size) in zip(
        figure.subplots(1, len(panels), sharex=True, sharey=True), panels, strict=True
    ):
        for row, (name, found) in enumerate(sets.items()):
            values = bands(found, plane, one_size=one_size)
            if values:
                _interval(axes, palette, np.array(values), row, int(name.startswith("simulated")))
        axes.axvline(0.0, color=palette["muted"], linewidth=1.0)
        _rows(axes, palette, list(sets))
        where = f"face {recordings.ONE_SIZE} pixels wide" if one_size else "own pixels"
        axes.set_title(f"{PLANES[plane]},\n{where}", loc="left")
        axes.set_xlabel("attack over bona fide, dB")
    _legend(figure, palette, ("recorded", "simulated"))


def _draw_colours(figure: "Figure", palette: Colours, sets: Sets) -> None:
    names = (*colour.FACE_STATISTICS, colour.BORDER_LIGHTNESS)
    grid = figure.subplots(2, 4, sharey=True)
    for axes, statistic in zip(grid.flat, names, strict=True):
        for row, found in enumerate(sets.values()):
            for index in (0, 1):
                values = _values(found, statistic, attack=bool(index))
                if values:
                    _interval(axes, palette, np.array(values), row - 0.16 + 0.32 * index, index)
        _rows(axes, palette, list(sets))
        axes.set_title(statistic, loc="left")
    _legend(figure, palette, CLASSES)


def _legend(figure: "Figure", palette: Colours, names: Sequence[str]) -> None:
    axes = figure.axes[0]
    handles = [
        axes.plot([], [], mark(index), color=palette[f"c{index}"], label=name)[0]
        for index, name in enumerate(names)
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=2, frameon=False)


def _interval(axes: "Axes", palette: Colours, values: Floats, row: float, index: int) -> None:
    low, middle, high = np.percentile(values, [25, 50, 75])
    tint = palette[f"c{index}"]
    axes.plot([low, high], [row, row], color=tint, linewidth=2.2, solid_capstyle="butt")
    axes.plot([middle], [row], mark(index), color=tint, markersize=6.0)


def _rows(axes: "Axes", palette: Colours, names: Sequence[str]) -> None:
    quiet(axes, palette, axis="x")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    for row, name in enumerate(names):
        if row and name.startswith("simulated"):  # a kind of attack begins
            axes.axhline(row - 0.5, color=palette["muted"], linewidth=0.8)
    axes.tick_params(axis="y", length=0)


def _values(found: Sequence[Measured], statistic: str, *, attack: bool) -> list[float]:
    return [
        one.colours[statistic]
        for one in found
        if one.listed.attack is attack and statistic in one.colours
    ]


def _listed(given: argparse.Namespace) -> dict[str, list[recordings.Listed]]:
    found = {"simulated screens": recordings.simulated(given.simulated, "screen", given.most)}
    if given.recapture:
        found["demoir\N{LATIN SMALL LETTER E WITH ACUTE} pairs"] = recordings.recapture(
            given.recapture, "demoire"
        )
        found["phone photos"] = recordings.recapture(given.recapture, "salescode")
    if given.crops:
        found["webcams a, c, d"] = recordings.webcams(given.crops)
    found["simulated prints"] = recordings.simulated(given.simulated, "print", given.most)
    if given.nuaa:
        found["NUAA prints"] = recordings.nuaa(given.nuaa)
    return found


def _print_bands(sets: Sets) -> None:
    print("\nhigh band, attack over bona fide, dB: median (quartiles)")
    print(f"{'set':<20}{'luminance':>22}{'chroma':>22}{'lum., one size':>22}{'chr., one size':>22}")
    for name, found in sets.items():
        cells = [
            _three(bands(found, plane, one_size=one_size))
            for one_size in (False, True)
            for plane in (0, 1)
        ]
        print(f"{name:<20}" + "".join(f"{cell:>22}" for cell in cells))


def _print_colours(sets: Sets) -> None:
    for statistic in (*colour.FACE_STATISTICS, colour.BORDER_LIGHTNESS):
        print(f"\n{statistic}: median (quartiles)")
        for name, found in sets.items():
            cells = [_three(_values(found, statistic, attack=attack)) for attack in (False, True)]
            print(f"{name:<20}" + "".join(f"{cell:>22}" for cell in cells))


def _three(values: Sequence[float]) -> str:
    if not values:
        return "-"
    low, middle, high = np.percentile(values, [25, 50, 75])
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--simulated", type=Path, nargs="+", required=True)
    parser.add_argument("--nuaa", type=Path, help="the database's folder")
    parser.add_argument("--recapture", type=Path, help="folder with manifest.csv")
    parser.add_argument("--crops", type=Path, help="CSV list; its part dev is read")
    parser.add_argument("--most", type=int, default=150, help="simulated rounds")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
