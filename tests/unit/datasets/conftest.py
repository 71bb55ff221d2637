"""Listings of the miniatures of databases, and copies that a test may break."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from listings import Opener

from facepad import registry


@pytest.fixture
def whole(miniatures: Callable[[str], Path]) -> Opener:
    """Makes the listing of a miniature that a test only reads."""
    return lambda name, **options: registry.resolve("datasets", name)(miniatures(name), **options)


@pytest.fixture
def copied(miniatures: Callable[[str], Path], tmp_path: Path) -> Opener:
    """Makes the listing of a copy that a test may break."""

    def open_copy(name: str, **options: str) -> object:
        target = tmp_path / name
        shutil.copytree(miniatures(name), target, dirs_exist_ok=True, copy_function=_copy)
        return registry.resolve("datasets", name)(target, **options)

    return open_copy


def _copy(source: str, target: str) -> None:
    """Lists are copied. Media, which are many, are linked: replace them, never write into them."""
    if Path(source).suffix in {".txt", ".csv"} and "_files" not in source:
        shutil.copyfile(source, target)
    else:
        os.link(source, target)
