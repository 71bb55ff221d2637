"""``facepad train niqe`` and ``biqi`` on a few made-up photographs."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from facepad.cli.train import app
from facepad.errors import DatasetError


def pictures(folder: Path, many: int, side: int) -> Path:
    folder.mkdir()
    for seed in range(many):
        noise = np.random.default_rng(seed).normal(size=(side, side))
        smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
        pixels = np.clip(128 + 60 * smooth / smooth.std(), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{seed}.png"), pixels)
    return folder


def run(name: str, folder: Path, out: Path) -> str:
    options = ["--pictures", str(folder), "--out", str(out)]
    return CliRunner().invoke(app, [name, *options], catch_exceptions=False).stdout


def test_niqe_is_written_and_told(tmp_path: Path) -> None:
    told = run("niqe", pictures(tmp_path / "in", 3, 400), tmp_path / "out")
    assert "blocks of 3 pictures" in told
    assert (tmp_path / "out" / "niqe.npz").is_file()
    assert (tmp_path / "out" / "niqe.md").is_file()


@pytest.mark.slow
def test_biqi_is_written_and_told(tmp_path: Path) -> None:
    told = run("biqi", pictures(tmp_path / "in", 3, 256), tmp_path / "out")
    assert "leave-one-picture-out" in told
    assert (tmp_path / "out" / "biqi.npz").is_file()


@pytest.mark.parametrize("name", ["niqe", "biqi"])
def test_an_empty_folder_is_a_dataset_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no picture"):
        run(name, tmp_path, tmp_path / "out")
