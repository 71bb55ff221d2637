"""The five parameters of the simulator that decide most how clearly an attack is told.

    python benchmarks/simulator_ranges.py --simulated OUT [OUT ...] --out DIR [--shown 5]

OUT is what `facepad simulate` made. Heads of the packaged recipe learn from frozen features
(kept in FACEPAD_CACHE_DIR), each third of the people being judged by heads that learned from
the others. How far an attack's raw logit lies below that of the person in the same round is
its margin. Each drawn parameter is cut into five bins of equally many attacks (choices: one
each), and the share of the variance of the margins' ranks that lies between the bins, less
what chance gives, is its strength. Prints the strongest, and draws `simulator-ranges`.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from facepad import settings
from facepad.evaluation.report.plot_style import Colours, mark
from facepad.simulate.parameters import Range
from facepad.training.face.features import FaceCache, extract
from facepad.training.face.heads import LabelledFeatures, decided, fit
from facepad.training.face.run import SPEC
from facepad.training.face.sources import FaceSources
from simulator import strength
from simulator.drawing import Drawing, quiet, save
from simulator.recordings import round_of
from simulator.spectra import Floats
from simulator.strength import Attack, Parameter
from simulator.worth import area

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FOLDS = 3  # of people
LISTED = 15  # parameters that are printed
_DRAWS = 400  # of the bootstrap over people
_LEVEL = (2.5, 97.5)  # percentiles of the intervals


@dataclass(frozen=True, slots=True)
class Bin:
    """The attacks of one bin.

    Attributes:
        number: Of the bin; -1 where the effect is absent.
        values: Of the parameter.
        attack: Mean logit, with the ends of its interval.
        bona_fide: The same of the people of the same rounds.
        area: Under the curve, of these attacks against these people; likewise.
    """

    number: int
    values: tuple[Any, ...]
    attack: tuple[float, float, float]
    bona_fide: tuple[float, float, float]
    area: tuple[float, float, float]


def main() -> None:
    """Judge, rank the parameters, draw."""
    given = _arguments()
    cv2.setNumThreads(1)
    attacks = judged(given.simulated)
    found = strength.parameters(attacks)
    level = strength.chance_level(found)
    power = {
        one.name: strength.strength(one.bins, strength.margin_ranks(one.attacks)) for one in found
    }
    ranked = sorted(found, key=lambda one: -power[one.name])
    above = sum(value > level for value in power.values())
    print(f"{len(found)} parameters, {len(attacks)} attacks")
    print(f"strength by chance up to {level:.3f}; {above} parameters lie above")
    for one in ranked[:LISTED]:
        print(f"{power[one.name]:7.3f}  {one.name:<34}{len(one.attacks):>6}  {one.range.meaning}")
    chosen = ranked[: given.shown]
    for one in chosen:
        _print(one)
    save(drawing(chosen), given.out)


def judged(roots: Sequence[Path]) -> list[Attack]:
    """All attacks with logits from heads that do not know their people."""
    samples = FaceSources(tuple(roots), "", None, None, None).train("simulated", 1)[0].samples
    seen = LabelledFeatures(
        samples, extract(samples, FaceCache(settings.folder("cache_dir")), workers=1)
    )
    seen = seen.part(seen.usable & np.array([SPEC.teaches(sample) for sample in samples]))
    people = sorted({sample.subject for sample in seen.samples})
    fold = {person: number % FOLDS for number, person in enumerate(people)}
    own = np.array([fold[sample.subject] for sample in seen.samples])
    raw = np.zeros(len(own))
    for number in range(FOLDS):
        apart = own == number
        raw[apart] = decided(fit(seen.part(~apart), SPEC), seen.part(apart))
    return attacks_of(seen, raw)


def attacks_of(seen: LabelledFeatures, raw: Floats) -> list[Attack]:
    """Attacks beside the people of their rounds; those without one are left out."""
    person = {
        round_of(sample): float(value)
        for sample, value in zip(seen.samples, raw, strict=True)
        if sample.is_bona_fide
    }
    return [
        Attack(
            sample.pai_species,
            sample.subject,
            float(value),
            person[round_of(sample)],
            strength.drawn_of(sample),
        )
        for sample, value in zip(seen.samples, raw, strict=True)
        if sample.pai_species is not None and round_of(sample) in person
    ]


def bins_of(one: Parameter) -> list[Bin]:
    """What each bin of a parameter comes to."""
    found = []
    for number in sorted(set(one.bins.tolist())):
        rows = np.flatnonzero(one.bins == number)
        told = _with_intervals([one.attacks[row] for row in rows])
        found.append(Bin(number, tuple(one.values[row] for row in rows), *told))
    return found


def drawing(chosen: Sequence[Parameter]) -> Drawing:
    """A panel for each parameter."""
    return Drawing(
        "simulator-ranges",
        "Detection over the ranges of the strongest parameters",
        "Above: area under the curve of simulated attacks against the same people before the same "
        "cameras, by the parameter's value. Below: mean raw logit of the attacks (orange "
        "triangles) and of the people (blue discs). 95 % intervals over people; shaded: the "
        "documented range.",
        (2.4 * len(chosen), 4.8),
        lambda figure, palette: _draw(figure, palette, chosen),
    )


def _draw(figure: "Figure", palette: Colours, chosen: Sequence[Parameter]) -> None:
    grid = figure.subplots(2, len(chosen), sharex="col", sharey="row", squeeze=False)
    for (upper, lower), one in zip(grid.T, chosen, strict=True):
        bins = bins_of(one)
        places, words = _places(one.range, bins)
        _points(upper, places, [each.area for each in bins], palette["c2"], mark(2))
        for index, name in enumerate(("bona_fide", "attack")):
            rows = [getattr(each, name) for each in bins]
            _points(lower, places, rows, palette[f"c{index}"], mark(index), name.replace("_", " "))
        for axes in (upper, lower):
            _range(axes, palette, one.range, places, words)
            quiet(axes, palette)
        word, _, rest = one.name.partition(": ")
        upper.set_title(f"{word}\n{rest}", loc="left")
        lower.set_xlabel("choice" if words else f"range {one.range.low:g} to {one.range.high:g}")
    grid[0, 0].set_ylabel("area under\nthe curve")
    grid[1, 0].set_ylabel("mean raw logit,\nhigher for bona fide")
    handles, labels = grid[1, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=2, frameon=False)


def _points(
    axes: "Axes",
    places: Sequence[float],
    rows: Sequence[tuple[float, float, float]],
    *look: str,
) -> None:
    """Means with intervals; ``look`` is colour, marker and, where it is named, the name."""
    tint, marker, *name = look
    values = np.array(rows)
    axes.errorbar(
        places,
        values[:, 0],
        np.abs(values[:, 1:].T - values[:, 0]),
        fmt=marker,
        color=tint,
        markersize=5.0,
        linewidth=1.4,
        label=name[0] if name else "",
    )


def _places(one: Range, bins: Sequence[Bin]) -> tuple[list[float], list[str]]:
    """Where bins lie on the axis; words for choices."""
    if one.choices is not None:
        words = [str(value) for value in one.choices]
        return [float(each.number) for each in bins], words
    absent = one.low / 1.6 if one.log else one.low - 0.12 * (one.high - one.low)
    middle = [absent if b.number < 0 else float(np.median(b.values)) for b in bins]
    return middle, []


def _range(
    axes: "Axes", palette: Colours, one: Range, places: Sequence[float], words: Sequence[str]
) -> None:
    """Mark the documented range, and where the effect is absent."""
    if words:
        axes.set_xticks(range(len(words)), words, rotation=30, ha="right")
        axes.set_xlim(-0.6, len(words) - 0.4)
        return
    if one.log:
        from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 3.0, 5.0, 7.0)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.axvspan(one.low, one.high, color=palette["line"], alpha=0.35, linewidth=0.0, zorder=0)
    if min(places) < one.low:
        axes.text(min(places), 0.03, "off", transform=axes.get_xaxis_transform(), ha="center")


def _with_intervals(own: Sequence[Attack]) -> list[tuple[float, float, float]]:
    """Mean logits of attacks and of people, and the area; intervals by bootstrap over people."""
    by_person: dict[str, list[tuple[float, float]]] = {}
    for attack in own:
        by_person.setdefault(attack.person, []).append((attack.logit, attack.bona_fide))
    pairs = [np.array(rows) for rows in by_person.values()]
    rng = np.random.default_rng(0)
    drawn = [
        _told(np.concatenate([pairs[at] for at in rng.integers(len(pairs), size=len(pairs))]))
        for _ in range(_DRAWS)
    ]
    ends = np.percentile(drawn, _LEVEL, axis=0)
    middle = _told(np.concatenate(pairs))
    return [(middle[at], float(ends[0, at]), float(ends[1, at])) for at in range(3)]


def _told(pairs: Floats) -> tuple[float, float, float]:
    attack, person = pairs.T
    labels = np.repeat([False, True], len(pairs))
    return float(attack.mean()), float(person.mean()), area(labels, pairs.T.ravel())


def _print(one: Parameter) -> None:
    print(f"\n{one.name}: {one.range.meaning}")
    for each in bins_of(one):
        if one.range.choices is not None:
            where = str(each.values[0])
        elif each.number < 0:
            where = "off"
        else:
            where = f"{min(each.values):.3g} to {max(each.values):.3g}"
        mean, low, high = each.attack
        print(
            f"  {where:<20}{len(each.values):>5} attacks, logit {mean:+.2f} "
            f"({low:+.2f} to {high:+.2f}), people {each.bona_fide[0]:+.2f}, AUC {each.area[0]:.3f}"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--simulated", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--shown", type=int, default=5, help="parameters that are drawn")
    return parser.parse_args()


if __name__ == "__main__":
    main()
