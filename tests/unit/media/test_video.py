"""Videos: the chosen frames, once and in order, upright; broken files say what they are."""

import os
import re
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from facepad import sources
from facepad.errors import InputError, SettingsError
from facepad.media import Limits
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import VideoLimits
from facepad.media.video import chosen_numbers, is_video, read_numbered, read_video
from facepad.testing.media_files import write_video
from facepad.types import RgbImage

COUNT = 12
STEP = 20  # grey levels from one frame to the next
QUARTER_TURN = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)


def numbered(count: int = COUNT, size: tuple[int, int] = (64, 48)) -> list[RgbImage]:
    """Frames whose red tells their number; the left edge is blue."""
    frames = np.zeros((count, size[1], size[0], 3), np.uint8)
    frames[..., 0] = (np.arange(count) % COUNT * STEP)[:, None, None]
    frames[:, :, :16] = (0, 0, 255)
    return list(frames)


def numbers(path: Path, rule: FrameSelection) -> list[int]:
    return [round(frame.image[24, 40, 0] / STEP) for frame in read_video(path, rule)]


@pytest.fixture(scope="module", params=[".avi", ".mov", ".mp4"])
def video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / f"numbered{request.param}"
    write_video(path, numbered())
    return path


@pytest.fixture
def mp4(tmp_path: Path) -> Path:
    path = tmp_path / "numbered.mp4"
    write_video(path, numbered())
    return path


@pytest.fixture
def avi(tmp_path: Path) -> Path:
    """Long enough that a cut falls into its frames."""
    path = tmp_path / "long.avi"
    write_video(path, numbered(60))
    return path


def test_all_frames_come_in_order(video: Path) -> None:
    assert numbers(video, FrameSelection()) == list(range(COUNT))


def test_every_kth_frame(video: Path) -> None:
    assert numbers(video, FrameSelection("every", 5)) == [0, 5, 10]


def test_evenly_spaced_frames(video: Path) -> None:
    assert numbers(video, FrameSelection("even", 3)) == [2, 6, 10]


def test_one_frame(video: Path) -> None:
    assert numbers(video, FrameSelection("at", 7)) == [7]


def test_frames_are_rgb(video: Path) -> None:
    left = next(read_video(video)).image[24, 4]
    assert left[2] > 200
    assert left[0] < 60


def test_times_count_from_the_first_frame(video: Path) -> None:
    times = [frame.time_s for frame in read_video(video)]
    assert times == pytest.approx(np.arange(COUNT) / 25.0, abs=1e-3)


def test_a_whole_video_has_no_notes(video: Path) -> None:
    assert {frame.notes for frame in read_video(video)} == {()}


