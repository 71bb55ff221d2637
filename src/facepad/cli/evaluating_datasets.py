"""Gathers the scores of facepad's own tests on datasets, for ``facepad evaluate``."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from time import perf_counter

import numpy as np

from facepad import registry, settings
from facepad.cli.edge import say
from facepad.cli.evaluation_order import Gathered, Order
from facepad.cli.kept_scores import Order as Kept
from facepad.cli.kept_scores import keep_scores, scored_rows, unreadable
from facepad.cli.presentation_rows import STEPS, Look
from facepad.errors import SettingsError
from facepad.evaluation.assessment import GivenPoint
from facepad.evaluation.presentations import combined
from facepad.evaluation.report import Timing
from facepad.evaluation.runs import SystemScores
from facepad.media.frame_rule import FrameRule
from facepad.pipeline import Checker
from facepad.types import Dataset, OperatingPoint, Sample

LOADS = 5  # times that models are loaded to time it
BLANK = np.zeros((64, 64, 3), np.uint8)
NAMED = 5  # of the pictures that could not be read
_ASKED = re.compile(r"(?P<name>[^:=]+)(?::(?P<protocol>[^=]+))?=(?P<root>.+)")

Rows = Sequence[Mapping[str, str]]


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


@dataclass(frozen=True, slots=True)
class Loaded:
    """A liveness test, as it ships.

    Attributes:
        point: Its own threshold and band.
        models: Versions of its models, and of the face finder's.
        loads_ms: How long loading took, each time.
    """

    point: OperatingPoint | None
    models: Mapping[str, str]
    loads_ms: tuple[float, ...]


def gather(order: Order, given: tuple[GivenPoint, ...]) -> Gathered:
    """List, score what is not scored yet, and put everything together.

    Raises:
        DatasetError: A dataset is not laid out as its listing expects.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: A name is not known.
    """
    listed = _listed(order)
    loaded = {test: _load(test) for test in order.tests}
    models = {name: found for one in loaded.values() for name, found in one.models.items()}
    workers = order.workers or int(settings.number("threads"))
    orders = [
        Kept(
            name=dataset.name.replace(" ", "-"),
            root=dataset.root,
            samples=dataset.samples,
            tests=order.tests,
            look=Look(FrameRule.parse(order.frames), order.combine),
            models=models,
            folder=order.out,
            workers=workers,
            force=order.force,
        )
        for dataset in listed
    ]
    kept = [keep_scores(one) for one in orders]
    unread = [unreadable(rows) for rows in kept]
    for keys in filter(None, unread):
        say(_unread(keys))
    return Gathered(
        title=f"{', '.join(order.tests)} on {', '.join(one.name for one in listed)}",
        systems=tuple(
            SystemScores(
                system=test,
                dataset=dataset.name,
                source=str(dataset.root.resolve()),
                rows=combined(scored_rows(one, rows, test), order.combine),
                given=(*given, *_shipped(loaded[test])),
            )
            for dataset, one, rows in zip(listed, orders, kept, strict=True)
            for test in order.tests
        ),
        notices=(
            *(f"{one.name}: {notice}" for one in listed for notice in one.notices),
            *(_unread(keys) for keys in unread if keys),
        ),
        timings=_timings(loaded, [row for rows in kept for row in rows], order.tests),
        timings_note=(
            f"Loading: the models of a test and of the face finder, {LOADS} times in one process, "
            "files in the system's cache. The other steps: each presentation, on one thread in "
            f"one of {workers} processes side by side."
        ),
        models=models,
        unread=sum(map(len, unread)),
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


def _load(test: str) -> Loaded:
    """Load a test several times; what it needs is complained of before any scoring."""
    times = []
    for _ in range(LOADS):
        began = perf_counter()
        checker = Checker((test,), threads=1)
        checker.load()
        times.append(1000.0 * (perf_counter() - began))
    decision = checker.check(BLANK, channels="rgb")
    return Loaded(decision.operating_point, decision.models, tuple(times))


def _shipped(loaded: Loaded) -> tuple[GivenPoint, ...]:
    point = loaded.point
    if point is None:
        return ()
    return (GivenPoint("as shipped", point.threshold, point.low, point.high),)


def _unread(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - NAMED:,} more" if len(keys) > NAMED else ""
    return (
        f"{len(keys):,} of the pictures or videos could not be read (counted as non-responses): "
        f"{', '.join(keys[:NAMED])}{more}"
    )


def _timings(loaded: Mapping[str, Loaded], rows: Rows, tests: Sequence[str]) -> tuple[Timing, ...]:
    found = [_timing(f"load {test}", one.loads_ms) for test, one in loaded.items()]
    steps = {"decode": "read and decode", "faces": "find the face"}
    for step in (*STEPS, *tests):
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
