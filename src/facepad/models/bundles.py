"""Bundles of models: which are in effect, whether they are whole, and their cards."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facepad.errors import ModelError
from facepad.models import store
from facepad.models.card import USE_ANY, USE_RESEARCH, Card, parse
from facepad.models.index import MAX_LIST, Bundle, read_bytes
from facepad.models.pin import Pin

_COLUMNS = ("model and card", "version", "licence", "sha256, first digits")


@dataclass(frozen=True, slots=True)
class BundleCheck:
    """Result of `verify` for one bundle.

    Attributes:
        name: Its full version.
        distribution: The installed distribution that ships it; "" when it was added.
        problem: What is wrong and how to fix it, one line for each file; empty for a sound one.
    """

    name: str
    distribution: str
    problem: str = ""


def in_effect() -> Iterator[Bundle]:
    """Yield the bundles whose models `find` finds: the pinned one, and installed ones.

    Raises:
        ModelError: A bundle is damaged, or the pinned one is not here.
    """
    own = store.pinned()
    if own is not None:
        yield own
    yield from (bundle for bundle in store.installed() if own is None or bundle.name != own.name)


def holding(versions: Iterable[str]) -> str:
    """Return the bundles in effect that hold these models, joined by commas.

    Args:
        versions: Full versions of models; those of no bundle are left out.

    Raises:
        ModelError: As `in_effect`.
    """
    wanted, names = set(versions), []
    for bundle in in_effect():
        held = wanted & {entry.full_version for entry in bundle.entries}
        names += [bundle.full_version] if held else []
        wanted -= held
        if not wanted:
            break
    return ", ".join(names)


def named(name: str) -> Bundle | None:
    """Return the bundle of a name or identity, in effect or added; None where there is none.

    Raises:
        ModelError: A bundle is damaged.
    """
    if (pin := Pin.parse(name)) is None:
        return None
    here = (*in_effect(), *store.added(pin))
    return next((one for one in here if pin.fits(one.name, one.version, one.sha256)), None)


def verify() -> tuple[BundleCheck, ...]:
    """Compute the hashes of all bundles, installed and added, and of their files again.

    Raises:
        ModelError: The lists of an installed bundle are damaged.
    """
    added = store.added_folders()
    return (*map(_check, store.installed()), *map(_check_added, added))


def card(bundle: Bundle) -> str:
    """Return the card of a bundle as Markdown, made from its list and the cards of its models.

    Raises:
        ModelError: The card of a model is missing or damaged.
    """
    cards = {one.name: _card_of(bundle.folder / one.file) for one in bundle.entries}
    files = {one.name: Path(one.file).with_suffix(".md").name for one in bundle.entries}
    facts = (
        ("version", bundle.version),
        ("licence", bundle.licence),
        ("use", USE_RESEARCH if bundle.research_use else USE_ANY),
        ("sha256", bundle.sha256),
    )
    models = [
        (f"[{one.name}]({files[one.name]})", one.version, one.licence, f"`{one.sha256[:16]}`")
        for one in bundle.entries
    ]
    parts = [
        f"# Bundle {bundle.full_version}",
        _table(("", ""), facts),
        f"## Models\n\n{_table(_COLUMNS, models)}",
        "The hash of the bundle is the SHA-256 of one line `NAME SHA256` for each model, in order "
        "of name.",
        *(_test_section(test, own, cards, files) for test, own in bundle.tests.items()),
    ]
    return "\n\n".join(parts) + "\n"


def _check(bundle: Bundle) -> BundleCheck:
    problems = [found.problem for found in map(store.check, bundle.entries) if found.problem]
    return BundleCheck(bundle.full_version, bundle.distribution, "\n".join(problems))


def _check_added(folder: Path) -> BundleCheck:
    try:
        return _check(store.read_added(folder))
    except ModelError as error:
        return BundleCheck(folder.name, "", str(error))


def _test_section(
    test: str, own: Sequence[str], cards: Mapping[str, Card], files: Mapping[str, str]
) -> str:
    fitted = cards[own[0]]
    return (
        f"## Test `{test}`\n\nModels: {', '.join(own)}.\n\n"
        f"Data:\n\n{_first(fitted.data)}\n\n"
        f"First results:\n\n```text\n{_first_results(fitted.results)}\n```\n\n"
        f"Limits: {fitted.limits}\n\n"
        f"Recipe and all results: [card of {own[0]}]({files[own[0]]})."
    )


def _first(section: str) -> str:
    """Return the first paragraph of a card's section, or the list that it introduces."""
    paragraphs = section.split("\n\n")
    return paragraphs[1] if paragraphs[0].endswith(":") and paragraphs[1:] else paragraphs[0]


def _first_results(section: str) -> str:
    """Return the first two paragraphs: as a rule the operating point, and the errors on one set."""
    plain = section.removeprefix("```text\n").partition("\n```")[0]
    return "\n\n".join(plain.split("\n\n")[:2])


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines)


def _card_of(file: Path) -> Card:
    return parse(read_bytes(file.with_suffix(".md"), MAX_LIST).decode(errors="replace"))
