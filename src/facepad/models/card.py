"""A model's card: what it is, what it was made from and what it must not be used for."""

import re
from dataclasses import dataclass, fields

from facepad.errors import ModelError

USE_ANY = "any, within the licence"
USE_RESEARCH = "research only"
_HEADER = ("version", "licence", "use", "sha256")  # rows of the table at the top
_SECTIONS = ("data", "recipe", "results", "limits")  # headings below it


@dataclass(frozen=True, slots=True)
class Card:
    """Facts about one model file, kept beside it as Markdown.

    Attributes:
        title: One line, without the version.
        version: Version of the weights; "1", "2" ...
        data: Training data, with its licence.
        licence: Licence of the weights (SPDX name where there is one).
        recipe: The command, the seed and the method.
        results: Numbers, each with the data it was measured on.
        limits: Where it is known or expected to fail.
        research_use: Whether the weights are for research only.
        sha256: Hash of the model file; filled in by `facepad.models.store.save_arrays`.
    """

    title: str
    version: str
    data: str
    licence: str
    recipe: str
    results: str
    limits: str
    research_use: bool = False
    sha256: str = ""

    def render(self) -> str:
        """Return the card as Markdown; `parse` reads it back."""
        header = {
            "version": self.version,
            "licence": self.licence,
            "use": USE_RESEARCH if self.research_use else USE_ANY,
            "sha256": self.sha256,
        }
        rows = [f"| {name} | {header[name]} |" for name in _HEADER]
        parts = [f"# {self.title}", "\n".join(["| | |", "|---|---|", *rows])]
        parts += [f"## {name.capitalize()}\n\n{getattr(self, name).strip()}" for name in _SECTIONS]
        return "\n\n".join(parts) + "\n"


def parse(text: str) -> Card:
    """Read a card that `Card.render` wrote.

    Raises:
        ModelError: The title, a row of the table or a section is missing.
    """
    body = re.split(r"^## (Data|Recipe|Results|Limits)$", text, flags=re.MULTILINE)
    facts = dict(re.findall(r"^\| (\w+) \| ?(.*?) ?\|$", body[0], flags=re.MULTILINE))
    facts |= {name.lower(): part.strip() for name, part in zip(body[1::2], body[2::2], strict=True)}
    title = re.match(r"# (.+)", text)
    facts["title"] = title.group(1).strip() if title else ""
    facts["research_use"] = facts.pop("use", "") == USE_RESEARCH
    missing = [f.name for f in fields(Card) if facts.get(f.name, "") == "" and f.name != "sha256"]
    if missing:
        raise ModelError(
            f"a model card lacks {', '.join(missing)}; expected what Card.render wrote"
        )
    return Card(**{f.name: facts.get(f.name, "") for f in fields(Card)})
