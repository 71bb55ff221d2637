"""`facepad train voxel` and `train reconstruct`: wrong uses, dry runs, and how they resume."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import made_up_trunk
import made_up_volume
from facepad.cli.app import app
from facepad.liveness.voxel.volume import GRID, SIDE
from facepad.testing.made_up import made_up_picture
from facepad.testing.media_files import write_picture
from facepad.training.reconstruct import decoder
from facepad.training.reconstruct import run as reconstruct
from facepad.training.reconstruct.data import Geometry, Targets, Wanted
from facepad.training.reconstruct.surface_error import Truth
from facepad.training.reconstruct.targets import Target


def run(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["train", *map(str, arguments)])


@pytest.fixture
def simulated(tmp_path: Path) -> Path:
    """A listing of one person in each part; its pictures are no pictures."""
    folder = tmp_path / "simulated"
    folder.mkdir()
    columns = ("path", "subject", "pai_species", "split", "source", "parameters")
    drawn = json.dumps({"backdrop": {"used": False}})
    with (folder / "dataset.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for part in ("train", "dev", "test"):
            for species in ("", "print"):
                file = f"{part}{species}.jpg"
                (folder / file).write_bytes(b"x")
                writer.writerow((file, part, species, part, f"set/{part}.jpg", drawn))
    return folder


# --- voxel --------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [["--recipe", "vrn"], ["--inputs", "depth"], ["--epochs", "0"]])
def test_an_option_that_cannot_be_used_is_wrong_usage(wrong: list[str], simulated: Path) -> None:
    assert run("voxel", "--simulated", simulated, *wrong).exit_code == 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--trunk-blocks", "4,15"], "the trunk gives its blocks 2, 4, 10, 14, got 15"),
        (["--leave-out", "paint"], "unknown attack to leave out 'paint'; did you mean print?"),
        (["--leave-out", "print"], "no attack is left without print"),
        (["--dataset", "nuaa"], "NAME=DIR"),
        (["--learning-rate", "0"], "learning_rate must be above 0"),
        (["--every", "9", "--simulated", "nowhere"], "nowhere"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_before_training(
    wrong: list[str], message: str, simulated: Path, tmp_path: Path
) -> None:
    result = run("voxel", "--simulated", simulated, "--out", tmp_path / "out", *wrong)
    assert result.exit_code == 4
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_dry_run_of_the_voxel_test_shows_people_parameters_memory_and_time(
    simulated: Path, tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    asked = ["--recipe", "residual", "--trunk-blocks", "", "--batch", "2", "--epochs", "3"]
    result = run("voxel", "--simulated", simulated, "--out", tmp_path / "out", *asked, "--dry-run")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == (
        "2 pictures of 1 people to train on, 2 pictures of 1 people to select on, 2 pictures of "
        "1 people held out"
    )
    assert "of which 381,761 are trained" in result.stdout
    assert "memory: " in result.stdout
    assert "1 step an epoch, 3 epochs" in result.stdout.replace("1 steps", "1 step")
    assert not (tmp_path / "out").exists()


# --- reconstruct --------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Options for portraits and backgrounds of all parts, and for an empty face model."""
    for name in ("portraits", "backgrounds", "geometry"):
        (tmp_path / name).mkdir()
        for number in range(8 * (name != "geometry")):
            write_picture(tmp_path / name / f"p{number}.png", made_up_picture(size=(16, 12)))
    options = [(f"--{path.name}", str(path)) for path in tmp_path.iterdir()]
    return [word for option in sorted(options) for word in option]


def test_the_reconstruction_needs_its_folders(folders: list[str], tmp_path: Path) -> None:
    assert run("reconstruct", *folders[2:]).exit_code == 2
    missing = run("reconstruct", *folders, "--geometry", tmp_path / "none")
    assert missing.exit_code == 4
    assert "none is not a folder" in missing.stderr
    empty = run("reconstruct", *folders, "--portraits", tmp_path / "geometry")
    assert empty.exit_code == 4
    assert "holds no picture" in empty.stderr


@pytest.mark.slow
def test_a_dry_run_of_the_reconstruction_shows_parameters_memory_and_time(
    folders: list[str], tmp_path: Path
) -> None:
    pytest.importorskip("torch")
    asked = ["--renders", "40", "--epochs", "3", "--dry-run"]
    result = run("reconstruct", *folders, *asked, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stdout.startswith("input 16x24x48x48, 16x")
    assert "memory: " in result.stdout
    assert "2 steps an epoch, 3 epochs" in result.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_reconstruction_is_not_trained_over_another_one_but_resumed(
    folders: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    _make_up_reconstruction(tmp_path, monkeypatch)
    asked = ["reconstruct", *folders, "--renders", "16", "--tested", "1", "--epochs", "1"]
    asked += ["--out", str(tmp_path / "out")]
    first = run(*asked)
    assert first.exit_code == 0, first.stderr
    assert "wrote " in first.stdout
    refused = run(*asked)
    assert refused.exit_code == 4
    assert "--resume" in refused.stderr
    log = (tmp_path / "out" / "run" / "log.csv").read_bytes()
    resumed = run(*asked, "--resume")
    assert resumed.exit_code == 0, resumed.stderr
    assert (tmp_path / "out" / "run" / "log.csv").read_bytes() == log


def _make_up_reconstruction(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make up the data of a training, its trunk, and the network that is written."""

    def made(items: Sequence[Wanted], *_: object, **__: object) -> Targets:
        crops = np.random.default_rng(0).integers(0, 255, (len(items), SIDE, SIDE, 3), np.uint8)
        return Targets(tuple(items), crops, np.zeros((len(items), GRID, GRID), np.float16))

    def known(items: Sequence[Wanted], _: Geometry) -> list[tuple[Target, Truth]]:
        flat = np.zeros((SIDE, SIDE), np.float32)
        target = Target(made(items).crops[0], np.zeros((GRID, GRID), np.float32))
        return [(target, Truth(flat, flat, flat, 50.0, 0.0))]

    class NoTrunk:
        """Gives maps of the right shapes that do not depend on the crop."""

        def __init__(self, *_: object) -> None:
            self.threads = 1

        def maps(self, crops: np.ndarray) -> list[np.ndarray]:
            from facepad.training.face.export import CHANNELS
            from facepad.training.reconstruct.decoder import TAPS

            sides = (SIDE // 4, SIDE // 8, SIDE // 16, SIDE // 32)
            return [
                np.ones((len(crops), CHANNELS[tap], side, side), np.float32)
                for tap, side in zip(TAPS, sides, strict=True)
            ]

    monkeypatch.setenv("FACEPAD_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setattr(reconstruct, "_DEV_RENDERS", 2)
    monkeypatch.setattr(reconstruct, "targets_of", made)
    monkeypatch.setattr(reconstruct, "truths", known)
    monkeypatch.setattr(reconstruct, "TrunkSession", NoTrunk)
    monkeypatch.setattr(decoder, "onnx_of", lambda *_: made_up_volume.network())
    monkeypatch.setattr("facepad.training.face.export.weights", made_up_trunk.weights)
