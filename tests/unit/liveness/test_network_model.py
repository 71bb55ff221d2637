"""A described network: does it fit, what does it see, and what do its numbers mean?"""

from pathlib import Path

import numpy as np
import pytest

import tiny_onnx as onnx
from described_network import SIZE, described
from facepad.errors import ModelError
from facepad.liveness.network.model import DescribedNetwork, NetworkReading, prepared

GREY = np.full((SIZE, SIZE, 3), 100, np.uint8)
COLOURED = np.dstack([np.full((SIZE, SIZE), value, np.uint8) for value in (255, 51, 0)])


def passing(outputs: int, kind: int = onnx.FLOAT) -> bytes:
    """Return a network whose output is the mean of its input, so many times."""
    nodes = [
        onnx.node("Cast", ["picture"], ["numbers"], to=onnx.FLOAT),
        onnx.node("ReduceMean", ["numbers"], ["mean"], axes=[1, 2, 3], keepdims=1),
        onnx.node("Expand", ["mean", "shape"], ["scores"]),
    ]
    weights = {"shape": np.array([1, outputs, 1, 1], np.int64)}
    inputs = [onnx.value("picture", (1, 3, SIZE, SIZE), kind)]
    return onnx.model(
        onnx.graph(nodes, weights, inputs, [onnx.value("scores", (1, outputs, 1, 1))])
    )


def raw(folder: Path, values: list[float], **changes: str) -> float:
    """Return the raw logit that such numbers mean."""
    network = DescribedNetwork(described(folder, passing(len(values)), **changes))
    return network.raw(NetworkReading(np.array(values), np.empty(0)))


@pytest.mark.parametrize(
    ("changes", "pixel"),
    [
        ({}, (1.0, 0.2, 0.0)),
        ({"input__range": '"0..255"'}, (255.0, 51.0, 0.0)),
        ({"input__colour": '"bgr"'}, (0.0, 0.2, 1.0)),
        ({"input__mean": "[1, 0.2, 0.5]", "input__std": "0.5"}, (0.0, 0.0, -1.0)),
        ({"input__range": '"0..255"', "input__mean": "127.5"}, (127.5, -76.5, -127.5)),
    ],
)
def test_a_crop_becomes_what_the_description_says(
    tmp_path: Path, changes: dict[str, str], pixel: tuple[float, ...]
) -> None:
    tensor = prepared(COLOURED, described(tmp_path, **changes).input, np.float32)
    assert tensor.shape == (1, 3, SIZE, SIZE)
    assert tensor.dtype == np.float32
    np.testing.assert_allclose(tensor[0, :, 0, 0], pixel, atol=1e-5)


def test_channels_may_come_last_and_pixels_stay_bytes(tmp_path: Path) -> None:
    wanted = described(tmp_path, input__layout='"nhwc"', input__range='"0..255"').input
    np.testing.assert_array_equal(prepared(COLOURED, wanted, np.uint8), COLOURED[None])


def test_a_gray_network_sees_one_channel(tmp_path: Path) -> None:
    wanted = described(tmp_path, input__colour='"gray"').input
    assert prepared(GREY, wanted, np.float32).shape == (1, 1, SIZE, SIZE)


@pytest.mark.parametrize("kind", [onnx.FLOAT, onnx.UINT8, onnx.DOUBLE])
def test_a_network_of_another_type_is_run_in_its_own(tmp_path: Path, kind: int) -> None:
    own = described(tmp_path, passing(2, kind=kind), input__range='"0..255"')
    np.testing.assert_allclose(DescribedNetwork(own).read(GREY).values, [100.0, 100.0])


@pytest.mark.parametrize(
    ("values", "changes", "expected"),
    [
        ([1.0, 3.0], {}, 2.0),
        ([0.0, 2.0, 0.0], {}, 2.0 - np.log(2.0)),
        ([1000.0, -1000.0], {}, -2000.0),
        ([0.2, 0.8], {"output__kind": '"probabilities"'}, np.log(4.0)),
        ([0.8, 0.2], {"output__kind": '"probabilities"', "output__bona_fide": "0"}, np.log(4.0)),
        ([1.5], {"output__bona_fide": '"higher"'}, 1.5),
        ([1.5], {"output__bona_fide": '"lower"'}, -1.5),
        ([0.8], {"output__kind": '"probabilities"', "output__bona_fide": '"lower"'}, -np.log(4.0)),
        ([0.0, 1.0], {"output__kind": '"probabilities"'}, np.log((1 - 1e-7) / 1e-7)),
    ],
)  # fmt: skip
def test_numbers_become_a_raw_logit_of_bona_fide(
    tmp_path: Path, values: list[float], changes: dict[str, str], expected: float
) -> None:
    assert raw(tmp_path, values, **changes) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("values", "changes", "message"),
    [
        ([1.0, float("nan")], {}, "not finite; check the description with"),
        ([5.3, -2.0], {"output__kind": '"probabilities"'}, "must be probabilities, got numbers"),
    ],
)
def test_numbers_that_cannot_be_meant_are_errors(
    tmp_path: Path, values: list[float], changes: dict[str, str], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        raw(tmp_path, values, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input__size": "32"}, r"has shape \?x3x16x16, but by the description .* 1x3x32x32"),
        ({"input__layout": '"nhwc"'}, r"has shape \?x3x16x16, .* it is 1x16x16x3"),
        ({"input__colour": '"gray"'}, r"it is 1x1x16x16"),
        ({"input__name": '"image"'}, r"no input 'image'; it has picture \?x3x16x16"),
        ({"output__name": '"score"'}, r"no output 'score'; did you mean scores\? it has scores"),
        ({"output__features": '"pooled"'}, r"no output 'pooled'"),
    ],
)
def test_a_description_of_other_shapes_or_names_is_an_error(
    tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        DescribedNetwork(described(tmp_path, **changes))


@pytest.mark.parametrize(
    ("outputs", "bona_fide", "message"),
    [
        (2, "2", "has 2 numbers, but bona_fide is 2; the first is 0"),
        (2, '"higher"', "has 2 numbers; name the one that means bona fide"),
        (1, "0", 'has 1 numbers; say what it means: bona_fide = "higher" or "lower"'),
    ],
)
def test_an_element_that_the_output_does_not_have_is_an_error(
    tmp_path: Path, outputs: int, bona_fide: str, message: str
) -> None:
    own = described(tmp_path, passing(outputs), output__bona_fide=bona_fide)
    with pytest.raises(ModelError, match=message):
        DescribedNetwork(own).read(GREY)


def test_a_network_of_two_inputs_is_refused(tmp_path: Path) -> None:
    inputs = [onnx.value(name, (1, 3, SIZE, SIZE)) for name in ("picture", "other")]
    nodes = [onnx.node("Add", ["picture", "other"], ["scores"])]
    outputs = [onnx.value("scores", (1, 3, SIZE, SIZE))]
    data = onnx.model(onnx.graph(nodes, {}, inputs, outputs))
    with pytest.raises(ModelError, match=r"2 inputs \(picture, other\), expected one"):
        DescribedNetwork(described(tmp_path, data))


def test_an_unknown_operator_of_onnx_is_an_error_without_a_traceback(tmp_path: Path) -> None:
    nodes = [onnx.node("Nothing", ["picture"], ["scores"])]
    inputs = [onnx.value("picture", (1, 3, SIZE, SIZE))]
    data = onnx.model(onnx.graph(nodes, {}, inputs, [onnx.value("scores", (1, 2))]))
    with pytest.raises(ModelError, match="is no network that can be run"):
        DescribedNetwork(described(tmp_path, data))
