"""What a clip shows: a head, a print, or a screen, before a background, frame by frame."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facepad.simulate.clips.lighting import PULSE_COLOUR
from facepad.simulate.clips.motion import Curve, Track
from facepad.simulate.clips.pinhole import Pinhole
from facepad.simulate.clips.sheet import Sheet
from facepad.simulate.heads.head import Features, HeadLight, PersonHead
from facepad.simulate.linear_light import LinearImage, Map
from facepad.types import RgbImage

_MM = 10.0  # millimetres of a centimetre


class Scene(Protocol):
    """Something that moves before a camera."""

    def light(self, frame: int, camera: Pinhole, lamp: Map) -> LinearImage:
        """Return the linear light of one frame before the lens, shape (H, W, 3).

        Args:
            frame: Number of the frame, from 0.
            camera: Where it is seen from.
            lamp: Light of the room on each line over the mean, shape (H, 1, 1).
        """


@dataclass(frozen=True, slots=True, eq=False)
class HeadScene:
    """A living person.

    Attributes:
        head: The person.
        track: Pose; the place is that of the bridge of the nose while the head is not turned.
        features: What eyes and mouth do in each frame.
        pulse: Change of green light of the skin in each frame, a share of it.
        lamp: Light on the head.
        background: Light behind the person, with a border, see `Pinhole.behind`.
    """

    head: PersonHead
    track: Track
    features: tuple[Features, ...]
    pulse: Curve
    lamp: HeadLight
    background: LinearImage

    def light(self, frame: int, camera: Pinhole, lamp: Map) -> LinearImage:
        """Return the light of one frame; see `Scene`."""
        features = self.features[frame]
        turned, at = self.track.rotation(frame), self.track.place_mm(frame) / _MM
        placed = self.head.placed(turned, at, features)
        points = camera.seen(placed)
        view = self.head.view(placed, points, camera.size, features, lamp=self.lamp)
        if self.pulse[frame]:
            view.pulsing(PULSE_COLOUR * np.float32(self.pulse[frame]))
        return np.asarray(view.before(camera.behind(self.background)) * lamp, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class SheetScene:
    """A print, before a background or on the face of a wearer.

    Attributes:
        sheet: The print.
        track: Its pose.
        rolled: Angle over which it is rolled in each frame, radians.
        lamp: Unit vector to the lamp: right, down, away from the camera.
        behind: The wearer, who is seen around the sheet and through its holes; None for nobody.
        background: Light behind the sheet, with a border; not used where there is a wearer.
    """

    sheet: Sheet
    track: Track
    rolled: Curve
    lamp: HeadLight
    behind: HeadScene | None
    background: LinearImage

    def light(self, frame: int, camera: Pinhole, lamp: Map) -> LinearImage:
        """Return the light of one frame; see `Scene`."""
        if self.behind is None:
            under = np.asarray(camera.behind(self.background) * lamp, np.float32)
        else:
            under = self.behind.light(frame, camera, lamp)
        turned, at = self.track.rotation(frame), self.track.place_mm(frame)
        placement = self.sheet.placement(camera.homography(turned, at), at[2], self.rolled[frame])
        over = self.sheet.seen(placement, camera.size)
        over[..., :3] *= self.sheet.shade(placement, camera.size, turned, self.lamp) * lamp
        return _laid_over(under, over)


class Recording(Protocol):
    """A clip that a screen plays."""

    def picture(self, time_s: float) -> RgbImage:
        """Return the picture at a time, RGB uint8, always of one size."""


@dataclass(frozen=True, slots=True, eq=False)
class ScreenScene:
    """A screen that plays a recording, or shows one picture.

    Attributes:
        sheet: The device, with the screen left black.
        track: Its pose.
        times: Seconds of each frame, shape (T,).
        recording: What it shows.
        panel: The screen.
        reflected: Light that the glass sends back, over that of the room, red, green and blue.
        background: Light behind the device, with a border.
    """

    sheet: Sheet
    track: Track
    times: Curve
    recording: Recording
    panel: "Panel"
    reflected: NDArray[np.float32]
    background: LinearImage

    def light(self, frame: int, camera: Pinhole, lamp: Map) -> LinearImage:
        """Return the light of one frame; see `Scene`."""
        under = np.asarray(camera.behind(self.background) * lamp, np.float32)
        time_s = float(self.times[frame])
        shown = self.panel.light(self.recording.picture(time_s), time_s)
        turned, at = self.track.rotation(frame), self.track.place_mm(frame)
        placement = self.sheet.placement(camera.homography(turned, at), at[2], 0.0)
        device, screen = self.sheet.seen_with(shown, placement, camera.size)
        room = device[..., :3] * lamp
        room += screen[..., 3:] * self.reflected * lamp
        device[..., :3] = room + screen[..., :3]
        return _laid_over(under, device)


class Panel(Protocol):
    """The light of a screen."""

    def light(self, picture: RgbImage, time_s: float) -> LinearImage:
        """Return the light of the screen's pixels, 1 is a white sheet in the room."""


def _laid_over(under: LinearImage, over: NDArray[np.float32]) -> LinearImage:
    """Lay premultiplied light with its share of each photosite, shape (H, W, 4), over light."""
    under *= np.float32(1.0) - over[..., 3:]
    under += over[..., :3]
    return under
