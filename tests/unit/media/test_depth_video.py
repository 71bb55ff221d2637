"""Clips with depth: frames one by one, millimetres, eyes; broken files say what they are."""

import sys
from pathlib import Path

import numpy as np
import pytest

from facepad.errors import InputError, SettingsError
from facepad.media import Limits
from facepad.media.depth_video import is_depth_video, read_colour, read_depth
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import VideoLimits
from facepad.testing.media_files import CLIP_FRAMES, DEPTH_SIZE, made_up_clip, write_depth_clip

h5py = pytest.importorskip("h5py")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "01_01_01.hdf5"
    write_depth_clip(path, seed=1, attack=False)
    return path


def change(path: Path, name: str, value: object) -> None:
    with h5py.File(path, "a") as file:
        del file[name]
        if value is not None:
            file[name] = value


def test_colour_frames_are_the_pictures_that_were_stored(clip: Path) -> None:
    stored = made_up_clip(seed=1, attack=False, size=DEPTH_SIZE)
    assert all(
        np.array_equal(frame.image, picture)
        for frame, picture in zip(read_colour(clip), stored, strict=True)
    )


def test_frames_are_chosen_by_rule_and_know_their_time(clip: Path) -> None:
    times = [frame.time_s for frame in read_colour(clip, FrameSelection("even", 2))]
    assert times == pytest.approx([1 / 30, 4 / 30])


def test_depth_is_in_millimetres(clip: Path) -> None:
    depth = next(read_depth(clip))
    assert str(depth.dtype) == "uint16"
    assert depth.shape == DEPTH_SIZE[::-1]
    assert set(np.unique(depth)) == {800, 1500}


def test_depth_frames_are_as_many_as_colour_frames(clip: Path) -> None:
    assert len(list(read_depth(clip))) == len(list(read_colour(clip))) == CLIP_FRAMES


@pytest.mark.parametrize("share", np.linspace(0.0, 0.999, 20))
def test_a_cut_file_is_named(clip: Path, share: float) -> None:
    data = clip.read_bytes()
    clip.write_bytes(data[: int(share * len(data))])
    with pytest.raises(InputError, match=r"01_01_01\.hdf5: "):
        list(read_colour(clip))


def test_what_is_no_hdf5_file_is_named(clip: Path) -> None:
    clip.write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(InputError, match="this is no HDF5 file"):
        list(read_colour(clip))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.hdf5: file not found"):
        list(read_colour(tmp_path / "gone.hdf5"))


def test_a_missing_array_is_named(clip: Path) -> None:
    change(clip, "Color_Data", None)
    with pytest.raises(InputError, match="no array Color_Data; it has Depth_Data, Eye_Pos"):
        list(read_colour(clip))


@pytest.mark.parametrize(
    "value",
    [
        np.zeros((2, 48, 64, 3), np.uint8),
        np.zeros((2, 3, 48, 64), np.float32),
        np.zeros((48, 64), np.uint8),
    ],
)
def test_colour_of_another_shape_or_type_is_told(clip: Path, value: object) -> None:
    change(clip, "Color_Data", value)
    with pytest.raises(InputError, match=r"Color_Data must be uint8 of shape \(N, 3, H, W\), got"):
        list(read_colour(clip))


def test_a_link_to_another_file_is_not_followed(clip: Path) -> None:
    change(clip, "Color_Data", h5py.ExternalLink("other.hdf5", "/Color_Data"))
    with pytest.raises(InputError, match="no array Color_Data"):
        list(read_colour(clip))


def test_a_clip_without_frames_is_told(clip: Path) -> None:
    change(clip, "Color_Data", np.zeros((0, 3, 48, 64), np.uint8))
    with pytest.raises(InputError, match="selects none of its 0 frames"):
        list(read_colour(clip))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (VideoLimits(max_bytes=100), "FACEPAD_MAX_VIDEO_MB"),
        (VideoLimits(max_frames=5), "FACEPAD_MAX_VIDEO_FRAMES"),
        (VideoLimits(picture=Limits(max_side=31)), "FACEPAD_MAX_SIDE"),
    ],
)
def test_limits_are_checked_before_reading(clip: Path, limits: VideoLimits, words: str) -> None:
    with pytest.raises(InputError, match=words):
        next(read_colour(clip, limits=limits))


def test_without_h5py_the_way_to_it_is_told(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(SettingsError, match=r"pip install facepad\[data\]"):
        next(read_colour(clip))


def test_a_clip_is_known_by_its_name() -> None:
    assert is_depth_video("01_01_01.hdf5")
    assert not is_depth_video("01_01_01.avi")