def test_reading_stops_at_the_last_chosen_frame(mp4: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grabbed: list[int] = []

    class Counting:
        def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - OpenCV's own
            self._video = opened(*arguments)

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - OpenCV's own
            if name == "grab":
                grabbed.append(1)
            return getattr(self._video, name)

    opened = cv2.VideoCapture
    monkeypatch.setattr(cv2, "VideoCapture", Counting)
    assert numbers(mp4, FrameSelection("even", 2)) == [3, 9]
    assert len(grabbed) == 10


def test_rotation_metadata_is_honoured(mp4: Path) -> None:
    data = bytearray(mp4.read_bytes())
    matrix = data.index(b"tkhd") + 44  # behind the name and the first fields of version 0
    data[matrix : matrix + 36] = QUARTER_TURN
    mp4.write_bytes(data)
    frame = next(read_video(mp4))
    assert frame.size == (48, 64)
    assert frame.image[4, 24, 2] > 200  # what was the left edge is the upper one


def test_a_video_that_ends_early_gives_what_it_has_and_says_so(avi: Path) -> None:
    data = avi.read_bytes()
    avi.write_bytes(data[: len(data) // 2])
    frames = list(read_video(avi))
    assert 1 < len(frames) < 60
    assert frames[-1].notes == (f"the video ends after {len(frames)} of 60 frames",)


@pytest.mark.parametrize("count", [1, 6])
def test_frames_are_spread_over_those_that_a_video_has(avi: Path, count: int) -> None:
    data = avi.read_bytes()
    avi.write_bytes(data[: len(data) // 2])  # the header still claims 60
    there = len(list(read_video(avi)))
    selection = FrameSelection("even", count)
    frames = list(read_numbered(avi, selection))
    assert [number for number, _ in frames] == list(selection.chosen(there))
    assert frames[-1][1].notes == (f"the video ends after {there} of 60 frames",)


@pytest.mark.parametrize("is_cut", [True, False])
def test_frames_over_the_memory_of_a_clip_are_counted_not_held(avi: Path, *, is_cut: bool) -> None:
    if is_cut:
        data = avi.read_bytes()
        avi.write_bytes(data[: len(data) // 2])  # the header still claims 60
    selection = FrameSelection("even", 6)
    held = list(read_numbered(avi, selection))
    few = VideoLimits(max_clip_bytes=3 * 64 * 48)
    counted = list(read_numbered(avi, selection, limits=few))
    assert [number for number, _ in counted] == [number for number, _ in held]
    assert [frame.notes for _, frame in counted] == [frame.notes for _, frame in held]
    assert [frame.time_s for _, frame in counted] == [frame.time_s for _, frame in held]


def test_selected_frames_are_reduced_to_the_memory_of_a_clip(tmp_path: Path) -> None:
    path = tmp_path / "large.avi"
    write_video(path, numbered(8, (1280, 960)))
    few = VideoLimits(max_clip_bytes=5 * 3 * 640 * 480)
    clip = sources.load(path, selection=FrameSelection("best", 2), limits=few)
    assert [frame.size for frame in clip.frames] == 4 * [(640, 480)]
    assert clip.frames[0].notes == ("frames of the clip were reduced to 640x480 pixels",)
    none = VideoLimits(max_clip_bytes=1)
    least = sources.load(path, selection=FrameSelection("best", 2), limits=none)
    assert [frame.size for frame in least.frames] == 4 * [(320, 240)]
    still = tmp_path / "still.png"
    Image.fromarray(clip.frames[0].image).save(still)
    alone = sources.load(still, limits=none)
    assert alone.frames[0].size == (640, 480)


@pytest.mark.parametrize("content", [b"", b"text, not a video", b"RIFF\0\0\0\0AVI " + bytes(999)])
def test_what_is_no_video_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.avi"
    path.write_bytes(content)
    with pytest.raises(
        InputError, match=r"broken\.avi: (the file is empty|not a supported video|the v)"
    ):
        list(read_video(path))


def outcome(path: Path) -> str:
    try:
        return f"{len(list(read_video(path)))} frames"
    except InputError as error:
        return str(error)


def test_a_cut_video_is_an_error_or_shorter_wherever_it_is_cut(mp4: Path) -> None:
    data = mp4.read_bytes()
    for cut in range(0, len(data), max(1, len(data) // 25)):
        mp4.write_bytes(data[:cut])
        assert re.search(r"numbered\.mp4: \w|^[0-9]+ frames", outcome(mp4))


def test_a_playlist_never_reaches_the_decoder(tmp_path: Path) -> None:
    path = tmp_path / "list.mp4"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\nhttp://127.0.0.1/clip.ts\n")
    with pytest.raises(InputError, match="not a supported video"):
        list(read_video(path))


@pytest.mark.parametrize("name", [b"a%d.jpg", b"a[0-9].jpg", b"*.jpg", b"a%d.mp4", b"\xff.mp4"])
def test_a_file_of_any_name_is_read_and_no_other(mp4: Path, tmp_path: Path, name: bytes) -> None:
    for number in range(3):  # what FFmpeg takes the names for
        Image.fromarray(np.full((48, 64, 3), 250, np.uint8)).save(tmp_path / f"a{number}.jpg")
    path = tmp_path / os.fsdecode(name)
    try:
        mp4.rename(path)
    except OSError:
        pytest.skip("this file system has no such names")
    assert numbers(path, FrameSelection()) == list(range(COUNT))


@pytest.mark.parametrize(("suffix", "codec"), [(".mkv", "FFV1"), (".webm", "VP80")])
def test_a_matroska_clip_can_be_read(tmp_path: Path, suffix: str, codec: str) -> None:
    path = tmp_path / f"numbered{suffix}"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 25.0, (64, 48))
    for image in numbered():
        writer.write(image[..., ::-1])
    writer.release()
    assert numbers(path, FrameSelection("at", 7)) == [7]


def test_chosen_frames_are_known_without_reading_them(mp4: Path) -> None:
    assert chosen_numbers(mp4, FrameSelection("even", 3)) == (2, 6, 10)


def test_frames_of_a_missing_video_cannot_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.mp4: file not found"):
        chosen_numbers(tmp_path / "gone.mp4", FrameSelection("even", 3))


def test_a_missing_video_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.mp4: file not found"):
        list(read_video(tmp_path / "gone.mp4"))


def test_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a video file but a folder"):
        list(read_video(tmp_path))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes on this system")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(InputError, match="not a video file but"):
        list(read_video(tmp_path / "pipe.mp4"))


def test_a_frame_behind_the_end_is_an_error(mp4: Path) -> None:
    with pytest.raises(InputError, match="frame selection at:99 selects none of the 12 frames"):
        list(read_video(mp4, FrameSelection("at", 99)))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (VideoLimits(max_bytes=100), "FACEPAD_MAX_VIDEO_MB"),
        (VideoLimits(max_frames=11), "12 frames or more; the limit is 11"),
        (VideoLimits(picture=Limits(max_side=63)), "64x48 pixels; no side may be longer than 63"),
        (VideoLimits(picture=Limits(max_pixels=3000)), "megapixels"),
    ],
)
def test_limits_are_checked_before_decoding(mp4: Path, limits: VideoLimits, words: str) -> None:
    with pytest.raises(InputError, match=words):
        next(read_video(mp4, limits=limits))


def test_the_default_limits_are_those_of_the_settings() -> None:
    assert VideoLimits.from_settings() == VideoLimits()


def test_a_setting_changes_the_limit(mp4: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPAD_MAX_VIDEO_FRAMES", "3")
    with pytest.raises(InputError, match="the limit is 3 "):
        next(read_video(mp4))


def test_a_setting_that_is_no_number_is_a_settings_error(
    mp4: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_MAX_VIDEO_MB", "much")
    with pytest.raises(SettingsError, match="FACEPAD_MAX_VIDEO_MB"):
        next(read_video(mp4))


def test_nothing_is_printed_about_a_broken_video(
    mp4: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mp4.write_bytes(mp4.read_bytes()[:1000])
    with pytest.raises(InputError):
        list(read_video(mp4))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["clip.MOV", "clip.mp4", "clip.avi"])
def test_a_video_is_known_by_its_name(name: str) -> None:
    assert is_video(name)


def test_a_picture_is_no_video() -> None:
    assert not is_video("clip.jpg")
