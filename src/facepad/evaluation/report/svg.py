"""Matplotlib's SVG made fit for a page: themed, responsive, without style attributes.

Colours become CSS variables, so that one drawing serves light and dark; style attributes
become presentation attributes, which strict content policies allow; sizes go, so that the
drawing takes the width it is given; names of parts become unique in the page.
"""

import re
from collections.abc import Mapping
from html import escape

from facepad.evaluation.report.palette import DARK, LIGHT, TOKENS

_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_GLOBAL_STYLE = re.compile(r"\s*<defs>\s*<style[^>]*>.*?</style>\s*</defs>", re.DOTALL)
_ROOT = re.compile(r"<svg[^>]*viewBox=\"([^\"]*)\"[^>]*>")
_STYLE = re.compile(r'\sstyle="([^"]*)"')
_FONT = re.compile(r"([\d.]+)px")
_ID = re.compile(r'\sid="([^"]*)"')
_USE = re.compile(r'(?:xlink:)?href="#([^"]*)"|url\(#([^)]*)\)')
_GROUP_NAME = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_DECIMALS = re.compile(r"(\d+\.\d{2})\d+")


def themed(drawn: str, name: str, *, title: str, description: str) -> str:
    """An ``<svg>`` element for a page that defines the palette's CSS variables.

    Args:
        drawn: What matplotlib wrote, drawn in the colours of `palette.TOKENS`.
        name: Unique in the page; letters, digits and hyphens.
        title: Read out by screen readers.
        description: The same, at length.
    """
    text = _GLOBAL_STYLE.sub("", _METADATA.sub("", _PROLOGUE.sub("", drawn)))
    text = _GROUP_NAME.sub("", text)
    text = _STYLE.sub(lambda found: _attributes(found[1]), text)
    text = _own_names(text, name)
    for colour, token in TOKENS.items():
        text = text.replace(token, f"var(--{colour})")
    head = (
        rf'<svg viewBox="\1" role="img" aria-labelledby="{name}-t {name}-d" '
        'font-family="inherit" stroke-linejoin="round" xmlns="http://www.w3.org/2000/svg">'
    )
    words = (
        f'<title id="{name}-t">{escape(title)}</title>'
        f'<desc id="{name}-d">{escape(description)}</desc>'
    )
    text = _ROOT.sub(head, text, count=1)
    return _DECIMALS.sub(r"\1", text.replace(">", f">{words}", 1)).strip()


def standalone(element: str) -> str:
    """A themed element as a file of its own that follows the reader's colour scheme."""
    style = (
        f"<style>svg{{{_variables(LIGHT)};font-family:system-ui,sans-serif}}"
        f"@media(prefers-color-scheme:dark){{svg{{{_variables(DARK)}}}}}</style>"
    )
    words, close, rest = element.partition("</desc>")
    paper = '<rect width="100%" height="100%" fill="var(--paper)"/>'  # pages may be any colour
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{words}{close}{style}{paper}{rest}\n'


def _variables(colours: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colours.items())


def _attributes(style: str) -> str:
    """Presentation attributes that say what a style attribute said."""
    kept = []
    for declaration in style.split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":  # the shorthand is no presentation attribute
            size = _FONT.search(value)
            name, value = "font-size", size[1] if size else "10"
        if name and value and not name.startswith("font-family"):
            kept.append(f' {name}="{value}"')
    return "".join(kept)


def _own_names(text: str, name: str) -> str:
    """Drop names that nothing refers to, and put the drawing's name before the others."""
    used = {first or second for first, second in _USE.findall(text)}
    text = _ID.sub(lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", text)
    text = re.sub(r'(?:xlink:)?href="#', f'href="#{name}-', text)
    return text.replace("url(#", f"url(#{name}-")
