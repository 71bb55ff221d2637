"""One miniature of each database for all tests of a worker, and copies that may be broken."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from listings import Opener

from facepad import registry
from facepad.testing import made_up_dataset


@pytest.fixture(scope="session")
def miniatures(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder of the miniature of a database, written when first asked for."""
    written: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in written:
            written[name] = made_up_dataset(tmp_path_factory.mktemp(name), name)
        return written[name]

    return folder


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
