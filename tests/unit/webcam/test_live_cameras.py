"""What gives live pictures: a camera by its name, or a clip that is played in its place."""

from itertools import islice
from pathlib import Path

import pytest

from clip_samples import pictures, write_clip
from facepad.errors import InputError
from facepad.webcam.cameras import ClipCamera, opener_of


class Clock:
    """Goes on by what is waited, and by the work of each frame."""

    def __init__(self, work_s: float = 0.0) -> None:
        self.now_s, self.work_s = 100.0, work_s
        self.waits_s: list[float] = []

    def __call__(self) -> float:
        self.now_s += self.work_s
        return self.now_s

    def wait(self, seconds: float) -> None:
        self.waits_s.append(seconds)
        self.now_s += seconds


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.avi", pictures(5), rate=10.0)


def test_a_clip_is_played_at_its_rate_again_and_again(clip: Path) -> None:
    clock = Clock()
    with ClipCamera(clip, clock.wait, clock) as camera:
        frames = list(islice(camera.frames(), 11))
    assert [frame.number for frame in frames] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0]
    assert [frame.time_s for frame in frames[5:8]] == pytest.approx([0.0, 0.1, 0.2])
    assert clock.now_s == pytest.approx(101.0)  # ten frames a second, the last ones included


def test_a_clip_that_decodes_slowly_does_not_hurry_later(clip: Path) -> None:
    clock = Clock(work_s=0.7)
    with ClipCamera(clip, clock.wait, clock) as camera:
        list(islice(camera.frames(), 5))
        clock.work_s = 0.0
        before_s = clock.now_s
        list(islice(camera.frames(), 5))
    assert clock.now_s - before_s == pytest.approx(0.4)


def test_the_name_says_what_is_used_as_a_camera(clip: Path) -> None:
    name, opener = opener_of(str(clip), (640, 480))
    assert name == "clip clip.avi, used as a camera"
    with opener(lambda _: None) as camera:
        assert next(iter(camera.frames())).size == (64, 48)
    assert opener_of("2", (640, 480))[0] == "camera 2"
    assert opener_of("/dev/video3", (640, 480))[0] == "camera /dev/video3"


def test_a_camera_is_opened_when_it_is_asked_for() -> None:
    _, opener = opener_of("/dev/video999", (640, 480))
    with pytest.raises(InputError, match="camera /dev/video999: it is missing"):
        opener(lambda _: None)


def test_what_is_neither_camera_nor_clip_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a camera is a number .*; and no clip of this name"):
        opener_of("none.mp4", (640, 480))
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(60))
    with pytest.raises(InputError, match="expected a camera or a clip, got a picture"):
        opener_of(str(picture), (640, 480))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(60))
    with pytest.raises(InputError, match=r"broken\.mp4"):
        opener_of(str(broken), (640, 480))
