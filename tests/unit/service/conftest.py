"""Databases of the service that are closed when a test ends."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from facepad.service import store
from facepad.service.store import Store


@pytest.fixture
def open_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Store]]:
    """Open a database; close it at the end of the test.

    What was written need not be on the disk, which takes most of the time of such tests.
    """
    waiting = [one for one in store._PRAGMAS if "synchronous" not in one]
    monkeypatch.setattr(store, "_PRAGMAS", ("PRAGMA synchronous=OFF", *waiting))
    opened: list[Store] = []

    def of(folder: Path) -> Store:
        opened.append(Store(folder))
        return opened[-1]

    yield of
    for one in opened:
        one.close()


@pytest.fixture
def database(open_store: Callable[[Path], Store], tmp_path: Path) -> Store:
    """A new database in the folder of the test."""
    return open_store(tmp_path)
