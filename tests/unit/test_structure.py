"""The structure of the package keeps its limits; its numbers are counted as they are defined."""

from pathlib import Path

import pytest

import architecture as house
import structure
from architecture import Module

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "facepad"


def test_the_structure_keeps_its_limits() -> None:
    broken = [bar for bar in structure.bars(house.read(PACKAGE)) if not bar.is_kept]
    assert broken == [], "\n".join(f"{bar}: {'; '.join(bar.where)}" for bar in broken)


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


def test_an_importer_from_outside_is_seen() -> None:
    modules = [
        Module("service.http", "from facepad.cli import options\n"),
        Module("cli.app", "from facepad.cli import options\n"),
        Module("cli.options", ""),
    ]
    assert structure.importers_of(structure.import_graph(modules), "cli") == ["service.http"]


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("atomic writes", "part.replace(path)\n"),
        ("atomic writes", "part.replace(self._out)\n"),
        ("atomic writes", "part.replace(folder / name)\n"),
        ("atomic writes", 'part.replace(path.with_name("x"))\n'),
        ("atomic writes", "part.replace(\n    path,\n)\n"),
        ("atomic writes", "part.rename(path)\n"),
        ("atomic writes", "os.replace(part, path)\n"),
        ("atomic writes", "os.rename(part, path)\n"),
        ("atomic writes", "shutil.move(part, path)\n"),
        ("file locks", "fcntl.flock(f, fcntl.LOCK_EX)\n"),
        ("places that keep a work folder", "os.open(p, os.O_RDWR | os.O_CREAT)\n"),
        ("places that keep a work folder", '(folder / "order.json").read_text()\n'),
        ("CSV readers", "csv.DictReader(file)\n"),
    ],
)
def test_a_second_one_of_what_there_is_once_is_seen(what: str, text: str) -> None:
    assert structure.places_of([Module("a", text)], structure.ONE_OF_EACH[what]) == ["a"]


@pytest.mark.parametrize(
    "text",
    [
        'text.replace("a", "b")\n',
        "text.replace(old(), new)\n",
        "replace(sample, session=name)\n",
        "dataclasses.replace(sample, key=key)\n",
    ],
)
def test_other_replacements_are_no_atomic_write(text: str) -> None:
    assert structure.places_of([Module("a", text)], structure.ONE_OF_EACH["atomic writes"]) == []


def test_a_lock_outside_jobs_is_seen() -> None:
    modules = [
        Module("jobs.work_folder", "from facepad.jobs.files import lock\n"),
        Module("packing.pack", "from facepad.jobs.files import lock, write_file\n"),
        Module("scoring.engine", "from facepad.jobs import files\n\nfiles.lock(1, path)\n"),
        Module("scoring.page", "from facepad.jobs.files import write_file\n"),
    ]
    assert structure.lockers(modules) == ["packing.pack", "scoring.engine"]
