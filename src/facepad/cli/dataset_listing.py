"""A dataset by its registered name: its samples, and what its listing says of it."""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import cleandoc, signature
from pathlib import Path
from types import MappingProxyType

from facepad import registry
from facepad.errors import SettingsError
from facepad.types import Dataset, Sample

_FIELD = re.compile(r"^(?P<name>[A-Z][A-Za-z ]*):[ \t]+(?P<words>.*(?:\n[ \t]+.*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Header:
    """What the docstring of a listing's module tells.

    Attributes:
        name: In the registry.
        title: Its first line.
        fields: "Layout", "Reference", "Licence", "Apply to", "Checked" and so on.
        text: All of it.
    """

    name: str
    title: str
    fields: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One copy of a dataset.

    Attributes:
        header: What its listing tells of the database.
        dataset: The listing.
        protocol: The one that is followed; "" when there is only one.
        protocols: Those that there are.
        samples: In order.
        notices: What the listing says of this copy.
    """

    header: Header
    dataset: Dataset
    protocol: str
    protocols: tuple[str, ...]
    samples: tuple[Sample, ...]
    notices: tuple[str, ...]


def header_of(name: str) -> Header:
    """What a listing tells of its database.

    Raises:
        SettingsError: There is no such dataset, or it does not load.
    """
    made = registry.resolve("datasets", name)
    module = sys.modules.get(getattr(made, "__module__", ""))
    text = cleandoc(getattr(module, "__doc__", None) or "")
    title = text.partition("\n")[0].rstrip(".")
    fields = {match["name"]: " ".join(match["words"].split()) for match in _FIELD.finditer(text)}
    return Header(name, title, MappingProxyType(fields), text)


def listing_of(name: str, root: Path, protocol: str | None = None) -> Listing:
    """List a copy of a dataset.

    Args:
        name: In the registry.
        root: Its folder or file.
        protocol: None for the listing's own choice.

    Raises:
        SettingsError: There is no such dataset or protocol.
        DatasetError: The copy is not laid out as expected.
    """
    header = header_of(name)
    dataset = _made(name, root, protocol)
    samples = tuple(dataset.samples())
    notices = getattr(dataset, "notices", tuple)
    return Listing(
        header,
        dataset,
        str(getattr(dataset, "protocol", "")),
        tuple(getattr(dataset, "protocols", ())),
        samples,
        tuple(notices()),
    )


def _made(name: str, root: Path, protocol: str | None) -> Dataset:
    make: Callable[..., Dataset] = registry.resolve("datasets", name)
    if protocol is None:
        return make(root)
    if "protocol" not in signature(make).parameters:
        raise SettingsError(f"dataset {name} has one protocol only, got {protocol!r}")
    return make(root, protocol=protocol)
