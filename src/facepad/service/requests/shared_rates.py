"""Token buckets in Redis, shared by several instances of the service."""

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol

from facepad.errors import SettingsError

logger = logging.getLogger("facepad.service")
PREFIX = "facepad:"  # of every name in Redis
_REDIS_S = 0.2  # until Redis counts as away
_AWAY_S = 5.0  # until it is asked again
# The bucket of `rates.Buckets`, by the clock of Redis. Numbers are returned as text, since those
# of Redis are whole. A bucket that is full again is forgotten.
_SCRIPT = """
local per_s, burst, pause_s = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left = tonumber(kept[1] or burst)
left = math.min(burst, left + math.max(0, now - tonumber(kept[2] or now)) * per_s)
if left < 1 then return string.format('%.6f', (1 - left) / per_s) end
left = left - 1
if pause_s > 0 and left < 1 then left = 1 - pause_s * per_s end
local full_ms = math.ceil((burst - left) / per_s * 1000) + 1
redis.call('HSET', KEYS[1], 'left', string.format('%.9f', left),
           'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.min(full_ms, 86400000))
return '0'
"""


class Bucket(Protocol):
    """What is limited, and how much.

    Attributes:
        per_s: Tokens that are added a second.
        burst: Most tokens of a caller.
        pause_s: Seconds without a token for a caller who used them up.
    """

    per_s: float
    burst: float
    pause_s: float


class SharedBuckets:
    """A token bucket for each of many callers, in Redis.

    Args:
        url: Address of Redis.
        clock: Seconds that only grow.

    Raises:
        SettingsError: The package redis is missing, or the address cannot be used.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._away_until = clock, 0.0
        self._redis, self._away = _redis(url)
        self._script = self._redis.register_script(_SCRIPT)

    async def ask(self, bucket: Bucket, caller: str) -> float | None:
        """Take a token of a caller, where there is one.

        Returns:
            0.0 where there was one; else the seconds until there is; None while Redis is away.
        """
        if self._clock() < self._away_until:
            return None
        values = (bucket.per_s, bucket.burst, bucket.pause_s)
        try:
            return float(await self._script(keys=[f"{PREFIX}{caller}"], args=values))
        except self._away as error:
            self._away_until = self._clock() + _AWAY_S
            logger.warning("redis", extra={"event": "redis_away", "fault": type(error).__name__})
            return None

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


def _redis(url: str) -> tuple[Any, tuple[type[Exception], ...]]:
    """Return a client and what it raises where Redis is away.

    Raises:
        SettingsError: The package is missing, or the address cannot be used.
    """
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
