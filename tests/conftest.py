"""What holds for every run: few examples in the fast suite, and what is slow is done once."""

import gc
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path

import pytest
from hypothesis import settings
from typer.main import get_command

import quick_start

# The same examples every time: a few in the fast suite, half of the usual in `make test`. The
# nightly runs draw as many as usual, and new ones.
settings.register_profile("fast", settings.get_profile("ci"), max_examples=15)
settings.register_profile("same", settings.get_profile("ci"), max_examples=50)


gc.disable()  # until all tests are collected: what is made before lives to the end


def pytest_configure(config: pytest.Config) -> None:
    """Start Hypothesis faster; the few examples of the fast suite need no constants of the code."""
    quick_start.know_the_characters_of_utf_8()
    if config.getoption("--hypothesis-profile", None) == "fast":
        quick_start.read_no_constants()


def pytest_collection_finish() -> None:
    """Leave the thousands of collected tests, which live to the end, to no later collection."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _once() -> Iterator[None]:
    """Read what is installed once for each search path: it takes 8 ms, and every name needs it."""

    @cache
    def read(_: tuple[str, ...], group: str) -> EntryPoints:
        return entry_points(group=group)

    def of_group(*, group: str) -> EntryPoints:
        return read(tuple(sys.path), group)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("facepad.registry.entry_points", of_group)
        patch.setattr("facepad.models.index.entry_points", of_group)
        # The runner of typer's tests makes all commands anew each time: 25 ms.
        patch.setattr("typer.testing._get_command", cache(get_command))
        yield


@pytest.fixture(scope="session")
def miniatures(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of the miniature of a database, for reading only; written when first asked for."""
    from facepad.testing import made_up_dataset

    written: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in written:
            written[name] = made_up_dataset(tmp_path_factory.mktemp(name), name)
        return written[name]

    return folder
