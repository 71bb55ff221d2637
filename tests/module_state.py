"""State that lives as long as the process: what no object owns.

Found are cached functions and methods, containers that are filled later, `global` statements,
attributes of classes and modules that functions set, and instances of classes that hold state.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from architecture import Function, Module, walk

# What may live as long as the process, with the reason.
ALLOWED: Mapping[str, str] = {
    "jobs.processes:_Process.worker": (
        "the standard executor calls plain functions in its processes; they need one known place"
    ),
    "models.session:_sessions": (
        "tests are made by name, one by one, and two of the default ones see with one backbone; to "
        "load it again takes 49 ms. It holds nothing that no network uses"
    ),
    "quality.biqi_model:BiqiModel.packaged": (
        "`measure` is a function without an owner; to load the model at each call takes 24 ms, a "
        "quarter of the time of all 25 metrics at 640x480"
    ),
    "quality.niqe_model:NiqeModel.packaged": "as BiqiModel.packaged; 6 ms a call",
}

_CACHES = re.compile(r"(?:\w+\.)*(?:lru_cache|cache|cached|memoize)")
_CONTAINERS = re.compile(
    "dict|list|set|bytearray|OrderedDict|defaultdict|deque|Counter|ChainMap|Queue|SimpleQueue|"
    "WeakKeyDictionary|WeakValueDictionary|WeakSet|local|ContextVar|Lock|RLock"
)
_CHANGES = re.compile(
    "add|append|appendleft|clear|discard|extend|insert|move_to_end|pop|popitem|popleft|remove|"
    "setdefault|update"
)


def state(modules: Iterable[Module]) -> dict[str, int]:
    """Return the line of each piece of state, by ``module:name``."""
    modules = list(modules)
    holders = {name for module in modules for name in _stateful_classes(module.tree)}
    return {
        f"{module.name}:{name}": line
        for module in modules
        for name, line in _of_module(module.tree, holders)
    }


def complaints(modules: Iterable[Module], allowed: Mapping[str, str] = ALLOWED) -> list[str]:
    """Return each piece of state that is not allowed, and what is allowed but not there."""
    there = state(modules)
    return [
        *(f"{name} in line {line} is state of the process" for name, line in there.items()
          if name not in allowed),
        *(f"{name} is allowed, but not there" for name in allowed if name not in there),
    ]  # fmt: skip


def _of_module(tree: ast.Module, holders: set[str]) -> Iterator[tuple[str, int]]:
    yield from _in_body(tree.body, holders)
    places, modules = _places(tree), {name for name in _imported(tree) if name.islower()}
    for function in (node for node in walk(tree) if isinstance(node, Function)):
        for name, line in _set_by(function, places):
            module, _, call = name.partition(".")
            if not (module in modules and _CHANGES.fullmatch(call.removesuffix("()"))):
                yield name, line


def _in_body(
    body: Iterable[ast.stmt], holders: set[str], prefix: str = ""
) -> Iterator[tuple[str, int]]:
    """Yield caches, containers and instances in the body of a module or a class."""
    for node in body:
        if isinstance(node, Function) and any(map(_is_cache, node.decorator_list)):
            yield f"{prefix}{node.name}", node.lineno
        elif isinstance(node, ast.ClassDef):
            yield from _in_body(node.body, holders, f"{prefix}{node.name}.")
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _in_body(_inner(node), holders, prefix)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and _holds_state(node.value, holders):
            yield from ((f"{prefix}{name}", node.lineno) for name in _names(node))


def _inner(node: ast.If | ast.Try | ast.With) -> list[ast.stmt]:
    return [inner for inner in ast.iter_child_nodes(node) if isinstance(inner, ast.stmt)]


def _is_cache(node: ast.expr) -> bool:
    called = node.func if isinstance(node, ast.Call) else node
    return bool(_CACHES.fullmatch(ast.unparse(called)))


def _holds_state(value: ast.expr | None, holders: set[str]) -> bool:
    """Whether a value can change: an empty container, a cache, an instance that holds state."""
    if isinstance(value, ast.Dict | ast.List | ast.Set):
        return not (value.keys if isinstance(value, ast.Dict) else value.elts)
    if not isinstance(value, ast.Call):
        return False
    called = ast.unparse(value.func).rpartition(".")[2]
    return called in holders or _CONTAINERS.fullmatch(called) is not None or _is_cache(value.func)


def _stateful_classes(tree: ast.Module) -> Iterator[str]:
    """Yield classes whose methods set attributes, other than from the arguments at the start."""
    for node in walk(tree):
        if isinstance(node, ast.ClassDef) and any(
            _sets_itself(part) or _is_filled_field(part) for part in node.body
        ):
            yield node.name


def _is_filled_field(node: ast.stmt) -> bool:
    """Whether a field of a dataclass begins as an empty container."""
    if not isinstance(node, ast.AnnAssign) or not isinstance(node.value, ast.Call):
        return False
    made_by = (key.value for key in node.value.keywords if key.arg == "default_factory")
    return any(_CONTAINERS.fullmatch(ast.unparse(make).rpartition(".")[2]) for make in made_by)


def _sets_itself(node: ast.stmt) -> bool:
    """Whether a method sets or fills attributes of its object, or makes a container for one."""
    if not isinstance(node, Function):
        return False
    if any("cached_property" in ast.unparse(mark) for mark in node.decorator_list):
        return True
    if node.name == "__init__":
        return any(
            isinstance(part, ast.Assign | ast.AnnAssign) and _holds_state(part.value, set())
            for part in walk(node)
        )
    return any(name.startswith("self.") for name, _ in _changed(node))


def _places(tree: ast.Module) -> set[str]:
    """Names of the module's variables, functions and classes, and of what it imports from us."""
    names: set[str] = {"cls"}
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names.update(_names(node))
    return names | _imported(tree)


