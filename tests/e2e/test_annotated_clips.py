"""`facepad annotate` as a user runs it: shipped models, an interrupt, a browser that plays it."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import service_pages
from clip_samples import write_clip
from command_line import command, run, skip_without_face_models
from facepad.annotating.overlay import COLOURS
from facepad.media.formats.clips import inspect_clip
from facepad.media.video import read_video
from facepad.types import RgbImage

pytestmark = pytest.mark.e2e
PORTRAIT = Path(__file__).resolve().parents[2] / "examples" / "astronaut.jpg"
SIZE, RATE = (320, 320), 10.0


def pictures(count: int) -> Iterator[RgbImage]:
    """The portrait, which moves a little to the right."""
    portrait = Image.open(PORTRAIT).convert("RGB").resize((360, 360))
    for number in range(count):
        left = 20 - number % 20
        yield np.asarray(portrait.crop((left, 0, left + SIZE[0], SIZE[1])), np.uint8)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    skip_without_face_models()
    file = tmp_path_factory.mktemp("clip") / "clip.mp4"
    return write_clip(file, list(pictures(14)), rate=RATE)


@pytest.fixture(scope="module")
def overlay(clip: Path) -> Path:
    out = clip.with_name("overlay.webm")
    result = run("annotate", clip, "--out", out)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(b"2 decisions: ")
    return out


def test_the_overlay_is_vp9_with_the_times_of_the_clip(clip: Path, overlay: Path) -> None:
    header = inspect_clip(overlay)
    assert (header.kind, header.video.codec) == ("WebM", "vp9")
    expected = [frame.time_s for frame in read_video(clip)]
    times = [frame.time_s for frame in read_video(overlay)]
    assert times == pytest.approx(expected, abs=0.01)


def test_the_strip_of_decisions_grows_and_the_picture_stays(clip: Path, overlay: Path) -> None:
    before, *_, after = (frame.image for frame in read_video(overlay))
    colours = np.array(list(COLOURS.values()), float)
    lower = [image[-20:].reshape(-1, 1, 3).astype(float) for image in (before, after)]
    near = [float((np.abs(part - colours).max(axis=2).min(axis=1) < 30).mean()) for part in lower]
    assert near[1] > near[0] + 0.05
    *_, source = (frame.image for frame in read_video(clip))
    beside = np.s_[200:260, :40]
    change = np.abs(after[beside].astype(int) - source[beside].astype(int))
    assert change.mean() < 12.0  # grey levels; two lossy codecs lie between


def test_an_interrupt_leaves_no_file(tmp_path: Path) -> None:
    skip_without_face_models()
    long_clip = write_clip(tmp_path / "long.mp4", list(pictures(600)), rate=RATE)
    arguments = [*command("annotate"), str(long_clip), "--out", str(tmp_path / "overlay.webm")]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, env=dict(os.environ)) as process:
        for _ in range(600):
            if process.poll() is not None or list(tmp_path.glob(".overlay*.webm")):
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate()
    assert process.returncode == 130, stderr
    assert stderr.decode().endswith("facepad: interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["long.mp4"]


@pytest.mark.skipif(
    service_pages.chromium() is None,
    reason="needs Chromium: apt-get install chromium-headless-shell",
)
def test_a_browser_plays_the_overlay(overlay: Path) -> None:
    playwright_api = pytest.importorskip("playwright.sync_api")
    (overlay.parent / "page.html").write_text(f"<video muted src='{overlay.name}'></video>")
    seek = """async () => {
      const video = document.querySelector("video");
      await new Promise((resolve, reject) => {
        video.onerror = () => reject(video.error.message);
        video.onseeked = resolve;
        video.currentTime = 1;
      });
      return [video.duration, video.videoWidth, video.videoHeight];
    }"""
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=service_pages.chromium())
        page = browser.new_page()
        page.goto((overlay.parent / "page.html").as_uri())
        duration_s, *size = page.evaluate(seek)
        browser.close()
    assert duration_s == pytest.approx(1.4, abs=0.15)
    assert size == list(SIZE)
