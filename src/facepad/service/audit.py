"""The audit log: append-only entries, each with a hash over the one before.

A changed, added or removed entry breaks the chain. The seal of the last entry is a keyed hash
with the secret of the service, so that neither cutting the end nor writing the whole chain anew
goes unnoticed without that secret.

Entries name acts, decisions, ids and versions. They hold no media, scores, addresses or free text.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, insert, select, update

from facepad.service.store import AUDIT_HEAD, AUDIT_LOG, Store, timestamp, utc_now

ZERO = f"sha256:{'0' * 64}"  # hash before the first entry
Detail = str | int | bool | None | Sequence[str]
_WORD = re.compile(r"[A-Za-z0-9_.:@+ -]{0,200}", re.ASCII)
_MOST_DETAILS = 20


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
    """

    entries: int
    head: str
    problems: tuple[str, ...] = ()

    @property
    def is_intact(self) -> bool:
        """Whether nothing was changed, added or removed."""
        return not self.problems


class AuditLog:
    """The audit log of a store."""

    def __init__(
        self, store: Store, secret: bytes, clock: Callable[[], datetime] = utc_now
    ) -> None:
        """Use the log of a store.

        Args:
            store: The database.
            secret: Key of the seal.
            clock: Gives the time of an entry.
        """
        self._store, self._clock = store, clock
        self._secret = hmac.digest(secret, b"facepad audit seal", "sha256")

    def append(
        self,
        actor: str,
        action: str,
        object: str,
        details: Mapping[str, Detail] | None = None,
        *,
        within: Connection | None = None,
    ) -> AuditEntry:
        """Append an entry.

        Args:
            actor: Who acted, as "key:ID".
            action: What was done, as "apikey.created".
            object: Id of what it was done to.
            details: Short facts. Text that is no word of letters, digits and ``_.:@+-`` is
                stored as "[removed]".
            within: Connection of a transaction of `Store.write`, so that the act and its entry
                are written together; None for a transaction of its own.
        """
        facts = {_word(k): _fact(v) for k, v in list((details or {}).items())[:_MOST_DETAILS]}
        who, what = _word(actor), _word(action)
        if within is not None:
            return self._append(within, (who, what, _word(object)), facts)
        with self._store.write() as connection:
            return self._append(connection, (who, what, _word(object)), facts)

    def entries(self, after: int = 0, most: int = 100) -> list[AuditEntry]:
        """Return entries in order.

        Args:
            after: Number of the entry before the first one.
            most: Largest number of entries.
        """
        rows = select(AUDIT_LOG).where(AUDIT_LOG.c.seq > after).order_by(AUDIT_LOG.c.seq)
        with self._store.read() as connection:
            return [_entry(row) for row in connection.execute(rows.limit(most))]

    def head(self) -> tuple[int, str]:
        """Return number and hash of the last entry; (0, `ZERO`) without one."""
        with self._store.read() as connection:
            return _head(connection)

    def verify(self, known: str | None = None) -> AuditCheck:
        """Compute the whole chain again.

        Args:
            known: Hash that was the head of the log at some time; it must still be in the chain.
        """
        with self._store.read() as connection:
            rows = connection.execute(select(AUDIT_LOG).order_by(AUDIT_LOG.c.seq))
            return self._check(connection, (_entry_of_any(row) for row in rows), known)

    def _check(
        self, connection: Connection, entries: Iterator[AuditEntry | str], known: str | None
    ) -> AuditCheck:
        problems, seq, last, is_there = [], 0, ZERO, known in {None, ZERO}
        for entry in entries:
            if isinstance(entry, str):
                problems.append(entry)
                break
            seq += 1
            if entry.seq != seq:
                problems.append(f"entry {seq} is missing; the next one has number {entry.seq}")
                seq = entry.seq
            elif entry.hash != _hash(last, entry):
                problems.append(f"entry {seq} was changed: its hash does not fit")
            last, is_there = entry.hash, is_there or entry.hash == known
        problems += self._of_head(connection, seq, last)
        if not is_there:
            problems.append("the known hash is not in the log: entries were removed or replaced")
        return AuditCheck(seq, last, tuple(problems))

    def _of_head(self, connection: Connection, seq: int, last: str) -> list[str]:
        """Return what is wrong with the end of the log."""
        row = connection.execute(select(AUDIT_HEAD)).one_or_none()
        if row is None:
            return ["the seal of the last entry is missing"] if seq else []
        if (row.seq, row.hash) != (seq, last):
            return [f"the log ends at entry {seq}, but its seal is of entry {row.seq}"]
        if not hmac.compare_digest(row.seal, self._seal(seq, last)):
            return ["the seal of the last entry does not fit: another secret, or a forged log"]
        return []

    def _append(
        self, connection: Connection, what: tuple[str, str, str], details: Mapping[str, Detail]
    ) -> AuditEntry:
        seq, last = _head(connection)
        actor, action, target = what
        at = timestamp(self._clock())
        entry = AuditEntry(seq + 1, at, actor, action, target, details, "")
        digest = _hash(last, entry)
        values = {"seq": seq + 1, "at": at, "actor": actor, "action": action, "object": target}
        connection.execute(insert(AUDIT_LOG).values(**values, details=_json(details), hash=digest))
        head = {"seq": seq + 1, "hash": digest, "seal": self._seal(seq + 1, digest)}
        if seq:
            connection.execute(update(AUDIT_HEAD).values(**head))
        else:
            connection.execute(insert(AUDIT_HEAD).values(id=1, **head))
        return AuditEntry(seq + 1, at, actor, action, target, details, digest)

    def _seal(self, seq: int, last: str) -> bytes:
        return hmac.digest(self._secret, f"{seq} {last}".encode(), "sha256")


def _head(connection: Connection) -> tuple[int, str]:
    last = select(AUDIT_LOG.c.seq, AUDIT_LOG.c.hash).order_by(AUDIT_LOG.c.seq.desc()).limit(1)
    row = connection.execute(last).one_or_none()
    return (0, ZERO) if row is None else (row.seq, row.hash)


def _hash(before: str, entry: AuditEntry) -> str:
    content = {
        "seq": entry.seq,
        "at": entry.at,
        "actor": entry.actor,
        "action": entry.action,
        "object": entry.object,
        "details": entry.details,
    }
    return f"sha256:{hashlib.sha256(f'{before}{_json(content)}'.encode()).hexdigest()}"


def _json(content: object) -> str:
    """Return JSON in the one form of RFC 8785; no entry holds a number with a fraction."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _entry(row: "Row[tuple[object, ...]]") -> AuditEntry:
    values = row._mapping
    return AuditEntry(**{**values, "details": json.loads(values["details"])})


def _entry_of_any(row: "Row[tuple[object, ...]]") -> AuditEntry | str:
    """Return the entry of a row that may have been changed, or what is wrong with it."""
    try:
        return _entry(row)
    except (ValueError, TypeError, RecursionError):
        return f"entry {row[0]} was changed: its details are no JSON"


def _fact(value: Detail) -> Detail:
    if isinstance(value, str):
        return _word(value)
    if value is None or isinstance(value, int):
        return value
    return [_word(one) for one in list(value)[:_MOST_DETAILS]]


def _word(text: str) -> str:
    """Return text that cannot be a message, an address of a page or an attack on a terminal."""
    return text if _WORD.fullmatch(text) else "[removed]"
