"""Clips of every format: true times, upright, within the limits, and an end for broken ones."""

import struct
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import clip_samples as samples
from facepad import sources
from facepad.errors import InputError
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import VideoLimits
from facepad.media.video import holds_video, read_video
from facepad.types import Frame, RgbImage

SUFFIXES = (".avi", ".gif", ".mjpeg", ".mkv", ".mov", ".mp4", ".mpg", ".webm", ".y4m")
NEAR = 0.0015  # seconds; Matroska counts whole milliseconds


@pytest.fixture
def mp4(tmp_path: Path) -> Path:
    return samples.write_clip(tmp_path / "clip.mp4")


def times(frames: tuple[Frame, ...] | list[Frame]) -> list[float]:
    return [frame.time_s for frame in frames]


# --- formats and times ------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_clips_of_every_format_are_one_presentation(tmp_path: Path, suffix: str) -> None:
    path = samples.write_clip(tmp_path / f"clip{suffix}")
    frames = sources.load(path, selection=FrameSelection()).frames
    reds = [float(frame.image[24, 40, 0]) for frame in frames]
    assert np.argsort(reds).tolist() == list(range(samples.COUNT))
    assert times(frames) == pytest.approx(np.arange(samples.COUNT) / samples.RATE, abs=NEAR)
    assert all(frame.image[24, 4, 2] > 180 for frame in frames)


@pytest.mark.parametrize("suffix", [".gif", ".mpg", ".webm", ".y4m"])
def test_the_content_decides_without_a_name(tmp_path: Path, suffix: str) -> None:
    data = samples.write_clip(tmp_path / f"clip{suffix}").read_bytes()
    assert len(sources.load(data, selection=FrameSelection("even", 3)).frames) == 3


def test_only_the_name_tells_mjpeg_from_a_picture(tmp_path: Path) -> None:
    path = samples.write_clip(tmp_path / "clip.mjpeg")
    (note,) = sources.load(path).frames[-1].notes
    assert note == "MJPEG states no times; 25 frames a second are assumed"
    picture = path.rename(tmp_path / "clip.jpg")
    assert not holds_video(picture, picture.read_bytes()[:32])
    assert len(sources.load(picture).frames) == 1


