"""A phone, tablet or monitor that shows the picture to the camera."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.simulate.camera.camera import SceneRadiance
from facepad.simulate.camera.codec import Codec, decode
from facepad.simulate.camera.look import CASTS, PROFILES
from facepad.simulate.linear_light import (
    LUMA_601,
    LUMA_709,
    LinearImage,
    Map,
    bands,
    mixed,
    s_curve,
    saturation_matrix,
    sharpen,
    times,
)
from facepad.simulate.media import face_regions, hands
from facepad.simulate.media.harmonics import DisplayPanel
from facepad.simulate.media.pose import SHARPNESS, SURROUNDINGS, MediumPose
from facepad.simulate.parameters import choice, uniform
from facepad.simulate.scene import background, reflections
from facepad.simulate.scene.geometry import Bend, Placement, coverage, rectangle, sample, turned
from facepad.simulate.scene.stage import CaptureScene, MediumRender
from facepad.types import RgbImage

MOIRE, TONE, REFLECTIONS = "moire", "panel_tone", "reflections"
# Widths of the picture on devices of a pixel density, millimetres: (density below, low, high).
_WIDTHS = ((170.0, 50.0, 240.0), (290.0, 60.0, 160.0), (np.inf, 40.0, 75.0))
_HAND_HELD = 170.0  # pixels an inch from which a device is small enough for a hand
_REACH = 18.0  # of fingers over a device's edge, millimetres
_SPILL = 0.08  # of the panel's light that falls on the hand that holds it
_MM = 25.4  # an inch
_DETAIL = 0.35  # of a print's: players sharpen less than printers, and stripes add detail
# Places of red, green and blue in the CIE 1931 chart; all panels share the white of sRGB.
_SRGB = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_PRIMARIES = {
    "srgb": _SRGB,
    "p3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "laptop": ((0.590, 0.350), (0.330, 0.555), (0.155, 0.120)),
    "amoled": ((0.690, 0.310), (0.215, 0.725), (0.135, 0.050)),
    "tn": ((0.610, 0.345), (0.310, 0.570), (0.150, 0.090)),
}
_WHITE = (0.3127, 0.3290)  # D65


def _to_xyz(primaries: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Return the matrix, shape (3, 3), from a panel's linear light to CIE XYZ."""
    columns = np.array([[x / y, 1.0, (1.0 - x - y) / y] for x, y in (*primaries, _WHITE)]).T
    return np.asarray(columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3]), np.float64)


# From a panel's linear light to what a camera with sRGB primaries sees; white stays white.
_PANELS = {
    name: np.linalg.solve(_to_xyz(_SRGB), _to_xyz(primaries))
    for name, primaries in _PRIMARIES.items()
}


@dataclass(frozen=True, slots=True)
class SourceCapture:
    """The camera that took the displayed picture; see `parameters` for the fields.

    It causes most of the excess contrast of a recapture: a recaptured picture is sharpened,
    saturated and toned twice, a bona fide picture once.
    """

    sharpening: float = uniform(
        0.1, 1.3, "Share of the fine detail that it added",
        off=0.0, chance=0.35, group=TONE,
    )  # fmt: skip
    sharpening_px: float = uniform(0.7, 1.8, "Size of that detail, pixels", off=1.0)
    contrast: float = uniform(
        0.0, 0.4, "Strength of the S of its tone curve", off=0.0, chance=0.35, group=TONE
    )
    saturation: float = uniform(0.9, 1.2, "Colourfulness that it added", off=1.0, group=TONE)

    def taken(self, picture: RgbImage) -> RgbImage:
        """Return the picture as this camera stores it; the size is kept."""
        if self.contrast:
            picture = np.asarray(cv2.LUT(picture, self._curve()), np.uint8)
        if self.saturation != 1.0:
            matrix = saturation_matrix(self.saturation, LUMA_601)
            picture = np.asarray(cv2.transform(picture, matrix), np.uint8)
        if self.sharpening > 0.0:
            picture = sharpen(picture, self.sharpening, self.sharpening_px)
        return picture

    def _curve(self) -> RgbImage:
        coded = s_curve(np.arange(256) / 255.0, self.contrast)
        return np.asarray(np.rint(255.0 * coded), np.uint8)


