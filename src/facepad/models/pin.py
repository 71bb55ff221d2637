"""Pins: which bundle of models is asked for, by name, version and hash."""

import re
from dataclasses import dataclass, replace
from typing import Self

_FORM = re.compile(r"([a-z][a-z0-9_]*)(?:-([1-9][0-9]{0,8}))?(?:\+([0-9a-f]{8,64}))?")
EXPECTED = (
    "NAME, NAME-VERSION or NAME-VERSION+HASH with 8 to 64 digits of the hash, as in free-1+3fa9c1d2"
)


@dataclass(frozen=True, slots=True)
class Pin:
    """Which bundle to use.

    Attributes:
        name: Name of the bundle.
        version: Its version; None for the highest.
        sha256: The first digits of its hash; "" for any.
    """

    name: str
    version: int | None = None
    sha256: str = ""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a pin: ``NAME``, ``NAME-VERSION`` or ``NAME-VERSION+HASH``; None if it is none.

        Example:
            >>> Pin.parse("free-6+3fa9c1d2")
            Pin(name='free', version=6, sha256='3fa9c1d2')
        """
        match = _FORM.fullmatch(text)
        if match is None:
            return None
        name, version, sha256 = match.groups(default="")
        return cls(name, int(version) if version else None, sha256)

    def may_be(self, other: "Pin") -> bool:
        """Return whether a bundle that is known by a shorter hash may be the one asked for."""
        return replace(self, sha256=self.sha256[: len(other.sha256)]).fits(
            other.name, other.version or 0, other.sha256
        )

    def fits(self, name: str, version: int, sha256: str) -> bool:
        """Return whether a bundle of this name, version and hash is the one asked for."""
        return (
            name == self.name and self.version in (None, version) and sha256.startswith(self.sha256)
        )
