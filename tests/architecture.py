"""The rules of the house, as functions that take source text and return complaints.

Sources are given by module name, so that the rules can be tried on made-up code.

    python tests/architecture.py

prints the numbers about the structure, with their limits.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

Function = ast.FunctionDef | ast.AsyncFunctionDef

# The longest prefix that fits counts.
LAYERS: Mapping[str, int] = {
    "types": 0,
    "charts": 0,
    "errors": 0,
    "reasons": 0,
    "needs": 1,
    "registry": 1,
    "settings": 1,
    "runtime": 1,
    "opencv": 1,
    "scores": 1,
    "fusion": 2,
    "decision": 3,
    "evaluation": 2,
    "jobs": 2,
    "models": 3,
    "quality": 3,
    "media": 3,
    "meshes": 3,
    "packed": 3,
    "sources": 4,
    "faces": 4,
    "calibration": 4,
    "fusion.clip_ratios": 4,
    "fusion.lda": 4,
    "liveness": 5,
    "datasets": 5,
    "simulate": 5,
    "packing": 5,
    "finders": 3,
    "scorer": 3,
    "selected_tests": 6,
    "pipeline": 6,
    "checking": 6,
    "explaining": 6,
    "annotating": 6,
    "documents": 6,
    "scoring": 7,
    "training": 7,
    "evaluation.report": 7,
    "__main__": 8,
    "cli": 8,
    "client": 8,
    "service": 8,
    "webcam": 8,
    "cluster": 8,
    "testing": 8,
}
# Names in a leaf folder, by how many parts tell one leaf from another: each liveness test and
# each dataset is a leaf; a simulated attack needs the simulated camera, so they are one.
LEAVES: Mapping[str, int] = {"liveness": 2, "datasets": 2, "simulate": 1, "packing": 1}
# Edges import no edge, but the command line starts some of them by a lazy import.
EDGES = ("cli", "service", "webcam", "cluster", "testing", "client")
STARTED_BY_CLI = ("service", "webcam", "cluster")
HEAVY = ("torch", "sklearn", "matplotlib", "ray", "fastapi", "scipy.io", "skimage")
# These parts exist for one heavy library and are themselves only imported when asked for.
AT_HOME: Mapping[str, str] = {"service": "fastapi", "cluster": "ray"}

MEDIAN_FILE, LONGEST_FILE = 200, 400  # lines
MEDIAN_BODY, LONGEST_BODY = 8, 60  # lines, without the docstring
MOST_POSITIONAL = 5

UNFINISHED = re.compile(
    r"\bT[O]DO\b|\bFIX[M]E\b|\bHA[C]K\b|\bX[X]X\b|\braise Not[I]mplementedError\b"
)
MACHINE_PATH = re.compile(r"(?<![\w./~-])/(?:home|root|work|Users|opt|workspace)/\w")
VAGUE_NAMES = frozenset({"utils", "util", "helpers", "helper", "misc", "common", "manager", "base"})


@dataclass(frozen=True, slots=True)
class Module:
    """One source file.

    Attributes:
        name: Dotted, without the leading "facepad."; "" for the package itself.
        text: Its source.
        is_package: Whether it is an ``__init__.py``.
    """

    name: str
    text: str
    is_package: bool = False

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.text)


@cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def walk(node: ast.AST) -> tuple[ast.AST, ...]:
    """A node and every node below it; kept, since many rules look at the same ones."""
    found = [node]
    for each in found:  # grows meanwhile; half the time of `ast.walk`
        for name in each._fields:
            value = getattr(each, name, None)
            if isinstance(value, ast.AST):
                found.append(value)
            elif isinstance(value, list):
                found.extend(one for one in value if isinstance(one, ast.AST))
    return tuple(found)


def read(root: Path) -> list[Module]:
    """Every module below the folder of the package."""
    return [_module(path, root) for path in sorted(root.rglob("*.py"))]


def _module(path: Path, root: Path) -> Module:
    parts = path.relative_to(root).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    return Module(".".join(parts[:-1] if is_package else parts), path.read_text(), is_package)


# --- imports ------------------------------------------------------------------------------


def upward_imports(modules: list[Module]) -> list[str]:
    """Imports of a module of a higher layer."""
    return [
        f"{user} (L{layer(user)}) imports {used} (L{layer(used)})"
        for user, used in edges(modules)
        if used and layer(used) > layer(user)
    ]


def sibling_imports(modules: list[Module]) -> list[str]:
    """Imports of one leaf by another: each liveness test and dataset stands alone."""
    return [
        f"leaf {user} imports leaf {used}"
        for user, used in edges(modules)
        if _is_leaf(user) and _is_leaf(used) and _leaf(user) != _leaf(used)
    ]


def edge_imports(modules: list[Module]) -> list[str]:
    """Imports of one edge of the package by another, and eager ones of what `cli` may start."""
    return [
        f"{module.name} imports {used}"
        for module in modules
        for used in sorted(_edges_used(module))
        if not _may_use(module, used)
    ]


def _edges_used(module: Module) -> set[str]:
    imported = (used.removeprefix("facepad.") for used in _imported(module))
    return {used for used in imported if _part(used) in EDGES} if module.name else set()


def _may_use(module: Module, used: str) -> bool:
    own, other = _part(module.name), _part(used)
    if own == other or (own, other) == ("__main__", "cli"):
        return True
    at_once = {name.removeprefix("facepad.") for name in _imported_at_once(module.tree)}
    return own == "cli" and other in STARTED_BY_CLI and used not in at_once


def cycles(modules: list[Module]) -> list[str]:
    """Modules that import each other, by whatever way round."""
    graph: dict[str, set[str]] = {module.name: set() for module in modules}
    for user, used in edges(modules):
        graph[user].add(used)
    return [name for name in graph if reaches(graph, name)]


def early_heavy_imports(modules: list[Module]) -> list[str]:
    """Imports of a heavy library when the module itself is imported."""
    return [
        f"{module.name} imports {used} at module level"
        for module in modules
        for used in _imported_at_once(module.tree)
        if (library := _heavy(used)) and AT_HOME.get(_part(module.name)) != library
    ]


def without_layer(modules: list[Module]) -> list[str]:
    """Modules that no line of ``LAYERS`` places."""
    return [module.name for module in modules if module.name and _prefix(module.name) is None]


def layers_without_module(modules: list[Module], layers: Mapping[str, int] = LAYERS) -> list[str]:
    """Lines of ``LAYERS`` that place no module, but for parts that are still to come."""
    names = {module.name for module in modules}
    return [name for name in layers if name not in names and name not in STARTED_BY_CLI]


def layer(name: str) -> int:
    """Layer of a module; the package itself, which only forwards names, is above all."""
    prefix = _prefix(name)
    return max(LAYERS.values()) + 1 if prefix is None else LAYERS[prefix]


@cache
def _prefix(name: str) -> str | None:
    fitting = [key for key in LAYERS if f"{name}.".startswith(f"{key}.")]
    return max(fitting, key=len, default=None)


def _part(name: str) -> str:
    return name.partition(".")[0]


def _is_leaf(name: str) -> bool:
    return _part(name) in LEAVES and "." in name


def _leaf(name: str) -> tuple[str, ...]:
    return tuple(name.split(".")[: LEAVES[_part(name)]])


def _heavy(used: str) -> str | None:
    return next((name for name in HEAVY if f"{used}.".startswith(f"{name}.")), None)


def reaches(graph: Mapping[str, set[str]], start: str) -> bool:
    """Whether a way leads from a node back to itself."""
    seen: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name == start:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(graph.get(name, ()))
    return False


def edges(modules: Sequence[Module]) -> Iterator[tuple[str, str]]:
    """Pairs (user, used) of the project's own modules; the package's forwards are left out."""
    known = {module.name for module in modules}
    for module in modules:
        if not module.name:
            continue
        for used in _imports_of(module):
            if used == "facepad" or used.startswith("facepad."):
                yield module.name, _resolve(used.removeprefix("facepad").removeprefix("."), known)


def _resolve(used: str, known: set[str]) -> str:
    """The module that a dotted name lies in: itself, or the one that defines it."""
    return used if used in known else used.rpartition(".")[0]


@cache
def _imports_of(module: Module) -> tuple[str, ...]:
    return tuple(_imported(module))


def _imported(module: Module) -> Iterator[str]:
    for node in walk(module.tree):
        yield from _names(node, module)
        if isinstance(node, ast.Call) and _called(node.func).endswith("import_module"):
            yield from (str(a.value) for a in node.args if isinstance(a, ast.Constant))


def _called(function: ast.expr) -> str:
    """The last part of the name of what is called."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _names(node: ast.AST, module: Module) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        source = _absolute(node, module)
        return [f"{source}.{alias.name}" for alias in node.names]
    return []


