"""The structure of the package keeps its limits; its numbers are counted as they are defined."""

from pathlib import Path

import pytest

import architecture as house
import structure
from architecture import Module

ROOT = Path(__file__).resolve().parents[2]
MODULES = house.read(ROOT / "src" / "facepad")


@pytest.mark.parametrize("bar", structure.bars(MODULES), ids=lambda bar: bar.what)
def test_the_structure_keeps_its_limit(bar: structure.Bar) -> None:
    assert bar.is_kept, f"{bar}: {'; '.join(bar.where)}"


def test_the_longest_chain_counts_modules_from_top_to_bottom() -> None:
    modules = [
        Module("a", "from facepad import b, d\n"),
        Module("b", "def f():\n    import facepad.c\n"),
        Module("c", ""),
        Module("d", ""),
    ]
    assert structure.longest_chain(structure.import_graph(modules)) == ("a", "b", "c")


def test_a_module_with_two_importers_is_not_single() -> None:
    modules = [
        Module("a", "from facepad import c\n"),
        Module("b", "from facepad import c\nfrom facepad import d\n"),
        Module("c", ""),
        Module("d", ""),
    ]
    assert structure.single_importers(structure.import_graph(modules)) == ["d"]


def test_two_folders_that_import_each_other_are_a_cycle_without_one_of_modules() -> None:
    modules = [
        Module("x.a", "import facepad.y.b\n"),
        Module("y.b", ""),
        Module("y.c", "import facepad.x.d\n"),
        Module("x.d", ""),
    ]
    assert house.cycles(modules) == []
    assert structure.folder_cycles(modules) == ["facepad: x", "facepad: y"]


def test_a_folder_inside_a_folder_is_one_entry_of_it() -> None:
    modules = [
        Module("x.top", "import facepad.x.sub.a\n"),
        Module("x.sub.a", "import facepad.x.low\nimport facepad.x.sub.b\n"),
        Module("x.sub.b", ""),
        Module("x.low", ""),
    ]
    assert structure.folder_cycles(modules) == []


def test_a_module_that_imports_its_own_package_is_a_cycle_when_that_imports_it() -> None:
    package = Module("x", "from facepad.x.a import f\n", is_package=True)
    assert structure.folder_cycles([package, Module("x.a", "import facepad.x\n")]) == [
        "x: __init__",
        "x: a",
    ]


def test_a_public_class_name_may_occur_once() -> None:
    modules = [
        Module("a", "class Run: ...\nclass _Own: ...\n"),
        Module("b", "class Run: ...\nclass _Own: ...\n"),
    ]
    assert structure.repeated_class_names(modules) == ["Run: a, b"]


@pytest.mark.parametrize(
    "text",
    ["_seen: dict[str, int] = {}\n", "_seen = []\n", "@cache\ndef f(): ...\n",
     "@functools.lru_cache(maxsize=1)\ndef f(): ...\n"],
)  # fmt: skip
def test_a_cache_of_a_module_is_seen(text: str) -> None:
    assert len(structure.module_caches([Module("a", text)])) == 1


def test_a_constant_is_no_cache() -> None:
    text = "NAMES = ('a',)\nTABLE = {'a': 1}\nclass A:\n    def f(self): self.seen = {}\n"
    assert structure.module_caches([Module("a", text)]) == []


def test_an_importer_from_outside_is_seen() -> None:
    modules = [
        Module("service.http", "from facepad.cli import options\n"),
        Module("cli.app", "from facepad.cli import options\n"),
        Module("cli.options", ""),
    ]
    assert structure.importers_of(structure.import_graph(modules), "cli") == ["service.http"]
