"""Films and their ground truth: AVI files, exposure over time, CSV files."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from facepad.errors import DatasetError
from facepad.media.video import read_video
from facepad.simulate.camera.camera import Camera
from facepad.simulate.camera.codec import Codec, decode
from facepad.simulate.camera.look import PLAIN
from facepad.simulate.clips.film import Filming, Take, avi, pixels_moved
from facepad.simulate.clips.lighting import Lamp
from facepad.simulate.clips.pinhole import Pinhole
from facepad.simulate.clips.truth import COLUMNS, ClipTruth, read_truth
from facepad.simulate.linear_light import LinearImage, Map

FILMING = Filming(lines=96, fps=25, seconds=2.0)


@dataclass(frozen=True)
class Wall:
    """A grey wall that gets twice as bright after a second, and a square on it."""

    def light(self, frame: int, camera: Pinhole, lamp: Map) -> LinearImage:
        light = np.full((*camera.size, 3), 0.2 if frame < 25 else 0.4, np.float32)
        light[30:60, 40:80] *= np.float32(2.0)
        return np.asarray(light * lamp, np.float32)


def take(lamp: Lamp = Lamp(), filming: Filming = FILMING, seed: int = 1) -> Take:  # noqa: B008
    times = filming.times(np.random.default_rng(0))
    pinholes = filming.pinholes(times, np.random.default_rng(0))
    moves = np.zeros((len(times), 2))
    return Take(Wall(), Camera(), PLAIN, filming, lamp, times, pinholes, moves, seed)


def test_a_file_holds_the_frames_that_the_camera_stored(tmp_path: Path) -> None:
    files = list(take().frames())[:8]
    path = tmp_path / "clip.avi"
    path.write_bytes(avi(iter(files), FILMING.size, 25.0))
    frames = list(read_video(path))
    assert len(frames) == 8
    assert frames[3].time_s == pytest.approx(3 / 25.0, abs=1e-3)
    for frame, file in zip(frames, files, strict=True):
        assert np.abs(frame.image.astype(int) - decode(file)).mean() < 1.5  # chroma is interpolated


def test_equal_seeds_give_equal_files_and_others_do_not() -> None:
    files = list(take().frames())
    assert avi(iter(files), FILMING.size, 25.0) == avi(iter(files), FILMING.size, 25.0)
    assert list(take().frames()) == files
    assert list(take(seed=2).frames()) != files


def test_noise_differs_from_frame_to_frame() -> None:
    first, second = (decode(file).astype(int) for file in list(take().frames())[:2])
    assert np.abs(first - second).mean() > 0.1


def test_exposure_follows_the_light_slowly() -> None:
    levels = [decode(file).mean() for file in take().frames()]
    assert levels[25] > levels[24] + 20.0  # brighter at once
    assert levels[49] < levels[25] - 10.0  # and darker again in time


def test_a_flickering_lamp_is_seen_in_the_frames() -> None:
    slow = Lamp(kind="slow", strength=0.08, slow_hz=2.0)
    steady, flickering = (
        np.array([decode(file).mean() for file in take(lamp).frames()][:24])
        for lamp in (Lamp(), slow)
    )
    assert np.ptp(flickering) > 4.0 * np.ptp(steady)


def test_what_moves_during_the_exposure_is_smeared_along_its_way() -> None:
    still = replace(take(), filming=replace(FILMING, shutter=0.5))
    moving = replace(still, moves=np.tile([8.0, 0.0], (len(still.times), 1)))
    sharp, smeared = (decode(next(one.frames())).astype(float) for one in (still, moving))
    across, down = (
        [np.abs(np.diff(image[part].mean(axis=axis), axis=0)).max() for image in (sharp, smeared)]
        for part, axis in ((np.s_[36:54], 0), (np.s_[:, 46:74], 1))
    )
    assert across[1] < 0.7 * across[0]
    assert down[1] == pytest.approx(down[0], rel=0.2)


def test_moves_are_pixels_from_frame_to_frame() -> None:
    camera = Pinhole((96, 128), 100.0)
    places = np.array([(0.0, 0.0, 200.0), (10.0, 0.0, 200.0), (20.0, 0.0, 200.0)])
    assert pixels_moved(places, [camera] * 3) == pytest.approx(np.array([[5.0, 0.0]] * 3))


def test_times_of_a_steady_camera_are_even() -> None:
    times = replace(FILMING, late=0.0).times(np.random.default_rng(0))
    assert np.allclose(np.diff(times), 1 / 25.0)
    late = replace(FILMING, late=0.1).times(np.random.default_rng(0))
    assert 0.001 < np.abs(late - times).max() <= 0.4 / 25.0


def test_a_face_fills_its_share_of_the_frame_at_the_distance() -> None:
    filming = Filming(lines=480, focal=0.8, face=0.5)
    distance = filming.distance_mm(190.0)
    assert 0.8 * 640 * 190.0 / distance == pytest.approx(0.5 * 480)


def test_truth_that_was_written_is_read_again(tmp_path: Path) -> None:
    columns = {name: np.linspace(-1.0, 2.0, 5) for name in COLUMNS[1:14]}
    truth = ClipTruth({"frame": np.arange(5.0), **columns})
    path = tmp_path / "clip.csv"
    path.write_text(truth.encoded(), encoding="utf-8")
    again = read_truth(path)
    assert np.array_equal(again["frame"], np.arange(5))
    assert again["yaw_deg"] == pytest.approx(columns["yaw_deg"], abs=1e-5)
    assert np.isnan(again["shown_yaw_deg"]).all()


def test_a_file_that_is_no_truth_is_named(tmp_path: Path) -> None:
    path = tmp_path / "clip.csv"
    path.write_text("frame,time_s\n0,0.0\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"clip\.csv"):
        read_truth(path)
    path.write_text(",".join(COLUMNS) + "\n" + ",".join(["x"] * len(COLUMNS)) + "\n")
    with pytest.raises(DatasetError, match="numbers"):
        read_truth(path)


def test_the_quality_of_the_files_is_that_of_the_camera() -> None:
    fine, coarse = (
        replace(take(), camera=replace(Camera(), codec=Codec(quality))) for quality in (95, 50)
    )
    sizes = [sum(len(file) for file in one.frames()) for one in (fine, coarse)]
    assert sizes[0] > 1.5 * sizes[1]
