"""How often a caller may ask: a bucket for each API key, and a count of failed keys by address."""

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from facepad.service.config import ServiceConfig
from facepad.service.problems import Problem
from facepad.service.requests.shared_rates import SharedBuckets

FAILURES, FAILURES_WITHIN_S = 20, 60.0  # keys that are refused from one address
PAUSE_S = 60.0  # in which wrong keys from that address get 429
_DAY_S = 86_400
_MOST_CALLERS = 10_000  # that are remembered; the one that was longest away is forgotten
_IPV6_NETWORK = 64  # bits that belong to one customer


class Buckets:
    """A token bucket for each of many callers.

    Args:
        per_s: Tokens that are added a second.
        burst: Most tokens of a caller.
        pause_s: Seconds until a caller who used up the tokens gets the next one; 0.0 for as soon
            as it is added.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        per_s: float,
        burst: float,
        pause_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.per_s, self.burst, self.pause_s, self._clock = per_s, burst, pause_s, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, caller: str) -> float:
        """Take a token; return 0.0, or the seconds until there is one, and then take none."""
        now = self._clock()
        left = self._refilled(caller, now)
        is_enough = left >= 1.0
        if is_enough:
            left -= 1.0
            if self.pause_s and left < 1.0:
                left = 1.0 - self.pause_s * self.per_s
        self._left[caller] = left, now
        self._left.move_to_end(caller)
        while len(self._left) > _MOST_CALLERS:
            self._left.popitem(last=False)
        return 0.0 if is_enough else (1.0 - left) / self.per_s

    def _refilled(self, caller: str, now: float) -> float:
        left, since = self._left.get(caller, (self.burst, now))
        return min(self.burst, left + (now - since) * self.per_s)


class CallerRates:
    """The limits of all callers; in this process, or in Redis for several instances.

    Addresses are counted by a keyed hash whose key changes every day, here and in Redis.

    Args:
        config: ``rate_per_s``, ``rate_burst`` and ``redis_url``.
        address_key: Key of the hashes of addresses; the same one in all instances that count
            together.
    """

    def __init__(self, config: ServiceConfig, address_key: bytes = b"") -> None:
        self._is_limited = config.rate_per_s > 0.0
        self._keys = Buckets(config.rate_per_s or 1.0, config.rate_burst)
        self._failures = Buckets(FAILURES / FAILURES_WITHIN_S, FAILURES, PAUSE_S)
        self._address_key = address_key or secrets.token_bytes(32)
        self._shared = SharedBuckets(config.redis_url) if config.redis_url else None

    async def count(self, key_id: str) -> None:
        """Count a request of an API key.

        Raises:
            Problem: It asks too often.
        """
        if self._is_limited:
            await self._ask(self._keys, f"rate:{key_id}")

    async def count_failure(self, address: str) -> None:
        """Count a key that was refused.

        Raises:
            Problem: Too many came from this address.
        """
        await self._ask(self._failures, self._place(address))

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._shared is not None:
            await self._shared.close()

    async def _ask(self, buckets: Buckets, caller: str) -> None:
        """Take a token.

        Raises:
            Problem: There is none.
        """
        wait = None
        if self._shared is not None:
            wait = await self._shared.ask(buckets, caller)
        if wait is None:
            wait = buckets.take(caller)
        if wait > 0.0:
            raise Problem("rate_limited", headers={"Retry-After": str(int(wait) + 1)})

    def _place(self, address: str) -> str:
        """Return the name under which an address is counted today."""
        day = int(time.time() // _DAY_S)
        text = f"{day} {network_of(address)}"
        return f"failures:{hmac.digest(self._address_key, text.encode(), 'sha256').hex()[:32]}"


def network_of(address: str) -> str:
    """Return what counts as one address: IPv6 addresses of one customer are one.

    Example:
        >>> network_of("192.0.2.7"), network_of("2001:db8::1:7")
        ('192.0.2.7', '2001:db8::/64')
    """
    try:
        plain = plain_address(address)
    except ValueError:
        return "unknown"
    if plain.version == 4:
        return str(plain)
    return str(ip_network((int(plain), _IPV6_NETWORK), strict=False))


def plain_address(text: str) -> IPv4Address | IPv6Address:
    """Return an address; an IPv4 address that is written as one of IPv6 is one of IPv4.

    Raises:
        ValueError: It is no address.
    """
    address = ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def with_mapped(networks: Sequence[str]) -> list[str]:
    """Return networks, those of IPv4 also as a listener of IPv6 sees them.

    Args:
        networks: Addresses or networks.

    Example:
        >>> with_mapped(["192.0.2.7", "2001:db8::/64"])
        ['192.0.2.7', '2001:db8::/64', '::ffff:192.0.2.7/128']
    """
    parsed = (ip_network(one, strict=False) for one in networks)
    mapped = (
        f"::ffff:{one.network_address}/{96 + one.prefixlen}" for one in parsed if one.version == 4
    )
    return [*networks, *mapped]
