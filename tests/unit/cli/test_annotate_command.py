"""`facepad annotate` in a made-up world: what it writes and how it ends."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from clip_samples import write_clip
from facepad.cli.app import app
from facepad.media.formats.clips import inspect_clip
from facepad.registry import DEFAULT_TESTS

Picture = Callable[[str, int], str]
pytestmark = pytest.mark.usefixtures("_made_up")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds, bright and then dark."""
    images = [np.full((48, 64, 3), level, np.uint8) for level in [200] * 10 + [50] * 10]
    return write_clip(tmp_path / "clip.avi", images, rate=10.0)


def run(clip: Path, out: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["annotate", str(clip), "--out", str(out), *arguments])


def test_a_clip_is_written_again_and_its_decisions_are_counted(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "overlay.webm"
    result = run(clip, out, "--window", "0.5")
    assert result.exit_code == 0, result.output
    assert result.stdout == "3 decisions: 2 bona fide, 1 attack\n"
    assert f"facepad: wrote {out}: 64x48, 10 frames a second" in result.stderr
    assert inspect_clip(out).video.frames == 20


def test_tests_and_times_are_those_that_are_asked_for(clip: Path, tmp_path: Path) -> None:
    options = ("--tests", DEFAULT_TESTS[0], "--step", "0.2", "--operating-point", "strict")
    result = run(clip, tmp_path / "overlay.webm", *options)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("9 decisions: ")


@pytest.mark.parametrize("name", ["frames", "frames/%d.png"])
def test_pictures_are_annotated_as_one_clip(picture: Picture, tmp_path: Path, name: str) -> None:
    (tmp_path / "frames").mkdir()
    for number in range(20):
        picture(f"frames/{number}.png", 200 if number < 10 else 50)
    out = tmp_path / "overlay.webm"
    result = run(tmp_path / name, out, "--sequence", "10", "--window", "0.5")
    assert result.exit_code == 0, result.output
    assert result.stdout == "3 decisions: 2 bona fide, 1 attack\n"
    track = inspect_clip(out).video
    assert track.frames == 20
    assert track.duration_s == pytest.approx(2.0, abs=0.11)


def test_the_fusion_and_the_face_are_those_that_are_asked_for(clip: Path, tmp_path: Path) -> None:
    options = ("--tests", "one,two", "--fusion", "lda", "--faces", "single")
    assert run(clip, tmp_path / "overlay.webm", *options).exit_code == 0
    assert run(clip, tmp_path / "other.webm", "--faces", "all").exit_code == 2


def test_an_output_that_exists_is_kept_without_force(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "overlay.webm"
    out.write_bytes(b"mine")
    result = run(clip, out)
    assert result.exit_code == 4
    assert "exists already; overwrite it with --force" in result.stderr
    assert out.read_bytes() == b"mine"
    assert run(clip, out, "--force").exit_code == 0


def test_a_clip_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    result = run(tmp_path / "none.mp4", tmp_path / "overlay.webm")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "none.mp4" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--window", "0.3", "--step", "1"), 4),
        (("--window", "40"), 2),
        (("--calibration", "none"), 4),
    ],
)
def test_options_that_cannot_be_used_write_nothing(
    clip: Path, tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    out = tmp_path / "overlay.webm"
    result = run(clip, out, *arguments)
    assert result.exit_code == code, result.output
    assert not out.exists()
