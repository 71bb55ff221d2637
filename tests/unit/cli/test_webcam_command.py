"""`facepad webcam` in a made-up world: what it prints and writes, and how it ends."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from clip_samples import write_clip
from facepad.cli.app import app
from facepad.media.formats.clips import inspect_clip

pytestmark = pytest.mark.usefixtures("_made_up")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    images = [np.full((48, 64, 3), 200, np.uint8)] * 30
    return write_clip(tmp_path / "clip.avi", images, rate=20.0)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["webcam", *map(str, arguments)])


def test_decisions_are_lines_and_a_summary_ends_them(clip: Path) -> None:
    result = run("--headless", "--camera", clip, "--seconds", "1.2")
    assert result.exit_code == 0, result.output
    head, first, *_ = result.stdout.splitlines()
    assert head.split() == ["time", "outcome", "score", "why"]
    assert first.split()[1:5] == ["s", "bona", "fide", "0.78"]
    assert "showing clip clip.avi, used as a camera" in result.stderr
    assert " s; decisions: " in result.stderr.splitlines()[-1]


def test_documents_are_lines_of_json_with_their_time(clip: Path) -> None:
    result = run("--headless", "--json", "--camera", clip, "--seconds", "1.2")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout.splitlines()[0])
    assert document["path"] == str(clip)
    assert document["outcome"] == "bona_fide"
    assert document["time_s"] >= 0.5


def test_the_picture_is_written_with_its_overlay(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "overlay.webm"
    result = run("--headless", "--camera", clip, "--seconds", "0.5", "--out", out)
    assert result.exit_code == 0, result.output
    assert f"facepad: wrote {out}" in result.stderr
    assert inspect_clip(out).video.codec == "vp8"
    again = run("--headless", "--camera", clip, "--seconds", "0.5", "--out", out)
    assert again.exit_code == 4
    assert "exists already; overwrite it with --force" in again.stderr


def test_a_camera_that_is_missing_is_one_line_at_the_end() -> None:
    result = run("--headless", "--camera", "/dev/video999", "--seconds", "0.3")
    assert result.exit_code == 2
    *_, last = result.stderr.splitlines()
    assert last.startswith("facepad: error: no picture came: camera /dev/video999: it is missing")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--window", "--headless"), 2, "give either --window or --headless"),
        (("--json",), 2, "--json and --out need --headless"),
        (("--out", "overlay.webm"), 2, "--json and --out need --headless"),
        (("--headless", "--size", "big"), 2, "--size is WIDTHxHEIGHT"),
        (("--headless", "--size", "640"), 2, "--size is WIDTHxHEIGHT"),
        (("--headless", "--seconds", "1", "--size", "640x0"), 2, "--size is WIDTHxHEIGHT"),
        (
            ("--headless", "--seconds", "1", "--port", "8777"),
            2,
            "--port and --no-open are for the page",
        ),
        (("--headless", "--out", "overlay.mp4"), 4, "expected a name that ends in .webm"),
        (("--headless", "--camera", "none.mp4"), 2, "no clip of this name exists"),
        (("--headless", "--calibration", "none"), 4, "none"),
    ],
)
def test_options_that_cannot_be_used_are_named(
    arguments: tuple[str, ...], code: int, words: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == code, result.output
    assert words in " ".join(result.stderr.replace("│", " ").split())


def test_a_window_where_opencv_has_none_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cv2.getBuildInformation", lambda: "GUI:  NONE")
    result = run("--window")
    assert result.exit_code == 4
    assert result.stderr.count("\n") == 1
    assert "opencv-python" in result.stderr


def test_a_window_gets_the_view_and_its_seconds(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float | None] = []
    monkeypatch.setattr("facepad.webcam.window.check_windows", lambda: None)
    monkeypatch.setattr(
        "facepad.webcam.window.run_window", lambda _, seconds: given.append(seconds)
    )
    assert run("--window", "--camera", clip, "--seconds", "2").exit_code == 0
    assert given == [2.0]
