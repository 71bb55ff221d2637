"""The training of a fusion: score the tests, fit on train and dev, write the model and its card."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

import numpy as np

from facepad import __version__, settings
from facepad.errors import DatasetError, InputError, SettingsError
from facepad.evaluation.ranking import auc
from facepad.finders import side_information
from facepad.fusion.lda import LdaFusion
from facepad.jobs.csv_rows import read_csv
from facepad.jobs.progress import Advance
from facepad.models import index, store
from facepad.models.card import Card
from facepad.pipeline import Checker
from facepad.reasons import DECIDE_WHEN_FITTED
from facepad.registry import DESCRIPTION, NETWORK, POINT_NAMES, located
from facepad.scores import logit
from facepad.selected_tests import make_test, name_of
from facepad.training.feature_cache import CacheTable, compute_cached, file_key, frame_of
from facepad.training.fusion.fit import Bounds, FusionRows, fit, held_out
from facepad.training.fusion.subsets import SubsetResult, subsets
from facepad.training.run import (
    FIRST_VERSION,
    RESEARCH_LICENCE,
    licences_of,
    recipe_section,
    size_of,
)
from facepad.training.sources import DatasetCopy, simulated_samples
from facepad.types import Sample, Split

PARTS = (Split.TRAIN.value, Split.DEV.value)  # that a fusion may be fitted on
_FORMAT = "scores and side information"  # of what is kept of a presentation

_Kept = tuple[str, str]  # key, and ratios and side information as JSON
_Item = tuple[str, str, int | None]  # key, path, frame


@dataclass(frozen=True, slots=True)
class FusionRecipe:
    """Options of a training of a fusion.

    Attributes:
        tests: The tests as they were named; networks of the user's own with their place.
        simulated: Folders of simulated pictures; all their parts are train.
        datasets: Further datasets, of which the parts are used.
        parts: Parts of these datasets: "train", "dev".
        scores: Files with scores of a test on these presentations, by test; such as scores by
            fits without the person.
        bounds: Operating points in log-likelihood ratios; None to select them.
        name: Name of the model.
        out: Folder for the model and its card.
        workers: Number of processes.
    """

    tests: tuple[str, ...]
    simulated: tuple[Path, ...]
    datasets: tuple[DatasetCopy, ...]
    parts: tuple[str, ...]
    scores: Mapping[str, Path]
    bounds: Bounds | None
    name: str
    out: Path
    workers: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tests in results."""
        return tuple(map(name_of, self.tests))

    @property
    def command(self) -> str:
        """The command that repeats the training, without the places of folders."""
        tests = (f"{one}{DESCRIPTION}" if one.startswith(NETWORK) else one for one in self.names)
        words = [f"--tests {','.join(tests)}", *("--simulated DIR" for _ in self.simulated)]
        words += [f"--dataset {copy.asked}=DIR" for copy in self.datasets]
        words += [f"--scores {name_of(test)}=FILE" for test in self.scores]
        words += ["--bounds FILE"] if self.bounds else []
        return " ".join(["facepad train fusion", *words])

    def prepare(self) -> tuple[Sample, ...]:
        """List the presentations, before any slow step.

        Raises:
            SettingsError: A part cannot be used, or a test or dataset does not exist.
            DatasetError: A dataset is not laid out as expected.
        """
        if wrong := [part for part in self.parts if part not in PARTS]:
            raise SettingsError(
                f"a fusion is fitted on {' and '.join(PARTS)}, got {', '.join(wrong)}: error rates "
                "are too low where test presentations took part in the fit"
            )
        if len(set(self.names)) < len(self.tests) or not self.tests:
            raise SettingsError(f"each test is named once, got {', '.join(self.tests) or 'none'}")
        if unknown := [test for test in self.scores if name_of(test) not in self.names]:
            raise SettingsError(f"--scores of {', '.join(unknown)}, which is not among --tests")
        found = list(simulated_samples(self.simulated)) if self.simulated else []
        for copy in self.datasets:
            found += [sample for sample in copy.listed() if sample.split.value in self.parts]
        if not found:
            raise DatasetError("a fusion needs --simulated DIR or --dataset NAME=DIR with a part "
                               f"{' or '.join(self.parts)}")  # fmt: skip
        return tuple(found)


@dataclass(frozen=True, slots=True)
class FusionResult:
    """The files of a fitted fusion.

    Attributes:
        model: The model file; its card is beside it.
        text: The report for the terminal.
    """

    model: Path
    text: str


