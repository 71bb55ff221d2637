import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from facepad.cli.app import app
from facepad.testing.miniatures import made_up_dataset

NETWORK = ["train", "network"]


def test_missing_weights_are_told_with_what_to_do(tmp_path: Path) -> None:
    root = made_up_dataset(tmp_path)
    out = ["--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, [*NETWORK, "--dataset", f"nuaa={root}", *out])
    assert result.exit_code == 3
    assert "--sha256" in result.stderr


def test_a_missing_torch_is_told_with_the_extra_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    root = made_up_dataset(tmp_path)
    result = CliRunner().invoke(app, [*NETWORK, "--dataset", f"nuaa={root}", "--dry-run"])
    assert result.exit_code == 4
    assert "pip install 'facepad[train]'" in result.stderr


@pytest.mark.parametrize(
    "wrong", [["--backbone", "vgg"], ["--epochs", "0"], ["--optimizer", "lion"]]
)
def test_an_option_that_cannot_be_used_is_wrong_usage(wrong: list[str]) -> None:
    result = CliRunner().invoke(app, [*NETWORK, "--dataset", "nuaa=x", *wrong])
    assert result.exit_code == 2


def test_a_dataset_is_named_with_its_folder() -> None:
    result = CliRunner().invoke(app, [*NETWORK, "--dataset", "nuaa"])
    assert result.exit_code == 4
    assert "NAME=DIR" in result.stderr


@pytest.mark.parametrize("name", ['my "best"', "../thesis", "", "two\nlines"])
def test_a_name_that_no_network_can_have_is_refused_first(name: str, tmp_path: Path) -> None:
    asked = [*NETWORK, "--dataset", f"nuaa={tmp_path}", "--name", name, "--out", str(tmp_path)]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 4
    assert "name of the network must be of A-Z" in result.stderr
    assert not list(tmp_path.iterdir())
