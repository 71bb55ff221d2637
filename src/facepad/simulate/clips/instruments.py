"""Attack instruments of clips: printed sheets with holes, and devices that play a recording."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facepad.faces.landmarks import OVAL
from facepad.opencv import cv2
from facepad.simulate.camera.codec import decode
from facepad.simulate.clips.motion import Curve
from facepad.simulate.clips.sheet import Layer, Sheet
from facepad.simulate.linear_light import LinearImage, Map, to_light
from facepad.simulate.media import face_regions, hands
from facepad.simulate.media.print import Print
from facepad.simulate.media.screen import Screen
from facepad.simulate.parameters import choice, uniform
from facepad.simulate.scene.geometry import Placement
from facepad.types import Face, RgbImage

FINEST = 3.0  # pixels of a canvas for each millimetre, at most
_AROUND = 230.0  # canvas around a sheet, for hands and sleeves, millimetres
_CROP = 2.1, 2.5  # width and height of a print over those of the face's box
_UP = 0.06  # of the crop's middle above that of the face, share of the crop
_HOLE = 1.25  # eye holes over the eyes
_MM = 25.4  # an inch


@dataclass(frozen=True, slots=True)
class ClipPrint:
    """A printed portrait; see `parameters` for the fields.

    The width of ``printed`` is not used: prints of clips are not held as near as stills are taken.
    """

    printed: Print = field(default=Print())
    width: float = uniform(130.0, 290.0, "Width of the picture, millimetres", off=200.0, log=True)
    border: float = uniform(0.0, 0.08, "Unprinted margin over the width", off=0.0)
    hand: bool = choice({True: 0.8, False: 0.2}, "Hands at its edges", off=False)
    shirt: float = choice({1.0: 0.7, 0.0: 0.3}, "Whether the holder is seen behind", off=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class CroppedFace:
    """A picture of a face that is shown, and the face in its pixels."""

    picture: RgbImage
    face: Face

    @property
    def height(self) -> float:
        """Height of the face over the width of the picture."""
        half = face_regions.outline(self.face, self.picture)[3]
        return float(2.0 * half / self.picture.shape[1])


def cropped(picture: RgbImage, face: Face) -> CroppedFace:
    """Return the part of a picture that is printed: the face with hair and neck."""
    left, top, right, bottom = face_box = face.box
    wide, high = (_CROP[0] * (right - left), _CROP[1] * (bottom - top))
    middle = (left + right) / 2, (top + bottom) / 2 - _UP * high
    x0, y0 = max(0, round(middle[0] - wide / 2)), max(0, round(middle[1] - high / 2))
    x1 = min(picture.shape[1], round(middle[0] + wide / 2))
    y1 = min(picture.shape[0], round(middle[1] + high / 2))
    shift = np.array([x0, y0, 0], np.float32)
    landmarks = None if face.landmarks is None else face.landmarks - shift
    points = tuple((x - x0, y - y0) for x, y in face.points)
    box = (face_box[0] - x0, face_box[1] - y0, face_box[2] - x0, face_box[3] - y0)
    moved = Face(box, face.score, landmarks, face.others, points, face.roll_deg)
    return CroppedFace(np.ascontiguousarray(picture[y0:y1, x0:x1]), moved)


def print_sheet(
    shown: CroppedFace,
    drawn: ClipPrint,
    width: float,
    cut: str,
    rng: np.random.Generator,
) -> Sheet:
    """Return a print of a face.

    Args:
        shown: The picture.
        drawn: Printer, paper and hands.
        width: Width of the picture on the sheet, millimetres.
        cut: "sheet", "outline" (cut out along the face), "eyes" (a sheet with eye holes) or
            "mask" (both).
        rng: Random numbers for the hands, which hold whole sheets.
    """
    density = min(FINEST, 1.2 * shown.picture.shape[1] / width)
    light = _inked(_scaled(shown.picture, width * density), drawn.printed)
    scale = light.shape[1] / shown.picture.shape[1]
    whole = cut in ("sheet", "eyes")
    margin = round(drawn.border * light.shape[1]) if whole else 0
    light = _bordered(light, margin, _paper(drawn.printed).tolist())
    share = np.ones(light.shape[:2], np.float32)
    if not whole:
        share = _outline(shown, scale, share.shape)
    if cut in ("eyes", "mask"):
        share *= 1.0 - _eye_holes(shown, scale, margin, share.shape)
    layer = np.dstack([light * share[..., None], share])
    canvas = _bordered(layer, round(_AROUND * density), (0.0, 0.0, 0.0, 0.0))
    middle = (canvas.shape[1] - 1) / 2, (canvas.shape[0] - 1) / 2
    held = None
    if drawn.hand and whole:
        half = light.shape[1] / density / 2, light.shape[0] / density / 2
        held = _held(canvas, (density, middle), half, shown, rng)
    return Sheet(canvas, density, middle, light.shape[1] / density, hands=held)


def eye_middle_mm(shown: CroppedFace, width: float) -> NDArray[np.float64]:
    """Return the point between the eyes on a sheet: right and down of its middle, millimetres."""
    on_sheet = [
        face_regions.on_sheet(eye, shown.picture, width)[:2]
        for eye in face_regions.eyes(shown.face, shown.picture)
    ]
    return np.asarray(np.mean(on_sheet, axis=0), np.float64)


def eye_distance_share(shown: CroppedFace) -> float:
    """Return the distance between the middles of the eyes over the width of the picture."""
    (x0, y0, *_), (x1, y1, *_) = face_regions.eyes(shown.face, shown.picture)
    return float(np.hypot(x1 - x0, y1 - y0) / shown.picture.shape[1])


@dataclass(frozen=True, slots=True)
class ClipScreen:
    """A device that plays a recording; see `parameters` for the fields."""

    screen: Screen = field(default=Screen())
    bands_hz: float = uniform(0.1, 3.0, "Bands that pass a second", off=0.5, log=True)


@dataclass(frozen=True, slots=True)
class LitPanel:
    """The light of a screen; its parameters are those of `Screen`."""

    drawn: ClipScreen
    columns: int

    def light(self, picture: RgbImage, time_s: float) -> LinearImage:
        """Return the light of the screen's pixels, 1 is a white sheet in the room."""
        screen = self.drawn.screen
        light = screen.showing.light(picture, self.columns) * np.float32(screen.brightness)
        if screen.banding:
            at = np.linspace(0.0, screen.bands, light.shape[0]) + self.drawn.bands_hz * time_s
            wave = 1.0 + screen.banding * np.sin(2.0 * np.pi * at)
            light *= wave[:, None, None].astype(np.float32)
        return light


