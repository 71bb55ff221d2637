"""A made-up network that reconstructs volumes: bright crops are deep, dark ones are flat."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import tiny_onnx
from facepad.liveness.voxel.reconstructor import NAME, map_name
from facepad.liveness.voxel.volume import GRID, SIDE, SLICES, DepthMap, Present, centred, solid
from facepad.models import index, store
from facepad.models.card import Card

CARD = Card("T", "1", "data", "CC0-1.0", "recipe", "results", "limits")


def half_ellipsoid(deep: float = 50.0) -> tuple[DepthMap, Present]:
    """Depth and extent of half an ellipsoid, higher than wide; depth in crop pixels."""
    y, x = (np.mgrid[:GRID, :GRID] - (GRID - 1) / 2) / np.array([26.0, 20.0])[:, None, None]
    away = x**2 + y**2
    depth = (-deep * np.sqrt(np.maximum(1.0 - away, 0.0))).astype(np.float32)
    return centred(depth, away < 1.0), away < 1.0


def network() -> bytes:
    """A network of one bright and one dark volume, mixed by the mean of the crop."""
    deep, present = half_ellipsoid()
    return network_of(solid(deep, present), solid(np.zeros_like(deep), present))


def network_of(
    bright: NDArray[np.float32], dark: NDArray[np.float32], *, has_map: bool = True
) -> bytes:
    """A network whose volume is ``bright`` for a white crop and ``dark`` for a black one.

    Its only map of a trunk is the brightness of the crop.
    """
    weights = {
        "white": np.array(255.0, np.float32),
        "dark": dark,
        "difference": np.asarray(bright - dark, np.float32),
    }
    nodes = [
        tiny_onnx.node("Cast", ["crops"], ["values"], to=tiny_onnx.FLOAT),
        tiny_onnx.node("ReduceMean", ["values"], ["mean"], axes=[1, 2, 3], keepdims=1),
        tiny_onnx.node("Div", ["mean", "white"], ["share"]),
        tiny_onnx.node("Mul", ["share", "difference"], ["change"]),
        tiny_onnx.node("Add", ["dark", "change"], ["occupancy"]),
    ]
    inputs = [tiny_onnx.value("crops", ("n", SIDE, SIDE, 3), tiny_onnx.UINT8)]
    outputs = [tiny_onnx.value("occupancy", ("n", SLICES, GRID, GRID))]
    if has_map:
        nodes.append(tiny_onnx.node("Identity", ["share"], [map_name(2)]))
        outputs.append(tiny_onnx.value(map_name(2), ("n", 1, 1, 1)))
    return tiny_onnx.model(tiny_onnx.graph(nodes, weights, inputs, outputs))


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, data: bytes | None = None) -> Path:
    """Make a folder the only list of models, with the made-up network as "face_volume"."""
    file = folder / f"{NAME}.onnx"
    monkeypatch.setattr(index, "WEIGHTS", folder)
    store.save_file(file, data or network(), CARD)
    store.update_index(folder)
    return file
