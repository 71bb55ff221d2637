"""The audit log: what was done by whom, without pictures, scores or addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What a look at the whole log found.

    Attributes:
        entries: Number of entries.
        fault: What is wrong, and where; "" when the chain is whole.
    """

    entries: int
    fault: str = ""


class AuditLog(Protocol):
    """Keeps entries in order, each chained to the one before."""

    def append(
        self, actor: str, action: str, object: str, details: Mapping[str, Any] | None = None
    ) -> None:
        """Add an entry."""

    def verify(self) -> AuditCheck:
        """Check the whole chain."""


class MemoryAudit:
    """A log that ends with the process; for tests and examples."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str, str, dict[str, Any]]] = []

    def append(
        self, actor: str, action: str, object: str, details: Mapping[str, Any] | None = None
    ) -> None:
        """Add an entry."""
        self.entries.append((actor, action, object, dict(details or {})))

    def verify(self) -> AuditCheck:
        """Count the entries."""
        return AuditCheck(len(self.entries))
