"""Gathers the scores of facepad's own tests on datasets, for ``facepad evaluate``."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path

import numpy as np

from facepad import registry, settings
from facepad.cli.errors import say
from facepad.cli.evaluation_order import Gathered, Order
from facepad.cli.kept_scores import Order as Kept
from facepad.cli.kept_scores import keep_scores, scored_rows, unreadable
from facepad.errors import SettingsError, counted
from facepad.evaluation.aggregation import Scored, combined
from facepad.evaluation.assessment import GivenPoint
from facepad.evaluation.plan import SystemScores
from facepad.evaluation.report.document import Timing
from facepad.media.frame_selection import FrameSelection
from facepad.scoring.evaluated_tests import LOADS, Loaded, Panel
from facepad.scoring.fused_rows import abstentions, fused_rows, name_of, shipped_point
from facepad.scoring.presentation_rows import STEPS
from facepad.types import Dataset, Sample

NAMED = 5  # of the pictures that could not be read
_ASKED = re.compile(r"(?P<name>[^:=]+)(?::(?P<protocol>[^=]+))?=(?P<root>.+)")

Rows = Sequence[Mapping[str, str]]
Answers = Mapping[str, tuple[Scored, ...]]  # by test


@dataclass(frozen=True, slots=True)
class Listed:
    """A dataset that was asked for.

    Attributes:
        name: For people and files; unique in the report.
        root: Its folder.
        samples: All of its parts.
        notices: What its listing says of this copy.
    """

    name: str
    root: Path
    samples: tuple[Sample, ...]
    notices: tuple[str, ...]


def gather(order: Order, given: tuple[GivenPoint, ...]) -> Gathered:
    """List, score what is not scored yet, and put everything together.

    Raises:
        DatasetError: A dataset is not laid out as its listing expects.
        ModelError: A model or a calibration is missing, or has the wrong hash.
        SettingsError: A name is not known.
    """
    listed = _listed(order)
    panel = Panel.of(order.tests, order.calibration)
    workers = order.workers or int(settings.number("threads"))
    orders = [_to_keep(order, dataset, panel, workers) for dataset in listed]
    kept = [keep_scores(one) for one in orders]
    unread = [unreadable(rows) for rows in kept]
    for keys in filter(None, unread):
        say(_unread(keys))
    answers = [
        {test: combined(scored_rows(one, rows, test), order.combine) for test in panel.loaded}
        for one, rows in zip(orders, kept, strict=True)
    ]
    judged = list(zip(listed, answers, strict=True))
    on = "" if panel.camera is None else f", with calibration {panel.camera.version}"
    return Gathered(
        title=f"{', '.join(panel.loaded)} on {', '.join(one.name for one in listed)}{on}",
        systems=tuple(one for pair in judged for one in _systems(*pair, panel, given)),
        notices=(
            *(() if panel.camera is None else (panel.camera.notice,)),
            *(f"{one.name}: {notice}" for one in listed for notice in one.notices),
            *(_unread(keys) for keys in unread if keys),
            *(told for pair in judged if (told := _abstained(*pair, panel))),
        ),
        timings=_timings(panel.loaded, [row for rows in kept for row in rows]),
        timings_note=(
            f"Loading: the models of a test and of the face finder, {LOADS} times in one process, "
            "files in the system's cache. The other steps: each presentation, on one thread in "
            f"one of {workers} processes side by side."
        ),
        models=panel.models,
        unread=sum(map(len, unread)),
    )


def _to_keep(order: Order, dataset: Listed, panel: Panel, workers: int) -> Kept:
    return Kept(
        name=dataset.name.replace(" ", "-"),
        root=dataset.root,
        samples=dataset.samples,
        tests=tuple(panel.loaded),
        frames=FrameSelection.parse(order.frames),
        camera=panel.camera,
        models=panel.models,
        folder=order.out,
        workers=workers,
        force=order.force,
    )


def _systems(
    dataset: Listed, answers: Answers, panel: Panel, given: tuple[GivenPoint, ...]
) -> Iterator[SystemScores]:
    """Each test by itself, and those that decide together as one more."""
    source = str(dataset.root.resolve())
    for test, rows in answers.items():
        own, anchored = panel.own_point(test), panel.is_anchored(test)
        yield SystemScores(
            system=test,
            dataset=dataset.name,
            source=source,
            rows=rows,
            given=(own, *given) if anchored else (*given, own),
            asks_dev=not anchored,
        )
    if len(panel.points) > 1:
        fused = fused_rows({test: answers[test] for test in panel.points}, panel.points)
        yield SystemScores(
            system=name_of(panel.points),
            dataset=dataset.name,
            source=source,
            rows=fused,
            given=(*given, shipped_point(panel.points)),
        )


def _abstained(dataset: Listed, answers: Answers, panel: Panel) -> str:
    count = abstentions({test: answers[test] for test in panel.points})
    if not count:
        return ""
    return (
        f"{dataset.name}: in {counted(count, 'presentation')} some of the tests abstain and others "
        f"decide. {name_of(panel.points)} is then the score of those that decide, judged here at "
        "one threshold for all; `facepad check` takes that of the tests that decide"
    )


def _listed(order: Order) -> list[Listed]:
    found: list[Listed] = []
    for asked in order.datasets:
        match = _ASKED.fullmatch(asked)
        if match is None:
            raise SettingsError(f"a dataset is named NAME=DIR or NAME:PROTOCOL=DIR, got {asked!r}")
        protocol = match["protocol"] or order.protocol
        name = match["name"] if protocol is None else f"{match['name']} {protocol}"
        same = sum(one.name.partition(" copy ")[0] == name for one in found)
        name = f"{name} copy {same + 1}" if same else name
        root = Path(match["root"]).expanduser()
        listing = _listing(match["name"], root, protocol)
        notices = getattr(listing, "notices", tuple)
        found.append(Listed(name, root, tuple(listing.samples()), tuple(notices())))
    return found


def _listing(name: str, root: Path, protocol: str | None) -> Dataset:
    make: Callable[..., Dataset] = registry.resolve("datasets", name)
    if protocol is None:
        return make(root)
    if "protocol" not in signature(make).parameters:
        raise SettingsError(f"dataset {name} has one protocol only, got {protocol!r}")
    return make(root, protocol=protocol)


def _unread(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - NAMED:,} more" if len(keys) > NAMED else ""
    return (
        f"{len(keys):,} of the pictures or videos could not be read (counted as non-responses): "
        f"{', '.join(keys[:NAMED])}{more}"
    )


def _timings(loaded: Mapping[str, Loaded], rows: Rows) -> tuple[Timing, ...]:
    found = [_timing(f"load {test}", one.loads_ms) for test, one in loaded.items()]
    steps = {"decode": "read and decode", "faces": "find the face"}
    for step in (*STEPS, *loaded):
        name = steps.get(step, f"classify, {step}")
        found.append(_timing(name, _column(rows, f"{step}_ms")))
    found.append(_timing("all steps of one presentation", _column(rows, "ms")))
    return tuple(one for one in found if one.count)


def _timing(step: str, times_ms: Sequence[float]) -> Timing:
    if not times_ms:
        return Timing(step, 0, float("nan"), float("nan"))
    p50, p95 = np.percentile(times_ms, [50, 95])
    return Timing(step, len(times_ms), float(p50), float(p95))


def _column(rows: Rows, name: str) -> list[float]:
    return [float(row[name]) for row in rows if row[name]]
