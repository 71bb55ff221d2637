"""`facepad metrics` with a made-up measurement."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner, Result

from facepad.cli.app import app

Picture = Callable[[str, int], str]


@pytest.fixture(autouse=True)
def _made_up_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(image: NDArray[np.uint8], *, threads: int) -> dict[str, float]:
        return {"mean": float(image.mean()), "threads": float(threads)}

    monkeypatch.setattr("facepad.quality.measure", measure)


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "100", "FACEPAD_THREADS": "3"}).invoke(
        app, ["metrics", *arguments]
    )


def test_a_document_holds_the_metrics_in_their_order(picture: Picture) -> None:
    path = picture("a.png", 7)
    assert json.loads(run(path, "--json").stdout) == {
        "schema_version": 1,
        "path": path,
        "source_size": [64, 48],
        "metrics": {"mean": 7.0, "threads": 3.0},
        "error": None,
    }


def test_pictures_stand_side_by_side(picture: Picture, tmp_path: Path) -> None:
    picture("a.png", 7), picture("b.png", 123)
    lines = run(str(tmp_path)).stdout.splitlines()
    assert lines[1].split() == ["mean", "7", "123"]


def test_a_bad_file_is_one_line_and_the_rest_goes_on(picture: Picture) -> None:
    result = run("missing.png", picture("a.png", 7))
    assert result.exit_code == 2
    assert "missing.png: file not found" in result.stderr
    assert "mean" in result.stdout


def test_standard_input_is_touched_for_a_dash_only(
    picture: Picture, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert app(["metrics", picture("a.png", 7)], standalone_mode=False) == 0
    assert app(["metrics", "-"], standalone_mode=False) == 2
    assert "standard input: it is closed" in capsys.readouterr().err