def _imported(tree: ast.Module) -> set[str]:
    """Names that a module imports from the package, in its functions too."""
    imports = (node for node in walk(tree) if isinstance(node, ast.ImportFrom))
    ours = (node for node in imports if (node.module or "").startswith("facepad"))
    return {alias.asname or alias.name for node in ours for alias in node.names}


def _set_by(function: Function, places: set[str]) -> Iterator[tuple[str, int]]:
    """Yield what a function changes of the module, of a class or of another module."""
    own = _bound(function)
    for node in walk(function):
        if isinstance(node, ast.Global):
            yield from ((name, node.lineno) for name in node.names)
    for name, line in _changed(function):
        root = name.partition(".")[0]
        if name.startswith(("self.__class__.", "type(self).")) or (
            root in places and root not in own
        ):
            yield name, line


def _bound(function: Function) -> set[str]:
    """Names that a function binds itself; `cls` stays, which is the class and not its own."""
    given = walk(function.args)
    names = {part.arg for part in given if isinstance(part, ast.arg)} - {"cls"}
    stored = (part for part in walk(function) if isinstance(part, ast.Name))
    names |= {part.id for part in stored if isinstance(part.ctx, ast.Store)}
    shared = {name for node in walk(function) if isinstance(node, ast.Global)
              for name in node.names}  # fmt: skip
    return names - shared


def _changed(function: Function) -> Iterator[tuple[str, int]]:
    """Yield attributes and containers that a function sets, deletes, fills or empties."""
    for node in walk(function):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield ast.unparse(node), node.lineno
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            yield ast.unparse(node.value), node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if _CHANGES.fullmatch(node.func.attr):
                yield f"{ast.unparse(node.func)}()", node.lineno
        elif isinstance(node, ast.Call) and _is_setattr(node.func):
            yield f"{ast.unparse(node.args[0])}.", node.lineno


def _is_setattr(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and function.id == "setattr"


def _names(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [ast.unparse(target) for target in targets]
