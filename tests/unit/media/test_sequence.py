"""Pictures that are the frames of one clip: their order, times and bounds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facepad import sources
from facepad.errors import InputError
from facepad.media import ImageSequence, Limits
from facepad.media.frame_selection import FrameSelection
from facepad.media.inputs import as_sequences
from facepad.media.limits import VideoLimits
from facepad.needs import Needs

ALL = FrameSelection()


def write(folder: Path, numbers: range, name: str = "{:04d}.png", side: int = 16) -> Path:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        Image.fromarray(np.full((side, 20, 3), number, np.uint8)).save(folder / name.format(number))
    return folder


def greys(path: Path, selection: FrameSelection = ALL) -> list[int]:
    frames = ImageSequence(path, 10.0).frames(selection)
    return [int(frame.image[0, 0, 0]) for _, frame in frames]


def test_pictures_of_a_folder_are_in_order_of_their_numbers(tmp_path: Path) -> None:
    folder = write(tmp_path / "frames", range(8, 12), "me-{}.png")
    (folder / "notes.txt").write_text("text")
    (folder / ".hidden.png").write_bytes(b"")
    assert greys(folder) == [8, 9, 10, 11]


def test_a_pattern_takes_what_matches(tmp_path: Path) -> None:
    folder = write(tmp_path / "frames", range(3, 6))
    write(folder, range(9), "other-{}.png")
    assert greys(folder / "%04d.png") == [3, 4, 5]


def test_times_follow_the_rate_with_gaps(tmp_path: Path) -> None:
    folder = write(tmp_path / "frames", range(5, 11, 2))
    presentation = sources.load(ImageSequence(folder / "%04d.png", 10.0), selection=ALL)
    assert [frame.time_s for frame in presentation.frames] == pytest.approx([0.0, 0.2, 0.4])
    assert [frame.number for frame in presentation.frames] == [0, 1, 2]
    assert presentation.source == f"{folder}/%04d.png"


def test_two_pictures_with_one_number_are_an_error(tmp_path: Path) -> None:
    folder = write(tmp_path / "frames", range(3))
    write(folder, range(1, 2), "{}.png")
    with pytest.raises(InputError, match=r"0001\.png and 1\.png have one number"):
        greys(folder / "%d.png")


def test_frames_are_selected_before_they_are_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "frames", range(9))
    (folder / "0000.png").write_bytes(b"damaged")
    assert greys(folder, FrameSelection("even", 3)) == [1, 4, 7]


def test_tests_of_movement_get_a_dense_clip(tmp_path: Path) -> None:
    sequence = ImageSequence(write(tmp_path / "frames", range(30)), 30.0)
    clip = sources.load_dense(sequence, Needs(min_frames=2, fps=10.0))
    assert clip is not None
    assert len(clip.frames) == 10
    assert sources.clip_path(sequence) is sequence


def test_what_was_typed_is_one_input_each(tmp_path: Path) -> None:
    folder = write(tmp_path / "frames", range(2))
    inputs = list(as_sequences([str(folder), folder / "%d.png"], 25.0))
    assert [item.given() for item in inputs] == [
        ImageSequence(folder, 25.0), ImageSequence(folder / "%d.png", 25.0),
    ]  # fmt: skip
    assert [item.root for item in inputs] == [tmp_path, folder]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone", "gone: folder not found"),
        ("gone/%d.png", "folder not found"),
        ("empty", "no picture in this folder"),
        ("frames/%04d.jpg", "no file matches this pattern"),
        ("frames/%d-%d.png", "one number in its last part"),
        ("frames/0000.png", "a sequence is a folder of pictures, or a pattern"),
    ],
)
def test_what_is_no_sequence_is_named(tmp_path: Path, name: str, words: str) -> None:
    write(tmp_path / "frames", range(2))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=words):
        greys(tmp_path / name)


def test_pictures_have_one_size(tmp_path: Path) -> None:
    folder = write(tmp_path / "frames", range(2))
    write(folder, range(2, 3), side=18)
    with pytest.raises(InputError, match=r"0002\.png: the picture is 20x18 pixels, those before"):
        greys(folder)


def test_standard_input_is_no_sequence() -> None:
    (item,) = as_sequences(["-"], 25.0)
    assert isinstance(item.source, InputError)
    assert "not standard input" in str(item.source)


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "frames", range(2))
    (folder / "0001.png").write_bytes(b"text")
    with pytest.raises(InputError, match=r"0001\.png: looks like text"):
        greys(folder)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (VideoLimits(max_frames=3), "has 4 frames or more"),
        (VideoLimits(max_s=0.2), r"lasts 0\.3 s or more"),
        (VideoLimits(max_fps=9.0), "rate is 10 frames a second; the limit is 9"),
        (VideoLimits(picture=Limits(max_side=19)), "no side may be longer than 19"),
    ],
)
def test_sequences_are_bounded(tmp_path: Path, limits: VideoLimits, words: str) -> None:
    sequence = ImageSequence(write(tmp_path / "frames", range(4)), 10.0)
    with pytest.raises(InputError, match=words):
        list(sequence.frames(ALL, limits=limits))


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_is_over_0(tmp_path: Path, rate: float) -> None:
    with pytest.raises(InputError, match="must be over 0 frames a second"):
        ImageSequence(tmp_path, rate)
