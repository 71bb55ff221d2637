"""``facepad network``: what is printed, what is written, and the exit codes."""

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import tiny_onnx as onnx
from described_network import written
from facepad.cli.app import app
from facepad.liveness.network.description import parse_description


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def facepad(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["network", *map(str, arguments)])


def test_verify_prints_a_line_for_each_finding_and_counts_them(tmp_path: Path) -> None:
    file = written(tmp_path, title='"A net"', licence='"MIT"')
    result = facepad("verify", file)
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0] == "network:my: A net, MIT"
    assert lines[-1].endswith("3 warn, 0 fail")
    assert sum(line.startswith(("file ", "input ", "kind ", "varies ")) for line in lines) == 4


def test_a_wrong_description_fails_the_policy(tmp_path: Path) -> None:
    result = facepad("verify", written(tmp_path, onnx.classifier(softmax=True)))
    assert (result.exit_code, "1 fail" in result.stdout) == (1, True)


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"model__sha256": f'"{64 * "0"}"'}, 3, "expected 0000"),
        ({"input__size": "32"}, 3, "by the description (rgb, nchw, size 32)"),
        ({"model__file": '"absent.onnx"'}, 3, "cannot be read"),
        ({"input__colour": None}, 4, "lacks input.colour"),
    ],
)
def test_errors_are_one_line_with_their_exit_code(
    tmp_path: Path, changes: dict[str, str | None], code: int, message: str
) -> None:
    result = facepad("verify", written(tmp_path, **changes))
    assert (result.exit_code, result.stderr.count("\n")) == (code, 1)
    assert message in result.stderr


def test_pictures_without_a_face_are_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("no picture")
    result = facepad("verify", written(tmp_path), "--pictures", tmp_path / "notes")
    assert (result.exit_code, "none of 0 pictures" in result.stderr) == (2, True)


def test_describe_writes_a_description_that_verify_reads(tmp_path: Path) -> None:
    written(tmp_path)
    out = tmp_path / "new.toml"
    assert facepad("describe", tmp_path / "net.onnx", "--out", out).exit_code == 0
    found = tomllib.loads(out.read_text())
    assert (found["input"]["size"], found["input"]["layout"]) == (16, "nchw")
    assert facepad("verify", out).exit_code == 0
    again = facepad("describe", tmp_path / "net.onnx", "--out", out)
    assert (again.exit_code, "--force to overwrite it" in again.stderr) == (4, True)


def test_describe_prints_the_inputs_and_outputs_of_a_network(tmp_path: Path) -> None:
    written(tmp_path)
    text = facepad("describe", tmp_path / "net.onnx").stdout
    assert "# output: features ?x4 tensor(float)" in text
    assert parse_description(text, tmp_path / "my.toml").output.name == "scores"


def test_a_file_of_any_name_can_be_described(tmp_path: Path) -> None:
    written(tmp_path)
    for name in ("\N{SMILING FACE WITH OPEN MOUTH}.onnx", 'a"\x7f.onnx', "a\nlicence = 1 #.onnx"):
        (tmp_path / "net.onnx").rename(tmp_path / name)
        assert facepad("describe", tmp_path / name, "--out", tmp_path / "new.toml").exit_code == 0
        assert tomllib.loads((tmp_path / "new.toml").read_text())["model"]["file"] == name
        (tmp_path / "new.toml").unlink()
        (tmp_path / name).rename(tmp_path / "net.onnx")


def test_describe_refuses_a_file_whose_name_is_no_text(tmp_path: Path) -> None:
    written(tmp_path)
    name = tmp_path / "a\udcff.onnx"
    try:
        (tmp_path / "net.onnx").rename(name)
    except OSError:
        pytest.skip("the file system takes text only")
    refused = facepad("describe", name, "--out", tmp_path / "new.toml")
    assert (refused.exit_code, "is not in UTF-8" in refused.stderr) == (3, True)


def test_describe_refuses_a_name_that_no_test_can_have(tmp_path: Path) -> None:
    written(tmp_path)
    refused = facepad("describe", tmp_path / "net.onnx", "--out", tmp_path / "my net.toml")
    assert (refused.exit_code, "the name of a description" in refused.stderr) == (4, True)


def test_names_of_a_strange_network_cannot_add_keys(tmp_path: Path) -> None:
    name = 'a"\nfile = "b\n# '
    nodes = [onnx.node("Identity", [name], ["scores"])]
    inputs, outputs = ([onnx.value(one, (1, 3, 16, 16))] for one in (name, "scores"))
    (tmp_path / "net.onnx").write_bytes(onnx.model(onnx.graph(nodes, {}, inputs, outputs)))
    text = facepad("describe", tmp_path / "net.onnx").stdout
    assert parse_description(text, tmp_path / "my.toml").input.name == name


def test_describe_refuses_what_is_no_network_of_pictures(tmp_path: Path) -> None:
    nodes = [onnx.node("Identity", ["a"], ["b"])]
    flat = onnx.graph(nodes, {}, [onnx.value("a", (1, 3))], [onnx.value("b", (1, 3))])
    (tmp_path / "net.onnx").write_bytes(onnx.model(flat))
    result = facepad("describe", tmp_path / "net.onnx")
    assert (result.exit_code, "expected one picture" in result.stderr) == (3, True)
