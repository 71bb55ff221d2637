"""The page on adding a dataset does what it says: its code is installed, found and checked."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from facepad import registry
from facepad.errors import DatasetError
from facepad.sources import load_sample
from facepad.testing import check_dataset

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to-add-a-dataset.md"
NAME = "acme_faces"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages that holds the page's one, with its entry point."""
    site = tmp_path / "site"
    metadata = site / "acme_faces-1.0.dist-info"
    metadata.mkdir(parents=True)
    listing, test = blocks("python")
    (site / "acme_faces.py").write_text(listing, encoding="utf-8")
    (site / "acme_faces_test.py").write_text(test, encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-faces\nVersion: 1.0\n")
    (toml,) = blocks("toml")
    line = toml.splitlines()[1].replace('"', "")
    (metadata / "entry_points.txt").write_text(f"[facepad.datasets]\n{line}\n")
    monkeypatch.syspath_prepend(site)
    importlib.invalidate_caches()
    yield site
    for name in ("acme_faces", "acme_faces_test"):
        sys.modules.pop(name, None)


@pytest.fixture
def page_test(installed: Path) -> ModuleType:
    assert installed.is_dir()
    return importlib.import_module("acme_faces_test")


def test_the_name_is_found_through_the_entry_point(installed: Path) -> None:
    assert registry.names("datasets")[-1] == NAME
    assert Path(
        sys.modules[registry.resolve("datasets", NAME).__module__].__file__ or ""
    ).parent == (installed)


def test_the_page_s_own_test_passes(page_test: ModuleType, tmp_path: Path) -> None:
    page_test.test_acme_faces_keeps_the_contract(tmp_path)


def test_what_was_added_is_read_like_any_other(page_test: ModuleType, tmp_path: Path) -> None:
    dataset = registry.resolve("datasets", NAME)(page_test.made_up_acme_faces(tmp_path))
    check_dataset(dataset, NAME)
    assert [len(load_sample(sample).frames) for sample in dataset.samples()] == [6] * 6
    assert dataset.notices() == ()


def test_its_errors_name_what_is_wrong(page_test: ModuleType, tmp_path: Path) -> None:
    dataset = registry.resolve("datasets", NAME)(page_test.made_up_acme_faces(tmp_path))
    (dataset.root / "protocol.txt").write_text("train person0 latex real_0.mp4\n")
    with pytest.raises(DatasetError, match=r"protocol\.txt line 1 is no protocol line"):
        list(dataset.samples())