def test_frames_have_the_times_of_a_variable_rate(mp4: Path) -> None:
    data = mp4.read_bytes()
    scale = samples.timescale(data)
    steps = [scale // 50, scale // 10, scale // 25] * 4
    mp4.write_bytes(samples.with_steps(data, steps))
    expected = np.cumsum([0, *steps[:-1]]) / scale
    assert times(list(read_video(mp4))) == pytest.approx(expected, abs=1e-3)


def test_the_last_frame_of_mpeg_has_a_time(tmp_path: Path) -> None:
    frames = list(read_video(samples.write_clip(tmp_path / "clip.mpg")))
    assert times(frames)[-1] == pytest.approx(11 / samples.RATE)


def test_times_go_on_where_a_stream_begins_again(tmp_path: Path) -> None:
    path = samples.write_clip(tmp_path / "clip.mpg")
    path.write_bytes(2 * path.read_bytes())
    frames = list(read_video(path))
    assert len(frames) >= 2 * samples.COUNT - 1
    assert all(later > earlier for earlier, later in pairwise(times(frames)))


@pytest.mark.parametrize(
    "change",
    [samples.in_fragments, lambda data: data + samples.box("free", bytes(100))],
)
def test_unusual_mp4_is_read(mp4: Path, change: samples.Change) -> None:
    mp4.write_bytes(change(mp4.read_bytes()))
    frames = list(read_video(mp4))
    assert len(frames) == samples.COUNT
    assert frames[-1].notes == ()


def test_a_recording_of_a_browser_is_read(tmp_path: Path) -> None:
    path = samples.write_clip(tmp_path / "clip.webm")
    path.write_bytes(samples.as_recorded(path.read_bytes()))
    frames = list(read_video(path, FrameSelection("even", 4)))
    assert times(frames) == pytest.approx([0.04, 0.16, 0.28, 0.40], abs=NEAR)


def test_the_first_of_two_video_tracks_is_used(mp4: Path, tmp_path: Path) -> None:
    other = samples.write_clip(tmp_path / "b.mp4", samples.pictures(3, (96, 80)))
    mp4.write_bytes(samples.of_two_tracks(mp4.read_bytes(), other.read_bytes()))
    last = list(read_video(mp4))[-1]
    assert last.size == samples.SIZE
    assert last.notes == ("the first of 2 video tracks was used",)


# --- turned and mirrored ----------------------------------------------------------------------


def quarters() -> RgbImage:
    """A picture with a colour in each corner."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:24, :32], image[:24, 32:] = (250, 0, 0), (0, 250, 0)
    image[24:, :32], image[24:, 32:] = (0, 0, 250), (250, 250, 250)
    return image


def shown(image: RgbImage, a: int, b: int, c: int, d: int) -> RgbImage:
    """Move every pixel as the matrix says."""
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    x, y = a * columns + c * rows, b * columns + d * rows
    x, y = x - x.min(), y - y.min()
    moved = np.zeros((y.max() + 1, x.max() + 1, 3), np.uint8)
    moved[y, x] = image
    return moved


@pytest.mark.parametrize(
    "matrix",
    [
        (1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0),
        (-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0),
    ],
)  # fmt: skip
def test_frames_are_turned_and_mirrored_as_the_matrix_says(
    tmp_path: Path, matrix: tuple[int, int, int, int]
) -> None:
    path = samples.write_clip(tmp_path / "clip.mp4", 3 * [quarters()])
    path.write_bytes(samples.with_matrix(path.read_bytes(), *matrix))
    frame = next(read_video(path))
    expected = shown(quarters(), *matrix)
    assert frame.image.shape == expected.shape
    assert np.abs(frame.image.astype(float) - expected).mean() < 12.0  # compression
    assert frame.image.flags.c_contiguous


# --- limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (VideoLimits(max_s=0.4), r"lasts 0\.5 s or more; the limit is 0\.4 .*FACEPAD_MAX_VIDEO_S"),
        (VideoLimits(max_fps=24.0), r"12 frames in 0\.48 s; the limit is 24 .*MAX_VIDEO_FPS"),
    ],
)
def test_length_and_rate_are_bounded_by_the_header(
    mp4: Path, limits: VideoLimits, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", None)  # nothing is decoded
    with pytest.raises(InputError, match=words):
        next(read_video(mp4, limits=limits))


@pytest.mark.parametrize("limits", [VideoLimits(max_s=0.3), VideoLimits(max_frames=8)])
def test_a_clip_without_a_stated_length_is_stopped_while_it_is_decoded(
    tmp_path: Path, limits: VideoLimits
) -> None:
    path = samples.write_clip(tmp_path / "clip.mpg")
    given = []
    with pytest.raises(InputError, match=r"(lasts 0\.3|has 9 frames) .*or more"):
        given += list(read_video(path, limits=limits))
    with pytest.raises(InputError, match="or more"):
        list(read_video(path, FrameSelection("even", 2), limits=limits))


def test_the_tracks_that_are_not_used_are_bounded_too(mp4: Path, tmp_path: Path) -> None:
    other = samples.write_clip(tmp_path / "b.mp4", samples.pictures(3, (96, 80)))
    mp4.write_bytes(samples.of_two_tracks(mp4.read_bytes(), other.read_bytes()))
    limits = VideoLimits(picture=replace(VideoLimits().picture, max_side=80))
    with pytest.raises(InputError, match="96x80"):
        next(read_video(mp4, limits=limits))


class StandIn:
    """A decoder whose frames are given; without end if it is asked to."""

    frames: tuple[tuple[int, int], ...] = ()
    is_endless = False

    def __init__(self, *_: Any) -> None:  # noqa: ANN401 - OpenCV's own
        self._at = -1

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's own
        return True

    def grab(self) -> bool:
        self._at += 1
        return self.is_endless or self._at < len(self.frames)

    def retrieve(self) -> tuple[bool, Any]:
        width, height = self.frames[min(self._at, len(self.frames) - 1)]
        return True, np.zeros((height, width, 3), np.uint8)

    def get(self, key: int) -> float:
        width, height = self.frames[0]
        sizes = {cv2.CAP_PROP_FRAME_WIDTH: width, cv2.CAP_PROP_FRAME_HEIGHT: height}
        return float(sizes.get(key, 30.0 if key == cv2.CAP_PROP_FPS else 0.0))

    def set(self, *_: float) -> bool:
        return True

    def release(self) -> None:
        pass


def decoded_as(
    monkeypatch: pytest.MonkeyPatch, *frames: tuple[int, int], is_endless: bool = False
) -> None:
    kind = type("Kind", (StandIn,), {"frames": frames, "is_endless": is_endless})
    monkeypatch.setattr(cv2, "VideoCapture", kind)


def test_frames_that_change_their_size_are_an_error(
    mp4: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded_as(monkeypatch, (64, 48), (64, 48), (48, 64))
    with pytest.raises(InputError, match="frame 2 of the video is 48x64 pixels, those before"):
        list(read_video(mp4))


def test_frames_larger_than_the_header_says_are_an_error(
    mp4: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded_as(monkeypatch, (12_001, 1))
    with pytest.raises(InputError, match="12001x1 pixels; no side may be longer"):
        list(read_video(mp4))


def test_a_stream_without_end_is_stopped(mp4: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded_as(monkeypatch, (64, 48), is_endless=True)
    with pytest.raises(InputError, match="has 20 frames or more; the limit is 19"):
        list(read_video(mp4, limits=VideoLimits(max_frames=19)))
    with pytest.raises(InputError, match=r"lasts 1\.0 s or more"):
        list(read_video(mp4, limits=VideoLimits(max_s=1.0)))


def test_a_decoder_without_times_gives_frames_at_its_rate(
    mp4: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded_as(monkeypatch, *(3 * [(64, 48)]))
    assert times(list(read_video(mp4))) == pytest.approx([0.0, 1 / 30, 2 / 30])


def outcome(path: Path) -> int:
    """How many frames are read; 1 for an error, which names the file."""
    try:
        return len(list(read_video(path)))
    except InputError as error:
        return str(error).startswith(str(path))


@pytest.mark.parametrize("suffix", [".gif", ".mkv", ".mpg", ".webm", ".y4m", ".mjpeg"])
def test_a_cut_clip_is_an_error_or_shorter_wherever_it_is_cut(tmp_path: Path, suffix: str) -> None:
    path = samples.write_clip(tmp_path / f"clip{suffix}")
    data = path.read_bytes()
    for cut in range(0, len(data), max(1, len(data) // 15)):
        path.write_bytes(data[:cut])
        assert 1 <= outcome(path) <= samples.COUNT


def test_a_header_that_claims_other_numbers_does_no_harm(mp4: Path) -> None:
    data = mp4.read_bytes()
    scale = samples.timescale(data)
    for count in (1, 5, 500):
        mp4.write_bytes(samples.with_steps(data, count * [scale // 25]))
        assert len(list(read_video(mp4))) <= samples.COUNT
    sizes = samples.content(data, *samples.TABLE, "stsz")
    claimed = sizes[:8] + struct.pack(">I", 2**31) + sizes[12:]
    mp4.write_bytes(samples.edited(data, (*samples.TABLE, "stsz"), claimed))
    with pytest.raises(InputError, match="has 2147483648 frames or more"):
        list(read_video(mp4))
