"""Network files from anywhere: of bounded size, of a known hash, and complete in themselves.

A network in ONNX may name other files for its weights, and operators of libraries. Neither is
accepted: the message is read for both, without a library for ONNX, before anything runs it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from facepad.errors import ModelError
from facepad.models.index import digest, read_bytes

MAX_BYTES = 500 * 10**6
DOMAINS = ("", "ai.onnx", "ai.onnx.ml")  # of operators that every runtime has
_MOST_FIELDS = 2_000_000  # of the message; the trunk of the face test has 4,000
_DEEPEST = 24  # graphs within nodes within graphs
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types of protocol buffers
_LARGEST_NUMBER = 2**29 - 1  # of a field
_MODEL = "model"

# Numbers of the fields that hold messages, by message, as onnx.proto has them.
_WITHIN: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {
        _MODEL: MappingProxyType({7: "graph", 25: "function"}),
        "graph": MappingProxyType({1: "node", 5: "tensor", 15: "sparse"}),
        "function": MappingProxyType({7: "node", 11: "attribute"}),
        "node": MappingProxyType({5: "attribute"}),
        "attribute": MappingProxyType(
            {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"}
        ),
        "sparse": MappingProxyType({1: "tensor", 2: "tensor"}),
        "tensor": MappingProxyType({}),
    }
)
_NAMED: Mapping[str, tuple[int, int]] = MappingProxyType(  # fields of name and domain
    {"node": (4, 7), "function": (1, 10)}
)
_TRAINING = 20  # field of a model: graphs that are for training
_DATA_LOCATION, _EXTERNAL_DATA = 14, 13  # fields of a tensor


def load_network(file: Path, sha256: str) -> bytes:
    """Return the content of a network file; the hash of these very bytes was checked.

    Args:
        file: The network in ONNX, at most ``MAX_BYTES``.
        sha256: The expected hash, in lower-case hexadecimal.

    Raises:
        ModelError: The file is missing, too large or of another hash, or `check_network` refuses
            it.
    """
    data = read_bytes(file, MAX_BYTES)
    if (found := digest(data)) != sha256:
        raise ModelError(
            f"{file} has sha256 {found}, expected {sha256}; if you trust this file, change the "
            "hash in its description"
        )
    check_network(data, str(file))
    return data


def check_network(data: bytes, source: str) -> None:
    """Check that a network is complete in its file and has operators of ONNX only.

    Args:
        data: Content of the file.
        source: Names the file in errors.

    Raises:
        ModelError: It is no network in ONNX, keeps weights in other files, has operators of
            other libraries, or is nested too deeply.
    """
    reader = _Reader(source)
    try:
        reader.read(_MODEL, memoryview(data), 0)
    except (IndexError, ValueError, UnicodeDecodeError) as error:
        raise ModelError(f"{source} is no network in ONNX: {error}") from error
    if not reader.graphs:
        raise ModelError(f"{source} is no network in ONNX: it has no graph")
    foreign = sorted(
        f"{domain}.{name}"
        for domain, name in reader.operators - reader.functions
        if domain not in DOMAINS
    )
    if foreign:
        raise ModelError(
            f"{source} uses operators that are not part of ONNX: {', '.join(foreign[:5])}; export "
            f"it with operators of the domains {', '.join(filter(None, DOMAINS))} only"
        )


@dataclass(slots=True)
class _Reader:
    """Walks the messages of a model; notes its operators, and refuses what lies outside."""

    source: str
    graphs: int = 0
    fields: int = 0
    operators: set[tuple[str, str]] = field(default_factory=set)
    functions: set[tuple[str, str]] = field(default_factory=set)

    def read(self, kind: str, data: memoryview, depth: int) -> None:
        if depth > _DEEPEST:
            raise ModelError(f"{self.source} is nested more than {_DEEPEST} deep")
        self.graphs += kind == "graph"
        words: dict[int, str] = {}
        for number, value in _fields(data):
            self.fields += 1
            if self.fields > _MOST_FIELDS:
                raise ModelError(f"{self.source} has more than {_MOST_FIELDS:,} parts")
            self._refuse(kind, number, value)
            if not isinstance(value, memoryview):
                continue
            if inner := _WITHIN[kind].get(number):
                self.read(inner, value, depth + 1)
            elif number in _NAMED.get(kind, ()):
                words[number] = bytes(value).decode()
        if kind in _NAMED:
            name, domain = (words.get(number, "") for number in _NAMED[kind])
            (self.operators if kind == "node" else self.functions).add((domain, name))

    def _refuse(self, kind: str, number: int, value: int | memoryview) -> None:
        is_external = number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value != 0)
        if kind == "tensor" and is_external:
            raise ModelError(
                f"{self.source} keeps weights in other files; save it as one file, such as with "
                "onnx.save_model(model, path, save_as_external_data=False)"
            )
        if kind == _MODEL and number == _TRAINING:
            raise ModelError(f"{self.source} holds graphs for training; export it for inference")


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield number and value of each field of a message: numbers, or bytes.

    Raises:
        IndexError: The message ends within a field.
        ValueError: It is no message.
    """
    place = 0
    while place < len(data):
        tag, place = _varint(data, place)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT and 0 < number <= _LARGEST_NUMBER:
            value, place = _varint(data, place)
            yield number, value
            continue
        if wire not in (_FIXED64, _BYTES, _FIXED32) or not 0 < number <= _LARGEST_NUMBER:
            raise ValueError(f"a field of type {wire} at byte {place}")
        length = {_FIXED64: 8, _FIXED32: 4}.get(wire, 0)
        if wire == _BYTES:
            length, place = _varint(data, place)
        if place + length > len(data):
            raise ValueError(f"a field of {length} bytes ends behind the file")
        yield number, data[place : place + length]
        place += length


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """Return a number of variable length, and the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError(f"a number of more than 10 bytes at byte {place}")
