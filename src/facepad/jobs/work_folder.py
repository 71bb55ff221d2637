"""Work that is kept beside an output, so that a later run resumes it, or refuses to mix.

`Provenance` is what results depend on, as JSON in a file. `WorkFolder` is a folder of finished
parts with such a file, used by one run at a time.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from facepad.errors import SettingsError, counted
from facepad.jobs.files import lock, write_file

PROVENANCE, LOCK = "order.json", "lock"
NOTHING = "none"
NAMED = 3  # differences that a message names; those that follow from others come last

Facts = Mapping[str, Any]


class Provenance:
    """The file that says what earlier results depend on.

    Attributes:
        file: JSON, one object.

    Args:
        file: Where the facts are kept.
        subject: What the messages name; ``file`` by default.
        key: Where in the object the facts are; "" when they are the object.
    """

    def __init__(self, file: Path, *, subject: Path | None = None, key: str = "") -> None:
        self.file = file
        self._subject, self._key = subject or file, key

    def keep(self, facts: Facts, *, resumed: bool) -> None:
        """Write the facts of a new run, or check that a resumed run has the earlier ones.

        Args:
            facts: Versions and options that the results depend on, by name.
            resumed: Whether results of an earlier run are there.

        Raises:
            SettingsError: The earlier run had other facts, the first of which are named with both
                values; they are not known; or the file cannot be written.
        """
        if resumed:
            self.check(facts)
        else:
            self.write(facts)

    def write(self, facts: Facts) -> None:
        """Write the facts of a new run.

        Raises:
            SettingsError: The file cannot be written.
        """
        content = {self._key: dict(facts)} if self._key else dict(facts)
        write_file(self.file, json.dumps(content, indent=2) + "\n", error=SettingsError)

    def check(self, facts: Facts) -> None:
        """Check that an earlier run had the same facts.

        Raises:
            SettingsError: As `keep`.
        """
        earlier = self.earlier()
        if earlier is None:
            raise SettingsError(
                f"{self._subject}: the options of the earlier run are not known, since "
                f"{self.file.name} is missing or damaged; --force overwrites it"
            )
        now = json.loads(json.dumps(dict(facts)))
        different = [name for name in {**earlier, **now} if earlier.get(name) != now.get(name)]
        if different:
            pairs = (
                f"{name} {_shown(earlier.get(name))}, not {_shown(now.get(name))}"
                for name in different[:NAMED]
            )
            more = len(different) - NAMED
            rest = f"; and {counted(more, 'other difference')}" if more > 0 else ""
            raise SettingsError(
                f"{self._subject} was started with {'; with '.join(pairs)}{rest}. "
                "Give the same values to resume it; --force overwrites it"
            )

    def earlier(self) -> Facts | None:
        """Return the facts that are kept; None when they are missing or damaged."""
        try:
            content = json.loads(self.file.read_text(encoding="utf-8"))
            facts = content[self._key] if self._key else content
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return facts if isinstance(facts, dict) else None


class WorkFolder:
    """A folder of finished parts, used by one run at a time.

    Attributes:
        path: The folder.
        note: A sentence for the user when the folder cannot be locked; else "".

    Args:
        path: Made by `claim`.
        parts: Names that runs give to files here; no other file is ever deleted.
        provenance: By default ``order.json`` in the folder.
    """

    def __init__(
        self, path: Path, parts: re.Pattern[str], provenance: Provenance | None = None
    ) -> None:
        self.path = path
        self.note = ""
        self._parts = parts
        self._provenance = provenance or Provenance(path / PROVENANCE, subject=path)
        self._lock: int | None = None

    def claim(
        self,
        facts: Facts,
        *,
        resume: bool,
        force: bool,
        begin: Callable[[], None] = lambda: None,
    ) -> None:
        """Lock the folder and take it for this run: start, resume, or overwrite.

        Args:
            facts: What is made from what, in words that a person understands.
            resume: Whether to resume the work that is there.
            force: Whether to delete it and start again.
            begin: Called, with the folder locked, when the work does not resume; deletes
                what an earlier run left elsewhere.

        Raises:
            SettingsError: Work is there and neither was asked for; another run is at work on
                it; it was started with other facts; or the folder cannot be used.
        """
        self._check_asked(asked=resume or force)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
            self.note = lock(self._lock, self.path)
            self._check_asked(asked=resume or force)  # another run may have begun meanwhile
            self._take(facts, force=force, begin=begin)
        except OSError as error:
            self.release()
            raise SettingsError(f"{self.path} cannot be used: {error.strerror}") from error
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Unlock the folder for another run."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Delete the folder; a file that no run made stays, and the folder with it."""
        if self.path.is_dir():
            self.clear()
            (self.path / LOCK).unlink(missing_ok=True)
            self.release()
            if not any(self.path.iterdir()):
                self.path.rmdir()

    def clear(self) -> None:
        """Delete all parts and the facts."""
        for path in self.path.iterdir():
            if path.name == PROVENANCE or self.is_part(path):
                path.unlink()

    def is_part(self, path: Path) -> bool:
        """Return whether a file of the folder was made by a run, but for facts and lock."""
        return bool(self._parts.fullmatch(path.name)) or _is_temporary(path)

    def _check_asked(self, *, asked: bool) -> None:
        if self._provenance.file.exists() and not asked:
            raise SettingsError(
                f"{self.path} holds the work of an interrupted run; --resume resumes it, "
                "--force overwrites it"
            )

    def _take(self, facts: Facts, *, force: bool, begin: Callable[[], None]) -> None:
        resumed = self._provenance.file.exists() and not force
        if not resumed:
            self.clear()
            begin()
        self._provenance.keep(facts, resumed=resumed)


class HoldsWork:
    """A run that holds a work folder until the end of its ``with`` block."""

    _work: WorkFolder

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._work.release()


def _is_temporary(path: Path) -> bool:
    return path.name.startswith(".") and path.suffix == ".tmp"


def _shown(value: object) -> str:
    return NOTHING if value in (None, "") else f"{value!r}"
