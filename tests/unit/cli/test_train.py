"""`facepad train` where its own packages are missing."""

from pathlib import Path
from typing import NoReturn

import pytest
from typer.testing import CliRunner

from facepad.cli.app import app
from facepad.errors import DatasetError
from facepad.training.quality.run import QualityRecipe

PREPARE = "facepad.training.quality.run.QualityRecipe.prepare"
ARGUMENTS = ["train", "quality", "--root", "nowhere"]


def missing(name: str) -> NoReturn:
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def test_a_missing_package_is_told_with_the_command_that_gets_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        PREPARE,
        lambda _: missing("sklearn.covariance"),
    )
    result = CliRunner().invoke(app, ARGUMENTS)
    assert result.exit_code == 4
    assert "pip install 'facepad[fit]'" in result.stderr


def test_a_fault_of_ours_is_not_taken_for_a_missing_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(PREPARE, lambda _: missing("facepad.no"))
    assert isinstance(CliRunner().invoke(app, ARGUMENTS).exception, ModuleNotFoundError)


def test_a_dataset_that_is_not_there_ends_with_four(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["train", "quality", "--root", str(tmp_path / "nowhere")])
    assert result.exit_code == 4
    assert "nowhere" in result.stderr


def test_a_further_dataset_is_named_with_its_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*ARGUMENTS, "--also", str(tmp_path)])
    assert result.exit_code == 4
    assert "NAME=DIR" in result.stderr


def test_folders_and_datasets_are_taken_in_the_order_they_were_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    orders = []

    def noted(order: QualityRecipe) -> NoReturn:
        orders.append(order)
        raise DatasetError("far enough")

    monkeypatch.setattr(PREPARE, noted)
    words = "--dataset simulated --root a --root b --also nuaa=c --show csv=d"
    CliRunner().invoke(app, ["train", "quality", *words.split()])
    (order,) = orders
    assert [(one.name, str(one.root)) for one in order.trains] == [
        ("simulated", "a"),
        ("simulated", "b"),
        ("nuaa", "c"),
    ]
    assert [(one.name, str(one.root)) for one in order.shown] == [("csv", "d")]
    assert not order.evaluate_test
