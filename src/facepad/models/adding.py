"""Bundles taken from a folder or a wheel into the folder of ``model_dir``, after verification."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from facepad import settings
from facepad.errors import ModelError
from facepad.jobs.files import write_file
from facepad.models import fetch, index, store
from facepad.models.card import parse
from facepad.models.index import Bundle, Entry, digest, read_bytes

MAX_TOTAL = 512 * 2**20  # bytes of a bundle's files; ours have 10 MB
_LISTS = (index.FILE, index.BUNDLE_FILE)


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a bundle comes from.

    Attributes:
        path: Folder or wheel, for messages.
        names: Names of the files beside its ``bundle.json``.
        read: Returns the content of one of them, of at most so many bytes.
    """

    path: Path
    names: frozenset[str]
    read: Callable[[str, int], bytes]

    def need(self, name: str, most: int) -> bytes:
        if name not in self.names:
            raise ModelError(f"{self.path} holds no {name}, expected it beside {index.BUNDLE_FILE}")
        return self.read(name, most)


def add(path: Path) -> Bundle:
    """Verify a bundle and copy it to the folder of ``model_dir``; it is used once it is pinned.

    Pulled models that the source does not hold are taken from the folder of ``model_dir``; where
    they are not there either, `facepad.models.fetch.pull` gets them once the bundle is pinned.

    Args:
        path: A folder with ``index.json``, ``bundle.json``, model files and cards, or a wheel
            that holds one such folder.

    Returns:
        The bundle as it was added.

    Raises:
        ModelError: No bundle, a damaged one, or one over a limit; the message names the file.
        SettingsError: The folder cannot be written to.
    """
    source = _wheel(path) if path.is_file() else _folder(path)
    lists = {name: source.need(name, index.MAX_LIST) for name in _LISTS}
    with TemporaryDirectory(prefix="facepad-") as folder:
        for name, data in lists.items():
            write_file(Path(folder, name), data, error=ModelError)
        stated = index.read_bundle(Path(folder), "")
    for _ in _files(source, stated):  # nothing is written before everything is verified
        pass
    home = settings.writable_folder("model_dir") / store.ADDED / stated.full_version
    for name, data in _files(source, stated):
        write_file(home / name, data, error=ModelError)
    for name, data in lists.items():  # bundle.json is the last: without it the folder is ignored
        write_file(home / name, data, error=ModelError)
    return store.read_added(home)


def _files(source: _Source, stated: Bundle) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each model file and card, after verification."""
    left = MAX_TOTAL
    for entry in stated.entries:
        data = _model(source, entry, min(left, index.MAX_BYTES))
        left -= len(data)
        if data:
            yield entry.file, data
        card = Path(entry.file).with_suffix(".md").name
        yield card, _card(source, card)


def _model(source: _Source, entry: Entry, most: int) -> bytes:
    """Return the content of a model's file; nothing for a pulled one that is not here."""
    here = settings.folder("model_dir") / entry.file
    if entry.kind == "packaged" or entry.file in source.names:
        data = source.need(entry.file, most)
    elif here.is_file() and digest(data := read_bytes(here)) == entry.sha256:
        return data
    else:
        return b""
    if digest(data) != entry.sha256:
        raise ModelError(
            f"{entry.file} in {source.path} has sha256 {digest(data)}, expected {entry.sha256}"
        )
    return data


def _card(source: _Source, name: str) -> bytes:
    """Return a card, which may be printed on a terminal."""
    data = source.need(name, index.MAX_LIST)
    try:
        text = data.decode()
        parse(text)
    except (UnicodeDecodeError, ModelError) as error:
        raise ModelError(f"{name} in {source.path} is no card: {error}") from error
    if not all(character.isprintable() or character in "\n\t" for character in text):
        raise ModelError(f"{name} in {source.path} has control characters, expected plain text")
    return data


def _folder(path: Path) -> _Source:
    try:
        names = frozenset(file.name for file in path.iterdir() if file.is_file())
    except OSError as error:
        raise ModelError(
            f"{path} cannot be read ({error.strerror}), expected a folder or a wheel"
        ) from error
    return _Source(path, names, lambda name, most: read_bytes(path / name, most))


def _wheel(path: Path) -> _Source:
    members = fetch.members(path)
    roots = [name.removesuffix(index.BUNDLE_FILE) for name in members if _is_list(name)]
    if len(roots) != 1:
        raise ModelError(f"{path} holds {len(roots)} files {index.BUNDLE_FILE}, expected one")
    names = frozenset(name.removeprefix(roots[0]) for name in members if name.startswith(roots[0]))
    return _Source(
        path, names, lambda name, most: fetch.read_member(path, f"{roots[0]}{name}", most)
    )


def _is_list(member: str) -> bool:
    return member.rpartition("/")[2] == index.BUNDLE_FILE
