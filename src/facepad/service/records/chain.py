"""The chain of the audit log: entries, each with a hash over the one before, and its check."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from facepad.service.records.checkpoints import Checkpoint

ZERO = f"sha256:{'0' * 64}"  # hash before the first entry
Detail = str | int | bool | None | Sequence[str]


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry.

    Attributes:
        seq: Its number, from 1, without gaps.
        at: Time, RFC 3339.
        actor: Who acted, as "key:ID", "operator" or "service".
        action: What was done, as "liveness.judged".
        object: What it was done to: an id.
        details: Short facts.
        hash: "sha256:" and the hash over the one before and this entry.
    """

    seq: int
    at: str
    actor: str
    action: str
    object: str
    details: Mapping[str, Detail]
    hash: str


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What a verification of the whole log found.

    Attributes:
        entries: Number of entries that were read.
        head: Hash of the last entry; noted elsewhere, it proves later that nothing before it
            was changed.
        problems: One sentence for each fault; empty for a log that verifies.
        first: Number of the first entry that is kept.
        purged_at: Time at which the entries before ``first`` were deleted, RFC 3339; "" where
            none were.
        unchecked: Given checkpoints of entries that were deleted after their retention.
    """

    entries: int
    head: str
    problems: tuple[str, ...] = ()
    first: int = 1
    purged_at: str = ""
    unchecked: int = 0

    @property
    def is_intact(self) -> bool:
        """Whether nothing was changed, added or removed."""
        return not self.problems


@dataclass(slots=True)
class ChainCheck:
    """Computes a chain again.

    Attributes:
        seq: Number of the last entry so far; at first of the one before the chain.
        last: Its hash.
        checkpoints: What the chain must hold; those of earlier entries are left out.
        known: A hash that the chain must hold; None for any.
    """

    seq: int
    last: str
    checkpoints: Sequence[Checkpoint] = ()
    known: str | None = None

    def problems(self, entries: Iterable[AuditEntry | str]) -> Iterator[str]:
        """Yield what is wrong with a chain.

        Args:
            entries: Entries in order; in place of an unreadable one, what is wrong with it.
        """
        due: dict[int, list[Checkpoint]] = defaultdict(list)
        for one in self.checkpoints:
            if one.seq >= self.seq:
                due[one.seq].append(one)
        is_there = self.known in {None, ZERO, self.last}
        yield from self._replaced(due.pop(self.seq, []))
        for entry in entries:
            if isinstance(entry, str):
                yield entry
                return
            yield from self._next(entry)
            yield from self._replaced(due.pop(self.seq, []))
            is_there = is_there or entry.hash == self.known
        if due:
            latest = due[max(due)][0]
            yield (
                f"the log ends at entry {self.seq}, but the checkpoint{_of(latest)} has entry "
                f"{latest.seq}: the end was cut off, or this is another log"
            )
        if not is_there:
            yield "the known hash is not in the log: entries were removed or replaced"

    def _next(self, entry: AuditEntry) -> Iterator[str]:
        expected = self.seq + 1
        if entry.seq < expected:
            yield f"entry {entry.seq} lies before entry {expected}, the first one that is kept"
            return
        if entry.seq > expected:
            yield f"entry {expected} is missing; the next one has number {entry.seq}"
        elif entry.hash != entry_hash(self.last, entry):
            yield f"entry {expected} was changed: its hash does not fit"
        self.seq, self.last = entry.seq, entry.hash

    def _replaced(self, checkpoints: Iterable[Checkpoint]) -> Iterator[str]:
        for one in checkpoints:
            if one.hash != self.last:
                yield f"entry {one.seq} is not that of the checkpoint{_of(one)}: it was replaced"


def entry_hash(before: str, entry: AuditEntry) -> str:
    """Return the hash of an entry, over the hash of the one before and all its values."""
    content = {
        "seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "object": entry.object,
        "details": entry.details,
    }
    return f"sha256:{hashlib.sha256(f'{before}{canonical(content)}'.encode()).hexdigest()}"


def canonical(content: object) -> str:
    """Return JSON in the one form of RFC 8785; no entry holds a number with a fraction."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _of(checkpoint: Checkpoint) -> str:
    return f" of {checkpoint.at}" if checkpoint.at else ""
