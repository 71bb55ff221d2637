"""Network files from anywhere: bounded, hashed, complete in themselves."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny_onnx as onnx
from facepad.errors import ModelError
from facepad.models import onnx_file, store
from facepad.models.onnx_file import check_network, load_network

SOUND = onnx.classifier()


def with_tensor(tensor: bytes) -> bytes:
    return onnx.model(onnx.text(5, tensor))


def within_node(body: bytes) -> bytes:
    node = onnx.text(4, "If") + onnx.text(5, onnx.text(1, "then") + body)
    return onnx.model(onnx.text(1, node))


def test_a_sound_network_is_loaded_as_the_bytes_that_were_hashed(tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(SOUND)
    assert load_network(file, hashlib.sha256(SOUND).hexdigest()) == SOUND


def test_another_hash_is_refused_and_both_are_named(tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(SOUND)
    with pytest.raises(ModelError, match=f"has sha256 [0-9a-f]{{64}}, expected {'0' * 64}"):
        load_network(file, "0" * 64)


def test_a_file_over_the_limit_is_not_hashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_file, "MAX_BYTES", 10)
    (tmp_path / "big.onnx").write_bytes(bytes(11))
    with pytest.raises(ModelError, match="larger than 10 bytes"):
        load_network(tmp_path / "big.onnx", "0" * 64)


def test_the_networks_of_the_package_pass() -> None:
    check_network(store.load_bytes("face_trunk"), "trunk")


@pytest.mark.parametrize(
    "tensor",
    [
        onnx.number(14, 1),
        onnx.number(14, 2**32 + 1),  # a runtime keeps the lower half only
        onnx.text(13, onnx.text(1, "location") + onnx.text(2, "secret.bin")),
    ],
)
def test_weights_in_other_files_are_refused_wherever_they_stand(tensor: bytes) -> None:
    places = (
        with_tensor(tensor),
        within_node(onnx.text(5, tensor)),
        within_node(onnx.text(10, tensor)),
        within_node(onnx.text(6, onnx.text(5, tensor))),
        onnx.model(onnx.text(15, onnx.text(1, tensor))),
        SOUND + with_tensor(tensor),
    )
    for data in places:
        with pytest.raises(ModelError, match="keeps weights in other files; save it as one file"):
            check_network(data, "net")


@pytest.mark.parametrize("domain", ["com.microsoft", "my.ops"])
def test_operators_of_other_domains_are_refused_by_name(domain: str) -> None:
    node = onnx.node("Inverse", ["a"], ["b"], domain)
    for data in (onnx.model(onnx.text(1, node)), within_node(onnx.text(6, onnx.text(1, node)))):
        with pytest.raises(ModelError, match=rf"not part of ONNX: {domain}\.Inverse"):
            check_network(data, "net")


def test_a_function_of_the_network_itself_is_no_foreign_operator() -> None:
    node = onnx.node("Block", ["a"], ["b"], "own")
    function = onnx.text(1, "Block") + onnx.text(10, "own")
    check_network(onnx.model(onnx.text(1, node)) + onnx.text(25, function), "net")


def test_graphs_for_training_are_refused() -> None:
    with pytest.raises(ModelError, match="graphs for training"):
        check_network(SOUND + onnx.text(20, b""), "net")


def test_a_graph_that_is_nested_without_end_is_refused() -> None:
    body = b""
    for _ in range(30):
        node = onnx.text(5, onnx.text(6, body))
        body = onnx.text(1, node)
    with pytest.raises(ModelError, match="nested more than"):
        check_network(onnx.model(body), "net")


def test_a_message_of_very_many_parts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "_MOST_FIELDS", 100)
    with pytest.raises(ModelError, match="more than 100 parts"):
        check_network(onnx.number(1, 8) * 101, "net")


@pytest.mark.parametrize("data", [b"", b"ORTM", b"\x00", b"\xff" * 20, SOUND[:-3], b"PK\x03\x04"])
def test_what_is_no_network_is_an_error(data: bytes) -> None:
    with pytest.raises(ModelError, match="is no network in ONNX"):
        check_network(data, "net")


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_are_a_network_or_a_model_error(data: bytes) -> None:
    try:
        check_network(SOUND[:40] + data, "net")
    except ModelError as error:
        assert str(error).startswith("net ")  # noqa: PT017 - either way is right
