"""Rate limits: buckets that refill, and addresses whose keys are refused too often."""

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from facepad.errors import SettingsError
from facepad.service.config import ServiceConfig
from facepad.service.problems import Problem
from facepad.service.requests.rates import FAILURES, Buckets, CallerRates, network_of


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_answered_and_then_as_much_as_the_rate() -> None:
    clock = Clock()
    buckets = Buckets(2.0, 3, clock)
    assert [buckets.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    clock.now = 0.5
    assert [buckets.take("a"), buckets.take("a")] == [0.0, 0.5]


def test_callers_have_buckets_of_their_own() -> None:
    buckets = Buckets(1.0, 1, Clock())
    assert [buckets.take("a"), buckets.take("b")] == [0.0, 0.0]


def test_a_crowd_of_callers_takes_bounded_memory() -> None:
    buckets = Buckets(1.0, 1, Clock())
    for number in range(10_100):
        buckets.take(str(number))
    assert len(buckets._left) == 10_000


def test_a_key_that_asks_too_often_is_told_when_to_come_back() -> None:
    rates = CallerRates(ServiceConfig(rate_per_s=0.5, rate_burst=1))
    asyncio.run(rates.count("k"))
    with pytest.raises(Problem) as caught:
        asyncio.run(rates.count("k"))
    assert (caught.value.code, caught.value.headers) == ("rate_limited", {"Retry-After": "2"})


def test_keys_are_not_tried_without_end_from_one_network() -> None:
    rates = CallerRates(ServiceConfig())
    for number in range(FAILURES):
        rates.count_failure(f"2001:db8::{number}")
    with pytest.raises(Problem, match="rate_limited"):
        rates.count_failure("2001:db8::ffff")
    rates.count_failure("2001:db8:0:1::1")


def test_without_redis_each_instance_counts_by_itself() -> None:
    pytest.importorskip("redis", reason="an optional package")
    config = ServiceConfig(rate_per_s=1.0, rate_burst=1, redis_url="redis://127.0.0.1:9")

    async def twice() -> None:
        rates = CallerRates(config)
        await rates.count("k")
        await rates.count("k")

    with pytest.raises(Problem, match="rate_limited"):
        asyncio.run(twice())


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A Redis of its own, which listens on a socket in a folder."""
    pytest.importorskip("redis", reason="an optional package")
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    socket = tmp_path / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL) as server:
        try:
            while not socket.exists():
                assert server.poll() is None
                time.sleep(0.02)
            yield f"unix://{socket}"
        finally:
            server.terminate()


@pytest.mark.slow
def test_redis_counts_for_all_instances(redis_url: str) -> None:
    config = ServiceConfig(rate_per_s=0.001, rate_burst=2, redis_url=redis_url)

    async def thrice() -> None:
        first, second = CallerRates(config), CallerRates(config)
        await first.count("k")
        await second.count("k")
        await second.count("another")
        try:
            with pytest.raises(Problem, match="rate_limited"):
                await first.count("k")
        finally:
            await first.close()
            await second.close()

    asyncio.run(thrice())


@pytest.mark.parametrize("url", ["nowhere", "http://a"])
def test_an_address_that_is_not_redis_is_named(url: str) -> None:
    pytest.importorskip("redis", reason="an optional package")
    with pytest.raises(SettingsError, match="FACEPAD_SERVICE_REDIS_URL"):
        CallerRates(ServiceConfig(redis_url=url))


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8::7", "2001:db8::/64"), ("", "unknown")],
)
def test_an_address_counts_with_its_network(address: str, network: str) -> None:
    assert network_of(address) == network
