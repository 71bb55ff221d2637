"""`facepad webcam` as a user runs it: shipped models, a clip as the camera, Ctrl-C, a window."""

import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from PIL import Image

from clip_samples import write_clip
from command_line import command, run, skip_without_face_models
from facepad.annotating.overlay import COLOURS, Colour
from facepad.media.formats.clips import inspect_clip
from facepad.media.video import read_video
from facepad.registry import DEFAULT_ADVISORY, DEFAULT_CLIP_TESTS, DEFAULT_TESTS
from facepad.types import Outcome, RgbImage

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
GUI_OPENCV = ROOT / ".venv" / "opencv-gui"  # an OpenCV with windows, from .ci/run
SCREEN = (800, 700)  # pixels


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portrait for six seconds; it moves a little."""
    skip_without_face_models()
    portrait = Image.open(PORTRAIT).convert("RGB").resize((360, 360))
    pictures = [
        np.asarray(portrait.crop((left, 0, left + 320, 320)), np.uint8)
        for left in (20 - abs(number % 40 - 20) for number in range(90))
    ]
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", pictures, rate=15.0)


def next_line(process: "subprocess.Popen[bytes]") -> bytes:
    """The next line of standard output; models are loaded before the first."""
    assert process.stdout is not None
    return process.stdout.readline()


def test_an_interrupted_view_has_its_decisions_and_a_complete_file(
    clip: Path, tmp_path: Path
) -> None:
    out = tmp_path / "overlay.webm"
    arguments = ("webcam", "--headless", "--json", "--camera", clip, "--out", out)
    with subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        document = json.loads(next_line(process))
        json.loads(next_line(process))  # meanwhile the first decision was drawn
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert b"Traceback" not in errors
    assert document["outcome"] in ("bona_fide", "uncertain")
    assert set(document["tests"]) == {*DEFAULT_TESTS, *DEFAULT_ADVISORY, *DEFAULT_CLIP_TESTS}
    assert document["face"]["box"]
    header = inspect_clip(out)
    assert (header.kind, header.video.codec) == ("WebM", "vp8")
    first, *_, last = read_video(out)
    assert last.time_s > 0.5
    colour = COLOURS[Outcome(document["outcome"])]
    assert _count(last.image, colour) > _count(first.image, colour) + 200
    assert [file.name for file in tmp_path.iterdir()] == ["overlay.webm"]


def _count(picture: RgbImage, colour: Colour) -> int:
    """How many pixels have a colour; compression moves it a little."""
    return int((np.abs(picture.astype(int) - colour).max(axis=2) < 40).sum())


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_service_managers_and_closed_terminals_end_it_as_ctrl_c_does(
    clip: Path, tmp_path: Path, name: str
) -> None:
    options = ("--tests", "quality", "--camera", clip, "--out", tmp_path / "overlay.webm")
    arguments = command("webcam", "--headless", *options)
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        next_line(process)
        process.send_signal(getattr(signal, name))
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert b"Traceback" not in errors
    assert b" pictures in " in errors
    assert [file.name for file in tmp_path.iterdir()] == ["overlay.webm"]


def test_a_camera_that_is_not_there_ends_as_an_input_that_cannot_be_read() -> None:
    result = run("webcam", "--headless", "--camera", "/dev/video999", "--seconds", "1")
    assert result.returncode == 2
    assert result.stdout == b""
    assert b"camera /dev/video999: it is missing" in result.stderr
    assert b"Traceback" not in result.stderr


def test_opencv_without_windows_is_named() -> None:
    import cv2

    if not any("NONE" in line for line in cv2.getBuildInformation().splitlines() if "GUI" in line):
        pytest.skip("this OpenCV has windows")
    result = run("webcam", "--window")
    assert result.returncode == 4
    assert b"this OpenCV has no windows (opencv-python-headless has none)" in result.stderr


@contextmanager
def display(folder: Path) -> Iterator[dict[str, str]]:
    """A display without a screen; its picture is in a file of the folder."""
    program = which("Xvfb")
    if program is None or not (GUI_OPENCV / "cv2").is_dir():
        pytest.skip("needs Xvfb and an OpenCV with windows in .venv/opencv-gui, see .ci/run")
    size = "x".join(map(str, (*SCREEN, 24)))
    read, write = os.pipe()
    arguments = [
        program,
        "-displayfd",
        str(write),
        "-screen",
        "0",
        size,
        "-fbdir",
        str(folder),
        "-noreset",
    ]
    with subprocess.Popen(arguments, stderr=subprocess.DEVNULL, pass_fds=[write]) as server:
        os.close(write)
        try:
            with os.fdopen(read) as numbers:
                number = numbers.readline().strip()  # a free one; there when the server is ready
            path = os.pathsep.join([str(GUI_OPENCV), *filter(None, sys.path)])
            environment = {**os.environ, "DISPLAY": f":{number}", "PYTHONPATH": path}
            if subprocess.run([sys.executable, "-c", "import cv2"], env=environment).returncode:
                pytest.skip("the OpenCV with windows lacks a library of the system")
            yield environment
        finally:
            server.terminate()


def screenshot(folder: Path) -> RgbImage:
    """The display's picture: XWD with a header of 32-bit numbers, then colours, then pixels."""
    content = (folder / "Xvfb_screen0").read_bytes()
    header = struct.unpack(">25I", content[:100])
    begin, line = header[0] + 12 * header[19], header[12]
    pixels = np.frombuffer(content, np.uint8, line * SCREEN[1], begin).reshape(SCREEN[1], line)
    return pixels[:, : 4 * SCREEN[0]].reshape(SCREEN[1], SCREEN[0], 4)[..., 2::-1]


def test_a_window_shows_the_picture_and_the_keys(clip: Path, tmp_path: Path) -> None:
    with display(tmp_path) as environment:
        arguments = command("webcam", "--window", "--camera", clip, "--tests", "quality")
        with subprocess.Popen(arguments, env=environment, stderr=subprocess.PIPE) as process:
            try:
                shots = list(_shots(process, tmp_path, 2))
            finally:
                process.send_signal(signal.SIGINT)
                _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert errors == b""
    assert (shots[0][:280, :320] != shots[1][:280, :320]).mean() > 0.2  # the picture moves
    below = shots[1][330:380, :320]
    assert below.min() < 40 < 200 < below.max()  # letters on dark ground


def _shots(process: "subprocess.Popen[bytes]", folder: Path, number: int) -> Iterator[RgbImage]:
    """The first screenshots with a picture in the window that differ."""
    last = np.zeros((*SCREEN[::-1], 3), np.uint8)
    for _ in range(300):
        time.sleep(0.2)
        now = screenshot(folder)
        if process.poll() is not None or number == 0:
            return
        if now[:280, :320].std() > 30 and (now[:280, :320] != last[:280, :320]).mean() > 0.2:
            last, number = now.copy(), number - 1
            yield last
    pytest.fail("the window did not show a picture that moves")
