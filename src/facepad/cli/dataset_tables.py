"""What `facepad dataset` shows of databases and of copies of them: tables and documents."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from facepad.cli.dataset_listing import Header, Listing
from facepad.cli.tables import console
from facepad.errors import counted, printable
from facepad.types import Sample, Split

SCHEMA_VERSION = 1
BONA_FIDE = "bona fide"
GAP = 2  # blanks between columns


@dataclass(frozen=True, slots=True)
class Count:
    """How much there is of one kind in one part.

    Attributes:
        split: The part; "all" for the sum.
        species: PAI species; "bona fide" for living people.
        samples: Pictures and clips.
        subjects: People.
    """

    split: str
    species: str
    samples: int
    subjects: int


def counts_of(samples: Iterable[Sample]) -> list[Count]:
    """Counts by part and species, parts in their order, bona fide first."""
    number: Counter[tuple[str, str]] = Counter()
    people: dict[tuple[str, str], set[str]] = {}
    for sample in samples:
        kind = sample.pai_species or BONA_FIDE
        for split in (sample.split.value, "all"):
            number[split, kind] += 1
            people.setdefault((split, kind), set()).add(sample.subject)
    order = [*(split.value for split in Split), "all"]
    found = sorted(number, key=lambda at: (order.index(at[0]), at[1] != BONA_FIDE, at[1]))
    return [Count(*at, number[at], len(people[at])) for at in found]


def list_document(headers: Sequence[Header]) -> dict[str, Any]:
    """The list of databases as JSON has it."""
    rows = [{"name": h.name, "title": h.title, **_keys(h)} for h in headers]
    return {"schema_version": SCHEMA_VERSION, "datasets": rows}


def show_list(headers: Sequence[Header]) -> None:
    """Print one row per database."""
    table = _table("name", "what", "licence", "apply to")
    for header in headers:
        cells = (header.title, header.fields.get("Licence", ""), header.fields.get("Apply to", ""))
        table.add_row(Text(header.name, style="bold"), *(Text(printable(cell)) for cell in cells))
    console().print(table)


def info_document(listing: Listing) -> dict[str, Any]:
    """What is known of a copy as JSON has it."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": listing.header.name,
        "title": listing.header.title,
        **_keys(listing.header),
        "protocol": listing.protocol,
        "protocols": list(listing.protocols),
        "samples": len(listing.samples),
        "subjects": _people(listing.samples),
        "counts": [
            {"split": c.split, "species": c.species, "samples": c.samples, "subjects": c.subjects}
            for c in counts_of(listing.samples)
        ],
        "notices": list(listing.notices),
    }


def show_info(listing: Listing) -> None:
    """Print the counts of a copy, and what its listing says of it."""
    out = console()
    out.print(Text(listing.header.title, style="bold"))
    for field in ("Licence", "Reference", "Checked"):
        if words := listing.header.fields.get(field):
            out.print(Text(f"{field.lower()}: {words}", style="dim"))
    if listing.protocols:
        others = ", ".join(name for name in listing.protocols if name != listing.protocol)
        out.print(Text(f"protocol: {listing.protocol} (others: {others or 'none'})", style="dim"))
    table = _table("part", "class or species", "samples", "subjects")
    for count in counts_of(listing.samples):
        table.add_row(
            count.split, printable(count.species), f"{count.samples:,}", f"{count.subjects:,}"
        )
    out.print(table)
    people = counted(_people(listing.samples), "subject")
    out.print(Text(f"{counted(len(listing.samples), 'sample')} of {people}"))
    for notice in listing.notices:
        out.print(Text(f"notice: {printable(notice)}", style="yellow"))


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, GAP, 0, 0))
    for column in columns:
        right = column in ("samples", "subjects")
        table.add_column(
            column, justify="right" if right else "left", no_wrap=column == "name", overflow="fold"
        )
    return table


def _keys(header: Header) -> dict[str, str]:
    return {name.lower().replace(" ", "_"): words for name, words in header.fields.items()}


def _people(samples: Iterable[Sample]) -> int:
    return len({sample.subject for sample in samples})
