"""`facepad reconstruct` in a made-up world: what it writes and how it ends."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

import made_up_volume
from facepad.cli.app import app
from facepad.cli.shapes import SUFFIXES
from facepad.liveness.voxel import reconstruction
from facepad.types import Face, Frame, Reason


class Finder:
    """Takes the whole picture for a face, unless it is black."""

    models = {"finder": "finder-1+00000000"}  # noqa: RUF012 - as short as it can be

    def find(self, frame: Frame) -> Frame:
        if not frame.image.any():
            return Frame(frame.image, no_face=Reason.NO_FACE)
        return Frame(frame.image, face=Face((0, 0, *frame.size), 0.9, others=1))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bright and a black picture; the network and the finder are made up."""
    made_up_volume.install(tmp_path, monkeypatch)
    monkeypatch.setattr(reconstruction, "_face_finder", Finder)
    for name, level in (("me.png", 200), ("black.png", 0)):
        Image.fromarray(np.full((48, 64, 3), level, np.uint8)).save(tmp_path / name)
    return tmp_path


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    runner = CliRunner(env={"COLUMNS": "200"})
    return runner.invoke(app, ["reconstruct", *map(str, arguments)], input=stdin)


@pytest.mark.parametrize("suffix", [".obj", ".PLY", ".npz", ".png"])
def test_each_kind_of_file_is_written(folder: Path, suffix: str) -> None:
    out = folder / f"face{suffix}"
    result = run(folder / "me.png", "--out", out)
    assert result.exit_code == 0
    assert result.stdout == f"wrote {out}\n"
    head = {".obj": b"# Face", ".ply": b"ply\n", ".npz": b"PK", ".png": b"\x89PNG"}
    assert out.read_bytes().startswith(head[suffix.lower()])


def test_the_suffixes_are_those_that_are_written() -> None:
    assert SUFFIXES == reconstruction.SUFFIXES


def test_other_faces_are_a_line_on_standard_error(folder: Path) -> None:
    assert "1 other face in the picture" in run(folder / "me.png", "--out", folder / "a.ply").stderr


def test_standard_input_is_a_picture_too(folder: Path) -> None:
    result = run("-", "--out", folder / "a.ply", stdin=(folder / "me.png").read_bytes())
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("name", "options", "code", "message"),
    [
        ("me.png", ("--out", "a.stl"), 2, "--out must end with .obj, .ply, .npz, .png, got a.stl"),
        ("black.png", ("--out", "a.obj"), 2, "no face found, expected a clear face"),
        ("me.png", ("--out", "a.obj", "--faces", "single"), 2, "several faces"),
        ("none.png", ("--out", "a.obj"), 2, "none.png: file not found"),
        ("face_volume.md", ("--out", "a.obj"), 2, "looks like text"),
        (".", ("--out", "a.obj"), 2, "pictures or clips, expected one"),
        ("me.png", ("--out", "me.png"), 4, "me.png exists; give another --out, or --force"),
        ("me.png", ("--out", "me.png/a.obj"), 4, "a.obj cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(
    folder: Path,
    name: str,
    options: tuple[str, ...],
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    result = run(name, *options)
    assert result.exit_code == code
    assert message in result.stderr
    assert not Path("a.obj").exists()


def test_an_existing_file_is_overwritten_on_demand(folder: Path) -> None:
    (folder / "a.obj").write_text("old")
    assert run(folder / "me.png", "--out", folder / "a.obj", "--force").exit_code == 0
    assert (folder / "a.obj").read_text().startswith("# Face")


def test_a_picture_over_the_limits_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_MAX_MEGAPIXELS", "0.001")
    result = run(folder / "me.png", "--out", folder / "a.obj")
    assert result.exit_code == 2
    assert "FACEPAD_MAX_MEGAPIXELS" in result.stderr


def test_a_missing_network_is_named(folder: Path) -> None:
    (folder / "face_volume.onnx").unlink()
    result = run(folder / "me.png", "--out", folder / "a.obj")
    assert result.exit_code == 3
    assert "model 'face_volume' is not at" in result.stderr