def run(recipe: FusionRecipe, samples: Sequence[Sample], advance: Advance) -> FusionResult:
    """Score all presentations, fit the fusion and write it.

    Args:
        recipe: What to fit.
        samples: From its `prepare`.
        advance: Called once per presentation.

    Raises:
        DatasetError: A presentation cannot be read, or a class or a test has no score.
        ModelError: A model is missing, or the result cannot be written.
        SettingsError: A test does not exist.
    """
    versions = {name_of(test): dict(make_test(test).models) for test in recipe.tests}
    rows = score_rows(recipe, samples, versions, advance)
    fusion = fit(rows, versions, recipe.bounds)
    report = report_of(rows, fusion)
    model = recipe.out / f"{recipe.name}.npz"
    store.save_arrays(model, fusion.arrays(), _card(recipe, rows, fusion, report))
    return FusionResult(model, report)


def read_bounds(file: Path) -> Bounds:
    """Read operating points in log-likelihood ratios: JSON, two numbers by name in "bounds".

    Raises:
        SettingsError: The file is missing or holds something else.
    """
    try:
        data = json.loads(file.read_text(encoding="utf-8"))["bounds"]
        found = {name: (float(data[name][0]), float(data[name][1])) for name in POINT_NAMES}
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise SettingsError(f"{file} holds no operating points: {error!r}") from error
    if not all(-math.inf < low <= high < math.inf for low, high in found.values()):
        raise SettingsError(f"{file}: each point needs finite bounds, lower first, got {found}")
    return found


# --- scores -------------------------------------------------------------------------------


class ScoreCache:
    """Scores and side information by key in one file."""

    def __init__(self, folder: Path) -> None:
        self._table = CacheTable(folder / "fusion.sqlite", "scored", "data TEXT")

    def read(self, keys: Iterable[str]) -> dict[str, _Kept]:
        """Return the rows of those keys that are in the cache."""
        return {key: (key, str(data)) for key, data in self._table.read(keys).values()}

    def write(self, rows: Sequence[_Kept]) -> None:
        """Write rows, all or none."""
        self._table.write(rows)


def score_rows(
    recipe: FusionRecipe,
    samples: Sequence[Sample],
    versions: Mapping[str, Mapping[str, str]],
    advance: Advance,
) -> FusionRows:
    """Return the scores of every presentation, computed or read from the cache.

    Args:
        recipe: Names the tests, and files of scores.
        samples: Presentations.
        versions: Version of each model of each test, by test, then by model.
        advance: Called once per presentation.

    Raises:
        DatasetError: A presentation cannot be read, or a file of scores lacks one.
    """
    tag = f"{_FORMAT}|{__version__}|{json.dumps(versions, sort_keys=True)}"
    items = [(file_key(one.path, tag, f"|{frame_of(one)}"), one.path, one.frame) for one in samples]
    kept = compute_cached(
        items,
        ScoreCache(settings.writable_folder("cache_dir")),
        _scored,
        partial(Checker, tuple(map(located, recipe.tests)), advisory=(), threads=1),
        workers=recipe.workers,
        advance=advance,
    )
    values = [json.loads(text) for _, text in kept]
    ratios = np.array(
        [[_number(one["ratios"].get(name)) for name in recipe.names] for one in values], float
    )
    for test, file in recipe.scores.items():
        ratios[:, recipe.names.index(name_of(test))] = given_ratios(file, samples)
    return FusionRows(recipe.names, tuple(samples), ratios, tuple(one["side"] for one in values))


def _scored(checker: Checker, item: _Item) -> _Kept:
    """Return the ratios of the tests that do not abstain, and side information."""
    key, path, number = item
    try:
        decision = checker.check(Sample(path, path, "", Split.TRAIN, frame=number))
    except InputError as error:
        raise DatasetError(f"a listed presentation cannot be used: {error}") from error
    ratios = {
        name: logit(score.value)
        for name, score in decision.scores.items()
        if score.value is not None
        and (score.reason is None or score.reason in DECIDE_WHEN_FITTED)
        and decision.face is not None
    }
    side = side_information(decision.face, decision.source_size, decision.capture)
    return key, json.dumps({"ratios": ratios, "side": dict(side)})


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def given_ratios(file: Path, samples: Sequence[Sample]) -> list[float]:
    """Return the log-likelihood ratio of each presentation by a file of scores.

    A row belongs to the presentation with its path, or with a path that ends with it. Where no
    path fits, the name of the file is enough, if the table has it once.

    Args:
        file: CSV with ``path`` and ``score``; an empty score is missing (NaN).
        samples: The presentations.

    Raises:
        DatasetError: A presentation has no row, two files share one, or a score is not in [0, 1].
    """
    table = read_csv(file, strip=True)
    table.require("path")
    table.require("score")
    rows = {row["path"]: _ratio(row["score"], f"{file}:{line}") for line, row in table.rows()}
    names = Counter(PurePath(path).name for path in rows)
    alone = {PurePath(path).name: path for path in rows if names[PurePath(path).name] == 1}
    takers: dict[str, str] = {}
    found = []
    for sample in samples:
        parts = PurePath(sample.path).parts
        ends = (str(PurePath(*parts[first:])) for first in range(len(parts)))
        path = next((end for end in ends if end in rows), alone.get(parts[-1]))
        if path is None:
            raise DatasetError(f"{file} has no row for {sample.path}")
        if takers.setdefault(path, sample.path) != sample.path:
            raise DatasetError(
                f"{file}: the row {path} fits {takers[path]} and {sample.path}; name more of the "
                "folders above the file"
            )
        found.append(rows[path])
    return found


