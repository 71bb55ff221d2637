"""Checks that a file of parameters belongs to this code's definition of the features."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from facepad.errors import ModelError

FORMAT_VERSION = 1  # of the names and shapes of arrays
METRICS_VERSION = 1  # raised whenever the definition of a feature changes

Arrays = Mapping[str, NDArray[Any]]


def check(arrays: Arrays, kind: str, names: tuple[str, ...], source: str) -> None:
    """Compare what a file says of itself with what this code computes.

    Args:
        arrays: Content of the file.
        kind: "niqe" or "biqi".
        names: Ordered names of the features.
        source: Names the file in errors.

    Raises:
        ModelError: Another kind, version or order of features.
    """
    expected = {
        "kind": kind,
        "format_version": FORMAT_VERSION,
        "metrics_version": METRICS_VERSION,
    }
    for key, value in expected.items():
        found = get(arrays, key, source)
        if found.shape != () or found.item() != value:
            raise ModelError(f"{source} has {key} {found.tolist()!r}, this version needs {value!r}")
    if tuple(get(arrays, "names", source).ravel().tolist()) != names:
        raise ModelError(f"{source} is of other features, or in another order, than this version's")


def get(arrays: Arrays, name: str, source: str) -> NDArray[Any]:
    """An array that a file must hold.

    Raises:
        ModelError: It does not.
    """
    if name not in arrays:
        raise ModelError(f"{source} holds no array {name!r}")
    return arrays[name]
