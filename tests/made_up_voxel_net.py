"""A made-up network over volumes: the deeper the solid and the brighter the crop, the higher."""

from pathlib import Path

import numpy as np
import pytest

import made_up_volume
import tiny_onnx
from facepad.liveness.voxel.decision import VoxelDecision
from facepad.liveness.voxel.reconstructor import map_name
from facepad.liveness.voxel.volume import GRID, SLICES
from facepad.models import store
from facepad.models.index import digest
from facepad.scores import AffineScaling
from facepad.types import OperatingPoint

NETWORK, DECISION = "voxel_net_free", "voxel_free"
POINTS = {
    name: OperatingPoint(name, high, 0.3, high)
    for name, high in (("convenience", 0.5), ("balanced", 0.6), ("strict", 0.7))
}
SCALING = AffineScaling(2.0, -0.5)


def network() -> bytes:
    """The logit is 4 x the mean occupancy + the mean of the trunk's map; features are of rows."""
    weights = {"four": np.array(4.0, np.float32)}
    nodes = [
        tiny_onnx.node("ReduceMean", [map_name(2)], ["light"], axes=[1, 2, 3], keepdims=0),
        tiny_onnx.node("ReduceMean", ["occupancy"], ["full"], axes=[1, 2, 3], keepdims=0),
        tiny_onnx.node("Mul", ["full", "four"], ["deep"]),
        tiny_onnx.node("Add", ["light", "deep"], ["logit"]),
        tiny_onnx.node("ReduceMean", ["occupancy"], ["features"], axes=[1, 3], keepdims=0),
    ]
    inputs = [
        tiny_onnx.value("occupancy", ("n", SLICES, GRID, GRID)),
        tiny_onnx.value(map_name(2), ("n", 1, 1, 1)),
    ]
    outputs = [tiny_onnx.value("logit", ("n",)), tiny_onnx.value("features", ("n", GRID))]
    return tiny_onnx.model(tiny_onnx.graph(nodes, weights, inputs, outputs))


def install(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    volumes: str | None = None,
    data: bytes | None = None,
) -> None:
    """Make a folder the only list of models, with all that the voxel test needs.

    Args:
        folder: An empty folder.
        monkeypatch: Undoes it.
        volumes: Digits of the hash of the network of volumes that the test was trained with.
        data: Another network of volumes.
    """
    file = made_up_volume.install(folder, monkeypatch, data)
    net = network()
    decision = VoxelDecision(
        SCALING,
        POINTS,
        f"{NETWORK}-1+{digest(net)[:8]}",
        volumes or digest(file.read_bytes())[:8],
    )
    store.save_file(folder / f"{NETWORK}.onnx", net, made_up_volume.CARD)
    store.save_arrays(folder / f"{DECISION}.npz", decision.arrays(), made_up_volume.CARD)
    store.update_index(folder)
