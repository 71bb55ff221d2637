"""Hands that hold a medium: before its edge, behind it, or both."""

from dataclasses import dataclass, replace

import numpy as np

from facepad.opencv import cv2
from facepad.simulate.linear_light import LinearImage, Map, Size, times
from facepad.simulate.scene.geometry import Placement, Points, coverage, length, rectangle
from facepad.types import Box

# Linear light of fair, brown and dark skin in usual light.
_TONES = np.log([[0.58, 0.39, 0.31], [0.36, 0.215, 0.15], [0.105, 0.062, 0.044]])
_OWN = 0.5  # probability that the hand is that of the person shown, near enough
_BREADTH = 7.6, 9.6  # radius of a finger, millimetres
_DETAIL = 14.0  # pixels for the radius of a finger that shapes are drawn with
_SHADOW = 0.45  # light that a hand takes from what lies close beneath it
# Length and breadth of index, middle, ring and little finger over the usual ones.
_LONG, _WIDE = (0.92, 1.0, 0.94, 0.76), (1.0, 1.02, 0.95, 0.84)
_OVER = {"thumb": (14.0, 38.0), "tips": (8.0, 20.0), "fingers": (12.0, 45.0)}  # millimetres
_LEAN = 0.35  # most that fingers lean, share
_FAR = 1e4  # distance where no part is, in radii

_Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class HeldMedium:
    """A medium that hands hold.

    Attributes:
        placement: Its placement before the sensor.
        half: Half the width and the height, millimetres.
        reach: How far fingers may reach over the edge, millimetres.
        face: Left, right and lower edge of the area without fingers, millimetres.
        skin: Linear red, green and blue of the skin of the person shown; None when unknown.
    """

    placement: Placement
    half: tuple[float, float]
    reach: float
    face: tuple[float, float, float]
    skin: Map | None = None

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
class Part:
    """A tapered part of a hand.

    Attributes:
        root: Its start, pixels of the sensor.
        tip: Its end, pixels of the sensor.
        radii: Half its breadth at both, pixels.
        front: Whether it may lie before the medium; other parts are behind it.
        digit: Whether it ends in a nail and has joints.
        cloth: Whether it is a sleeve.
    """

    root: Points
    tip: Points
    radii: tuple[float, float]
    front: bool = False
    digit: bool = False
    cloth: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    """Linear colours of skin and sleeve, and the unit vector to the lamp: right, down, near."""

    skin: Map
    cloth: Map
    lamp: Map


@dataclass(slots=True)
class _Shape:
    """Parts of a hand as maps, in radii of a finger.

    Attributes:
        away: Distance to the outline, negative inside.
        breadth: Radius of the nearest part.
        gap: Distance to the second nearest digit.
        detail: Light of joints and nails over that of plain skin.
    """

    away: Map
    breadth: Map
    gap: Map
    detail: Map


def hold(light: LinearImage, sheet: HeldMedium, skin_light: Map, rng: np.random.Generator) -> Map:
    """Put one or two hands to the edges of a sheet.

    Args:
        light: Linear light before the lens; changed in place.
        sheet: The medium.
        skin_light: Red, green and blue of the light that falls on the hands; 1 is usual.
        rng: Random numbers.

    Returns:
        Share of each photosite that sees a hand, shape (H, W).
    """
    covered = np.zeros(light.shape[:2], np.float32)
    skin = np.asarray(_skin(rng, sheet.skin) * skin_light, np.float32)
    across, up = rng.uniform(-0.7, 0.7), rng.uniform(0.2, 0.8)
    lamp = np.array([across, -up, 1.0], np.float32) / np.float32(np.sqrt(1 + across**2 + up**2))
    cloth = np.asarray(rng.uniform(0.03, 0.5) * rng.uniform(0.8, 1.2, 3) * skin_light, np.float32)
    sides = rng.permutation(["left", "right", "below"])[: int(rng.integers(1, 3))]
    look = _Look(skin, cloth, lamp)
    for side in sides:
        _draw(light, covered, _hand(str(side), sheet, rng), sheet, look=look, rng=rng)
    return covered


