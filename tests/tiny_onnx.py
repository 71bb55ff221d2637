"""Small networks in ONNX, written without a library for it: messages of protocol buffers.

Messages of one kind can be joined: the bytes of two models in a row are one model with the nodes,
weights and outputs of both. So a head is put behind a network that exists.
"""

import struct
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Shape = Sequence[int | str]
FLOAT, UINT8, INT64, DOUBLE = 1, 2, 7, 11
_TYPES = {np.dtype(np.float32): FLOAT, np.dtype(np.uint8): UINT8, np.dtype(np.int64): INT64}
IR_VERSION, OPSET = 8, 13


def varint(value: int) -> bytes:
    """Return a number of variable length."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def number(field: int, value: int) -> bytes:
    """Return a field with a whole number of 0 or more."""
    return varint(field << 3) + varint(value)


def text(field: int, value: str | bytes) -> bytes:
    """Return a field with text or a message."""
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def tensor(name: str, values: NDArray[np.generic]) -> bytes:
    """Return a tensor with its values."""
    dims = b"".join(number(1, size) for size in values.shape)
    raw = np.ascontiguousarray(values).tobytes()
    return dims + number(2, _TYPES[values.dtype]) + text(8, name) + text(9, raw)


def attribute(name: str, value: int | float | Sequence[int]) -> bytes:
    """Return an attribute of a node."""
    if isinstance(value, float):
        body = varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1)
    elif isinstance(value, int):
        body = number(3, value) + number(20, 2)
    else:
        body = b"".join(number(8, one) for one in value) + number(20, 7)
    return text(1, name) + body


def node(
    kind: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    domain: str = "",
    **attributes: int | float | Sequence[int],
) -> bytes:
    """Return a node."""
    return b"".join(
        (
            *(text(1, name) for name in inputs),
            *(text(2, name) for name in outputs),
            text(4, kind),
            *([text(7, domain)] if domain else []),
            *(text(5, attribute(name, value)) for name, value in attributes.items()),
        )
    )


def value(name: str, shape: Shape, kind: int = FLOAT) -> bytes:
    """Return the name, type and shape of an input or output."""
    dims = [number(1, one) if isinstance(one, int) else text(2, one) for one in shape]
    sizes = b"".join(text(1, one) for one in dims)
    return text(1, name) + text(2, text(1, number(1, kind) + text(2, sizes)))


def graph(
    nodes: Sequence[bytes],
    weights: Mapping[str, NDArray[np.generic]],
    inputs: Sequence[bytes],
    outputs: Sequence[bytes],
) -> bytes:
    """Return a graph, or the part of one."""
    return b"".join(
        (
            *(text(1, one) for one in nodes),
            text(2, "graph"),
            *(text(5, tensor(name, values)) for name, values in weights.items()),
            *(text(11, one) for one in inputs),
            *(text(12, one) for one in outputs),
        )
    )


def model(graph_message: bytes, domains: Sequence[str] = ("",)) -> bytes:
    """Return a whole model."""
    sets = [text(8, (text(1, one) if one else b"") + number(2, OPSET)) for one in domains]
    return number(1, IR_VERSION) + b"".join(sets) + text(7, graph_message)


def classifier(
    *, size: int = 16, classes: int = 2, softmax: bool = False, features: int = 4, seed: int = 0
) -> bytes:
    """Return a small convolutional network with random weights.

    Input "picture", (N, 3, size, size); outputs "scores", (N, classes), and "features".
    """
    rng = np.random.default_rng(seed)
    weights = {
        "kernel": rng.normal(0.0, 0.5, (features, 3, 3, 3)).astype(np.float32),
        "matrix": rng.normal(0.0, 2.0, (features, classes)).astype(np.float32),
        "bias": rng.normal(0.0, 0.1, classes).astype(np.float32),
    }
    scores = "logits" if softmax else "scores"
    nodes = [
        node("Conv", ["picture", "kernel"], ["maps"], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", ["maps"], ["positive"]),
        node("GlobalAveragePool", ["positive"], ["pooled"]),
        node("Flatten", ["pooled"], ["features"], axis=1),
        node("Gemm", ["features", "matrix", "bias"], [scores]),
        *([node("Softmax", ["logits"], ["scores"], axis=1)] if softmax else []),
    ]
    inputs = [value("picture", ("n", 3, size, size))]
    outputs = [value("scores", ("n", classes)), value("features", ("n", features))]
    return model(graph(nodes, weights, inputs, outputs))