@dataclass(frozen=True, slots=True)
class DisplayPipeline:
    """Compressed stream and tone of a display; see `parameters` for the fields."""

    stream_px: int = uniform(
        240, 1080, "Longer side of the shown video or picture, pixels",
        off=1080, log=True, whole=True, group=TONE,
    )  # fmt: skip
    stream_quality: int = uniform(
        35, 97, "JPEG quality that stands for the stream's", off=97, whole=True, group=TONE
    )
    gamma: float = uniform(1.85, 2.6, "Gamma of the panel", off=2.2, group=TONE)
    red: float = uniform(-0.32, 0.08, "White point: natural logarithm of red", off=0.0, group=TONE)
    blue: float = uniform(
        -0.05, 0.5, "White point: natural logarithm of blue", off=0.0, bias=1.4, group=TONE
    )
    finer: float = uniform(
        1.0, 1.6, "Pixels of the video over `stream_px`", off=1.0, log=True, group=SHARPNESS
    )
    red_shift: float = uniform(-0.17, 0.33, "Further white point, red", off=0.0, group=CASTS)
    blue_shift: float = uniform(-0.4, 0.1, "Further white point, blue", off=0.0, group=CASTS)
    primaries: str = choice(
        {"srgb": 0.4, "p3": 0.2, "laptop": 0.15, "amoled": 0.15, "tn": 0.1},
        "Primaries of the panel: sRGB, Display P3, 45 % of NTSC, vivid AMOLED, old TN",
        off="srgb", group=PROFILES,
    )  # fmt: skip
    vivid: float = uniform(0.85, 1.3, "Colourfulness of the panel's setting", off=1.0, group=TONE)
    black: float = uniform(
        0.0005, 0.02, "Light of black over that of white", off=0.0, log=True, group=TONE
    )
    overlay: str = choice(
        {"none": 0.9, "play": 0.05, "bar": 0.05}, "What a player lays over the picture", off="none"
    )

    def light(self, picture: RgbImage, columns: int) -> LinearImage:
        """Return the light of the panel's pixels, relative to its white.

        Args:
            picture: The displayed picture.
            columns: Panel pixels across the picture; a stream is never finer.

        Returns:
            Shape (H, W, 3), 0 to 1 but for the white point.
        """
        stream = self._streamed(picture, columns)
        curve = (np.arange(256, dtype=np.float32) / np.float32(255.0)) ** np.float32(self.gamma)
        light = np.asarray(cv2.LUT(stream, curve), np.float32)
        matrix = saturation_matrix(self.vivid, LUMA_709) * (1.0 - self.black)
        matrix = _PANELS[self.primaries] @ matrix
        shifts = [self.red + self.red_shift, 0.0, self.blue + self.blue_shift]
        white = np.exp(shifts)[:, None]
        offset = white * self.black
        toned = cv2.transform(light, np.hstack([matrix * white, offset]).astype(np.float32))
        return np.asarray(np.maximum(toned, 0.0), np.float32)

    def _streamed(self, picture: RgbImage, columns: int) -> RgbImage:
        lines, wide = picture.shape[:2]
        share = min(1.0, self.stream_px * self.finer / max(lines, wide), columns / wide)
        if share < 1.0:
            size = (max(8, round(wide * share)), max(8, round(lines * share)))
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        # Red and blue are swapped in the stream; changing that would change the pictures of a seed.
        coded = decode(Codec(self.stream_quality).encode(picture[..., ::-1]))
        stream = np.ascontiguousarray(coded[..., ::-1])
        if self.overlay != "none":
            _overlaid(stream, self.overlay)
        return stream


