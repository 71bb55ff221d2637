"""Whatever a user can name becomes a presentation: path, bytes, array, clip, address, sample."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from facepad.datasets.packed import Packed
from facepad.errors import InputError
from facepad.media.frame_selection import FrameSelection
from facepad.media.limits import VideoLimits
from facepad.needs import Needs
from facepad.sources import Source, is_clip, load, load_dense, load_sample, read_picture
from facepad.testing.made_up import made_up_picture
from facepad.testing.media_files import made_up_clip, write_depth_clip, write_picture, write_video
from facepad.types import Frame, Presentation, Sample, Split


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
    presentation = load_sample(sample(picture))
    assert (len(presentation.frames), presentation.source) == (1, "made_up/still")


def test_a_video_is_one_presentation_of_the_chosen_frames(video: Path) -> None:
    assert len(load_sample(sample(video), FrameSelection("every", 2)).frames) == 3


def test_without_a_selection_a_video_gives_eight_frames(tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    write_video(path, made_up_clip(seed=1, attack=False) * 4)
    assert len(load_sample(sample(path)).frames) == 8


def test_a_sample_with_a_frame_number_is_that_frame(video: Path) -> None:
    presentation = load_sample(sample(video, frame=2))
    assert [round(frame.time_s, 3) for frame in presentation.frames] == [0.08]


def test_a_clip_with_depth_gives_its_colour_frames(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    path = tmp_path / "01_01_01.hdf5"
    write_depth_clip(path, seed=1, attack=False)
    assert len(load_sample(sample(path), FrameSelection("even", 4)).frames) == 4


def test_limits_hold_for_videos(video: Path) -> None:
    with pytest.raises(InputError, match="the limit is 2 "):
        load_sample(sample(video), limits=VideoLimits(max_frames=2))


# --- what is not a sample -------------------------------------------------------------------


def test_a_path_of_a_clip_is_one_presentation(video: Path) -> None:
    presentation = load(video)
    assert (len(presentation.frames), presentation.source) == (6, str(video))


def test_the_same_clip_has_the_same_frames_by_path_and_as_a_sample(video: Path) -> None:
    pairs = zip(load(video).frames, load_sample(sample(video)).frames, strict=True)
    assert all(np.array_equal(one.image, other.image) for one, other in pairs)


def test_bytes_of_a_picture_are_one_frame(picture: Path) -> None:
    presentation = load(picture.read_bytes())
    assert (presentation.frames[0].size, presentation.source) == ((64, 48), "bytes")


def test_an_array_is_one_frame() -> None:
    presentation = load(np.zeros((4, 5, 3), np.uint8), channels="bgr")
    assert (presentation.frames[0].size, presentation.source) == ((5, 4), "array")


def test_a_sample_is_a_source_too(video: Path) -> None:
    assert load(sample(video, frame=2)).source == "made_up/clip"


def test_a_name_takes_the_place_of_the_path_in_messages(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^the upload: file not found"):
        load(tmp_path / "gone.png", name="the upload")


def test_a_video_without_a_videos_name_is_read_by_its_content(video: Path) -> None:
    other = video.rename(video.with_name("clip"))
    assert len(load(other).frames) == 6


def test_a_picture_that_is_named_as_a_video_is_read_by_its_content(picture: Path) -> None:
    other = picture.rename(picture.with_name("still.mp4"))
    assert load(other).frames[0].notes == ("named .mp4 but is PNG",)


def test_a_heic_picture_is_not_taken_for_a_video(tmp_path: Path) -> None:
    (tmp_path / "me.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(50))
    with pytest.raises(InputError, match="HEIC"):
        load(tmp_path / "me.heic")


def test_a_broken_video_is_named_in_its_error(video: Path) -> None:
    broken = video.with_name("broken.mp4")
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(50))
    with pytest.raises(InputError, match=r"broken\.mp4: "):
        load(broken)


def test_a_missing_clip_is_named_in_its_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.mp4: file not found"):
        load(tmp_path / "gone.mp4")


def test_what_a_packed_address_stands_for_is_read(miniatures: Callable[[str], Path]) -> None:
    pytest.importorskip("h5py")
    first = next(iter(Packed(miniatures("packed")).samples()))
    assert np.array_equal(load(first.path).frames[0].image, read_picture(first.path).image)


def test_an_address_in_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    with pytest.raises(InputError, match=r"nowhere\.h5 cannot be read"):
        load(tmp_path / "nowhere.h5#attack/1")


def test_a_still_where_a_clip_lies_is_refused(video: Path) -> None:
    with pytest.raises(InputError, match="a video"):
        read_picture(video)


# --- clips, read densely ------------------------------------------------------------------


def long_clip(folder: Path, count: int, size: tuple[int, int] = (64, 48)) -> Path:
    width, height = size
    pictures = [np.full((height, width, 3), 2 * at % 256, np.uint8) for at in range(count)]
    write_video(folder / "long.avi", pictures)
    return folder / "long.avi"


def dense(path: Path, needs: Needs) -> Presentation:
    found = load_dense(path, needs)
    assert found is not None
    return found


@pytest.mark.parametrize("source", [b"", np.zeros((4, 5, 3), np.uint8)])
def test_what_is_no_file_is_no_clip(source: Source) -> None:
    assert load_dense(source, Needs(min_frames=2)) is None


def test_a_still_is_no_clip(picture: Path, video: Path) -> None:
    assert load_dense(picture, Needs(min_frames=2)) is None
    assert load_dense(sample(video, frame=2), Needs(min_frames=2)) is None


def test_a_clip_is_read_at_the_rate_that_is_wanted_beyond_the_one_that_is_needed(
    tmp_path: Path,
) -> None:
    needs = Needs(seconds=1.0, fps=5.0, wanted_fps=12.5)
    assert len(dense(long_clip(tmp_path, 60), needs).frames) == 30


@pytest.mark.parametrize(("fps", "count"), [(25.0, 60), (12.5, 30), (5.0, 12), (100.0, 60)])
def test_frames_are_read_as_densely_as_asked_and_never_closer_than_they_lie(
    tmp_path: Path, fps: float, count: int
) -> None:
    assert len(dense(long_clip(tmp_path, 60), Needs(seconds=1.0, fps=fps)).frames) == count


def test_a_sample_that_is_a_clip_is_read_densely_under_its_key(tmp_path: Path) -> None:
    found = load_dense(sample(long_clip(tmp_path, 20)), Needs(min_frames=20))
    assert found is not None
    assert (len(found.frames), found.source) == (20, "made_up/long")


@pytest.mark.slow
def test_frames_over_the_memory_limit_are_halved_in_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_MAX_CLIP_MB", "20")  # 20 frames of 1280x720 are 55 MB
    found = dense(long_clip(tmp_path, 20, (1280, 720)), Needs(min_frames=20))
    assert {frame.size for frame in found.frames} == {(640, 360)}
    assert len(found.frames) == 20
    assert found.frames[0].notes == ("frames of the clip were reduced to 640x360 pixels",)
    levels = [float(frame.image.mean()) for frame in found.frames]
    assert levels == pytest.approx([2.0 * at for at in range(20)], abs=2.0)  # coding moves greys


@pytest.mark.slow
def test_frames_of_odd_sizes_have_one_size_when_they_are_halved_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def numbered(*_: object, **__: object) -> Iterator[tuple[int, Frame]]:
        rows, columns = np.mgrid[:1079, :1918]
        image = np.repeat((rows + columns)[:, :, None] // 12, 3, axis=2).astype(np.uint8)
        depth = (rows + columns).astype(np.uint16)
        for at in range(12):
            yield at, Frame(image, at / 25.0, depth=depth)

    monkeypatch.setattr("facepad.sources.read_numbered", numbered)
    monkeypatch.setenv("FACEPAD_MAX_CLIP_MB", "8")
    found = dense(long_clip(tmp_path, 2), Needs(min_frames=12, depth=True))
    depths = [frame.depth for frame in found.frames if frame.depth is not None]
    images = np.stack([frame.image for frame in found.frames])
    assert images.shape == (12, *np.stack(depths).shape[1:], 3)
    assert images.nbytes + np.stack(depths).nbytes <= 8_000_000
    assert images.shape[2] == 479
    assert np.abs(depths[0] / 12.0 - images[0, :, :, 0]).max() < 2.0  # they show the same places


def test_no_more_than_six_hundred_frames_are_kept_unless_a_test_needs_more(
    tmp_path: Path,
) -> None:
    path = long_clip(tmp_path, 640, (16, 16))
    found = dense(path, Needs(seconds=1.0, fps=25.0))
    assert len(found.frames) == 600
    assert found.frames[0].notes == ("only the first 24.0 s of the clip were used (600 frames)",)
    whole = dense(path, Needs(seconds=30.0, fps=25.0))
    assert (len(whole.frames), whole.frames[0].notes) == (640, ())


def test_frames_of_a_clip_know_their_numbers(video: Path, picture: Path) -> None:
    assert [frame.number for frame in load(video, selection=FrameSelection("every", 2)).frames] == [
        0, 2, 4,
    ]  # fmt: skip
    assert load(picture).frames[0].number is None


def test_what_is_over_the_limit_at_the_least_size_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_MAX_CLIP_MB", "2")  # 7 frames of 400x225
    found = dense(long_clip(tmp_path, 20, (800, 450)), Needs(min_frames=20, fps=25.0))
    assert {frame.size for frame in found.frames} == {(400, 225)}
    assert sum(frame.image.nbytes for frame in found.frames) <= 2_000_000
    assert found.frames[0].notes[0].startswith("only the first 0.2 s of the clip fit into memory")


def test_a_numbered_frame_of_a_gif_is_read(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "moving.gif"
    levels = [Image.new("L", (64, 48), level) for level in (0, 80, 160, 240)]
    levels[0].save(path, save_all=True, append_images=levels[1:], duration=40)
    frame = load_sample(Sample("made_up/gif", str(path), "anna", Split.TEST, frame=2)).frames[0]
    assert frame.image.mean() == pytest.approx(160, abs=4)


def test_a_numbered_frame_of_a_picture_is_the_picture(picture: Path) -> None:
    sample = Sample("made_up/picture", str(picture), "anna", Split.TEST, frame=0)
    assert load_sample(sample).frames[0].size == load(picture).frames[0].size


def test_a_clip_is_known_by_its_content(video: Path, picture: Path, tmp_path: Path) -> None:
    unnamed, false = tmp_path / "clip.jpg", tmp_path / "picture.mp4"
    unnamed.write_bytes(video.read_bytes())
    false.write_bytes(picture.read_bytes())
    assert (is_clip(unnamed), is_clip(false)) == (True, False)
