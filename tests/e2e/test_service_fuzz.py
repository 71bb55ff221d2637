"""Made-up and mutated requests: no crash, no leak, and only answers that are documented."""

import asyncio
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "benchmarks"))
load = pytest.importorskip("service_load", reason="source archives hold no benchmarks")

if TYPE_CHECKING:
    from mutated_requests import Requests
    from service_load import Service

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

EXAMPLES = 20  # of each operation
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
CLIENTS = 4  # fewer than the places of two workers
PORTRAIT_EVERY = 500  # requests; between what is damaged, what is right is judged
SAMPLES = 40  # of the memory
# No test is late, however busy this machine is; and no worker is replaced, which would hide a leak.
SETTINGS = {
    "FACEPAD_SERVICE_TESTS_DEADLINE_S": "600",
    "FACEPAD_SERVICE_TEST_DEADLINE_S": "600",
    "FACEPAD_SERVICE_REQUEST_DEADLINE_S": "600",
    "FACEPAD_SERVICE_WORKER_JOBS": "1000000",
}
# Of the server before any route is found; HTTP that cannot be read has no other answer.
IMAGE = "/v1/liveness/image"
OF_ANY_ROUTE = {400, 404, 405, 411, 413, 414, 415, 417, 421, 431}


def test_every_operation_keeps_its_description(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, given, settings
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    import service_app  # with the next two, takes long, and the fast suite reads this file

    monkeypatch.setattr("facepad.service.requests.rates.FAILURES", 1e9)
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))
    with service_app.served(
        tmp_path / "state", service_app.QuickJudge().answer, rate_per_s=0.0
    ) as one:
        description = schemathesis.openapi.from_asgi("/v1/openapi.json", one.client.app)
        operations = [found.ok() for found in description.get_all_operations()]
        assert len(operations) >= 10
        for operation in operations:

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            @given(operation.as_strategy())
            def keeps(case: Any) -> None:  # noqa: ANN401 - the library's own
                answer = case.call(headers=one.headers())
                # JSON Schema cannot say that base64 text must hold a picture.
                case.validate_response(answer, excluded_checks=[positive_data_acceptance])

            keeps()


@dataclass
class Found:
    """What was answered.

    Attributes:
        statuses: Number of answers by status.
        wrong: Number, status and begin of the body of each answer that is not documented.
        memory_kb: Of the server and its workers, from time to time.
        refused: Answers 503 since all places were taken.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[tuple[int, int, bytes]] = field(default_factory=list)
    memory_kb: list[int] = field(default_factory=list)
    refused: int = 0


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(5_000, id="a tenth"),
        pytest.param(50_000, id="all", marks=pytest.mark.nightly),
    ],
)
def test_mutated_requests_are_answered_as_documented_in_flat_memory(
    tmp_path: Path, count: int
) -> None:
    from mutated_requests import Requests

    with load.serving(tmp_path, workers=2, environment=SETTINGS) as service:
        requests = Requests(urlsplit(service.url).netloc, service.key)
        began, found = time.monotonic(), Found()
        asyncio.run(_send(service, requests, count, found))
        seconds = time.monotonic() - began
        restarts = _restarts(service)
        faults = [line for line in service.log.read_text().splitlines() if '"fault"' in line]
    early, late = median(found.memory_kb[10:15]), median(found.memory_kb[-5:])
    sys.stdout.write(
        f"{count} requests in {seconds:.1f} s, {count / seconds:.0f} a second: "
        f"{dict(sorted(found.statuses.items()))}; {restarts} workers lost; memory "
        f"{early / 1024:.0f} MB after a quarter, {late / 1024:.0f} MB at the end, "
        f"{100 * (late / early - 1):+.1f} %\n"
    )
    assert not found.wrong
    assert found.statuses.total() == count
    assert {200, 400, 415, 422} <= set(found.statuses)
    assert found.refused <= count // 100
    assert restarts == 0
    assert not faults
    assert late <= 1.1 * early, found.memory_kb


async def _send(service: "Service", requests: "Requests", count: int, found: Found) -> None:
    """Send the requests over a few connections, and keep what is answered."""
    numbers = iter(range(count))
    documented = await _documented(service)
    portrait = load.picture_request(service, PORTRAIT.read_bytes())

    async def client() -> None:
        connection = load.Connection(service.url)
        for number in numbers:
            if number % (count // SAMPLES) == 0:
                found.memory_kb.append(_memory_kb(service))
            if number % PORTRAIT_EVERY == 0:
                status, body = await connection.ask(portrait)
                is_right = status == 200 and b'"score"' in body
            else:
                request = requests.numbered(number)
                status, body = await connection.ask(request.message)
                path = "" if request.is_last else request.message.split(b" ", 2)[1].decode()
                is_right = status in documented.get(path, OF_ANY_ROUTE | documented[IMAGE])
                if request.is_last:
                    await connection.close()
            found.statuses[status] += 1
            if status == 503 and json.loads(body)["code"] == "overloaded":
                found.refused += 1
            elif not is_right or status >= 500:
                found.wrong.append((number, status, body[:200]))
        await connection.close()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


async def _documented(service: "Service") -> Mapping[str, set[int]]:
    """Return the statuses of each route, by the description that the service gives of itself."""
    message = load.request(service, "GET", "/v1/openapi.json")
    paths = json.loads((await load.fetch(service.url, message))[1])["paths"]
    return {
        path: {int(status) for status in one["post"]["responses"]}
        for path, one in paths.items()
        if "post" in one
    }


def _memory_kb(service: "Service") -> int:
    """Proportional set size of the server and its workers, kilobytes."""
    pids = (service.process.pid, *service.workers)
    return sum(load.memory_kb(pid)["Pss"] for pid in pids)


def _restarts(service: "Service") -> int:
    message = load.request(service, "GET", "/metrics")
    text = asyncio.run(load.fetch(service.url, message))[1].decode()
    (restarts,) = re.findall(r"^facepad_worker_restarts_total (\S+)$", text, re.MULTILINE)
    return int(float(restarts))