def _skin(rng: np.random.Generator, own: Map | None) -> Map:
    """Return a skin colour: near that of the person shown, or from fair to dark."""
    at, theirs, *off = rng.random(5)
    place = float(at) * (len(_TONES) - 1)
    tone = np.array([np.interp(place, range(len(_TONES)), one) for one in _TONES.T])
    if own is not None and theirs < _OWN:
        tone = np.log(np.clip(own, 0.02, 0.7))
    return np.exp(tone + (np.array(off) - 0.5) * [0.12, 0.08, 0.12]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a hand holds an edge; places on it are millimetres inwards and along the edge.

    Attributes:
        base: The place (0, 0), pixels of the sensor.
        inwards: Pixels for a millimetre inwards.
        along: Pixels for a millimetre along the edge.
        thick: Radius of a finger, pixels.
        down: Range of the arm's slope, millimetres along for each one outwards.
    """

    base: Points
    inwards: Points
    along: Points
    thick: float
    down: tuple[float, float]

    def part(
        self, root: _Spot, tip: _Spot, wide: _Spot, *, front: bool = False, digit: bool = False
    ) -> Part:
        """Return a part between two places, with its radii over that of a finger."""
        ends = [self.base + at[0] * self.inwards + at[1] * self.along for at in (root, tip)]
        return Part(ends[0], ends[1], (wide[0] * self.thick, wide[1] * self.thick), front, digit)

    def arm(self, palm: _Spot, wide: float, rng: np.random.Generator) -> list[Part]:
        """Return palm, wrist and arm, most often in a sleeve."""
        slope = float(rng.uniform(*self.down))
        far = float(np.hypot(1.0, slope))
        out, aside = -1.0 / far, slope / far
        at = [(palm[0] + out * far, palm[1] + aside * far) for far in (0.0, 62.0, 75.0, 420.0)]
        sleeve = replace(self.part(at[2], at[3], (0.92 * wide, 1.35 * wide)), cloth=True)
        bare = self.part(at[1], at[3], (0.78 * wide, 1.2 * wide))
        return [
            self.part(at[0], at[1], (wide, 0.78 * wide)),
            sleeve if rng.random() < 0.6 else bare,
        ]


def _hand(side: str, sheet: HeldMedium, rng: np.random.Generator) -> list[Part]:
    """Return a hand: thumb before the sheet, fingertips around its edge, or fingers before it."""
    grip = str(rng.choice(["thumb", "tips", "fingers"], p=[0.5, 0.3, 0.2]))
    breadth = float(rng.uniform(*_BREADTH))
    over = min(float(rng.uniform(0.35, 1.0)) * sheet.room(side), float(rng.uniform(*_OVER[grip])))
    start = float(rng.uniform(-0.6, 0.7)) * (sheet.half[0] if side == "below" else sheet.half[1])
    turn = 1.0 if side != "below" else float(rng.choice([-1.0, 1.0]))  # hands come from below
    # Near the edge the projection is all but affine; hands follow that, not the bent sheet.
    near = np.array(
        [_at(side, sheet.half, place) for place in ((0, start), (5, start), (0, start + 5))]
    )
    base, inwards, along = sheet.placement.forward(near.astype(np.float32))
    place = _Place(
        base, (inwards - base) / 5.0, turn * (along - base) / 5.0, breadth * sheet.placement.zoom,
        (0.25, 1.15) if side != "below" else (-0.2, 0.35),
    )  # fmt: skip
    if grip == "thumb":
        return _thumb(place, over, breadth, rng)
    return _fingers(place, over, breadth, rng, tips=grip == "tips")


def _thumb(place: _Place, over: float, breadth: float, rng: np.random.Generator) -> list[Part]:
    """Return a thumb before the sheet and curled fingers behind it, of which the joints show."""
    lean = float(rng.uniform(-_LEAN, _LEAN))
    joint, ball = (over - 34.0, 9.0 * lean), (over - 62.0, 16.0 + 14.0 * lean)
    palm = (min(over - 70.0, -34.0), 34.0 + 14.0 * lean)
    parts = [
        place.part(joint, (over, 0.0), (1.14, 0.98), front=True, digit=True),
        place.part(ball, joint, (1.75, 1.2), front=True),
        *place.arm(palm, 3.6, rng),
    ]
    for number in range(3):
        at = 18.0 + number * 2.05 * breadth
        knuckle = (float(rng.uniform(-20.0, -12.0)) - 3.0 * number, at)
        parts.append(place.part(palm, knuckle, (1.3, 1.05)))
        parts.append(place.part(knuckle, (6.0, at), (1.05, 0.95)))
    return parts


def _fingers(
    place: _Place, over: float, breadth: float, rng: np.random.Generator, *, tips: bool
) -> list[Part]:
    """Return fingers before the sheet: their tips around its edge, or a whole hand."""
    lean, count = float(rng.uniform(-_LEAN, _LEAN)), int(rng.choice([3, 4, 4]))
    middle, parts = (count - 1) * 1.03 * breadth, []
    for number in range(count):
        at, wide = number * 2.06 * breadth, _WIDE[number]
        short = (1.0 - _LONG[number]) * (30.0 if tips else 45.0)
        inward = max(over - short + float(rng.uniform(-3.0, 3.0)), 2.0)
        if tips:
            bend, ends = (-0.1 * breadth, at + 4.0 * lean), (1.04 * wide, 0.9 * wide)
        else:
            bend = (inward - 42.0 * _LONG[number], middle + (at - middle) * 0.96 - 12.0 * lean)
            ends = (1.06 * wide, 0.86 * wide)
            root = (-74.0, middle + (at - middle) * 0.9 - 30.0 * lean)
            parts.append(place.part(root, bend, (1.25 * wide, 1.06 * wide), front=True))
        parts.append(place.part(bend, (inward, at), ends, front=True, digit=True))
    if not tips:
        parts += place.arm((-100.0, middle - 35.0 * lean), 1.0 + 0.95 * count, rng)
    return parts


def _at(side: str, half: tuple[float, float], place: tuple[float, float]) -> tuple[float, float]:
    inward, along = place
    if side == "below":
        return along, half[1] - inward
    return (inward - half[0], along) if side == "left" else (half[0] - inward, along)


def _draw(
    light: LinearImage,
    covered: Map,
    parts: list[Part],
    sheet: HeldMedium,
    *,
    look: _Look,
    rng: np.random.Generator,
) -> None:
    """Draw a hand and its shadow into the part of the picture that they cover."""
    unit = max(max(part.radii) for part in parts if part.digit)
    left, top, right, bottom = _box(parts, 1.5 * unit, (light.shape[0], light.shape[1]))
    if right - left < 2 or bottom - top < 2:
        return
    box = np.s_[top:bottom, left:right]
    size = bottom - top, right - left
    step = max(unit / _DETAIL, 1.0)
    small = max(round(size[0] / step), 2), max(round(size[1] / step), 2)
    y, x = np.mgrid[: small[0], : small[1]].astype(np.float32)
    x = (x + 0.5) * np.float32(size[1] / small[1]) + np.float32(left - 0.5)
    y = (y + 0.5) * np.float32(size[0] / small[0]) + np.float32(top - 0.5)
    layers = []  # all of the hand, and what of it is before the medium
    for chosen in (parts, [part for part in parts if part.front]):
        away, tone = _layer(chosen, (x, y), (unit, step), look, rng)
        layers.append((_large(away, size) * np.float32(unit), _large(tone, size)))
    moved = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]]) @ sheet.placement.to_sensor
    there = Placement(np.asarray(moved, np.float64), sheet.placement.bend)
    on_sheet = coverage(rectangle(*there.coordinates(size), sheet.half), there.zoom)
    shares = [np.clip(0.5 - away, 0.0, 1.0) for away, _ in layers]
    view = light[box]
    shaded = layers[1][0] + _offset(layers[1][0], look.lamp, unit)
    near = np.clip(1.0 - shaded / np.float32(0.9 * unit), 0.0, 1.0)
    times(view, np.asarray(1.0 - np.float32(_SHADOW) * on_sheet * near**2, np.float32))
    fine = rng.standard_normal(size, dtype=np.float32)
    cv2.GaussianBlur(fine, (0, 0), max(0.03 * unit, 0.6), dst=fine)
    fine *= np.float32(0.02) / np.float32(max(float(fine.std()), 1e-6))
    alpha = shares[0] + on_sheet * (shares[1] - shares[0])
    tone = layers[0][1] + on_sheet[..., None] * (layers[1][1] - layers[0][1])
    tone *= (1.0 + fine)[..., None]
    view += alpha[..., None] * (tone - view)
    np.maximum(covered[box], alpha, out=covered[box])


def _layer(
    parts: list[Part],
    place: tuple[Map, Map],
    scale: tuple[float, float],
    look: _Look,
    rng: np.random.Generator,
) -> tuple[Map, LinearImage]:
    """Return distance to the outline, in radii, and light of parts that are drawn together."""
    (x, y), (unit, step) = place, scale
    bare = _shape([part for part in parts if not part.cloth], x, y, unit)
    tone = _shaded(bare, look.skin, look.lamp, step / unit, rng)
    sleeve = [part for part in parts if part.cloth]
    if not sleeve:
        return bare.away, tone
    over = _shape(sleeve, x, y, unit)
    worn = np.clip(0.5 - over.away * np.float32(unit / step), 0.0, 1.0)[..., None]
    tone += worn * (_shaded(over, look.cloth, look.lamp, step / unit, rng) - tone)
    return np.asarray(np.minimum(bare.away, over.away), np.float32), tone


def _box(parts: list[Part], room: float, size: Size) -> Box:
    """Return left, top, right and bottom of the pixels that see parts or their shadow."""
    reach = np.array([max(part.radii) + room for part in parts])[:, None]
    ends = np.array([[part.root, part.tip] for part in parts])
    low = np.maximum(np.floor((ends.min(axis=1) - reach).min(axis=0)), 0).astype(int)
    high = np.ceil((ends.max(axis=1) + reach).max(axis=0)).astype(int)
    return int(low[0]), int(low[1]), min(int(high[0]), size[1]), min(int(high[1]), size[0])


def _shape(parts: list[Part], x: Map, y: Map, unit: float) -> _Shape:
    """Return the union of parts; digits stay apart, other parts melt into each other."""
    far = np.full(x.shape, _FAR, np.float32)
    shape = _Shape(far, np.ones_like(x), far.copy(), np.ones_like(x))
    for part in parts:
        along, off = _axes(part, x, y)
        share = np.clip(along, 0.0, 1.0)
        wide = np.float32(part.radii[0]) + share * np.float32(part.radii[1] - part.radii[0])
        long = np.float32(np.hypot(*(part.tip - part.root)))
        if part.digit:  # joints are broader than what is between them
            joint = ((along - 1) * long / np.float32(unit) + np.float32(2.6)) / np.float32(0.9)
            wide *= 1.0 + np.float32(0.04) * np.exp(-(joint**2))
        reach = np.where(along > 1, along - 1, np.minimum(along, 0)) * long
        away = (length(off, reach) - wide) / np.float32(unit)
        nearer = away < shape.away
        shape.breadth = np.where(nearer, wide / np.float32(unit), shape.breadth)
        if part.digit:
            shape.gap = np.where(nearer, shape.away, np.minimum(shape.gap, away))
            detail = _detail((along - 1) * long / wide, off / wide)
            shape.detail = np.where(nearer, detail, shape.detail)
        soft = np.float32(0.06 if part.digit else 0.5)
        mix = np.clip(0.5 + 0.5 * (shape.away - away) / soft, 0.0, 1.0)  # a smooth minimum
        melted = shape.away + mix * (away - shape.away) - soft * mix * (1.0 - mix)
        shape.away = np.asarray(melted, np.float32)
    return shape


def _axes(part: Part, x: Map, y: Map) -> tuple[Map, Map]:
    """Return the share of the way from root to tip, and the signed distance from the axis."""
    axis = part.tip - part.root
    long = max(float(np.hypot(*axis)), 1e-6)
    right, down = (np.float32(one) for one in axis / long)
    over_x, over_y = x - np.float32(part.root[0]), y - np.float32(part.root[1])
    along = (over_x * right + over_y * down) / np.float32(long)
    return np.asarray(along, np.float32), np.asarray(over_y * right - over_x * down, np.float32)


def _detail(along: Map, across: Map) -> Map:
    """Return the light of joints and a nail over that of skin; ``along`` is 0 near the tip."""
    light = np.ones_like(along)
    for joint in (-2.4, -2.62, -2.85):
        bow = np.float32(joint) + np.float32(0.12) * across**2
        light -= np.float32(0.05) * np.exp(-(((along - bow) / np.float32(0.09)) ** 2))
    plate = 1.0 - (across / np.float32(0.62)) ** 4 - (np.abs(along - 0.12) / np.float32(0.68)) ** 3
    light += np.float32(0.06) * np.clip(4.0 * plate, 0.0, 1.0)
    light -= np.float32(0.06) * np.exp(-((plate / np.float32(0.25)) ** 2))
    return light


def _shaded(
    shape: _Shape, colour: Map, lamp: Map, pitch: float, rng: np.random.Generator
) -> LinearImage:
    """Return the light of rounded parts; ``pitch`` is that of the maps, in radii of a finger."""
    round_ = np.minimum(shape.breadth, np.float32(1.3))
    inner = np.clip(1.0 + shape.away / round_, 0.0, 1.0)
    high = round_ * np.sqrt(1.0 - np.minimum(inner, np.float32(0.97)) ** 2)
    high -= np.float32(3.0) * np.clip(shape.away, 0.0, 1.0)  # the outline is no ledge
    cv2.GaussianBlur(high, (0, 0), 1.0, dst=high)
    right = cv2.Sobel(high, cv2.CV_32F, 1, 0, scale=0.125 / pitch)
    down = cv2.Sobel(high, cv2.CV_32F, 0, 1, scale=0.125 / pitch)
    falling = (lamp[2] - right * lamp[0] - down * lamp[1]) / np.sqrt(1.0 + right**2 + down**2)
    shade = 0.42 + 0.58 * np.clip((falling + np.float32(0.35)) / np.float32(1.35), 0.0, 1.0)
    shade *= 1.0 - np.float32(0.4) * np.clip(1.0 - (shape.gap - shape.away) / np.float32(0.5), 0, 1)
    shade *= shape.detail
    spots = rng.standard_normal((shade.shape[0] // 8 + 3, shade.shape[1] // 8 + 3), np.float32)
    red = np.float32(0.012) * cv2.resize(spots, shade.shape[::-1], interpolation=cv2.INTER_CUBIC)
    tone = np.stack([shade ** np.float32(0.92) * (1.0 + red), shade * (1.0 - red),
                     shade ** np.float32(1.08) * (1.0 - red)], axis=-1)  # fmt: skip
    return np.asarray(tone * colour, np.float32)


def _offset(away: Map, lamp: Map, unit: float) -> Map:
    """Return how much nearer the outline is for shadows, which fall away from the lamp."""
    move = np.array([[1, 0, -0.5 * unit * lamp[0]], [0, 1, -0.5 * unit * lamp[1]]])
    mode = cv2.BORDER_REPLICATE
    moved = cv2.warpAffine(away, move, away.shape[::-1], borderMode=mode)
    return np.asarray(moved - away, np.float32)


def _large(values: Map, size: Size) -> Map:
    return np.asarray(cv2.resize(values, size[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
