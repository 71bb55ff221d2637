"""Wrong descriptions of a network are found, each by its own finding."""

from pathlib import Path

import numpy as np
import pytest

import tiny_onnx as onnx
from described_network import SIZE, face_frame, written
from facepad.liveness.network.test import NetworkFactory
from facepad.liveness.network.verify import FindingState, NetworkFinding, verify_network

FACES = [face_frame(seed) for seed in range(6)]
SOFTMAX = onnx.classifier(softmax=True)


def findings(
    folder: Path, data: bytes | None = None, **changes: str | None
) -> dict[str, NetworkFinding]:
    test = NetworkFactory(written(folder, data, **changes))()
    return {one.what: one for one in verify_network(test, FACES)}


def looking_at(factors: tuple[float, float, float], times: float = 1.0) -> bytes:
    """Return a network whose logit is the weighted mean of the channels."""
    weights = {
        "kernel": np.array(factors, np.float32).reshape(1, 3, 1, 1),
        "times": np.array([times], np.float32),
    }
    nodes = [
        onnx.node("Conv", ["picture", "kernel"], ["map"]),
        onnx.node("GlobalAveragePool", ["map"], ["mean"]),
        onnx.node("Mul", ["mean", "times"], ["scores"]),
    ]
    inputs = [onnx.value("picture", (1, 3, SIZE, SIZE))]
    return onnx.model(onnx.graph(nodes, weights, inputs, [onnx.value("scores", (1, 1, 1, 1))]))


def test_a_right_description_has_no_failure(tmp_path: Path) -> None:
    found = findings(tmp_path, output__features='"features"', decision__threshold="0.5")
    assert {name for name, one in found.items() if one.state is FindingState.FAIL} == set()
    assert {name for name, one in found.items() if one.state is FindingState.WARN} == {"prior"}
    assert found["features"].words == "features: 4, of which 0 are the same for all pictures"


@pytest.mark.parametrize(
    ("data", "changes", "what", "state", "words"),
    [
        (SOFTMAX, {}, "kind", "fail", 'set output.kind = "probabilities"'),
        (None, {"output__kind": '"probabilities"'}, "kind", "fail", 'set output.kind = "logits"'),
        (looking_at((0, 0, 0)), {"output__bona_fide": '"higher"'}, "varies", "fail", "not depend"),
        (looking_at((1, 0, 0), 300.0), {"output__bona_fide": '"lower"'}, "varies", "warn", "satur"),
        (None, {"input__range": '"0..255"', "input__mean": "0.5"}, "range", "warn", '"0..1"'),
        (None, {"input__mean": "127.5", "input__std": "127.5"}, "range", "warn", '"0..255"'),
        (None, {"input__crop": "4"}, "crop", "warn", "below 60% a score does not decide"),
        (None, {}, "threshold", "warn", "does not decide before `facepad calibrate`"),
    ],
)  # fmt: skip
def test_each_error_has_a_finding_that_says_what_to_change(
    tmp_path: Path, data: bytes | None, changes: dict[str, str], what: str, state: str, words: str
) -> None:
    found = findings(tmp_path, data, **changes)
    assert (found[what].state.value, words in found[what].words) == (state, True)


def test_another_order_of_colours_is_suspected_where_bona_fide_pictures_score_higher(
    tmp_path: Path,
) -> None:
    for frame in FACES:
        frame.image[:, :, 0] //= 8
    data = looking_at((9.0, 0.0, 0.0))
    found = findings(tmp_path, data, output__bona_fide='"higher"')
    assert 'this suggests input.colour = "bgr"' in found["colour"].words


def test_a_score_that_moves_with_the_crop_is_a_warning(tmp_path: Path) -> None:
    kernel = np.zeros((1, 3, SIZE, SIZE), np.float32)
    kernel[0, 0, 0, 0], kernel[0, 0, 8, 8] = 90.0, -90.0  # two pixels decide
    nodes = [onnx.node("Conv", ["picture", "kernel"], ["scores"])]
    inputs = [onnx.value("picture", (1, 3, SIZE, SIZE))]
    outputs = [onnx.value("scores", (1, 1, 1, 1))]
    data = onnx.model(onnx.graph(nodes, {"kernel": kernel}, inputs, outputs))
    found = findings(tmp_path, data, output__bona_fide='"higher"')
    assert found["steady"].state is FindingState.WARN


def test_numbers_that_are_not_finite_end_the_comparison(tmp_path: Path) -> None:
    found = findings(tmp_path, input__range='"0..255"', input__std="1e-6", input__mean="1e9")
    assert set(found) >= {"finite"}
    overflow = findings(tmp_path, looking_at((3e38, 3e38, 0)), output__bona_fide='"higher"')
    assert overflow["finite"].state is FindingState.FAIL
    assert "varies" not in overflow


def test_made_up_pictures_stand_for_faces_and_say_so(tmp_path: Path) -> None:
    test = NetworkFactory(written(tmp_path))()
    found = {one.what: one for one in verify_network(test)}
    assert found["pictures"].state is FindingState.WARN
    assert "which show no face" in found["pictures"].words


def test_features_that_never_change_are_a_failure(tmp_path: Path) -> None:
    data = looking_at((0, 0, 0))
    found = findings(tmp_path, data, output__bona_fide='"higher"', output__features='"scores"')
    assert found["features"].state is FindingState.FAIL
