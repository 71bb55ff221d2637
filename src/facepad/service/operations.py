"""Operations: ``/livez``, ``/readyz``, ``/metrics`` for Prometheus, and the record of results.

No label and no entry holds an id of a person, an address or media.
"""

import asyncio
import logging
import statistics
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from prometheus_client import (
    CollectorRegistry,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client import Counter as CounterMetric
from prometheus_client import Histogram as HistogramMetric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from facepad import __version__
from facepad.service.audit import AuditLog
from facepad.service.store import Store, fault_fields

logger = logging.getLogger("facepad.service")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_PARTS = 20  # equal parts that each of them is a bound of
LEAST_SCORES = 20  # of a calibration, before their quantiles are shown; few would be single people
MOST_SCORES = 1000  # the newest ones count
MOST_LAG_S = 300.0  # of deletion, before it is reported
SCOPE = "operations:read"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})
_NO_CALIBRATION = "none"
_UNAUTHENTICATED = "unauthenticated"
_FAILURES_EVERY_S = 60.0  # so that nobody without a key fills the audit log


class Workers(Protocol):
    """What is watched of the worker processes."""

    restarts: int

    @property
    def ready(self) -> bool:
        """Whether requests can be judged."""

    @property
    def queue_depth(self) -> int:
        """Requests that wait for a worker."""

    @property
    def in_flight(self) -> int:
        """Requests that workers judge at the moment."""