@dataclass(frozen=True, slots=True, eq=False)
class StillRecording:
    """One picture."""

    image: RgbImage

    def picture(self, time_s: float) -> RgbImage:  # noqa: ARG002 - always the same
        """Return the picture."""
        return self.image


@dataclass(frozen=True, slots=True, eq=False)
class FrameRecording:
    """Frames that are played over and over, forwards and backwards.

    Attributes:
        frames: JPEG files of one size.
        times: Seconds of each, shape (N,).
    """

    frames: Sequence[bytes]
    times: Curve

    def at(self, time_s: float) -> int:
        """Return the number of the frame that is shown at a time."""
        last, count = float(self.times[-1]), len(self.times)
        length = last * count / max(count - 1, 1)  # the last frame is shown as long as others
        place = time_s % (2.0 * length) if length > 0.0 else 0.0
        place = 2.0 * length - place if place > length else place
        return int(np.searchsorted(self.times, place + 1e-9, side="right")) - 1

    def picture(self, time_s: float) -> RgbImage:
        """Return the frame that is shown at a time."""
        return decode(self.frames[self.at(time_s)])


def device_sheet(
    size: tuple[int, int], drawn: ClipScreen, skin: Map | None, rng: np.random.Generator
) -> Sheet:
    """Return a device with a black screen.

    Args:
        size: Width and height of what it shows, pixels.
        drawn: The device.
        skin: Linear colour of the skin of the person who holds it; None when unknown.
        rng: Random numbers for the hands.
    """
    screen = drawn.screen
    width = screen.width
    height = width * size[1] / size[0]
    density = FINEST if width < 120.0 else FINEST * 120.0 / width
    wide, high = max(8, round(width * density)), max(8, round(height * density))
    frame = max(1, round(screen.bezel * density))
    around = round(_AROUND * density * min(1.0, width / 120.0 + 0.3))
    layer = np.zeros((high + 2 * frame, wide + 2 * frame, 4), np.float32)
    layer[..., :3] = np.float32(screen.bezel_light * screen.room_light)
    layer[..., 3] = 1.0
    layer[frame:-frame, frame:-frame, :3] = 0.0
    canvas = _bordered(layer, around, (0.0, 0.0, 0.0, 0.0))
    left = top = around + frame
    middle = (canvas.shape[1] - 1) / 2, (canvas.shape[0] - 1) / 2
    held = None
    if screen.hand and width < 120.0:
        half = width / 2 + screen.bezel, height / 2 + screen.bezel
        sheet = hands.HeldMedium(
            _on_canvas(density, middle), half, 18.0, (-0.35 * width, 0.35 * width, 0.3 * height),
            skin,
        )  # fmt: skip
        held = _drawn_hands(canvas, sheet, np.full(3, screen.room_light, np.float32), rng)
    window = (left, top, left + wide, top + high)
    return Sheet(canvas, density, middle, width, window=window, hands=held)


