"""HTML made of text: everything is escaped but what is marked as markup."""

import json
import re
from collections.abc import Mapping, Sequence
from html import escape


class Markup(str):
    """Text that is HTML already; other text is escaped where it enters an element."""

    __slots__ = ()


def element(name: str, attributes: Mapping[str, str], *children: str) -> Markup:
    """Return an element; children that are not `Markup` are escaped.

    Example:
        >>> element("a", {"href": "/?a=1&b=2"}, "<top>")
        '<a href="/?a=1&amp;b=2">&lt;top&gt;</a>'
    """
    pairs = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{pairs}>{joined(children)}</{name}>")


def joined(parts: Sequence[str]) -> Markup:
    """Return the parts one after the other; those that are not `Markup` are escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def as_json(value: object) -> str:
    """Return a value as JSON for people."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def code(text: str, label: str) -> Markup:
    """Return a block of code; the label is for screen readers, since the block may scroll."""
    return element("pre", {"tabindex": "0", "role": "group", "aria-label": label}, text)


def prose(text: str) -> Markup:
    """Return paragraphs and lists of a text in Markdown; other marks stay as they are."""
    parts = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = block.splitlines()
        if lines and all(line.startswith(("- ", "  ")) for line in lines):
            items = re.split(r"^- ", block, flags=re.MULTILINE)[1:]
            parts.append(element("ul", {}, *(element("li", {}, inline(item)) for item in items)))
        elif block:
            parts.append(element("p", {}, inline(block)))
    return joined(parts)


def inline(text: str) -> Markup:
    """Return text with what is between backticks as code."""
    parts = re.split(r"`+([^`]+)`+", text)
    return joined([element("code", {}, part) if n % 2 else part for n, part in enumerate(parts)])
