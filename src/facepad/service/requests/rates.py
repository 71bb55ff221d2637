"""How often a caller may ask: a bucket for each API key, and a count of failed keys by address."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any

from facepad.service.config import ServiceConfig
from facepad.service.problems import Problem

logger = logging.getLogger("facepad.service")
FAILURES, FAILURES_WITHIN_S = 20, 60.0  # keys that are refused from one address
_MOST_CALLERS = 10_000  # that are remembered; the one that was longest away is forgotten
_REDIS_S = 0.2  # until Redis counts as away
_IPV6_NETWORK = 64  # bits that belong to one customer


class Buckets:
    """A token bucket for each of many callers.

    Args:
        per_s: Tokens that are added a second.
        burst: Most tokens of a caller.
        clock: Seconds that only grow.
    """

    def __init__(
        self, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str, tokens: float = 1.0) -> float:
        """Take tokens; return 0.0, or the seconds until there are enough, and then take none."""
        now = self._clock()
        left = self._refilled(caller, now)
        is_enough = left >= tokens
        self._left[caller] = (left - tokens if is_enough else left), now
        self._left.move_to_end(caller)
        while len(self._left) > _MOST_CALLERS:
            self._left.popitem(last=False)
        return 0.0 if is_enough else (tokens - left) / self._per_s

    def wait(self, caller: str) -> float:
        """Return the seconds until a caller has a token; take none."""
        left = self._refilled(caller, self._clock())
        return 0.0 if left >= 1.0 else (1.0 - left) / self._per_s

    def _refilled(self, caller: str, now: float) -> float:
        left, since = self._left.get(caller, (self._burst, now))
        return min(self._burst, left + (now - since) * self._per_s)


class CallerRates:
    """The limits of all callers; in this process, or in Redis for several instances.

    Args:
        config: ``rate_per_s``, ``rate_burst`` and ``redis_url``.
    """

    def __init__(self, config: ServiceConfig) -> None:
        self._per_s, self._burst = config.rate_per_s, config.rate_burst
        self._keys = Buckets(config.rate_per_s or 1.0, config.rate_burst)
        self._failures = Buckets(FAILURES / FAILURES_WITHIN_S, FAILURES)
        self._redis: Any = None
        self._away: tuple[type[Exception], ...] = ()
        if config.redis_url:
            self._redis, self._away = _redis(config.redis_url)

    async def count(self, key_id: str) -> None:
        """Count a request of an API key.

        Raises:
            Problem: It asks too often.
        """
        if self._per_s <= 0.0:
            return
        wait = await self._shared(key_id)
        if wait is None:
            wait = self._keys.take(key_id)
        if wait > 0.0:
            raise _limited(wait)

    def check_failures(self, address: str) -> None:
        """Check that keys from an address are still looked up; call this before each look.

        Raises:
            Problem: Too many were refused.
        """
        if (wait := self._failures.wait(network_of(address))) > 0.0:
            raise _limited(wait)

    def count_failure(self, address: str) -> None:
        """Count a key that was refused.

        Raises:
            Problem: Too many came from this address.
        """
        if (wait := self._failures.take(network_of(address))) > 0.0:
            raise _limited(wait)

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._redis is not None:
            await self._redis.aclose()

    async def _shared(self, key_id: str) -> float | None:
        """Count in Redis, by windows of a second and of a burst; None where it is away."""
        if self._redis is None:
            return None
        window = self._burst / self._per_s  # seconds in which a caller may send a burst
        name = f"facepad:rate:{key_id}:{int(time.time() / window)}"
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                count, _ = await pipe.incr(name).expire(name, int(window) + 1).execute()
        except self._away as error:
            logger.warning("redis", extra={"event": "redis_away", "fault": type(error).__name__})
            return None
        return 0.0 if count <= self._burst else window - time.time() % window


def network_of(address: str) -> str:
    """Return what counts as one address: IPv6 addresses of one customer are one.

    Example:
        >>> network_of("192.0.2.7"), network_of("2001:db8::1:7")
        ('192.0.2.7', '2001:db8::/64')
    """
    try:
        if ip_address(address).version == 4:
            return address
        return str(ip_network(f"{address}/{_IPV6_NETWORK}", strict=False))
    except ValueError:
        return "unknown"


def _limited(wait_s: float) -> Problem:
    return Problem("rate_limited", headers={"Retry-After": str(int(wait_s) + 1)})


def _redis(url: str) -> tuple[Any, tuple[type[Exception], ...]]:
    """Return a client and what it raises where Redis is away.

    Raises:
        SettingsError: The package is missing, or the address cannot be used.
    """
    from facepad.errors import SettingsError

    try:
        from redis.asyncio import Redis
        from redis.exceptions import RedisError

        client = Redis.from_url(url, socket_timeout=_REDIS_S, socket_connect_timeout=_REDIS_S)
    except ImportError:
        raise SettingsError(
            "FACEPAD_SERVICE_REDIS_URL needs the package redis: pip install 'facepad[redis]'"
        ) from None
    except ValueError:
        raise SettingsError(
            "FACEPAD_SERVICE_REDIS_URL cannot be used; expected redis://HOST:PORT/0"
        ) from None
    return client, (RedisError, OSError)
