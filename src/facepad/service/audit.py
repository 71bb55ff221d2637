"""The audit log: append-only entries, each with a hash over the one before.

A changed, added or removed entry breaks the chain. The seal of the last entry is a keyed hash
with the secret of the service, so that neither cutting the end nor writing the whole chain anew
goes unnoticed without that secret. Entries over their retention are deleted from the start; a
sealed anchor is where the rest begins.

Entries name acts, decisions, ids and versions. They hold no media, scores, addresses or free text.
"""

import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, delete, insert, select, update

from facepad.errors import FacepadError
from facepad.service.records.chain import (
    ZERO,
    AuditCheck,
    AuditEntry,
    ChainCheck,
    Detail,
    canonical,
    entry_hash,
)
from facepad.service.records.checkpoints import Checkpoint
from facepad.service.store import (
    AUDIT_ANCHOR,
    AUDIT_CHECKPOINTS,
    AUDIT_HEAD,
    AUDIT_LOG,
    Store,
    timestamp,
    utc_now,
)

_WORD = re.compile(r"[A-Za-z0-9_.:@+ -]{0,200}", re.ASCII)
_MOST_DETAILS = 20
_BROKEN = b"broken"  # in place of a seal, after one that did not fit
_SPARE = timedelta(days=1)  # entries are deleted a day's worth at a time
_MOST_PURGED = 5000  # entries in one transaction


