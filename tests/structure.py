"""Numbers about the structure of the package: chains, single importers, folders, class names.

Works on the modules and import edges that `architecture` reads.
"""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import architecture as house
import module_state
from architecture import Module

MOST_FILES = 20  # Python files in a folder

Graph = Mapping[str, set[str]]

# What a tree has one of; each is told by a call that nothing else needs.
ONE_OF_EACH: Mapping[str, re.Pattern[str]] = {
    "process pools": re.compile(r"\bProcessPoolExecutor\("),
    "file locks": re.compile(r"\bflock\("),
    # Text has `.replace(old, new)`, dataclasses have `replace(value, ...)`; a path has one
    # argument.
    "atomic writes": re.compile(
        r"\bos\.(?:replace|rename|renames)\(|\bshutil\.move\(|\.rename\("
        r"|\.replace\((?:[^(),=*]|\([^()]*\))+,?\s*\)"
    ),
    "places that keep a work folder": re.compile(r"\bO_CREAT\b|\bO_EXCL\b|\border\.json\b"),
    "CSV readers": re.compile(r"\bcsv\.(?:Dict)?[Rr]eader\("),
}


def import_graph(modules: Sequence[Module]) -> Graph:
    """Modules that each module imports, function-level imports included."""
    graph: dict[str, set[str]] = {module.name: set() for module in modules if module.name}
    for user, used in house.edges(modules):
        if used and used != user:
            graph[user].add(used)
    return graph


def longest_chain(graph: Graph) -> tuple[str, ...]:
    """The longest chain of imports; the graph must have no cycle."""

    @cache
    def chain(name: str) -> tuple[str, ...]:
        return (name, *max((chain(used) for used in sorted(graph[name])), key=len, default=()))

    return max((chain(name) for name in sorted(graph)), key=len, default=())


def single_importers(graph: Graph) -> list[str]:
    """Modules that exactly one other module imports."""
    importers = Counter(used for uses in graph.values() for used in uses)
    return sorted(name for name, count in importers.items() if count == 1)


def files_per_folder(modules: Iterable[Module]) -> Counter[str]:
    """Python files directly in each folder; "" is the package's own."""
    return Counter(_folder(module) for module in modules)


def folder_cycles(modules: Sequence[Module]) -> list[str]:
    """Entries of a folder that import each other, with every subfolder taken as one entry."""
    levels: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for user, uses in import_graph(modules).items():
        for used in uses:
            level, here, there = _where_they_part(user, used)
            levels[level][here].add(there)
    return sorted(
        f"{level or 'facepad'}: {entry}"
        for level, graph in levels.items()
        for entry in graph
        if house.reaches(graph, entry)
    )


def repeated_class_names(modules: Iterable[Module]) -> list[str]:
    """Public class names that are defined more than once."""
    places = defaultdict(list)
    for module in modules:
        for node in house.walk(module.tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(module.name)
    return sorted(f"{name}: {', '.join(at)}" for name, at in places.items() if len(at) > 1)


def places_of(modules: Iterable[Module], pattern: re.Pattern[str]) -> list[str]:
    """Modules whose text matches."""
    return [module.name for module in modules if pattern.search(module.text)]


def lockers(modules: Iterable[Module]) -> list[str]:
    """Modules outside ``jobs`` that lock a file by themselves, not by a work folder."""
    locks = re.compile(r"import (?:.*\b)?lock\b|\bfiles\.lock\(")
    return [name for name in places_of(modules, locks) if not _lies_in(name, "jobs")]


def importers_of(graph: Graph, package: str) -> list[str]:
    """Modules outside a package that import it or a module in it."""
    return sorted(
        user
        for user, uses in graph.items()
        if not _lies_in(user, package) and any(_lies_in(used, package) for used in uses)
    )


def _lies_in(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def _folder(module: Module) -> str:
    return module.name if module.is_package else module.name.rpartition(".")[0]


def _where_they_part(user: str, used: str) -> tuple[str, str, str]:
    """The innermost folder that holds both modules, and the entry of each in it.

    A package's own ``__init__`` stands for an entry of that name in its folder.
    """
    here, there = user.split("."), used.split(".")
    depth = 0
    while depth < min(len(here), len(there)) and here[depth] == there[depth]:
        depth += 1
    first = here[depth] if depth < len(here) else "__init__"
    second = there[depth] if depth < len(there) else "__init__"
    return ".".join(here[:depth]), first, second


@dataclass(frozen=True, slots=True)
class Bar:
    """One number about the structure, with its limit.

    Attributes:
        what: What is counted.
        value: Today's number.
        limit: The highest number that is allowed; None where none is set.
        where: What to look at when the number is too high.
    """

    what: str
    value: int
    limit: int | None = None
    where: tuple[str, ...] = ()

    @property
    def is_kept(self) -> bool:
        return self.limit is None or self.value <= self.limit

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"at most {self.limit}"
        return f"{self.what:<34} {self.value:>6}  {limit}"


def bars(modules: Sequence[Module]) -> list[Bar]:
    """The numbers that the house holds itself to."""
    graph = import_graph(modules)
    chain, alone = longest_chain(graph), single_importers(graph)
    crowded = [name for name, n in files_per_folder(modules).items() if n > MOST_FILES]
    in_cycle = sorted(name for name in graph if house.reaches(graph, name))
    return [
        Bar("files in the package", len(modules), 432),
        Bar("lines in the package", sum(len(m.text.splitlines()) for m in modules)),
        Bar("modules with one importer", len(alone), 120, tuple(alone)),
        Bar("longest import chain", len(chain), 14, chain),
        Bar(f"folders over {MOST_FILES} Python files", len(crowded), 0, tuple(crowded)),
        Bar("modules in import cycles", len(in_cycle), 0, tuple(in_cycle)),
        _listed("folder entries in import cycles", folder_cycles(modules)),
        Bar("files in cli", sum(_lies_in(m.name, "cli") for m in modules), 20),
        _listed("importers of cli but __main__", _strangers(graph)),
        _listed("public class names used twice", repeated_class_names(modules)),
        _listed("state of the process", module_state.complaints(modules)),
        Bar("state of the process, with a reason", len(module_state.ALLOWED)),
        # `scoring.table` locks the file of scores itself, which a run appends to.
        Bar("modules outside jobs that lock", len(locks := lockers(modules)), 1, tuple(locks)),
        *(
            Bar(what, len(places), 1, tuple(places))
            for what, pattern in ONE_OF_EACH.items()
            for places in [places_of(modules, pattern)]
        ),
    ]


def _listed(what: str, places: Sequence[str]) -> Bar:
    return Bar(what, len(places), 0, tuple(places))


def _strangers(graph: Graph) -> list[str]:
    return [name for name in importers_of(graph, "cli") if name != "__main__"]