def _scaled(picture: RgbImage, width: float) -> RgbImage:
    """Return a picture of another width, at least 8 pixels."""
    wide = max(8, round(width))
    high = max(8, round(width * picture.shape[0] / picture.shape[1]))
    method = cv2.INTER_AREA if wide < picture.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (wide, high), interpolation=method), np.uint8)


def _bordered(layer: Layer, width: int, value: Sequence[float]) -> Layer:
    edges = (width, width, width, width)
    wider = cv2.copyMakeBorder(layer, *edges, cv2.BORDER_CONSTANT, value=tuple(value))
    return np.ascontiguousarray(wider, np.float32)


def _inked(picture: RgbImage, printed: Print) -> LinearImage:
    """Return the reflectance of a print, without halftone."""
    wanted = to_light(picture)
    return np.asarray(
        printed.printer.reflected(printed.printer.coverages(wanted)) * _paper(printed), np.float32
    )


def _paper(printed: Print) -> NDArray[np.float32]:
    tint = printed.tint + printed.hue
    return np.asarray(np.exp([tint, 0.0, -tint]) * printed.white, np.float32)


def _outline(shown: CroppedFace, scale: float, size: tuple[int, ...]) -> Map:
    """Return the share of each pixel of a print inside the outline of the face."""
    inside: Map = np.zeros(size, np.float32)
    if shown.face.landmarks is None:
        x, y, wide, high = face_regions.outline(shown.face, shown.picture)
        box = ((x * scale, y * scale), (2 * wide * scale, 2 * high * scale), 0.0)
        cv2.ellipse(inside, box, 1.0, -1, cv2.LINE_AA)
        return inside
    ring = shown.face.landmarks[list(OVAL), :2] * scale
    cv2.fillPoly(inside, [np.rint(ring * 8).astype(np.int32)], 1.0, cv2.LINE_AA, 3)
    return inside


def _eye_holes(shown: CroppedFace, scale: float, margin: int, size: tuple[int, ...]) -> Map:
    holes: Map = np.zeros(size, np.float32)
    for x, y, wide, high in face_regions.eyes(shown.face, shown.picture):
        middle = (x * scale + margin, y * scale + margin)
        axes = (2 * _HOLE * wide * scale, 2 * _HOLE * 1.2 * high * scale)
        cv2.ellipse(holes, (middle, axes, 0.0), 1.0, -1, cv2.LINE_AA)
    return holes


def _held(
    canvas: Layer,
    place: tuple[float, tuple[float, float]],
    half: tuple[float, float],
    shown: CroppedFace,
    rng: np.random.Generator,
) -> Map:
    """Draw hands at the edges of a sheet on its canvas; return their share."""
    free = face_regions.free(shown.face, shown.picture, 2.0 * half[0])
    skin = face_regions.skin(shown.face, shown.picture)
    sheet = hands.HeldMedium(_on_canvas(*place), half, 40.0, free, skin)
    return _drawn_hands(canvas, sheet, np.ones(3, np.float32), rng)


def _drawn_hands(
    canvas: Layer, sheet: hands.HeldMedium, light: Map, rng: np.random.Generator
) -> Map:
    """Draw hands on a canvas of premultiplied light, in place; return their share."""
    colours = np.ascontiguousarray(canvas[..., :3])
    covered = hands.hold(colours, sheet, light, rng)
    canvas[..., :3] = colours
    canvas[..., 3] += covered * (1.0 - canvas[..., 3])
    return covered


def _on_canvas(density: float, middle: tuple[float, float]) -> Placement:
    flat = np.array([[density, 0.0, middle[0]], [0.0, density, middle[1]], [0.0, 0.0, 1.0]])
    return Placement(flat)
