"""Arrays in a file and back: the same arrays always give the same bytes; never pickle."""

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError

MAX_BYTES = 128 * 2**20  # of a file, and of what it unpacks to; our largest is far below
MAX_ARRAYS = 1_000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(ValueError, EOFError, RuntimeError, MemoryError),
)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say

FEATURES_FORMAT = 1  # of the names and shapes of arrays in a file for one metric

Arrays = dict[str, NDArray[Any]]


@contextmanager
def reading(
    arrays: Mapping[str, NDArray[Any]], version: int, source: str, otherwise: str
) -> Iterator[None]:
    """Check the format of a model's arrays; convert any failure to read them into a ModelError.

    Args:
        arrays: From a model file, with its ``format_version``.
        version: Expected format version.
        source: Names the file in errors.
        otherwise: What the error says of the file: "holds no heads of the face test".

    Raises:
        ModelError: Another format version, or reading the arrays failed.
    """
    try:
        stored = int(arrays["format_version"])
        if stored != version:
            raise ModelError(f"{source} has format {stored}, expected {version}")
        yield
    except (KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{source} {otherwise}: {error!r}") from error


def check_features(
    arrays: Mapping[str, NDArray[Any]], kind: str, version: int, names: tuple[str, ...], source: str
) -> None:
    """Compare what a file of parameters says of itself with what this code computes.

    Args:
        arrays: Content of the file.
        kind: The metric, "niqe" or "biqi".
        version: Version of the metric.
        names: Ordered names of its features.
        source: Names the file in errors.

    Raises:
        ModelError: Another kind, version or order of features.
    """
    expected = {
        "kind": kind,
        "format_version": FEATURES_FORMAT,
        "metrics_version": version,
    }
    for key, value in expected.items():
        stored = member(arrays, key, source)
        if stored.shape != () or stored.item() != value:
            raise ModelError(
                f"{source} has {key} {stored.tolist()!r}, this version needs {value!r}"
            )
    if tuple(member(arrays, "names", source).ravel().tolist()) != names:
        raise ModelError(f"{source} is of other features, or in another order, than this version's")


def member(arrays: Mapping[str, NDArray[Any]], name: str, source: str) -> NDArray[Any]:
    """Return an array that a file must hold.

    Raises:
        ModelError: It does not.
    """
    if name not in arrays:
        raise ModelError(f"{source} holds no array {name!r}")
    return arrays[name]


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return arrays as the bytes of an ``.npz`` file, independent of time, machine and order.

    Stored without compression, since that differs between versions of zlib.

    Raises:
        ModelError: An array holds Python objects, which only pickle could keep.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.create_system = 3  # else it tells Windows from the rest
            info.external_attr = 0o644 << 16
            archive.writestr(info, _pack_one(name, arrays[name]))
    return buffer.getvalue()


def unpack(data: bytes, source: str) -> Arrays:
    """Read the bytes of an ``.npz`` file.

    Args:
        data: At most ``MAX_BYTES``.
        source: Names the bytes in errors.

    Returns:
        Arrays by name.

    Raises:
        ModelError: Not such a file, damaged, too large once unpacked, or it holds objects.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > MAX_BYTES or len(members) > MAX_ARRAYS:
                raise ModelError(
                    f"{source} holds {len(members)} arrays of {size} bytes, "
                    f"more than {MAX_ARRAYS} or {MAX_BYTES}"
                )
            if any(member.compress_type not in _METHODS for member in members):
                raise ValueError("compressed by a method that numpy does not write")
            return {
                member.filename.removesuffix(".npy"): _unpack_one(archive.read(member))
                for member in members
            }
    except _DAMAGED as error:
        raise ModelError(f"{source} is not a file of arrays (.npz): {error}") from error


def _pack_one(name: str, array: NDArray[Any]) -> bytes:
    array = np.asarray(array, order="C")
    if array.dtype.hasobject:
        raise ModelError(f"array {name!r} holds Python objects, expected numbers or text")
    buffer = io.BytesIO()
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    np.lib.format.write_array(buffer, little, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _unpack_one(data: bytes) -> NDArray[Any]:
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("an array is not in version 1.0 of the npy format")
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject:
        raise ValueError("an array holds Python objects, which are never read")
    held = len(data) - stream.tell()
    if math.prod(shape) * dtype.itemsize > held:  # before numpy asks for the memory
        raise ValueError(f"an array claims to be {shape} but has {held} bytes")
    order: Literal["C", "F"] = "F" if by_column else "C"
    stored: NDArray[Any] = np.ndarray(shape, dtype, data, stream.tell(), order=order)
    return stored.copy(order)  # one that can be written, and does not keep the file in memory