def _overlaid(stream: RgbImage, kind: str) -> None:
    lines, columns = stream.shape[:2]
    white = (235, 235, 235)
    if kind == "play":
        middle, radius = np.array([columns // 2, lines // 2]), max(4, min(lines, columns) // 12)
        cv2.circle(stream, middle.tolist(), radius, white, -1, cv2.LINE_AA)
        arrow = middle + np.array([(-0.3, -0.5), (-0.3, 0.5), (0.55, 0.0)]) * radius
        cv2.fillConvexPoly(stream, arrow.astype(np.int32), (25, 25, 25), cv2.LINE_AA)
        return
    level, thick = round(0.94 * lines), max(1, lines // 150)
    cv2.line(stream, (columns // 20, level), (columns * 19 // 20, level), (120, 120, 120), thick)
    cv2.line(stream, (columns // 20, level), (columns * 2 // 5, level), (60, 60, 220), thick)
    cv2.circle(stream, (columns * 2 // 5, level), 3 * thick, white, -1, cv2.LINE_AA)


@dataclass(frozen=True, slots=True)
class Screen:
    """A display, its settings and its pose; see `parameters` for the fields."""

    species: ClassVar[str] = "screen"

    holding: MediumPose = field(default=MediumPose())
    taking: SourceCapture = field(default=SourceCapture())
    showing: DisplayPipeline = field(default=DisplayPipeline())
    ppi: float = uniform(90.0, 500.0, "Panel pixels an inch", off=300.0, log=True, bias=1.1)
    extent: float = uniform(
        0.0, 1.0, "Width of the picture, from smallest to largest", off=0.5, bias=1.4
    )
    stripe: float = uniform(
        0.6, 0.95, "Lit width of a stripe over a third of the pixel", off=0.0, group=MOIRE
    )
    row: float = uniform(0.7, 0.97, "Lit height over the pixel's", off=0.85)
    layout: str = choice(
        {"rgb": 0.55, "bgr": 0.15, "diamond": 0.3}, "Order of the stripes, or diamonds", off="rgb"
    )
    grid_deg: float = uniform(-8.0, 8.0, "Panel turned against an aligned picture", off=0.0)
    brightness: float = uniform(
        0.4, 4.0, "Light of white over that of a white sheet in the room", off=1.0, log=True
    )
    room_light: float = uniform(0.05, 1.5, "Light of the room", off=1.0, log=True, bias=0.7)
    falloff: float = uniform(
        0.0, 0.45, "Light lost towards one side at a slanted view", off=0.0, bias=1.5, group=TONE
    )
    falloff_deg: float = uniform(0.0, 360.0, "That side", off=0.0)
    mirror: float = uniform(
        0.005, 0.06, "Share of the room's light that the glass sends back",
        off=0.0, group=REFLECTIONS,
    )  # fmt: skip
    veil: float = uniform(
        0.0, 0.03, "Even reflection of the room", off=0.0, bias=2.0, group=REFLECTIONS
    )
    lamp: float = uniform(
        0.05, 1.5, "Light of mirrored lamps", off=0.0, chance=0.35, log=True, group=REFLECTIONS
    )
    softness: float = uniform(0.0, 0.12, "Blur of mirrored lamps", off=0.02, bias=2.0)
    banding: float = uniform(
        0.01, 0.12, "Bands of a shutter against the refresh, share", off=0.0, chance=0.2, group=TONE
    )
    bands: float = uniform(0.7, 9.0, "Bands in the frame", off=3.0)
    margin: float = uniform(0.0, 0.8, "Unused screen around the picture", off=0.0, bias=2.0)
    margin_light: float = choice(
        {0.0: 0.55, 0.02: 0.15, 0.8: 0.3}, "Light of the unused screen", off=0.0
    )
    bezel: float = uniform(1.5, 22.0, "Width of the frame, millimetres", off=5.0, log=True)
    bezel_light: float = choice(
        {0.012: 0.7, 0.05: 0.2, 0.6: 0.1}, "Reflectance of the frame", off=0.012
    )
    hand: bool = choice(
        {False: 0.45, True: 0.55}, "A hand holds a phone or tablet", off=False, group=SURROUNDINGS
    )

    @property
    def width(self) -> float:
        """Width of the picture on the panel, millimetres."""
        low, high = next((low, high) for below, low, high in _WIDTHS if self.ppi < below)
        return float(low * (high / low) ** self.extent)

    def present(self, stage: CaptureScene, rng: np.random.Generator) -> MediumRender:
        """Return the light before the camera's lens.

        Args:
            stage: Picture, sensor and framing.
            rng: Random numbers for what is no parameter: places of lamps and furniture.
        """
        placement = self.holding.placement(stage, self.width, Bend())
        edgeless = self._edgeless(stage)
        x, y = placement.coordinates(stage.size)
        light = self._lit(stage, x, y, rng)
        around = background.behind(stage.surroundings, stage.size, rng)
        around *= stage.situation.colour
        around *= np.float32(self.room_light)
        mask = np.ones(stage.size, np.float32)
        if not edgeless:
            glowing, mask = self._outlines(stage, (x, y, placement))
            frame = np.float32(self.bezel_light * self.room_light)
            light = mixed(around, mixed(frame, light, glowing), mask)
        light = self.holding.unsharp(self._reflecting(light, around, mask, rng))
        visible = [] if edgeless else [glowing]  # shares of the panel that the camera sees
        if not edgeless and self.hand and self.ppi > _HAND_HELD:
            hand = hands.hold(around, self._sheet(stage, placement), self._spilled(stage), rng)
            light = mixed(light, around, hand)
            visible.append(np.subtract(np.float32(1.0), hand, out=hand))
            mask = mask * hand
        del around  # large
        texture = self._texture(stage, x, y) if self.stripe else None
        if texture is not None:
            for share in visible:  # the pattern where the panel is visible, 1 elsewhere
                texture = mixed(np.float32(1.0), texture, share)
        return MediumRender(SceneRadiance(light, texture), mask, placement, self.width)

    def _edgeless(self, stage: CaptureScene) -> bool:
        """Return whether the panel has no edge in the frame."""
        return stage.aligned or self.holding.close

    def _lit(self, stage: CaptureScene, x: Map, y: Map, rng: np.random.Generator) -> LinearImage:
        """Return the light of the picture and its unused margin."""
        columns = max(16, round(self.width * self.ppi / _MM))
        shown = self.showing.light(self.taking.taken(stage.picture), columns)
        light = self.holding.detailed(sample(shown, x, y, self.width), rng.spawn(1)[0], _DETAIL)
        if self.margin and not self._edgeless(stage):
            half = self.width / 2, stage.height(self.width) / 2
            zoom = columns / self.width  # the edge is as sharp as the panel
            picture = coverage(rectangle(x, y, half), zoom)
            light = mixed(np.float32(self.margin_light + self.showing.black), light, picture)
        light *= np.float32(self.brightness)
        return times(light, self._uneven(x, y))

    def _uneven(self, x: Map, y: Map) -> Map:
        """Return the factor of viewing angle and refresh."""
        along, _ = turned(x, y, self.falloff_deg)
        share = np.clip(along / np.float32(self.width) + 0.5, 0.0, 1.0)
        factor = 1.0 - np.float32(self.falloff) * share
        if self.banding:
            phase = np.linspace(0.0, 2 * np.pi * self.bands, x.shape[0], dtype=np.float32)
            factor *= 1.0 + np.float32(self.banding) * np.sin(phase + self.bands)[:, None]
        return np.asarray(factor, np.float32)

    def _texture(self, stage: CaptureScene, x: Map, y: Map) -> LinearImage:
        """Return the panel's pattern; overwrite ``x`` and ``y``."""
        for band in bands(len(x)):
            if stage.aligned:
                x[band], y[band] = turned(x[band], y[band], self.grid_deg)
            for axis in (x[band], y[band]):
                axis *= np.float32(self.ppi / _MM)
        panel = DisplayPanel(self.stripe, self.row, self.layout == "bgr", self.layout == "diamond")
        return panel.texture(x, y, self.holding.optics(stage.optics))

    def _half(self, stage: CaptureScene) -> tuple[float, float]:
        """Return half the size of the lit panel, which has a margin along one side only."""
        wide, high = self.width / 2, stage.height(self.width) / 2
        return (wide, high * (1 + self.margin)) if high > wide else (wide * (1 + self.margin), high)

    def _outlines(self, stage: CaptureScene, place: tuple[Map, Map, Placement]) -> tuple[Map, Map]:
        """Return the share of each photosite that sees the lit panel, and the whole device."""
        x, y, placement = place
        half = self._half(stage)
        outer = (half[0] + self.bezel, half[1] + self.bezel * 1.2)
        device = coverage(rectangle(x, y, outer, 0.6 * self.bezel), placement.zoom)
        return coverage(rectangle(x, y, half), placement.zoom), device

    def _sheet(self, stage: CaptureScene, placement: Placement) -> hands.HeldMedium:
        half = self._half(stage)
        outer = (half[0] + self.bezel, half[1] + self.bezel)
        return hands.HeldMedium(
            placement,
            outer,
            _REACH,
            face_regions.free(stage.face, stage.picture, self.width),
            face_regions.skin(stage.face, stage.picture),
        )

    def _spilled(self, stage: CaptureScene) -> Map:
        """Return the light on the hand that holds the device."""
        light = stage.situation.colour * self.room_light + _SPILL * self.brightness
        return np.asarray(light, np.float32)

    def _reflecting(
        self, light: LinearImage, around: LinearImage, mask: Map, rng: np.random.Generator
    ) -> LinearImage:
        """Add the reflections of the glass."""
        size = (light.shape[0], light.shape[1])
        added = reflections.mirrored(around, rng) * np.float32(self.mirror)
        if self.lamp:
            lamps = reflections.lamps(size, rng, self.softness) * np.float32(
                self.lamp * self.room_light
            )
            added += lamps[..., None]
        added += np.float32(self.veil * self.room_light)
        added *= mask[..., None]
        light += added
        return light
