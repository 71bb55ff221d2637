"""Cameras give frames with times; missing, busy and lost ones say what they are."""

import os
import sys
from itertools import count, islice
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from facepad.errors import InputError
from facepad.media import Limits
from facepad.media.camera import LOST_AFTER, TRIES, CameraReader, CameraWish, parse_device

SIZE = (64, 48)


class StandIn:
    """A camera of OpenCV whose behaviour is given."""

    opened: ClassVar[list["StandIn"]] = []
    refused: ClassVar[int] = 0  # openings that fail
    only_raw: ClassVar[bool] = False  # gives nothing when it is asked for MJPEG
    frames: ClassVar[tuple[tuple[int, int] | None, ...]] = ()  # sizes; None for no frame

    def __init__(self, device: int | str, backend: int) -> None:
        self.device, self.backend = device, backend
        self.asked: dict[int, float] = {}
        self.is_released = False
        self._is_open = len(self.opened) >= self.refused
        self._at = -1
        self.opened.append(self)

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's own
        return self._is_open

    def set(self, key: int, value: float) -> bool:
        self.asked[key] = value
        return False  # a wish that is not granted

    def read(self) -> tuple[bool, Any]:
        self._at += 1
        size = self.frames[self._at] if self._at < len(self.frames) else None
        if size is None or (self.only_raw and cv2.CAP_PROP_FOURCC in self.asked):
            return False, None
        image = np.zeros((size[1], size[0], 3), np.uint8)
        image[..., 0] = 10 * self._at  # blue, as OpenCV orders the channels
        return True, image

    def release(self) -> None:
        self.is_released = True


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    kind = type("Own", (StandIn,), {"opened": [], "frames": 20 * (SIZE,)})
    (tmp_path / "video0").touch()
    monkeypatch.setattr("facepad.media.camera._DEVICES", tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(cv2, "VideoCapture", kind)
    return kind


def camera(device: int | str = 0, **options: Any) -> CameraReader:  # noqa: ANN401 - those of a camera
    ticks = (0.25 * tick for tick in count())
    return CameraReader(device, clock=lambda: next(ticks), pause=lambda _: None, **options)


def test_frames_come_with_numbers_and_the_times_of_the_clock(stand_in: type[StandIn]) -> None:
    with camera() as opened:
        frames = list(islice(opened.frames(), 3))
    assert [frame.time_s for frame in frames] == [0.0, 0.25, 0.5]
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert [int(frame.image[0, 0, 2]) for frame in frames] == [10, 20, 30]  # RGB
    assert stand_in.opened[-1].is_released


def test_size_and_rate_are_wishes(stand_in: type[StandIn]) -> None:
    opened = camera(wish=CameraWish(1280, 720, 60.0))
    asked = stand_in.opened[-1].asked
    assert opened.size == SIZE
    assert list(asked) == [
        cv2.CAP_PROP_FOURCC, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS,
    ]  # fmt: skip
    assert asked[cv2.CAP_PROP_FOURCC] == cv2.VideoWriter.fourcc(*"MJPG")
    assert list(asked.values())[1:] == [1280, 720, 60.0]
    assert stand_in.opened[-1].backend == cv2.CAP_V4L2


def test_a_camera_without_mjpeg_is_taken_as_it_comes(stand_in: type[StandIn]) -> None:
    stand_in.only_raw = True
    assert camera().size == SIZE
    assert cv2.CAP_PROP_FOURCC not in stand_in.opened[-1].asked
    assert stand_in.opened[0].is_released


def test_opening_is_tried_again(stand_in: type[StandIn]) -> None:
    stand_in.refused = 2
    pauses: list[float] = []
    with CameraReader(0, pause=pauses.append) as opened:
        assert opened.size == SIZE
    assert len(pauses) == 1


def test_a_camera_whose_frames_are_over_a_limit_is_let_go(stand_in: type[StandIn]) -> None:
    with pytest.raises(InputError, match="no side may be longer than 63"):
        camera(limits=Limits(max_side=63))
    assert stand_in.opened[-1].is_released


def test_a_busy_camera_is_named(stand_in: type[StandIn]) -> None:
    stand_in.refused = 1000
    with pytest.raises(InputError, match=r"camera 0: it cannot be opened .* other programs"):
        camera()
    assert len(stand_in.opened) == 2 * TRIES
    assert all(one.is_released for one in stand_in.opened)


@pytest.mark.usefixtures("stand_in")
def test_a_missing_camera_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"camera 7: it is missing; present: {tmp_path}/video0"):
        camera(7)
    (tmp_path / "video0").unlink()
    with pytest.raises(InputError, match="present: no camera"):
        camera(str(tmp_path / "video0"))


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied"), "not permitted .* group video"),
        (OSError(16, "Device or resource busy"), "another program uses it"),
        (OSError(5, "Input/output error"), "cannot be opened .Input/output error"),
    ],
)
def test_what_the_system_says_of_a_device_is_repeated(
    monkeypatch: pytest.MonkeyPatch, error: OSError, words: str
) -> None:
    def refuse(*_: object) -> int:
        raise error

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match=words):
        camera()


def test_a_frame_that_does_not_come_is_passed_over(stand_in: type[StandIn]) -> None:
    stand_in.frames = (SIZE, SIZE, None, None, SIZE)
    with camera() as opened:
        frames = list(islice(opened.frames(), 2))
    assert [frame.number for frame in frames] == [0, 1]
    assert frames[1].time_s == 0.75


@pytest.mark.parametrize(("is_there", "words"), [(True, "stopped giving"), (False, "unplugged")])
def test_a_lost_camera_is_named(
    stand_in: type[StandIn], tmp_path: Path, is_there: bool, words: str
) -> None:
    stand_in.frames = (SIZE, SIZE, *(LOST_AFTER * (None,)))
    with camera() as opened:
        frames = opened.frames()
        next(frames)
        if not is_there:
            (tmp_path / "video0").unlink()
        with pytest.raises(InputError, match=f"camera 0: it .*{words}"):
            next(frames)


def test_frames_that_change_their_size_are_an_error(stand_in: type[StandIn]) -> None:
    stand_in.frames = (SIZE, SIZE, (96, 48))
    with camera() as opened, pytest.raises(InputError, match="from 64x48 to 96x48 pixels"):
        list(opened.frames())


@pytest.mark.usefixtures("stand_in")
def test_frames_of_a_camera_are_bounded() -> None:
    with pytest.raises(InputError, match="no side may be longer than 40"):
        camera(limits=Limits(max_side=40))


@pytest.mark.usefixtures("stand_in")
def test_a_recording_is_one_presentation() -> None:
    with camera() as opened:
        presentation = opened.record(1.0)
    assert [frame.time_s for frame in presentation.frames] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert presentation.source == "camera 0"


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), 1e6])
def test_a_recording_has_a_length_within_bounds(seconds: float) -> None:
    with camera() as opened, pytest.raises(InputError, match="over 0 to 3600 seconds"):
        opened.record(seconds)


@pytest.mark.parametrize(
    "device", ["", "-1", "video0", "/etc/passwd", "/dev/../etc/passwd", "http://a/b", "1000", -1]
)
def test_other_names_are_no_cameras(device: int | str) -> None:
    with pytest.raises(InputError, match="a camera is a number such as 0, or a path"):
        parse_device(device)


@pytest.mark.skipif(not Path("/dev/video0").exists(), reason="there is no camera")
def test_the_camera_of_this_machine_gives_frames() -> None:
    try:
        opened = CameraReader(0)
    except InputError as error:
        pytest.skip(str(error))
    with opened:
        assert next(opened.frames()).size == opened.size
