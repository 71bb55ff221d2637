"""Of 100 presentations, how many are accepted, asked again and rejected: from files of scores.

Usage: python benchmarks/outcomes.py [docs/lab/scores/FILE.csv ...]
       python benchmarks/outcomes.py --keep report/scores-NAME.csv docs/lab/scores/FILE.csv

Without files, those that ``docs/lab/scores/sets.json`` lists are read; README shows their table.
``--keep`` writes a copy of what `facepad evaluate` left, without paths and times: the test split,
or the subjects that are named with ``--subjects``. A copy serves as ``--scores`` and as
``--labels`` of `facepad evaluate`.
"""

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "lab" / "scores"
LABELS = ("key", "label", "pai_species", "subject", "split")
ANSWERS = ("score", "outcome", "reason")
ACCEPTED, REJECTED = "bona_fide", "attack"
BONA_FIDE = "genuine users"

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shares:
    """Outcomes of one kind of presentation in one set.

    Attributes:
        title: What the set is.
        kind: "genuine users", or the PAI species.
        presentations: Number of pictures and clips.
        people: Number of subjects.
        accepted: Share with the outcome bona fide, in %.
        asked_again: Share without a decision (uncertain, or no response), in %.
        rejected: Share with the outcome attack, in %.
    """

    title: str
    kind: str
    presentations: int
    people: int
    accepted: float
    asked_again: float
    rejected: float


def main() -> None:
    """Print the table, or keep a copy of scores."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("files", nargs="*", type=Path, help="files of scores with labels")
    options.add_argument("--keep", action="store_true", help="write a copy: FROM TO")
    options.add_argument("--subjects", nargs="*", default=[], help="subjects to keep")
    chosen = options.parse_args()
    if chosen.keep:
        source, copy = chosen.files
        keep(source, copy, chosen.subjects)
    elif chosen.files:
        print(
            table([row for file in chosen.files for row in shares(file.stem, read(file))]), end=""
        )
    else:
        print(table(stored()), end="")


def stored(folder: Path = FOLDER) -> list[Shares]:
    """Return the shares of every set in the repository, in the order of its list."""
    sets = json.loads((folder / "sets.json").read_text())
    return [row for one in sets for row in shares(one["title"], read(folder / one["file"]))]


def read(file: Path) -> list[Row]:
    """Return the rows of a file of scores."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def shares(title: str, rows: Sequence[Row]) -> Iterator[Shares]:
    """Yield the shares of a set: genuine users first, then each species."""
    kinds: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["label"] == "attack"):
        kind = BONA_FIDE if row["label"] == "bona_fide" else row["pai_species"] or "attacks"
        kinds.setdefault(kind, []).append(row)
    for kind, of_kind in kinds.items():
        number = Counter(row["outcome"] for row in of_kind)
        accepted, rejected = number[ACCEPTED], number[REJECTED]
        parts = accepted, len(of_kind) - accepted - rejected, rejected
        people = len({row["subject"] for row in of_kind})
        yield Shares(
            title, kind, len(of_kind), people, *(100.0 * part / len(of_kind) for part in parts)
        )


def table(rows: Sequence[Shares]) -> str:
    """Return the shares as a table in Markdown."""
    lines = [
        "| of 100 ... | presentations (people) | accepted | asked again | rejected |",
        "|---|---|---|---|---|",
    ]
    title = ""
    for row in rows:
        if row.title != title:
            title = row.title
            lines.append(f"| **{title}** | | | | |")
        shown = (_percent(part) for part in (row.accepted, row.asked_again, row.rejected))
        lines.append(
            f"| {row.kind.replace('_', ' ')} | {row.presentations:,} ({row.people}) "
            f"| {' | '.join(shown)} |"
        )
    return "\n".join(lines) + "\n"


def keep(source: Path, copy: Path, subjects: Sequence[str]) -> None:
    """Write the labels, scores and outcomes of the test split, or of some subjects."""
    rows = [
        row
        for row in read(source)
        if (row["subject"] in subjects if subjects else row["split"] == "test")
    ]
    tests = [name for name in rows[0] if name.endswith("_score")]
    with copy.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(
            lines, [*LABELS, *ANSWERS, *tests], extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)


def _percent(share: float) -> str:
    return f"{share:.1f}" if 0.0 < share < 10.0 or 90.0 < share < 100.0 else f"{share:.0f}"


if __name__ == "__main__":
    main()
