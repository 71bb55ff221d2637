"""The thread that reads a camera: newest picture, pauses, loss and return."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from threading import enumerate as threads

import pytest

from facepad.webcam.feed import CameraFeed
from facepad.webcam.state import CameraStatus
from facepad.webcam.streams import Opener
from live_doubles import ScriptedCameras, gray, until

WAIT_S = 30.0


@contextmanager
def feed(
    cameras: ScriptedCameras | Opener, pauses_s: tuple[float, ...] = (0.01,)
) -> Iterator[CameraFeed]:
    opener = cameras.open if isinstance(cameras, ScriptedCameras) else cameras
    made = CameraFeed("camera 0", opener, pauses_s=pauses_s)
    made.start()
    try:
        yield made
    finally:
        made.close()


def test_pictures_have_rising_numbers_and_times() -> None:
    with feed(ScriptedCameras([[gray(100)]])) as camera:
        first = camera.newest(0, WAIT_S)
        assert first is not None
        second = camera.newest(first.frame.number or 0, WAIT_S)
        assert second is not None
        assert (second.frame.number or 0) > (first.frame.number or 0) >= 1
        assert second.frame.time_s > first.frame.time_s
        assert camera.state().status is CameraStatus.RUNNING
        assert camera.state().size == (64, 48)


def test_the_newest_picture_is_given_and_older_ones_are_left_out() -> None:
    cameras = ScriptedCameras([[gray(level) for level in range(100)]])
    with feed(cameras) as camera:
        until(lambda: camera.newest(5, WAIT_S))
        picture = camera.newest(1, WAIT_S)
    assert picture is not None
    assert (picture.frame.number or 0) > 5


def test_large_and_odd_pictures_are_made_to_fit() -> None:
    with feed(ScriptedCameras([[gray(100, (1801, 901))]])) as camera:
        picture = camera.newest(0, WAIT_S)
    assert picture is not None
    assert picture.frame.size == (1280, 640)


def test_no_picture_comes_while_it_is_paused() -> None:
    with feed(ScriptedCameras([[gray(100)]])) as camera:
        first = camera.newest(0, WAIT_S)
        assert first is not None
        camera.pause(True)
        last = camera.newest(0, 0.0)
        assert last is not None
        assert camera.newest(last.frame.number or 0, 0.1) is None
        assert camera.state().status is CameraStatus.PAUSED
        camera.pause(False)
        picture = camera.newest(last.frame.number or 0, WAIT_S)
        assert picture is not None
        assert picture.take > first.take


def test_a_camera_that_is_busy_is_tried_again_until_it_is_there() -> None:
    cameras = ScriptedCameras([[], [], [gray(100)]])
    with feed(cameras) as camera:
        assert camera.newest(0, WAIT_S) is not None
    assert cameras.opened == 3


def test_a_camera_that_cannot_be_used_says_why_and_when_it_is_tried_again() -> None:
    with feed(ScriptedCameras([[]]), pauses_s=(600.0,)) as camera:
        state = until(lambda: s if (s := camera.state()).status is CameraStatus.RETRYING else None)
        assert state.words == "camera 0: another program uses it"
        assert state.retry_s is not None
        assert 0.0 < state.retry_s <= 600.0
        assert camera.newest(0, 0.0) is None


def test_pauses_grow_to_the_longest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def wait(_: Event, timeout: float | None = None) -> bool:
        pauses.extend([] if timeout is None else [timeout])
        return False

    monkeypatch.setattr(Event, "wait", wait)
    cameras = ScriptedCameras([[], [], [], [], 5 * [gray(1)], []])
    with feed(cameras, (0.1, 0.2, 0.4)) as camera:
        until(lambda: cameras.released)
        assert camera.now_s > 0.0
    assert pauses[:4] == [0.1, 0.2, 0.4, 0.4]


def test_a_lost_camera_comes_back_with_another_size_and_a_new_take() -> None:
    cameras = ScriptedCameras([12 * [gray(100)], [gray(50, (96, 72))]])
    with feed(cameras) as camera:
        before = camera.newest(0, WAIT_S)
        after = until(
            lambda: p if (p := camera.newest(0, WAIT_S)) and p.frame.size == (96, 72) else None
        )
        assert before is not None
        assert after.take > before.take
        assert after.frame.time_s > before.frame.time_s
        assert camera.state().size == (96, 72)
    assert cameras.released == 2


def test_what_ends_the_thread_is_raised_where_pictures_are_asked_for() -> None:
    def broken(_: object) -> ScriptedCameras:
        raise ZeroDivisionError("by zero")

    with feed(broken) as camera, pytest.raises(ZeroDivisionError):  # type: ignore[arg-type]
        camera.newest(0, WAIT_S)


def test_closing_lets_go_of_the_camera_and_ends_the_thread() -> None:
    cameras = ScriptedCameras([[gray(100)]])
    with feed(cameras) as camera:
        camera.newest(0, WAIT_S)
        camera.close()
        camera.close()
        assert camera.newest(0, WAIT_S) is None
        assert camera.state().status is CameraStatus.CLOSED
    assert cameras.released == 1
    assert not any(thread.name == "facepad-camera" for thread in threads())
