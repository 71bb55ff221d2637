"""Cameras for the live view whose behaviour is given, and views that are waited for."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
import pytest

from facepad.errors import InputError
from facepad.types import Frame, RgbImage
from facepad.webcam.feed import CameraFeed
from facepad.webcam.streams import Wait

RATE = 50.0  # frames a second
LIMIT_S = 30.0  # after which a test gives up to wait
STEP_S = 0.1  # from one decision to the next
Value = TypeVar("Value")


def be_quick(monkeypatch: pytest.MonkeyPatch, pause_s: float = 0.01) -> None:
    """Let views decide more often, and try a camera again soon."""
    monkeypatch.setitem(CameraFeed.__init__.__kwdefaults__ or {}, "pauses_s", (pause_s,))
    monkeypatch.setattr("facepad.webcam.judging.STEP_S", STEP_S)


def gray(level: int, size: tuple[int, int] = (64, 48)) -> RgbImage:
    """A picture of one grey level."""
    return np.full((size[1], size[0], 3), level, np.uint8)


@dataclass
class ScriptedCameras:
    """Opens one camera after the other; the last one gives frames without end.

    Attributes:
        scripts: Pictures of each opening; an empty list cannot be opened. All but the last end as
            a camera that is lost.
        waits_s: What was waited before openings.
    """

    scripts: list[list[RgbImage]]
    opened: int = 0
    released: int = 0
    waits_s: list[float] = field(default_factory=list)

    def open(self, wait: Wait) -> "ScriptedCamera":
        number = min(self.opened, len(self.scripts) - 1)
        self.opened += 1
        pictures = self.scripts[number]
        if not pictures:
            raise InputError("camera 0: another program uses it")
        return ScriptedCamera(self, pictures, wait, is_last=number == len(self.scripts) - 1)


@dataclass
class ScriptedCamera:
    """A camera that is open."""

    owner: ScriptedCameras
    pictures: list[RgbImage]
    wait: Wait
    is_last: bool

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.owner.released += 1

    def frames(self) -> Iterator[Frame]:
        number = 0
        while self.is_last or number < len(self.pictures):
            picture = self.pictures[min(number, len(self.pictures) - 1)]
            yield Frame(picture, number / RATE, number=number)
            self.wait(1.0 / RATE)
            number += 1
        raise InputError("camera 0: it was unplugged")


def until(given: Callable[[], Value | None]) -> Value:
    """The first value that is there; a test that waits for too long fails."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        value = given()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError("it did not come")
