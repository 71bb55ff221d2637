"""Fingers that hold a medium: shaded, skin-coloured capsules over its edge."""

from dataclasses import dataclass

import numpy as np

from facepad.simulate.linear_light import LinearImage, Map
from facepad.simulate.scene.geometry import Placement, Points, length
from facepad.types import Box

# Linear light of fair and of dark skin in usual light.
_FAIR = np.array([0.62, 0.38, 0.28], np.float32)
_DARK = np.array([0.12, 0.06, 0.035], np.float32)
_BREADTH = 8.5, 10.5  # radius of a finger, millimetres
_BAND = 40  # lines that are shaded at once
_ARM = 3.1  # radius of a wrist over that of a finger
_SHADOW = 0.35  # light that a finger takes from what lies close beneath it


@dataclass(frozen=True, slots=True)
class HeldMedium:
    """A medium that hands hold.

    Attributes:
        placement: Its placement before the sensor.
        half: Half the width and the height, millimetres.
        reach: How far fingers may reach over the edge, millimetres.
        face: Left, right and lower edge of the area without fingers, millimetres.
    """

    placement: Placement
    half: tuple[float, float]
    reach: float
    face: tuple[float, float, float]

    def room(self, side: str) -> float:
        """Return how far fingers may reach over an edge, millimetres."""
        left, right, bottom = self.face
        gap = {
            "left": left + self.half[0],
            "right": self.half[0] - right,
            "below": self.half[1] - bottom,
        }
        return float(np.clip(gap[side], 5.0, self.reach))


@dataclass(frozen=True, slots=True)
class Finger:
    """One finger, seen from the back or from its side.

    Attributes:
        root: Its start, pixels of the sensor.
        tip: Its end, pixels of the sensor.
        radius: Half its breadth, pixels.
        nail: Whether it ends in a nail and has joints; the back of a hand has neither.
    """

    root: Points
    tip: Points
    radius: float
    nail: bool = True


def hold(light: LinearImage, sheet: HeldMedium, skin_light: Map, rng: np.random.Generator) -> Map:
    """Put one or two hands over the edges of a sheet.

    Args:
        light: Linear light before the lens; changed in place.
        sheet: The medium.
        skin_light: Red, green and blue of the light that falls on the hands; 1 is usual.
        rng: Random numbers.

    Returns:
        Share of each photosite that sees a hand, shape (H, W).
    """
    covered = np.zeros(light.shape[:2], np.float32)
    skin = np.asarray(_skin(rng) * skin_light, np.float32)
    sides = rng.permutation(["left", "right", "below"])[: int(rng.integers(1, 3))]
    for side in sides:
        for finger in _hand(str(side), sheet, rng):
            _draw(light, covered, finger, skin * np.float32(rng.uniform(0.92, 1.08)))
    return covered


def _skin(rng: np.random.Generator) -> Map:
    """Return a skin colour, evenly from fair to dark on a logarithmic scale."""
    share = np.float32(rng.random())
    return np.asarray(_FAIR ** (1 - share) * _DARK**share, np.float32)


def _hand(side: str, sheet: HeldMedium, rng: np.random.Generator) -> list[Finger]:
    """Return a thumb alone, or arm, back of the hand and three or four fingers."""
    count = int(rng.choice([1, 3, 4, 4]))
    breadth = float(rng.uniform(*_BREADTH))
    over = float(rng.uniform(0.2, 1.0)) * sheet.room(side)
    lean = float(rng.uniform(-0.35, 0.35))
    start = float(rng.uniform(-0.6, 0.7)) * (sheet.half[0] if side == "below" else sheet.half[1])

    # Near the edge the projection is all but affine; hands follow that, not the bent sheet.
    near = np.array(
        [_at(side, sheet.half, place) for place in ((0, start), (5, start), (0, start + 5))]
    )
    base, inwards, along = sheet.placement.forward(near.astype(np.float32))
    inwards, along = (inwards - base) / 5.0, (along - base) / 5.0

    def part(tip: tuple[float, float], root: tuple[float, float], radius: float) -> Finger:
        ends = [base + place[0] * inwards + (place[1] - start) * along for place in (tip, root)]
        thick = radius * breadth * sheet.placement.zoom
        return Finger(ends[1], ends[0], thick, nail=radius < _ARM)

    if count == 1:
        return [part((over, start), (-95.0, start - 95.0 * lean), 1.2)]
    middle = start + (count - 1) * 1.05 * breadth
    parts = [
        part((-95.0, middle - 55.0 * lean), (-420.0, middle - 230.0 * lean), _ARM),
        part((-72.0, middle - 35.0 * lean), (-92.0, middle - 45.0 * lean), 1.15 * _ARM),
    ]
    for number in range(count):
        place = start + number * 2.1 * breadth
        inward = over * float(rng.uniform(0.75, 1.0)) - (number == count - 1) * 5.0
        root = middle + (place - middle) * 0.85 - 35.0 * lean
        parts.append(part((inward, place), (-78.0, root), float(rng.uniform(0.94, 1.06))))
    return parts


