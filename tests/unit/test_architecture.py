"""Imports point downward, files and functions stay small, everything is typed.

First the rules on the project, then each rule on made-up code that breaks it.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import architecture as house
import liveness_names
from architecture import Module

ROOT = Path(__file__).resolve().parents[2]
MODULES = house.read(ROOT / "src" / "facepad")

RULES: list[Callable[[list[Module]], list[str]]] = [
    house.without_layer,
    house.layers_without_module,
    house.upward_imports,
    house.sibling_imports,
    house.edge_imports,
    house.cycles,
    house.early_heavy_imports,
    liveness_names.complaints,
    house.long_files,
    house.long_functions,
    house.many_positional,
    house.untyped,
    house.asserts,
    house.test_classes,
    house.unwanted_words,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.__module__}-{rule.__name__}")
def test_the_project_keeps_the_rule(rule: Callable[[list[Module]], list[str]]) -> None:
    assert rule(MODULES) == []


def test_the_rules_see_the_project() -> None:
    names = {module.name for module in MODULES}
    assert {"types", "errors", "registry", "settings", "media", "quality"} <= names


def test_no_text_of_the_repository_is_unfinished_or_names_a_machine() -> None:
    files = _tracked("*.md", "*.toml", "*.sh", "Makefile", ".ci/run", "*.py", "*.cff")
    found = {str(path): house.unwanted(path.read_text()) for path in files}
    assert {name: words for name, words in found.items() if words} == {}


def _tracked(*patterns: str) -> list[Path]:
    """Files under version control; without one (a source archive), all that fit."""
    listing = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        folders = ("src", "tests", "docs", "scripts")
        return [p for f in folders for p in (ROOT / f).rglob("*.*") if p.suffix in {".py", ".md"}]
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).is_file()]


# --- made-up code -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "import facepad.media.decode\n",
        "from facepad import media\n",
        "from facepad.media import decode\n",
        "from facepad.media.decode import decode\n",
        "from .media import decode\n",
        "def f():\n    from facepad.media import decode\n",
        "import_module('facepad.media')\n",
        "if TYPE_CHECKING:\n    from facepad.media import decode\n",
    ],
)
def test_an_upward_import_is_seen_in_every_spelling(text: str) -> None:
    media = [Module("media", "", is_package=True), Module("media.decode", "")]
    assert len(house.upward_imports([Module("settings", text), *media])) == 1


def test_a_downward_import_is_no_complaint() -> None:
    modules = [Module("media", "from facepad.errors import InputError\n"), Module("errors", "")]
    assert house.upward_imports(modules) == []


def test_a_relative_import_in_a_package_starts_from_the_package() -> None:
    package = Module("media", "from ..faces import find\n", is_package=True)
    assert house.upward_imports([package, Module("faces", "")]) == [
        "media (L3) imports faces (L4)",
    ]


def test_a_leaf_that_imports_another_is_seen() -> None:
    modules = [
        Module("liveness.blink", "from facepad.datasets.nuaa import Nuaa\n"),
        Module("datasets.nuaa", ""),
    ]
    assert house.sibling_imports(modules) == ["leaf liveness.blink imports leaf datasets.nuaa"]


def test_a_leaf_may_be_a_folder() -> None:
    modules = [
        Module("liveness.blink.score", "from facepad.liveness.blink.eyes import open_eyes\n"),
        Module("liveness.blink.eyes", ""),
    ]
    assert house.sibling_imports(modules) == []


def test_a_simulated_attack_may_use_the_simulated_camera() -> None:
    modules = [
        Module("simulate.screen", "from facepad.simulate import camera\n"),
        Module("simulate.camera", ""),
    ]
    assert house.sibling_imports(modules) == []


@pytest.mark.parametrize(
    ("user", "text", "complaints"),
    [
        ("service.app", "from facepad.cli.errors import say\n", 1),
        ("scoring.engine", "def f():\n    from facepad.cli.console import progress\n", 1),
        ("cli.app", "from facepad.service.app import run\n", 1),
        ("cli.app", "def f():\n    from facepad.testing import check_metric\n", 1),
        ("cli.app", "def f():\n    from facepad.service.app import run\n", 0),
        ("cli.app", "from facepad.cli.errors import say\n", 0),
        ("__main__", "from facepad.cli.app import app\n", 0),
    ],
)
def test_an_edge_is_used_by_none_but_those_that_start_it(
    user: str, text: str, complaints: int
) -> None:
    assert len(house.edge_imports([Module(user, text)])) == complaints


def test_a_cycle_is_seen_the_long_way_round() -> None:
    modules = [
        Module("media.a", "from facepad.media import b\n"),
        Module("media.b", "from facepad.media.c import x\n"),
        Module("media.c", "def f():\n    import facepad.media.a\n"),
        Module("media.d", "import facepad.media.a\n"),
    ]
    assert house.cycles(modules) == ["media.a", "media.b", "media.c"]


@pytest.mark.parametrize(
    "text",
    [
        "import torch\n",
        "import scipy.io\n",
        "from scipy import io\n",
        "from sklearn.svm import SVC\n",
        "try:\n    import ray\nexcept ImportError:\n    ray = None\n",
        "class A:\n    import matplotlib.pyplot\n",
    ],
)
def test_a_heavy_import_at_module_level_is_seen(text: str) -> None:
    assert len(house.early_heavy_imports([Module("training.x", text)])) == 1


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    import torch\n",
        "import scipy.ndimage\n",
        "if TYPE_CHECKING:\n    import torch\n",
        "import rayon\n",
    ],
)
def test_a_late_or_a_light_import_is_no_complaint(text: str) -> None:
    assert house.early_heavy_imports([Module("training.x", text)]) == []


def test_a_module_without_a_layer_is_seen() -> None:
    assert house.without_layer([Module("media.x", ""), Module("cloud", "")]) == ["cloud"]


def test_a_name_that_only_begins_like_a_layer_has_none() -> None:
    assert house.without_layer([Module("mediation", "")]) == ["mediation"]


def test_a_layer_without_a_module_is_seen_unless_it_is_to_come() -> None:
    layers = {"media": 1, "media.old": 2, "older": 2, "service": 8, "webcam": 8, "cluster": 8}
    modules = [Module("media", "", is_package=True), Module("media.x", "")]
    assert house.layers_without_module(modules, layers) == ["media.old", "older"]


@pytest.mark.parametrize(
    "text",
    [
        "x = 'face_cnn'\n",
        "if name.startswith('face_cnn'): ...\n",
        "x = f'{x} quality_whole_research'\n",
        "def f(x='quality_whole'): ...\n",
        "from facepad.liveness.face_cnn.heads import Vector\n",
        "from facepad.liveness.blink import BlinkTest\n",
        "import facepad.liveness.face_cnn\n",
        "def f(x: BlinkTest): ...\n",
        "class FaceSources: ...\n",
        "class QualityTest: ...\n",
    ],
)
def test_a_name_of_one_test_outside_its_folder_and_trainer_is_seen(text: str) -> None:
    blink = Module("liveness.blink", "class BlinkTest: ...\n")
    assert liveness_names.complaints([blink, Module("training.run", text)]) != []
    assert liveness_names.complaints([blink, Module("training.quality.run", text)]) == []


@pytest.mark.parametrize(
    "text",
    [
        '"""As `face_cnn`."""\n',
        'def f():\n    """Example: face_cnn."""\n',
        "x = 'quality'\n",
        "class QualityMap: ...\n",
    ],
)
def test_what_names_no_single_test_is_no_complaint(text: str) -> None:
    assert liveness_names.complaints([Module("training.run", text)]) == []


def test_a_file_of_401_lines_is_too_long() -> None:
    modules = [Module("types", "x = 1\n" * 401), *[Module(f"media.m{i}", "\n" * 9) for i in "abc"]]
    assert house.long_files(modules) == ["types has 401 lines, at most 400"]


def test_a_median_file_of_201_lines_is_too_long() -> None:
    assert house.long_files([Module("types", "x = 1\n" * 201)]) == [
        "the median of files is 201 lines, at most 200"
    ]


def test_a_function_of_61_lines_is_too_long_and_its_docstring_does_not_count() -> None:
    short = "".join(f"def f{i}() -> None:\n    pass\n" for i in range(3))
    fits = 'def a() -> None:\n    """One.\n\n    Two.\n    """\n' + "    x = 1\n" * 60
    over = "def b() -> None:\n" + "    x = 1\n" * 61
    assert house.long_functions([Module("types", short + fits + over)]) == [
        "types:b:72 has 61 lines, at most 60"
    ]


def test_a_median_body_of_nine_lines_is_too_long() -> None:
    text = "def a() -> None:\n" + "    x = 1\n" * 9
    assert house.long_functions([Module("types", text)]) == [
        "the median of function bodies is 9 lines, at most 8"
    ]


def test_a_sixth_positional_parameter_is_one_too_many() -> None:
    text = "class A:\n def f(self, a, b, c, d, e, *, f): ...\n def g(self, a, b, c, d, e, f): ...\n"
    assert house.many_positional([Module("types", text)]) == [
        "types:g:3 takes 6 positional parameters, at most 5"
    ]


@pytest.mark.parametrize(
    "signature",
    [
        "f(a) -> int",
        "f(a: int)",
        "f(*a) -> int",
        "f(**a) -> int",
        "f(*, a) -> int",
        "f(a, /) -> int",
    ],
)
def test_a_missing_type_is_seen(signature: str) -> None:
    assert len(house.untyped([Module("types", f"def {signature}: ...\n")])) == 1


def test_self_needs_no_type() -> None:
    text = "class A:\n    def f(self, *, b: int) -> int: ...\n"
    assert house.untyped([Module("types", text)]) == []


def test_an_assert_is_seen() -> None:
    assert house.asserts([Module("types", "x = 1\nassert x\n")]) == ["types:2 asserts"]


def test_a_class_that_pytest_would_collect_is_seen() -> None:
    text = "class TestResult: ...\nclass QualityTest: ...\n"
    assert house.test_classes([Module("types", text)]) == ["types: class TestResult"]


@pytest.mark.parametrize("word", ["TO" + "DO", "FIX" + "ME", "/ho" + "me/me", "/wo" + "rk/x"])
def test_an_unwanted_word_is_seen(word: str) -> None:
    assert len(house.unwanted_words([Module("types", f"x = 1  # {word}\n")])) == 1


def test_a_relative_path_is_no_path_of_a_machine() -> None:
    assert house.unwanted("see tests/home/a and ../opt/b and ~/opt/c") == []


def test_a_vague_name_is_seen() -> None:
    assert house.unwanted_words([Module("media.utils", "")]) == ["media.utils has a vague name"]
