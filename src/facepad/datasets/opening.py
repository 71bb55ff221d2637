"""Open a dataset by its registered name, and read what its listing says of it."""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import cleandoc, signature
from pathlib import Path
from types import MappingProxyType

from facepad import registry
from facepad.errors import DatasetError, SettingsError
from facepad.jobs.csv_rows import check_species
from facepad.types import Dataset, Sample

_FIELD = re.compile(r"^(?P<name>[A-Z][A-Za-z ]*):[ \t]+(?P<words>.*(?:\n[ \t]+.*)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DatasetHeader:
    """Description of a database, from the docstring of its listing's module.

    Attributes:
        name: Name in the registry.
        title: First line.
        fields: "Layout", "Reference", "Licence", "Apply to", "Checked" and so on.
        text: The whole docstring.
    """

    name: str
    title: str
    fields: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class DatasetListing:
    """One copy of a dataset, listed.

    Attributes:
        header: Description of the database in the listing.
        dataset: The listing.
        protocol: The protocol that is followed; "" when there is only one.
        protocols: All protocols of the listing.
        samples: All samples, in order.
        notices: Notices of the listing on this copy.
    """

    header: DatasetHeader
    dataset: Dataset
    protocol: str
    protocols: tuple[str, ...]
    samples: tuple[Sample, ...]
    notices: tuple[str, ...]


def open_dataset(name: str, root: Path, protocol: str | None = None) -> Dataset:
    """Return the listing of a copy of a dataset; nothing is read yet.

    Args:
        name: Name in the registry ("nuaa").
        root: Folder or file of the copy.
        protocol: None for the listing's own choice.

    Raises:
        SettingsError: There is no such dataset or protocol.
    """
    make: Callable[..., Dataset] = registry.resolve("datasets", name)
    if protocol is None:
        return make(root)
    if "protocol" not in signature(make).parameters:
        raise SettingsError(f"dataset {name} has one protocol only, got {protocol!r}")
    return make(root, protocol=protocol)


def list_dataset(name: str, root: Path, protocol: str | None = None) -> DatasetListing:
    """List a copy of a dataset, with what its listing says of it.

    Args:
        name: As `open_dataset`.
        root: As `open_dataset`.
        protocol: As `open_dataset`.

    Raises:
        SettingsError: As `open_dataset`.
        DatasetError: The copy is not laid out as expected, or an attack has a kind that means
            bona fide.
    """
    header = header_of(name)
    dataset = open_dataset(name, root, protocol)
    samples = tuple(map(_checked, dataset.samples()))
    notices = getattr(dataset, "notices", tuple)
    return DatasetListing(
        header,
        dataset,
        str(getattr(dataset, "protocol", "")),
        tuple(getattr(dataset, "protocols", ())),
        samples,
        tuple(notices()),
    )


def _checked(sample: Sample) -> Sample:
    try:
        check_species(sample.pai_species or "")
    except DatasetError as error:
        raise DatasetError(f"{sample.key}: {error}") from None
    return sample


def header_of(name: str) -> DatasetHeader:
    """Return what a listing says of its database.

    Raises:
        SettingsError: There is no such dataset, or it does not load.
    """
    make = registry.resolve("datasets", name)
    module = sys.modules.get(getattr(make, "__module__", ""))
    text = cleandoc(getattr(module, "__doc__", None) or "")
    title = text.partition("\n")[0].rstrip(".")
    fields = {match["name"]: " ".join(match["words"].split()) for match in _FIELD.finditer(text)}
    return DatasetHeader(name, title, MappingProxyType(fields), text)
