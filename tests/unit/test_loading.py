"""Samples become presentations: pictures, videos, clips with depth; broken ones are counted."""

from pathlib import Path

import pytest

from facepad.errors import InputError
from facepad.loading import load_presentation, load_presentations, summary
from facepad.media.frame_selection import FrameSelection
from facepad.media.video_limits import VideoLimits
from facepad.testing.made_up import made_up_picture
from facepad.testing.media_files import made_up_clip, write_depth_clip, write_picture, write_video
from facepad.types import Sample, Split


def sample(path: Path, frame: int | None = None) -> Sample:
    return Sample(f"made_up/{path.stem}", str(path), "anna", Split.TEST, frame=frame)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "still.png"
    write_picture(path, made_up_picture(size=(64, 48)))
    return path


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "clip.avi"
    write_video(path, made_up_clip(seed=1, attack=False))
    return path


def test_a_picture_is_a_presentation_of_one_frame(picture: Path) -> None:
    presentation = load_presentation(sample(picture))
    assert (len(presentation.frames), presentation.source) == (1, "made_up/still")


def test_a_video_is_one_presentation_of_the_chosen_frames(video: Path) -> None:
    assert len(load_presentation(sample(video), FrameSelection("every", 2)).frames) == 3


def test_without_a_rule_a_video_gives_at_most_ten_frames(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    write_video(path, made_up_clip(seed=1, attack=False) * 4)
    assert len(load_presentation(sample(path)).frames) == 10


def test_a_sample_with_a_frame_number_is_that_frame(video: Path) -> None:
    presentation = load_presentation(sample(video, frame=2))
    assert [round(frame.time_s, 3) for frame in presentation.frames] == [0.08]


def test_a_clip_with_depth_gives_its_colour_frames(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    path = tmp_path / "01_01_01.hdf5"
    write_depth_clip(path, seed=1, attack=False)
    assert len(load_presentation(sample(path), FrameSelection("even", 4)).frames) == 4


def test_limits_hold_for_videos(video: Path) -> None:
    with pytest.raises(InputError, match="the limit is 2 "):
        load_presentation(sample(video), limits=VideoLimits(max_frames=2))


def test_a_broken_video_is_skipped_and_the_rest_is_read(video: Path, picture: Path) -> None:
    broken = video.with_name("broken.mp4")
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(50))
    loaded = list(load_presentations([sample(video), sample(broken), sample(picture)]))
    assert [one.presentation is not None for one in loaded] == [True, False, True]
    assert "broken.mp4" in str(loaded[1].error)


def test_the_summary_counts_and_names_what_was_skipped(tmp_path: Path) -> None:
    samples = [sample(tmp_path / f"{number}.mp4") for number in range(5)]
    words = summary(list(load_presentations(samples)), 9)
    assert words.startswith("5 of 9 samples cannot be read and are left out: ")
    assert "2.mp4: there is no such file; and 2 more" in words


def test_nothing_skipped_is_nothing_to_say() -> None:
    assert summary([], 9) == ""
