"""Rate limits: buckets that refill, and addresses whose keys are refused too often."""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from facepad.errors import SettingsError
from facepad.service.config import ServiceConfig
from facepad.service.problems import Problem
from facepad.service.requests import shared_rates
from facepad.service.requests.rates import (
    FAILURES,
    Buckets,
    CallerRates,
    network_of,
    with_mapped,
)
from facepad.service.requests.shared_rates import SharedBuckets
from facepad.service.run import bound


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_answered_and_then_as_much_as_the_rate() -> None:
    clock = Clock()
    buckets = Buckets(2.0, 3, clock=clock)
    assert [buckets.take("a") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    clock.now = 0.5
    assert [buckets.take("a"), buckets.take("a")] == [0.0, 0.5]


def test_callers_have_buckets_of_their_own() -> None:
    buckets = Buckets(1.0, 1, clock=Clock())
    assert [buckets.take("a"), buckets.take("b")] == [0.0, 0.0]


def test_a_crowd_of_callers_takes_bounded_memory() -> None:
    buckets = Buckets(1.0, 1, clock=Clock())
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

    async def guess() -> None:
        for number in range(FAILURES):
            await rates.count_failure(f"2001:db8::{number}")
        with pytest.raises(Problem, match="rate_limited"):
            await rates.count_failure("2001:db8::ffff")
        await rates.count_failure("2001:db8:0:1::1")

    asyncio.run(guess())


def test_who_used_up_all_tokens_waits_for_a_pause() -> None:
    clock = Clock()
    buckets = Buckets(1 / 3, 2, 60.0, clock)
    assert [buckets.take("a") for _ in range(3)] == [0.0, 0.0, 60.0]
    clock.now = 59.0
    assert buckets.take("a") == pytest.approx(1.0)
    clock.now = 60.5
    assert buckets.take("a") == 0.0
    assert buckets.take("a") == 60.0  # one more guess, and the next pause
    clock.now += 120.0
    assert buckets.take("a") == 0.0


def test_addresses_are_counted_by_a_hash_of_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    rates, other = CallerRates(ServiceConfig(), b"k" * 32), CallerRates(ServiceConfig(), b"k" * 32)
    today = rates._place("192.0.2.7")
    assert today == other._place("192.0.2.7")
    assert today != rates._place("192.0.2.8")
    assert today != CallerRates(ServiceConfig())._place("192.0.2.7")
    asyncio.run(rates.count_failure("192.0.2.7"))
    assert list(rates._failures._left) == [today]
    assert "192" not in today
    tomorrow = time.time() + 86_400.0
    monkeypatch.setattr(time, "time", lambda: tomorrow)
    assert rates._place("192.0.2.7") != today


def test_without_redis_each_instance_counts_by_itself() -> None:
    pytest.importorskip("redis", reason="an optional package")
    config = ServiceConfig(rate_per_s=1.0, rate_burst=1, redis_url="redis://127.0.0.1:9")

    async def twice() -> None:
        rates = CallerRates(config)
        await rates.count("k")
        await rates.count("k")

    with pytest.raises(Problem, match="rate_limited"):
        asyncio.run(twice())


def test_redis_is_not_asked_for_some_seconds_after_it_was_away() -> None:
    pytest.importorskip("redis", reason="an optional package")
    clock, asked = Clock(), list[object]()
    shared = SharedBuckets("redis://127.0.0.1:9", clock)

    async def away(**given: object) -> None:
        asked.append(given)
        raise ConnectionError

    shared._script = away

    async def ask() -> None:
        for _ in range(3):
            assert await shared.ask(Buckets(1.0, 1), "k") is None
        clock.now = 6.0
        assert await shared.ask(Buckets(1.0, 1), "k") is None

    asyncio.run(ask())
    assert len(asked) == 2


@pytest.fixture
def redis_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Redis of its own, which listens on a socket in a folder; it is waited for."""
    pytest.importorskip("redis", reason="an optional package")
    monkeypatch.setattr(shared_rates, "_REDIS_S", 60.0)
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


@pytest.mark.slow
def test_wrong_keys_are_counted_for_all_instances_and_addresses_stay_unknown(
    redis_url: str,
) -> None:
    config = ServiceConfig(redis_url=redis_url)

    async def guess() -> None:
        first, second = CallerRates(config, b"k" * 32), CallerRates(config, b"k" * 32)
        try:
            for number in range(FAILURES):
                await (first, second)[number % 2].count_failure("192.0.2.7")
            for rates in (first, second):
                with pytest.raises(Problem, match="rate_limited") as caught:
                    await rates.count_failure("192.0.2.7")
                assert 50 < int(caught.value.headers["Retry-After"]) <= 61
            await second.count_failure("192.0.2.8")
            redis = first._shared._redis  # type: ignore[union-attr]
            name = f"facepad:{first._place('192.0.2.7')}".encode()
            other = f"facepad:{first._place('192.0.2.8')}".encode()
            assert set(await redis.keys()) == {name, other}
            assert set(await redis.hgetall(name)) == {b"left", b"at"}
            assert 0 < await redis.ttl(name) <= 200
        finally:
            await first.close()
            await second.close()

    asyncio.run(guess())


@pytest.mark.slow
def test_redis_refills_as_the_process_does(redis_url: str) -> None:
    async def take() -> list[float | None]:
        shared = SharedBuckets(redis_url)
        try:
            bucket = Buckets(0.001, 2)
            waits = [await shared.ask(bucket, "k") for _ in range(3)]
            await shared._redis.hincrbyfloat("facepad:k", "at", -1000.0)  # as if time went on
            return [*waits, await shared.ask(bucket, "k")]
        finally:
            await shared.close()

    first, second, third, later = asyncio.run(take())
    assert (first, second, later) == (0.0, 0.0, 0.0)
    assert third is not None
    assert 0.0 < third <= 1000.0


@pytest.mark.parametrize("url", ["nowhere", "http://a"])
def test_an_address_that_is_not_redis_is_named(url: str) -> None:
    pytest.importorskip("redis", reason="an optional package")
    with pytest.raises(SettingsError, match="FACEPAD_SERVICE_REDIS_URL"):
        CallerRates(ServiceConfig(redis_url=url))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::/64"),
        ("", "unknown"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_an_address_counts_with_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize("trusted", ["192.0.2.7", "192.0.2.0/24"])
def test_a_proxy_of_ipv4_is_trusted_on_a_listener_of_ipv6(trusted: str) -> None:
    from uvicorn.middleware.proxy_headers import _TrustedHosts

    proxies = _TrustedHosts(with_mapped([trusted]))
    assert "192.0.2.7" in proxies
    assert "::ffff:192.0.2.7" in proxies
    assert "::ffff:192.0.3.7" not in proxies


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="the system has no IPv6")
def test_the_listener_of_every_address_takes_ipv4_too() -> None:
    with bound(ServiceConfig(host="::", port=0, insecure_http=True)) as listener:
        listener.listen()
        with socket.create_connection(("127.0.0.1", listener.getsockname()[1]), timeout=10):
            link, address = listener.accept()
            link.close()
    assert address[0] == "::ffff:127.0.0.1"