def _at(side: str, half: tuple[float, float], place: tuple[float, float]) -> tuple[float, float]:
    inward, along = place
    if side == "below":
        return along, half[1] - inward
    return (inward - half[0], along) if side == "left" else (half[0] - inward, along)


def _draw(light: LinearImage, covered: Map, finger: Finger, skin: Map) -> None:
    """Draw shadow and finger into the part of the picture that they cover."""
    reach = 1.6 * finger.radius + 2
    ends = np.stack([finger.root, finger.tip])
    low = np.maximum(np.floor(ends.min(axis=0) - reach), 0).astype(int)
    high = np.ceil(ends.max(axis=0) + reach).astype(int)
    right = max(high[0], 0)
    for top in range(low[1], min(max(high[1], 0), light.shape[0]), _BAND):
        bottom = min(top + _BAND, high[1])
        _draw_part(light, covered, finger, skin, (low[0], top, right, bottom))


def _draw_part(light: LinearImage, covered: Map, finger: Finger, skin: Map, box: Box) -> None:
    left, top, right, bottom = box
    part = np.s_[top:bottom, left:right]
    view = light[part]
    if not view.size:
        return
    shape = view.shape[:2]
    y, x = np.mgrid[top : top + shape[0], left : left + shape[1]].astype(np.float32)
    along, away = _axes(finger, x, y)
    radius = np.float32(finger.radius) * (1.0 - 0.18 * np.clip(along / 3.5 + 1.0, 0, 1) ** 2)
    edge = radius - away
    shadow = np.clip(1.0 - (away - radius) / (0.5 * radius), 0.0, 1.0) * np.float32(_SHADOW)
    alpha = np.clip(edge + 0.5, 0.0, 1.0).astype(np.float32)
    view *= (1.0 - shadow)[..., None]
    view += alpha[..., None] * (_shaded(skin, along, away / radius, finger.nail) - view)
    np.maximum(covered[part], alpha, out=covered[part])


def _axes(finger: Finger, x: Map, y: Map) -> tuple[Map, Map]:
    """Return position along the finger in radii (0 at the tip, falling) and distance in pixels."""
    axis = finger.tip - finger.root
    long = max(float(np.hypot(*axis)) - finger.radius, 0.0)
    axis = axis / max(float(np.hypot(*axis)), 1e-6)
    middle = finger.tip - axis * np.float32(finger.radius)
    along = (x - middle[0]) * axis[0] + (y - middle[1]) * axis[1]
    across = (y - middle[1]) * axis[0] - (x - middle[0]) * axis[1]
    beyond = np.maximum(np.maximum(along, -long - along), 0.0)
    return along / np.float32(finger.radius), length(beyond, across)


def _shaded(skin: Map, along: Map, across: Map, nail: bool) -> LinearImage:
    """Return the light of a round finger, redder towards the tip, with nail and joints."""
    round_ = np.sqrt(np.clip(1.0 - across**2, 0.0, 1.0))
    tone = 0.2 + 0.8 * round_**0.8
    if not nail:
        return np.asarray(skin * tone[..., None], np.float32)
    for joint, depth in ((-2.6, 0.12), (-5.2, 0.1)):
        for line in (-0.22, 0.0, 0.25):
            tone -= depth * np.exp(-(((along - joint - line) / 0.08) ** 2)) * round_
    plate = np.clip(4.0 * (1.0 - (across / 0.62) ** 2 - ((along + 0.15) / 0.85) ** 2), 0.0, 1.0)
    red = np.clip(1.0 + along / 3.0, 0.0, 1.0)
    blush = np.stack([1.0 + 0.08 * red, 1.0 - 0.1 * red, 1.0 - 0.08 * red], axis=-1)
    colour = skin * blush * tone[..., None]
    lit = skin * np.array([1.12, 1.15, 1.2], np.float32) * (0.55 + 0.5 * round_)[..., None]
    return np.asarray(colour + plate[..., None] * (lit - colour), np.float32)