def _ratio(cell: str, place: str) -> float:
    """Return the log-likelihood ratio of one cell; NaN for an empty one."""
    if not cell:
        return math.nan
    try:
        score = float(cell)
    except ValueError:
        score = math.nan
    if not 0.0 <= score <= 1.0:
        raise DatasetError(f"{place}: expected a score in [0, 1] or an empty one, got {cell!r}")
    return logit(score)


# --- report and card ----------------------------------------------------------------------


def report_of(rows: FusionRows, fusion: LdaFusion) -> str:
    """Return weights, errors on held-out people, and what each subset of the tests is worth."""
    usable = rows.part(rows.answered)
    raw = held_out(usable)
    weights, _ = fusion.weights(fusion.tests)
    lines = [
        f"AUC of held-out people {auc(usable.labels, raw):.3f}; {len(usable.samples):,} of "
        f"{len(rows.samples):,} presentations with a score",
        "",
        f"{'test':20} {'weight':>7} {'missing':>8}  mean ratio of attacks and of bona fide",
    ]
    for place, name in enumerate(rows.tests):
        missing = 100.0 * np.mean(~np.isfinite(usable.ratios[:, place]))
        attack, bona_fide = fusion.means[:, place]
        lines.append(
            f"{name:20} {fusion.scaling.slope * weights[place]:>7.3f} {missing:>6.1f} %  "
            f"{attack:+.2f} {bona_fide:+.2f}"
        )
    lines += ["", "point        attack below  bona fide from (log-likelihood ratio)"]
    lines += [f"{name:12} {low:>12.2f}  {high:.2f}" for name, (low, high) in fusion.bounds.items()]
    lines.append(f"usual half-width of the interval {fusion.half_width(fusion.tests):.2f}")
    lines += ["", *subset_lines(subsets(usable))]
    return "\n".join(lines)


def subset_lines(found: Sequence[SubsetResult]) -> list[str]:
    """Return the table of subsets for the terminal; nothing without subsets."""
    if not found:
        return []
    width = max(len(" + ".join(one.tests)) for one in found)
    head = f"{'tests':{width}}   AUC  difference to the best single test (90 %, over people)"
    return [
        head,
        *(
            f"{' + '.join(one.tests):{width}}  {one.auc:.3f}  {one.difference:+.3f} "
            f"({one.low:+.3f} to {one.high:+.3f})"
            for one in found
        ),
    ]


def _card(recipe: FusionRecipe, rows: FusionRows, fusion: LdaFusion, report: str) -> Card:
    licence, research = _licence(fusion, free=not recipe.datasets)
    used = ", ".join(f"{name} ({len(models)} models)" for name, models in fusion.versions.items())
    pinned = "\n".join(
        f"- {test}: {', '.join(models.values())}" for test, models in fusion.versions.items()
    )
    cameras = len(set(rows.cameras.tolist()))
    return Card(
        title=f"Fusion of {len(rows.tests)} tests by linear discriminant analysis",
        version=FIRST_VERSION,
        licence=licence,
        research_use=research,
        data=f"{size_of(rows.samples)} in front of {cameras} cameras, of the parts "
        f"{' and '.join(recipe.parts)}. Licences of the pictures: "
        f"{licences_of(rows.samples)}.\n\nTests: {used}.\n\n{pinned}",
        recipe=recipe_section(
            recipe.command,
            "Both classes are normal over the tests' log-likelihood ratios, with one covariance, "
            "whose correlation is shrunk (Ledoit-Wolf). Missing and abstaining tests are completed "
            "by their expectation in the fit, and marginalised in use; weights are not negative. "
            "Scaling, operating points and the effect of side information are of people who were "
            "held out (five folds). Side information changes the width of the interval only.",
        ),
        results=f"```text\n{report}\n```",
        limits="Only for the tests with the models named above. Weights of simulated "
        "presentations may not be the best ones for recorded attacks; see the choice columns in "
        "docs/lab.",
    )


def _licence(fusion: LdaFusion, *, free: bool) -> tuple[str, bool]:
    """Return the licence: that of the strictest model, and of the data."""
    used = {version for models in fusion.versions.values() for version in models.values()}
    entries = [entry for entry in index.entries() if entry.full_version in used]
    known = {entry.full_version for entry in entries}
    research = any(entry.research_use for entry in entries) or not free
    if research:
        return RESEARCH_LICENCE, True
    if used - known:
        return f"Apache-2.0; the licence of {', '.join(sorted(used - known))} is not known", False
    return "Apache-2.0", False
