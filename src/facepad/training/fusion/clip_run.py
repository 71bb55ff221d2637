"""The training of the ratios of the tests over clips: measure, fit, write the model and its card.

What the tests measure is cached, so an interrupted run resumes and another fit is quick.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from facepad import __version__, settings
from facepad.errors import DatasetError, InputError
from facepad.evaluation.ranking import auc
from facepad.fusion.clip_ratios import BLINK, LIMITS, PARALLAX, PULSE, RATIOS, TESTS, ClipRatios
from facepad.fusion.supplements import MOST_AGAINST, MOST_FOR, bounded
from facepad.jobs.progress import Advance
from facepad.models import store
from facepad.models.card import Card
from facepad.pipeline import Checker
from facepad.registry import DEFAULT_TESTS
from facepad.scores import logit
from facepad.selected_tests import make_test
from facepad.training.feature_cache import CacheTable, compute_cached, file_key
from facepad.training.fusion.clips import ClipEvidence, fit, held_out
from facepad.training.run import FREE_LICENCE, licences_of, people, recipe_section
from facepad.training.sources import DatasetCopy
from facepad.types import Reason, Sample, Score, Split

COMMAND = "facepad train clip-tests"
STILL = DEFAULT_TESTS[0]  # the test of single frames that the report adds to
_FORMAT = "what tests measure on clips, 1"

_Kept = tuple[str, str]  # key, and measures as JSON
_Item = tuple[str, str]  # key, path


@dataclass(frozen=True, slots=True)
class ClipRecipe:
    """Options of a training of the ratios.

    Attributes:
        clips: Folders of simulated clips; all their parts are fitted on.
        licence: Licence of the bona fide pictures, where the lists do not state it.
        version: Of the model.
        name: Of the model.
        out: Folder for the model and its card.
        workers: Number of processes.
    """

    clips: tuple[Path, ...]
    licence: str
    version: str
    name: str
    out: Path
    workers: int

    def prepare(self) -> tuple[Sample, ...]:
        """List the clips, before any slow step.

        Raises:
            DatasetError: A folder is not laid out as expected, or lists no clips.
        """
        found = [one for root in self.clips for one in DatasetCopy("simulated", root).listed()]
        clips = tuple(sample for sample in found if sample.frame is None)
        if not clips:
            raise DatasetError(
                "the tests over clips are fitted on --clips DIR, the output of `facepad simulate "
                "--clips`; got no clip"
            )
        return clips


@dataclass(frozen=True, slots=True)
class ClipResult:
    """The files of the fitted ratios.

    Attributes:
        model: The model file; its card is beside it.
        text: The report for the terminal.
    """

    model: Path
    text: str


class EvidenceCache:
    """Measures by key in one file."""

    def __init__(self, folder: Path) -> None:
        self._table = CacheTable(folder / "clip_tests.sqlite", "measured", "data TEXT")

    def read(self, keys: Iterable[str]) -> dict[str, _Kept]:
        """Return the rows of those keys that are in the cache."""
        return {key: (key, str(data)) for key, data in self._table.read(keys).values()}

    def write(self, rows: Sequence[_Kept]) -> None:
        """Write rows, all or none."""
        self._table.write(rows)


def run(recipe: ClipRecipe, samples: Sequence[Sample], advance: Advance) -> ClipResult:
    """Measure all clips, fit the ratios and write them.

    Args:
        recipe: What to fit.
        samples: From its `prepare`.
        advance: Called once per clip.

    Raises:
        DatasetError: A clip cannot be read, or a test has too few answers.
        ModelError: A model is missing, or the result cannot be written.
    """
    rows = evidence(samples, recipe.workers, advance)
    fitted = fit(rows)
    report = report_of(rows, fitted)
    model = recipe.out / f"{recipe.name}.npz"
    store.save_arrays(model, fitted.arrays(), _card(recipe, rows, report))
    return ClipResult(model, report)


def evidence(samples: Sequence[Sample], workers: int, advance: Advance) -> list[ClipEvidence]:
    """Return what the tests measure on each clip, computed or read from the cache.

    Args:
        samples: Clips.
        workers: Number of processes.
        advance: Called once per clip.

    Raises:
        DatasetError: A clip cannot be read.
        ModelError: A model is missing.
    """
    tag = f"{_FORMAT}|{__version__}|{json.dumps(_rules(), sort_keys=True)}"
    kept = compute_cached(
        [(file_key(one.path, tag), one.path) for one in samples],
        EvidenceCache(settings.writable_folder("cache_dir")),
        _measured,
        partial(Checker, (STILL, *TESTS), advisory=(), threads=1),
        workers=workers,
        advance=advance,
        chunk=1,
    )
    return [
        ClipEvidence(sample, **json.loads(text))
        for sample, (_, text) in zip(samples, kept, strict=True)
    ]


def _rules() -> dict[str, str]:
    """Return the versions of what the tests measure by; the ratios have no part in it."""
    models = [make_test(name).models for name in (STILL, *TESTS)]
    return {name: one for each in models for name, one in each.items() if name != RATIOS}


def _measured(checker: Checker, item: _Item) -> _Kept:
    key, path = item
    try:
        scores = checker.check(Sample(path, path, "", Split.TRAIN)).scores
    except InputError as error:
        raise DatasetError(f"a listed clip cannot be used: {error}") from error
    return key, json.dumps(measures_of(scores))


def measures_of(scores: Mapping[str, Score]) -> dict[str, Any]:
    """Return the measures of the tests as values for JSON; see `ClipEvidence`.

    Args:
        scores: By the test's name.
    """
    none = Score(None, Reason.NO_FACE)
    still, blink, parallax, pulse = (scores.get(name, none) for name in (STILL, *TESTS))
    return {
        "still": None if still.value is None else logit(still.value),
        "blinks": None if blink.value is None else len(blink.details["blinks"]),
        "seconds": float(blink.details.get("seconds", 0.0)),
        "slope": None if parallax.value is None else parallax.details.get("slope"),
        "pulse": pulse.details.get("fits"),
        "excess_db": float(pulse.details.get("excess_db", 0.0)),
    }


def report_of(rows: Sequence[ClipEvidence], fitted: ClipRatios) -> str:
    """Return the ratios, answers of each test by species, and what they add on people held out."""
    apart = held_out(rows)
    blink, lines = fitted.blink, [f"{'test':9} log-likelihood ratio"]
    none = ", ".join(f"{blink.ratio(0, s):+.2f} in {s:.0f} s" for s in (3.0, 6.0, 10.0, 30.0))
    lines += [f"{BLINK:9} {blink.seen:+.2f} with a blink; without one {none}"]
    curve = fitted.parallax
    lines.append(
        f"{PARALLAX:9} {curve.gain:.2f} (slope {-curve.middle:+.2f}), {curve.low:+.2f} to "
        f"{curve.high:+.2f}"
    )
    lines.append(f"{PULSE:9} {fitted.pulse:+.2f} with a pulse")
    lines += ["", _head()]
    lines += [_line(name, rows, apart) for name in _species(rows)]
    return "\n".join([*lines, "", *_turned(rows, apart)])


def _species(rows: Sequence[ClipEvidence]) -> list[str | None]:
    return [None, *sorted({one.sample.pai_species for one in rows if one.sample.pai_species})]


def _head() -> str:
    return (
        f"{'clips':20} count  blink  head  pulse  no answer: blink parallax pulse  AUC of {STILL} "
        "alone, with them"
    )


def _line(name: str | None, rows: Sequence[ClipEvidence], apart: Sequence[ClipRatios]) -> str:
    """Return a row: clips with a blink, a head's parallax and a pulse, and how well they rank."""
    pairs = [(row, one) for row, one in zip(rows, apart, strict=True)]
    own = [row for row, _ in pairs if row.sample.pai_species == name]
    heads = [
        row
        for row, one in pairs
        if row.sample.pai_species == name and row.ratios(one).get(PARALLAX, 0.0) > 0.0
    ]
    words = (
        f"{name or 'bona fide':20} {len(own):5} {sum(bool(row.blinks) for row in own):6} "
        f"{len(heads):5} {sum(row.has_pulse for row in own):6} "
        f"{sum(row.blinks is None for row in own):17} {sum(row.slope is None for row in own):8} "
        f"{sum(row.pulse is None for row in own):5}"
    )
    if name is None:
        return words
    both = [(r, one) for r, one in pairs if r.sample.pai_species in (None, name)]
    both = [(row, one) for row, one in both if row.still is not None]
    labels = np.array([row.sample.is_bona_fide for row, _ in both], np.bool_)
    if not labels.any() or labels.all():
        return words
    alone = np.array([row.still for row, _ in both], np.float64)
    more = alone + np.array([sum(bounded(row.ratios(one)).values()) for row, one in both])
    return f"{words}  {auc(labels, alone):>14.3f}, {auc(labels, more):.3f}"


