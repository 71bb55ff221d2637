"""Fingers that hold a medium: shaded, skin-coloured capsules over its edge."""

from dataclasses import dataclass

import cv2
import numpy as np

from facepad.simulate.geometry import Placement, Points
from facepad.simulate.light import Field, Scene

# Linear light of fair and of dark skin in usual light.
_FAIR = np.array([0.62, 0.38, 0.28], np.float32)
_DARK = np.array([0.12, 0.06, 0.035], np.float32)
_BREADTH = 8.5, 10.5  # radius of a finger, millimetres
_SHADOW = 0.35  # light that a finger takes from what lies close beneath it


@dataclass(frozen=True, slots=True)
class Finger:
    """One finger, seen from the back or from its side.

    Attributes:
        root: Where it comes from, pixels of the sensor.
        tip: Where it ends.
        radius: Half its breadth, pixels.
        nail: Whether it ends in a nail and has joints; the back of a hand has neither.
    """

    root: Points
    tip: Points
    radius: float
    nail: bool = True


def hold(
    light: Scene,
    placement: Placement,
    half: tuple[float, float],
    rng: np.random.Generator,
    *,
    room_light: float = 1.0,
    reach: float = 40.0,
) -> Field:
    """Put one or two hands over the edges of a sheet.

    Args:
        light: Linear light before the lens; changed in place.
        placement: Where the sheet lies.
        half: Half the width and the height of the sheet, millimetres.
        rng: Source of all that is random.
        room_light: Light that falls on the hands.
        reach: Farthest that fingers reach over the edge, millimetres.

    Returns:
        Share of each photosite that sees a hand, shape (H, W).
    """
    covered = np.zeros(light.shape[:2], np.float32)
    skin = _skin(rng) * np.float32(room_light)
    sides = rng.permutation(["left", "right", "below"])[: int(rng.integers(1, 3))]
    for side in sides:
        fingers = _hand(str(side), placement, half, rng, reach)
        for finger in fingers:
            _draw(light, covered, finger, skin * np.float32(rng.uniform(0.92, 1.08)))
    return covered


def _skin(rng: np.random.Generator) -> Field:
    """From fair to dark, evenly in what people see."""
    share = np.float32(rng.random())
    return np.asarray(_FAIR ** (1 - share) * _DARK**share, np.float32)


def _hand(
    side: str,
    placement: Placement,
    half: tuple[float, float],
    rng: np.random.Generator,
    reach: float,
) -> list[Finger]:
    """A thumb alone, or up to four fingers one beside the other."""
    count = int(rng.choice([1, 3, 4, 4]))
    breadth = float(rng.uniform(*_BREADTH))
    over = float(rng.uniform(0.15, 1.0)) * reach
    lean = float(rng.uniform(-0.35, 0.35))
    along = float(rng.uniform(-0.6, 0.7))
    back = np.array(
        [_at(side, half, (-78.0, along * _length(side, half) + shift)) for shift in (0.0, 34.0)]
    )
    fingers = []
    if count > 1:  # the back of the hand, behind the fingers
        seen = placement.forward(back.astype(np.float32))
        fingers.append(Finger(seen[0], seen[1], 3.6 * breadth * placement.zoom, nail=False))
    for number in range(count):
        place = along * _length(side, half) + number * 2.15 * breadth
        inward = over * float(rng.uniform(0.75, 1.1)) - (number == count - 1) * 5.0
        tip, root = (inward, place), (-90.0, place - 110.0 * lean + number * 3.0)
        ends = np.array([_at(side, half, tip), _at(side, half, root)], np.float32)
        seen = placement.forward(ends)
        thick = breadth * (1.15 if count == 1 else float(rng.uniform(0.92, 1.05)))
        fingers.append(Finger(seen[1], seen[0], thick * placement.zoom))
    return fingers


def _length(side: str, half: tuple[float, float]) -> float:
    return half[0] if side == "below" else half[1]


def _at(side: str, half: tuple[float, float], place: tuple[float, float]) -> tuple[float, float]:
    inward, along = place
    if side == "below":
        return along, half[1] - inward
    return (inward - half[0], along) if side == "left" else (half[0] - inward, along)


def _draw(light: Scene, covered: Field, finger: Finger, skin: Field) -> None:
    """Shadow, then the finger, in the part of the picture that it touches."""
    reach = 1.6 * finger.radius + 2
    ends = np.stack([finger.root, finger.tip])
    low = np.maximum(np.floor(ends.min(axis=0) - reach), 0).astype(int)
    high = np.ceil(ends.max(axis=0) + reach).astype(int)
    part = np.s_[low[1] : max(high[1], 0), low[0] : max(high[0], 0)]
    view = light[part]
    if not view.size:
        return
    shape = view.shape[:2]
    y, x = np.mgrid[low[1] : low[1] + shape[0], low[0] : low[0] + shape[1]].astype(np.float32)
    along, away = _axes(finger, x, y)
    radius = np.float32(finger.radius) * (1.0 - 0.18 * np.clip(along / 3.5 + 1.0, 0, 1) ** 2)
    edge = radius - away
    shadow = np.clip(1.0 - (away - radius) / (0.5 * radius), 0.0, 1.0) * np.float32(_SHADOW)
    alpha = np.clip(edge + 0.5, 0.0, 1.0).astype(np.float32)
    view *= (1.0 - shadow)[..., None]
    view += alpha[..., None] * (_shaded(skin, along, away / radius, finger.nail) - view)
    np.maximum(covered[part], alpha, out=covered[part])


def _axes(finger: Finger, x: Field, y: Field) -> tuple[Field, Field]:
    """Way back from the tip's middle in radii (0 at the tip, falling), and distance, pixels."""
    axis = finger.tip - finger.root
    axis = axis / max(float(np.hypot(*axis)), 1e-6)
    middle = finger.tip - axis * np.float32(finger.radius)
    along = (x - middle[0]) * axis[0] + (y - middle[1]) * axis[1]
    across = (y - middle[1]) * axis[0] - (x - middle[0]) * axis[1]
    away = cv2.magnitude(np.maximum(along, 0.0), across)
    return along / np.float32(finger.radius), np.asarray(away, np.float32)


def _shaded(skin: Field, along: Field, across: Field, nail: bool) -> Scene:
    """Round, redder towards the tip, with a nail and the creases of the joints."""
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
