"""Whether the service can be watched while clients send large, crowded, slow, cut or no bodies."""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "benchmarks"))
hostile = pytest.importorskip("service_hostile", reason="source archives hold no benchmarks")

if TYPE_CHECKING:
    from service_load import Service

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SECONDS = 3.0  # of each load


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Service]":
    folder = tmp_path_factory.mktemp("service")
    variables = {"FACEPAD_SERVICE_MAX_CONNECTIONS": str(hostile.MOST_CONNECTIONS)}
    with hostile.serving(folder, environment=variables) as one:
        yield one


@pytest.fixture(scope="module")
def ordinary(service: "Service") -> dict[str, list[float]]:
    """Seconds of the answers while as many clients let pictures be checked."""
    looks: dict[str, list[float]] = hostile.watched(service, "ordinary", SECONDS)[0]
    return looks


@pytest.mark.parametrize("kind", ["large", "crowded", "parts", "slow", "silent", "chunks"])
def test_the_service_is_watched_under_hostile_bodies(
    service: "Service", ordinary: dict[str, list[float]], kind: str
) -> None:
    looks, statuses = hostile.watched(service, kind, SECONDS)
    assert set(statuses) <= {"415", "422", "503"}
    for path, times in looks.items():
        assert all(map(math.isfinite, times)), f"{path} was not answered with 200"
        assert len(times) >= len(ordinary[path]) / 20, f"{path} was seldom answered"