def _turned(rows: Sequence[ClipEvidence], apart: Sequence[ClipRatios]) -> list[str]:
    """Return how often a test is wrong about a bona fide clip, on people held out."""
    found = [row.ratios(one) for row, one in zip(rows, apart, strict=True)]
    own = [ratios for row, ratios in zip(rows, found, strict=True) if row.sample.is_bona_fide]
    lines = [f"bona fide clips that a test counts against, of {len(own)}"]
    for name in TESTS:
        below = [ratios[name] for ratios in own if ratios.get(name, 0.0) < 0.0]
        least = f", {min(below):+.2f} at least" if below else ""
        lines.append(f"{name:9} {len(below)}{least}")
    sums = [sum(bounded(ratios).values()) for ratios in own]
    lines.append(f"{'together':9} {sum(total < 0.0 for total in sums)}, {min(sums):+.2f} at least")
    return lines


def _card(recipe: ClipRecipe, rows: Sequence[ClipEvidence], report: str) -> Card:
    samples = [row.sample for row in rows]
    attacks = sum(not sample.is_bona_fide for sample in samples)
    stated = licences_of(samples) if not recipe.licence else recipe.licence
    limits = ", ".join(f"{name} {limit:g}" for name, limit in LIMITS.items())
    folders = " ".join("--clips DIR" for _ in recipe.clips)
    return Card(
        title="Log-likelihood ratios of the tests over clips",
        version=recipe.version,
        licence=FREE_LICENCE,
        data=f"{len(rows) - attacks} clips of rendered heads and {attacks} simulated attacks of "
        f"{len(_species(rows)) - 1} species, from portraits of {people(samples)} people. Licence "
        f"of the portraits: {stated}. All species of attacks weigh alike. A replay of a person "
        "and living eyes behind the holes of a print are among them: they blink, and a replay "
        "has the recorded pulse and parallax, so that these are worth less.",
        recipe=recipe_section(
            f"{COMMAND} {folders}",
            f"Each test is fitted alone; greatest ratios either way: {limits}. No ratio exceeds "
            "what the number of clips can show: shares of clips are by the rule of succession, "
            "(count + 1) / (clips + 2). Blink: the ratio of the shares with a blink; several "
            "count as one. Without a blink, by the share of blinking heads in which one is found, "
            "for people who blink half as often as 4.5 times a minute, the mean while reading "
            "(Bentivoglio et al. "
            "1997). Parallax: logistic regression on the slope, with a ridge, bounded by the "
            "shares on either side of even odds. Pulse: the ratio of the shares with a pulse; none "
            "where no pulse is found. The ratios are added to the result of the tests of single "
            f"frames, whose weights stay; together {MOST_FOR:.2f} at most for a presentation, for "
            "one of four ways to attack, a recording on a screen, shows all that is looked for, "
            f"and {MOST_AGAINST:g} at most against it. Where the camera is not calibrated, only "
            "what counts against a presentation is added.",
        ),
        results=f"```text\n{report}\n```\n\nCounts and AUC are of people who were held out of "
        f"the fit (four folds); {STILL} without a calibration.",
        limits="Simulated clips only: heads rendered from one face model, prints and screens "
        "through simulated cameras. Heads blink 8 to 36 times a minute there; many people blink "
        "less. A replay of a person and a mask with holes can have all three. The tests decide "
        "nothing by themselves.",
    )