def _absolute(node: ast.ImportFrom, module: Module) -> str:
    if not node.level:
        return node.module or ""
    parts = ["facepad", *filter(None, module.name.split("."))]
    kept = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


def _imported_at_once(tree: ast.AST) -> Iterator[str]:
    """Imports outside of functions and of `if TYPE_CHECKING` blocks."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield from _names(node, Module("", ""))
        yield from _imported_at_once(node)


# --- budgets ------------------------------------------------------------------------------


def long_files(modules: list[Module]) -> list[str]:
    """Files over the budget, and the median when that is."""
    lines = {module.name: len(module.text.splitlines()) for module in modules}
    return [
        *(f"{name} has {n} lines, at most {LONGEST_FILE}" for name, n in lines.items()
          if n > LONGEST_FILE),
        *_over_median("files", [n for n in lines.values() if n > 1], MEDIAN_FILE),
    ]  # fmt: skip


def long_functions(modules: list[Module]) -> list[str]:
    """Function bodies over the budget, and the median when that is."""
    lines = {name: body_lines(node) for name, node in _functions(modules)}
    return [
        *(f"{name} has {n} lines, at most {LONGEST_BODY}" for name, n in lines.items()
          if n > LONGEST_BODY),
        *_over_median("function bodies", [n for n in lines.values() if n], MEDIAN_BODY),
    ]  # fmt: skip


def body_lines(function: Function) -> int:
    """Lines of a function's body, from the first statement behind the docstring."""
    body = function.body[ast.get_docstring(function) is not None :]
    return (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1 if body else 0


def many_positional(modules: list[Module]) -> list[str]:
    """Functions that take more positional parameters than one can keep apart."""
    return [
        f"{name} takes {len(_positional(node))} positional parameters, at most {MOST_POSITIONAL}"
        for name, node in _functions(modules)
        if len(_positional(node)) > MOST_POSITIONAL
    ]


def untyped(modules: list[Module]) -> list[str]:
    """Functions with a parameter or a result that has no type."""
    return [f"{name} is not fully typed" for name, node in _functions(modules) if _lacks_type(node)]


def _over_median(what: str, lines: list[int], budget: int) -> list[str]:
    found = median(lines or [0])
    return [f"the median of {what} is {found} lines, at most {budget}"] if found > budget else []


def _functions(modules: list[Module]) -> Iterator[tuple[str, Function]]:
    for module in modules:
        for node in walk(module.tree):
            if isinstance(node, Function):
                yield f"{module.name}:{node.name}:{node.lineno}", node


def _positional(function: Function) -> list[ast.arg]:
    given = [*function.args.posonlyargs, *function.args.args]
    return given[1:] if given and given[0].arg in {"self", "cls"} else given


def _lacks_type(function: Function) -> bool:
    more = [a for a in (function.args.vararg, function.args.kwarg) if a is not None]
    given = [*_positional(function), *function.args.kwonlyargs, *more]
    return function.returns is None or any(a.annotation is None for a in given)


# --- words --------------------------------------------------------------------------------


def asserts(modules: list[Module]) -> list[str]:
    """`assert` statements: they vanish under -O, so input is checked with errors."""
    return [
        f"{module.name}:{node.lineno} asserts"
        for module in modules
        for node in walk(module.tree)
        if isinstance(node, ast.Assert)
    ]


def test_classes(modules: list[Module]) -> list[str]:
    """Classes that pytest would take for its own."""
    return [
        f"{module.name}: class {node.name}"
        for module in modules
        for node in walk(module.tree)
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test")
    ]


def unwanted_words(modules: list[Module]) -> list[str]:
    """Marks of unfinished work, paths of one machine, and names that say nothing."""
    return [
        *(f"{m.name} says {found!r}" for m in modules for found in unwanted(m.text)),
        *(f"{m.name} has a vague name" for m in modules
          if m.name.rpartition(".")[2] in VAGUE_NAMES),
    ]  # fmt: skip


def unwanted(text: str) -> list[str]:
    """Marks of unfinished work and paths of one machine, in any text."""
    return [*UNFINISHED.findall(text), *MACHINE_PATH.findall(text)]


if __name__ == "__main__":
    import structure  # here, since it needs this module

    for bar in structure.bars(read(Path(__file__).parents[1] / "src" / "facepad")):
        print(bar, "" if bar.is_kept else f"<- {'; '.join(bar.where)}")  # noqa: T201
