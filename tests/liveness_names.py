"""Which code names one liveness test: its name in the registry, its module or one of its classes.

Only the test's own folder, its trainer, its own command and the registry may; all others work with
any test. Docstrings may name one as an example.
"""

import ast
import re
from collections.abc import Iterator, Sequence

from architecture import Function, Module, walk
from facepad.registry import BUILT_IN, RESEARCH_TESTS

HOMES = (
    "liveness",
    "training.face",
    "training.network",
    "training.quality",
    "training.reconstruct",
    "training.voxel",
    "registry",
    "cli.network",
    "cli.shapes",
)
# Words of the language, which messages may use.
COMMON = ("quality", "blink", "parallax", "pulse", "surroundings")
NAMES = (*(name for name in BUILT_IN["liveness_tests"] if name not in COMMON), *RESEARCH_TESTS)

_NAME = re.compile(rf"\b(?:{'|'.join(NAMES)})(?![a-z0-9])|\bfacepad\.liveness\.\w+")
_CLASS = re.compile(r"class _?(?:Face|Quality)(?:Cnn)?(?:Test|Heads?|Classifier|Sources)\w*")


def complaints(modules: Sequence[Module]) -> list[str]:
    """Return each place that names a test and may not."""
    classes = {name for m in modules if _lies_in(m, "liveness") for name in _classes(m.tree)}
    return [
        f"{module.name}:{line} names {name}"
        for module in modules
        if not any(_lies_in(module, home) for home in HOMES)
        for name, line in _named(module.tree)
        if name in classes or _NAME.search(name) or _CLASS.fullmatch(name)
    ]


def _lies_in(module: Module, package: str) -> bool:
    return f"{module.name}.".startswith(f"{package}.")


def _classes(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name


def _named(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield texts, names and imports, each with its line."""
    docstrings = set(_docstrings(tree))
    for node in walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node not in docstrings:
                yield node.value, node.lineno
        elif isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.ClassDef | ast.alias):
            prefix = "class " if isinstance(node, ast.ClassDef) else ""
            yield f"{prefix}{node.name}", node.lineno
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    for node in walk(tree):
        if isinstance(node, Function | ast.ClassDef | ast.Module) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr):
                yield first.value