class DamagedLogError(FacepadError):
    """The audit log was changed, so that nothing of it is deleted."""


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

    def verify(
        self, known: str | None = None, checkpoints: Sequence[Checkpoint] = ()
    ) -> AuditCheck:
        """Compute the whole chain again, from its first entry or from where it was purged.

        Args:
            known: Hash that was the head of the log at some time; it must still be in the chain.
            checkpoints: Earlier ends of the log; their entries must be in it, unchanged. Those
                whose entries were purged are not checked; if that holds for all of them, it is
                a problem.
        """
        with self._store.read() as connection:
            anchor, problems = self._anchor(connection)
            stored = [_checkpoint(row) for row in connection.execute(select(AUDIT_CHECKPOINTS))]
            chain = ChainCheck(anchor.seq, anchor.hash, (*stored, *checkpoints), known)
            rows = connection.execute(select(AUDIT_LOG).order_by(AUDIT_LOG.c.seq))
            problems += chain.problems(_entry_of_any(row) for row in rows)
            problems += self._of_head(connection, chain.seq, chain.last)
        unchecked = sum(one.seq < anchor.seq for one in checkpoints)
        if checkpoints and unchecked == len(checkpoints):
            problems.append(
                f"every checkpoint is of an entry before entry {anchor.seq + 1}, the first one "
                "that is kept: none could be checked"
            )
        kept, first = chain.seq - anchor.seq, anchor.seq + 1
        return AuditCheck(kept, chain.last, tuple(problems), first, anchor.at, unchecked)

    def checkpoint(self) -> Checkpoint | None:
        """Note the end of the log; return the newest checkpoint, or None without an entry."""
        with self._store.write() as connection:
            seq, last = _head(connection)
            if seq == 0:
                return None
            same = select(AUDIT_CHECKPOINTS).where(AUDIT_CHECKPOINTS.c.seq == seq)
            row = connection.execute(same).one_or_none()
            if row is not None and row.hash == last:
                return _checkpoint(row)
            start = connection.execute(select(AUDIT_ANCHOR.c.seq)).scalar_one_or_none() or 0
            made = Checkpoint(seq, last, timestamp(self._clock()), seq - start)
            if row is None:  # one that is there is the proof of a change
                connection.execute(insert(AUDIT_CHECKPOINTS).values(**asdict(made)))
            return made

    def purge(self, kept: timedelta) -> int:
        """Delete the oldest entries; the rest of the chain still verifies.

        Number and hash of the last one that is deleted are kept, sealed, as the anchor of the
        rest. Entries are deleted once the oldest one is a day over its time, and the last entry
        never. What is deleted is verified before.

        Args:
            kept: How long entries are kept.

        Returns:
            Number of deleted entries; at most 5000 at a time.

        Raises:
            DamagedLogError: The part that would be deleted was changed; nothing is deleted.
        """
        now = self._clock()
        with self._store.read() as connection:
            by_number = select(AUDIT_LOG.c.at).order_by(AUDIT_LOG.c.seq).limit(1)
            oldest = connection.execute(by_number).scalar_one_or_none()
        if oldest is None or oldest >= timestamp(now - kept - _SPARE):
            return 0
        with self._store.write() as connection:
            anchor, problems = self._anchor(connection)
            young = select(AUDIT_LOG.c.seq).where(AUDIT_LOG.c.at >= timestamp(now - kept))
            first = connection.execute(
                young.order_by(AUDIT_LOG.c.seq).limit(1)
            ).scalar_one_or_none()
            first = first or _head(connection)[0]
            end = min(first - 1, anchor.seq + _MOST_PURGED)
            old = select(AUDIT_LOG).where(AUDIT_LOG.c.seq <= end).order_by(AUDIT_LOG.c.seq)
            chain = ChainCheck(anchor.seq, anchor.hash)
            problems += chain.problems(_entry_of_any(row) for row in connection.execute(old))
            if problems:
                raise DamagedLogError(problems[0])
            if (count := chain.seq - anchor.seq) > 0:
                self._cut(connection, chain.seq, chain.last, timestamp(now))
                facts = {"first": anchor.seq + 1, "last": chain.seq}
                self._append(connection, ("service", "audit.purged", "entries"), facts)
        return count

    def _cut(self, connection: Connection, seq: int, last: str, at: str) -> None:
        """Move the anchor to an entry, and delete everything up to it."""
        seal = self._seal(seq, last, f"anchor {at}")
        values = {"seq": seq, "hash": last, "at": at, "seal": seal}
        if connection.execute(update(AUDIT_ANCHOR).values(**values)).rowcount == 0:
            connection.execute(insert(AUDIT_ANCHOR).values(id=1, **values))
        for table in (AUDIT_LOG, AUDIT_CHECKPOINTS):
            connection.execute(delete(table).where(table.c.seq <= seq))

    def _anchor(self, connection: Connection) -> tuple[Checkpoint, list[str]]:
        """Return where the chain begins, and what is wrong with that."""
        row = connection.execute(select(AUDIT_ANCHOR)).one_or_none()
        if row is None:
            return Checkpoint(0, ZERO), []
        seal = self._seal(row.seq, row.hash, f"anchor {row.at}")
        is_right = _is_same(row.seal, seal)
        wrong = "the seal of the anchor, where deleted entries end, does not fit"
        return Checkpoint(row.seq, row.hash, row.at), [] if is_right else [wrong]

    def _of_head(self, connection: Connection, seq: int, last: str) -> list[str]:
        """Return what is wrong with the end of the log."""
        row = connection.execute(select(AUDIT_HEAD)).one_or_none()
        if row is None:
            return ["the seal of the last entry is missing"] if seq else []
        if (row.seq, row.hash) != (seq, last):
            return [f"the log ends at entry {seq}, but its seal is of entry {row.seq}"]
        if not _is_same(row.seal, self._seal(seq, last)):
            return ["the seal of the last entry does not fit: another secret, or a forged log"]
        return []

    def _append(
        self, connection: Connection, what: tuple[str, str, str], details: Mapping[str, Detail]
    ) -> AuditEntry:
        seq, last, is_whole = self._end(connection)
        actor, action, target = what
        at = timestamp(self._clock())
        entry = AuditEntry(seq + 1, at, actor, action, target, details, "")
        digest = entry_hash(last, entry)
        values = {"seq": seq + 1, "at": at, "actor": actor, "action": action, "object": target}
        connection.execute(
            insert(AUDIT_LOG).values(**values, details=canonical(details), hash=digest)
        )
        seal = self._seal(seq + 1, digest) if is_whole else _BROKEN
        head = {"seq": seq + 1, "hash": digest, "seal": seal}
        if connection.execute(update(AUDIT_HEAD).values(**head)).rowcount == 0:
            connection.execute(insert(AUDIT_HEAD).values(id=1, **head))
        return AuditEntry(seq + 1, at, actor, action, target, details, digest)

    def _end(self, connection: Connection) -> tuple[int, str, bool]:
        """Return number and hash of the entry that the next one follows, and whether all is well.

        What was changed behind the back of the service stays visible: after an end that was cut
        off, numbers go on from the sealed entry; after a broken seal no seal fits any more.
        """
        seq, last = _head(connection)
        row = connection.execute(select(AUDIT_HEAD)).one_or_none()
        if row is None:
            return seq, last, seq == 0
        is_of_log = row.seq > seq or (row.seq, row.hash) == (seq, last)
        if is_of_log and _is_same(row.seal, self._seal(row.seq, row.hash)):
            return row.seq, row.hash, True
        return seq, last, False

    def _seal(self, seq: int, last: str, what: str = "") -> bytes:
        return hmac.digest(self._secret, f"{what} {seq} {last}".strip().encode(), "sha256")


def _head(connection: Connection) -> tuple[int, str]:
    last = select(AUDIT_LOG.c.seq, AUDIT_LOG.c.hash).order_by(AUDIT_LOG.c.seq.desc()).limit(1)
    row = connection.execute(last).one_or_none()
    return (0, ZERO) if row is None else (row.seq, row.hash)


def _is_same(seal: object, expected: bytes) -> bool:
    return isinstance(seal, bytes) and hmac.compare_digest(seal, expected)


def _checkpoint(row: "Row[tuple[object, ...]]") -> Checkpoint:
    return Checkpoint(**row._mapping)


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
