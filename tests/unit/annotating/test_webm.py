"""Clips that are written: VP9 in WebM, at a constant rate by the times of the pictures."""

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from facepad.annotating.webm import VP8, ConstantRate, webm_writer
from facepad.errors import SettingsError
from facepad.media.formats.clips import inspect_clip
from facepad.media.video import read_video
from facepad.types import RgbImage


class WriterDouble:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.levels: list[int] = []

    def write(self, image: RgbImage) -> None:
        self.levels.append(int(image[0, 0, 0]))


def picture(level: int, size: tuple[int, int] = (64, 48)) -> RgbImage:
    return np.full((size[1], size[0], 3), level, np.uint8)


def levels_at(times_s: list[float], rate: float) -> list[int]:
    """Number of the picture in each frame that is written."""
    double: Any = WriterDouble()
    clip = ConstantRate(double, rate)
    for number, time_s in enumerate(times_s):
        clip.show(picture(number), time_s)
    clip.end()
    assert clip.written == len(double.levels)
    return list(double.levels)


def test_pictures_at_the_rate_are_written_once_each() -> None:
    assert levels_at([number / 25.0 for number in range(6)], 25.0) == [0, 1, 2, 3, 4, 5]


def test_times_that_jitter_neither_repeat_nor_skip() -> None:
    jitter = np.random.default_rng(0).uniform(-0.4, 0.4, 50)
    times = [0.0, *((np.arange(1, 51) + jitter) / 30.0)]
    assert levels_at(times, 30.0) == list(range(51))


def test_a_gap_repeats_the_picture_before_it() -> None:
    assert levels_at([0.0, 0.1, 0.4], 10.0) == [0, 1, 1, 1, 2]


def test_pictures_faster_than_the_rate_are_left_out() -> None:
    assert levels_at([number / 100.0 for number in range(31)], 10.0) == [4, 14, 24, 30]


def test_a_name_that_is_not_utf8_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.webm")
    with (
        pytest.raises(SettingsError, match=r"a name in UTF-8 for the output, got .*\\udcff\.webm"),
        webm_writer(path, (64, 48), 25.0),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "kind"), [(".webm", "WebM"), (".mp4", "MP4"), (".MP4", "MP4")])
def test_the_file_is_vp9_with_its_size_rate_and_pictures(
    tmp_path: Path, suffix: str, kind: str
) -> None:
    file = tmp_path / f"clip{suffix}"
    with webm_writer(file, (64, 48), 12.5) as clip:
        for number in range(10):
            clip.show(picture(20 * number), number / 12.5)
    header = inspect_clip(file)
    assert (header.kind, header.video.codec) == (kind, "vp9")
    assert (header.video.width, header.video.height, header.video.frames) == (64, 48, 10)
    frames = list(read_video(file))
    assert [frame.time_s for frame in frames] == pytest.approx(np.arange(10) / 12.5, abs=0.001)
    levels = [float(frame.image.mean()) for frame in frames]
    assert levels == pytest.approx([20.0 * number for number in range(10)], abs=6.0)


def test_vp8_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "clip.webm"
    with webm_writer(file, (64, 48), 12.5, VP8) as clip:
        clip.show(picture(50), 0.0)
    assert inspect_clip(file).video.codec == "vp8"


def test_nothing_is_printed_while_it_is_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with webm_writer(tmp_path / "clip.webm", (64, 48), 25.0) as clip:
        clip.show(picture(50), 0.0)
    assert capfd.readouterr() == ("", "")


class NoWriter:
    """OpenCV's writer where its FFmpeg has no encoder."""

    def __init__(self, *_: object) -> None:
        pass

    @staticmethod
    def fourcc(*_: str) -> int:
        return 0

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return False

    def release(self) -> None:
        pass


def test_an_opencv_without_vp9_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "VideoWriter", NoWriter)
    expected = r"cannot write VP9 in WebM here \(64x48 pixels\)"
    with (
        pytest.raises(SettingsError, match=expected),
        webm_writer(tmp_path / "clip.webm", (64, 48), 25.0),
    ):
        pass


def test_a_file_that_is_incomplete_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "clip.webm"
    with (
        pytest.raises(SettingsError, match="is the disk full"),
        webm_writer(file, (64, 48), 25.0) as clip,
    ):
        clip.written += 5  # as if writes had failed