class Operations:
    """Counts what the service does, and checks whether it can work.

    Attributes:
        registry: The metrics, for tests and further collectors.
    """

    def __init__(
        self,
        store: Store,
        audit: AuditLog,
        workers: Workers,
        purge_lag_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Watch the parts of a service.

        Args:
            store: The database.
            audit: The audit log; gets an entry for each request with results.
            workers: The worker processes.
            purge_lag_s: Gives the seconds since data over their retention were last deleted.
        """
        self._store, self._audit, self._workers = store, audit, workers
        self._purge_lag_s = purge_lag_s
        self._scores: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MOST_SCORES))
        self._counted: Counter[str] = Counter()
        self._failures, self._note_from = 0, 0.0
        self._notes: set[asyncio.Task[None]] = set()
        # Else a second series for each, with the time of its first value.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._requests = CounterMetric(
            "facepad_http_requests",
            "Requests that were answered.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = HistogramMetric(
            "facepad_http_request_seconds",
            "Time from a request to the end of its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._decisions = CounterMetric(
            "facepad_decisions",
            "Presentations that were judged.",
            ("decision", "operating_point"),
            registry=self.registry,
        )
        self._reasons = CounterMetric(
            "facepad_reasons", "Reasons of decisions.", ("reason",), registry=self.registry
        )
        self._steps = HistogramMetric(
            "facepad_step_seconds",
            "Time of each step of a check: queue, decoding, faces, tests.",
            ("step",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._problems = CounterMetric(
            "facepad_problems", "Errors that were answered, by code.", ("code",),
            registry=self.registry,
        )  # fmt: skip
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def request(
        self, route: str, method: str, status: int, seconds: float, problem: str = ""
    ) -> None:
        """Count a request.

        Args:
            route: Its template, as "/v1/jobs/{id}"; "" for an address that no route has.
            method: HTTP method.
            status: HTTP status of the answer.
            seconds: Time until the end of the answer.
            problem: Code of the error; "" for none.
        """
        name = route or "unknown"
        verb = method if method in _METHODS else "other"
        self._requests.labels(name, verb, str(status)).inc()
        self._seconds.labels(name).observe(seconds)
        if problem:
            self._problems.labels(problem).inc()
        if problem == _UNAUTHENTICATED:
            self._failures += 1
            if time.monotonic() >= self._note_from:
                self._note_from = time.monotonic() + _FAILURES_EVERY_S
                note = asyncio.create_task(self.note_failures())
                self._notes.add(note)
                note.add_done_callback(self._notes.discard)

    async def note_failures(self) -> None:
        """Write to the audit log how many requests had no valid key since the last entry.

        Those that cannot be written now count for the next entry.
        """
        if count := self._failures:
            facts = {"count": count}
            if await self.noted("anybody", "authentication.failed", "service", facts):
                self._failures -= count

    async def judged(
        self, actor: str, request_id: str, results: Sequence[Mapping[str, Any]]
    ) -> None:
        """Count results and write one entry of the audit log, before the answer is sent.

        Args:
            actor: Who asked, as "key:ID".
            request_id: Id of the request.
            results: ``decision``, ``timings`` and ``document`` of each presentation, as in the
                answer.
        """
        for result in results:
            self._count(result)
        facts = _facts(results)
        await run_in_threadpool(self._audit.append, actor, "liveness.judged", request_id, facts)

    async def acted(
        self, actor: str, action: str, target: str, details: Mapping[str, Any] | None = None
    ) -> None:
        """Write an entry of the audit log off the event loop."""
        await run_in_threadpool(self._audit.append, actor, action, target, details)

    def entry(
        self, actor: str, action: str, target: str, details: Mapping[str, Any]
    ) -> Callable[[Connection], object]:
        """Return what writes an entry of the audit log within the transaction of its act."""
        return lambda within: self._audit.append(actor, action, target, details, within=within)

    async def noted(
        self, actor: str, action: str, target: str, details: Mapping[str, Any] | None = None
    ) -> bool:
        """Write an entry that no answer waits for; return whether the database took it."""
        try:
            await self.acted(actor, action, target, details)
        except DBAPIError as error:
            logger.error("the audit log was not written", extra=fault_fields(error))
            return False
        return True

    async def end(self) -> None:
        """Note the end of the service."""
        await asyncio.gather(*self._notes)
        await self.note_failures()
        await self.noted("service", "service.stopped", __version__)

    def checks(self) -> dict[str, str]:
        """Return what must be "ok" for the service to be ready."""
        return {
            "store": "ok" if self._store.is_reachable() else "unreachable",
            "workers": "ok" if self._workers.ready else "not ready",
        }

    def degraded(self) -> str:
        """Return in words what is late though checks are answered; "" for nothing."""
        if (lag_s := self._purge_lag_s()) <= MOST_LAG_S:
            return ""
        return (
            f"data over their retention were last deleted {lag_s:.0f} s ago; expected every "
            "minute; the log names the fault"
        )

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def collect(self) -> Iterator[Metric]:
        """Yield what is read at each look: workers, audit log, quantiles of scores."""
        info = GaugeMetricFamily("facepad_build_info", "Version.", labels=["version"])
        info.add_metric([__version__], 1.0)
        yield info
        yield _gauge("facepad_ready", "1 while checks are answered.", self._workers.ready)
        yield _gauge("facepad_queue_depth", "Checks that wait.", self._workers.queue_depth)
        yield _gauge("facepad_processing_in_flight", "Checks at work.", self._workers.in_flight)
        yield CounterMetricFamily(
            "facepad_worker_restarts",
            "Workers that were started again.",
            value=self._workers.restarts,
        )
        yield _gauge("facepad_audit_head_seq", "Entries of the audit log.", self._audit.head()[0])
        yield _gauge(
            "facepad_purge_lag_seconds",
            "Time since data over their retention were last deleted.",
            self._purge_lag_s(),
        )
        yield self._quantiles()

    def _quantiles(self) -> Metric:
        family = SummaryMetricFamily(
            "facepad_score",
            f"Quantiles of the newest {MOST_SCORES} scores of each calibration, from "
            f"{LEAST_SCORES} on.",
        )
        for calibration, scores in list(self._scores.items()):
            labels = {"calibration": calibration}
            newest = list(scores)
            if len(newest) >= LEAST_SCORES:
                for share, value in _quantiles_of(newest):
                    one = {**labels, "quantile": f"{share:g}"}
                    family.add_sample("facepad_score", one, round(value, 3))
            family.add_sample("facepad_score_count", labels, self._counted[calibration])
        return family

    def _count(self, result: Mapping[str, Any]) -> None:
        document = result["document"]
        point = (document["operating_point"] or {}).get("name", "none")
        self._decisions.labels(result["decision"], point).inc()
        for reason in document["reasons"]:
            self._reasons.labels(reason).inc()
        for step, milliseconds in result["timings"].items():
            self._steps.labels(step.removesuffix("_ms")).observe(milliseconds / 1000.0)
        if document["score"] is not None:
            calibration = document["calibration"] or _NO_CALIBRATION
            name = calibration if isinstance(calibration, str) else calibration["name"]
            self._scores[name].append(document["score"])
            self._counted[name] += 1


def router(operations: Operations, reader: Callable[..., Awaitable[str]]) -> APIRouter:
    """Make the routes for those who run the service.

    Args:
        operations: What is shown.
        reader: Dependency that checks who may read the metrics.
    """
    routes = APIRouter(tags=["operations"])

    @routes.head("/livez", include_in_schema=False)
    @routes.get("/livez", summary="Whether the process answers", responses=_live())
    async def livez() -> dict[str, bool]:
        return {"live": True}

    @routes.head("/readyz", include_in_schema=False)
    @routes.get("/readyz", summary="Whether checks are answered", responses=_ready())
    async def readyz() -> JSONResponse:
        checks = await run_in_threadpool(operations.checks)
        is_ready = set(checks.values()) == {"ok"}
        content: dict[str, Any] = {"ready": is_ready, "checks": checks}
        if late := operations.degraded():
            content["degraded"] = late
        return JSONResponse(content, 200 if is_ready else 503)

    @routes.get("/metrics", include_in_schema=False)
    async def metrics(_: Annotated[str, Depends(reader)]) -> Response:
        text = await run_in_threadpool(operations.text)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return routes


def _live() -> dict[int | str, dict[str, Any]]:
    return {200: _shown("The process answers", {"live": True})}


def _ready() -> dict[int | str, dict[str, Any]]:
    good = {"ready": True, "checks": {"store": "ok", "workers": "ok"}}
    bad = {"ready": False, "checks": {"store": "ok", "workers": "not ready"}}
    return {200: _shown("Checks are answered", good), 503: _shown("Not yet, or no more", bad)}


def _shown(words: str, example: Mapping[str, Any]) -> dict[str, Any]:
    content = {"schema": {"type": "object"}, "example": example}
    return {"description": words, "content": {"application/json": content}}


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=float(value))


def _quantiles_of(values: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Yield each share of `QUANTILES` and its quantile, interpolated linearly."""
    cuts = statistics.quantiles(values, n=_PARTS, method="inclusive")
    return ((share, cuts[round(share * _PARTS) - 1]) for share in QUANTILES)


def _facts(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the audit log keeps of results: decisions and versions, never a score."""
    first = results[0]["document"] if results else {}
    return {
        "decisions": [result["decision"] for result in results],
        "operating_point": (first.get("operating_point") or {}).get("name"),
        "models": [f"{name}:{version}" for name, version in first.get("models", {}).items()],
        "facepad_version": first.get("facepad_version"),
    }
