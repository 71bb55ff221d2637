"""Motion over time: smooth curves, poses of heads and of media, and blinks."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from facepad.simulate.parameters import choice, uniform
from facepad.simulate.scene.geometry import Matrix, rotation

Curve = NDArray[np.float64]  # one value for each frame, shape (T,)

_WAVES = 5  # sinusoids of a wandering value
_EASE_S = 0.05  # between two turns at least
_UNSTEADY_DEG, _UNSTEADY_MM = 0.5, 2.0  # deviation of a head or hand that is held still


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Pose of a head or of a medium for each frame; every curve has shape (T,).

    Attributes:
        yaw_deg: Turn about the vertical axis; above 0: to the right of the picture, which is the
            person's left; the right edge of a medium goes away from the camera.
        pitch_deg: Above 0: upwards; the upper edge of a medium goes away from the camera.
        roll_deg: Clockwise in the picture.
        right_mm: Offset of the middle from the camera's axis.
        down_mm: Offset downwards.
        distance_mm: From the camera, along its axis.
    """

    yaw_deg: Curve
    pitch_deg: Curve
    roll_deg: Curve
    right_mm: Curve
    down_mm: Curve
    distance_mm: Curve

    def rotation(self, frame: int) -> Matrix:
        """Return the rotation of one frame, shape (3, 3)."""
        return rotation(
            float(self.pitch_deg[frame]), float(self.yaw_deg[frame]), float(self.roll_deg[frame])
        )

    def place_mm(self, frame: int) -> NDArray[np.float64]:
        """Return the middle of one frame: right, down and away from the camera."""
        curves = (self.right_mm, self.down_mm, self.distance_mm)
        return np.array([float(curve[frame]) for curve in curves])


@dataclass(frozen=True, slots=True)
class HeadMotion:
    """How a person moves; see `parameters` for the fields."""

    kind: str = choice(
        {"still": 0.2, "turn": 0.35, "nod": 0.1, "approach": 0.2, "free": 0.15},
        "What the person does", off="still",
    )  # fmt: skip
    yaw_deg: float = uniform(12.0, 32.0, "Largest turn, degrees", off=20.0)
    pitch_deg: float = uniform(8.0, 15.0, "Largest nod, degrees", off=10.0)
    seconds: float = uniform(0.5, 1.3, "Duration of one movement", off=0.8)
    nearer: float = uniform(0.5, 0.65, "Distance after an approach over that before", off=0.5)
    turned_deg: float = uniform(-6.0, 6.0, "Turn while nothing moves, degrees", off=0.0)
    lowered_deg: float = uniform(-8.0, 6.0, "Tilt while nothing moves, degrees", off=0.0)
    unsteady: float = uniform(0.4, 2.0, "Small movements over the usual ones", off=1.0, log=True)
    talk: float = uniform(0.1, 0.45, "Opening of the mouth in speech", off=0.0, chance=0.3)

    def track(self, times: Curve, distance_mm: float, rng: np.random.Generator) -> Track:
        """Return the pose of the head.

        Args:
            times: Seconds, shape (T,).
            distance_mm: Distance before an approach.
            rng: Random numbers for the times of the movements.
        """
        still = _unsteady(times, self.unsteady, distance_mm, rng)
        turning, nodding, free = self.kind == "turn", self.kind == "nod", self.kind == "free"
        yaw, pitch = np.zeros_like(times), np.zeros_like(times)
        if turning or free:
            yaw = turns(times, self.yaw_deg, self.seconds, rng)
        if nodding or free:
            pitch = turns(times, self.pitch_deg, self.seconds, rng)
        away = still.distance_mm
        if self.kind == "approach":
            away = away * approach(times, self.nearer, self.seconds * 2.0, rng)
        return replace(
            still,
            yaw_deg=still.yaw_deg + self.turned_deg + yaw,
            pitch_deg=still.pitch_deg + self.lowered_deg + pitch,
            distance_mm=away,
        )

    def mouth(self, times: Curve, rng: np.random.Generator) -> Curve:
        """Return how far the mouth is open, 0 to 1."""
        if not self.talk:
            return np.zeros_like(times)
        syllables = 0.5 + 0.5 * np.sin(2.0 * np.pi * 4.0 * times + 3.0 * wander(times, 1.0, rng))
        phrases = np.clip(wander(times, 3.0, rng) + 0.6, 0.0, 1.0)
        return np.asarray(self.talk * syllables * phrases, np.float64)


@dataclass(frozen=True, slots=True)
class MediumMotion:
    """How a print or screen is moved by hand; see `parameters` for the fields."""

    yaw_deg: float = uniform(8.0, 35.0, "Largest turn about the vertical axis, degrees", off=20.0)
    pitch_deg: float = uniform(2.0, 20.0, "Largest tilt, degrees", off=8.0)
    roll_deg: float = uniform(1.0, 8.0, "Largest turn in the picture, degrees", off=3.0)
    shift: float = uniform(0.02, 0.25, "Largest shift, share of the distance", off=0.1)
    seconds: float = uniform(0.6, 2.0, "Duration of one movement", off=1.0)
    nearer: float = uniform(0.55, 0.95, "Distance after an approach over that before", off=0.8)
    waves: float = uniform(0.7, 2.2, "Waves a second", off=1.2)
    bend: float = uniform(0.4, 1.4, "Largest angle over which a sheet is rolled, radians", off=0.8)
    along_deg: float = uniform(-25.0, 115.0, "Direction of the roll, degrees", off=0.0)
    unsteady: float = uniform(0.5, 2.5, "Small movements over the usual ones", off=1.0, log=True)

    def held(self, times: Curve, distance_mm: float, rng: np.random.Generator) -> Track:
        """Return the pose of a medium that is held still."""
        return _unsteady(times, self.unsteady, distance_mm, rng)

    def moved(self, times: Curve, distance_mm: float, rng: np.random.Generator) -> Track:
        """Return the pose of a medium that is turned, shifted and brought nearer."""
        still = self.held(times, distance_mm, rng)
        away = still.distance_mm * approach(times, self.nearer, self.seconds * 1.5, rng)
        reach = self.shift * distance_mm
        return Track(
            still.yaw_deg + turns(times, self.yaw_deg, self.seconds, rng),
            still.pitch_deg + turns(times, self.pitch_deg, self.seconds, rng),
            still.roll_deg + turns(times, self.roll_deg, self.seconds, rng),
            still.right_mm + turns(times, 0.6 * reach, self.seconds, rng),
            still.down_mm + turns(times, 0.35 * reach, self.seconds, rng),
            away,
        )

    def waved(self, times: Curve, distance_mm: float, rng: np.random.Generator) -> Track:
        """Return the pose of a medium that is waved to and fro about the vertical axis."""
        still = self.held(times, distance_mm, rng)
        rate = self.waves * (1.0 + 0.1 * wander(times, 2.0, rng))
        phase = 2.0 * np.pi * np.cumsum(rate * np.gradient(times)) + rng.uniform(0.0, 6.28)
        strength = 0.75 + 0.25 * np.clip(wander(times, 2.0, rng), -1.0, 1.0)
        swing = strength * np.sin(phase)
        return replace(
            still,
            yaw_deg=still.yaw_deg + self.yaw_deg * swing,
            roll_deg=still.roll_deg + 0.3 * self.roll_deg * np.sin(phase + 0.8),
            right_mm=still.right_mm + 0.35 * self.shift * distance_mm * np.sin(phase + 0.4),
        )

    def rolled(self, times: Curve, rng: np.random.Generator) -> Curve:
        """Return the angle over which a sheet is rolled, radians; it bends to and fro."""
        rate = 0.35 * self.waves
        swing = np.sin(2.0 * np.pi * rate * times + rng.uniform(0.0, 6.28))
        return np.asarray(self.bend * (0.85 * swing + 0.15 * wander(times, 1.0, rng)), np.float64)


@dataclass(frozen=True, slots=True)
class Blinks:
    """How often and how a person blinks; see `parameters` for the fields."""

    each_minute: float = uniform(8.0, 36.0, "Blinks a minute", off=15.0)
    closing_s: float = uniform(0.06, 0.12, "Time in which the lids close", off=0.08)
    closed_s: float = uniform(0.0, 0.09, "Time for which the lids stay closed", off=0.03)
    opening_s: float = uniform(0.10, 0.24, "Time in which the lids open", off=0.16)
    depth: float = uniform(0.9, 1.0, "How far the lids close, 0 to 1", off=1.0)
    later_s: float = uniform(-0.015, 0.015, "Time by which the left eye is later", off=0.0)

    def starts(self, seconds: float, rng: np.random.Generator) -> tuple[float, ...]:
        """Return the times at which the lids begin to close; each blink ends within the clip."""
        length = self.closing_s + self.closed_s + self.opening_s
        gap, starts = 60.0 / self.each_minute, []
        at = 0.3 + float(rng.exponential(0.5 * gap))
        while at + length + 0.3 < seconds:
            starts.append(at)
            at += length + 0.3 + float(rng.exponential(max(gap - length - 0.3, 0.1)))
        return tuple(starts)

    def closure(self, times: Curve, starts: tuple[float, ...]) -> tuple[Curve, Curve]:
        """Return how far the right and the left eye are closed, 0 to 1."""
        right = np.zeros_like(times)
        left = np.zeros_like(times)
        for start in starts:
            right = np.maximum(right, self._one(times - start))
            left = np.maximum(left, self._one(times - start - self.later_s))
        return right, left

    def _one(self, since: Curve) -> Curve:
        falling = smooth_step(since / self.closing_s)
        rising = smooth_step((since - self.closing_s - self.closed_s) / self.opening_s)
        return np.asarray(self.depth * (falling - rising), np.float64)


def smooth_step(share: Curve) -> Curve:
    """Return 0 before 0, 1 after 1, and a curve without jumps of speed in between."""
    inside = np.clip(share, 0.0, 1.0)
    return np.asarray(inside * inside * (3.0 - 2.0 * inside), np.float64)


def wander(times: Curve, seconds: float, rng: np.random.Generator) -> Curve:
    """Return a smooth random curve of deviation 1.

    Args:
        times: Seconds, shape (T,).
        seconds: Duration of its usual swing.
        rng: Random numbers.
    """
    rates = rng.uniform(0.3, 1.7, _WAVES) / seconds
    phases = rng.uniform(0.0, 2.0 * np.pi, _WAVES)
    waves = np.sin(2.0 * np.pi * rates[:, None] * times + phases[:, None])
    return np.asarray(waves.sum(axis=0) * np.sqrt(2.0 / _WAVES), np.float64)


def turns(times: Curve, most: float, seconds: float, rng: np.random.Generator) -> Curve:
    """Return a value that goes to one side, to the other and back, with pauses, over and over.

    Args:
        times: Seconds, shape (T,).
        most: The largest value; the first one is reached on either side.
        seconds: Duration of one movement.
        rng: Random numbers for pauses and sizes.
    """
    curve, at, value = np.zeros_like(times), float(rng.uniform(0.2, 0.8)), 0.0
    side = 1.0 if rng.random() < 0.5 else -1.0
    count = 0
    while at < times[-1]:
        wanted = (side * most * (1.0 if count == 0 else float(rng.uniform(0.7, 1.0))),
                  0.0)[count % 3 == 2]  # fmt: skip
        curve += (wanted - value) * smooth_step((times - at) / seconds)
        at += seconds + _EASE_S + float(rng.exponential(0.4))
        value, count = wanted, count + 1
        side = side if count % 3 == 2 else -side
    return curve


def approach(times: Curve, nearer: float, seconds: float, rng: np.random.Generator) -> Curve:
    """Return the factor of a distance that falls to ``nearer`` and rises again, over and over."""
    curve, at = np.ones_like(times), float(rng.uniform(0.5, 1.0))
    while at < times[-1]:
        pause = float(rng.uniform(0.3, 0.9))
        near = smooth_step((times - at) / seconds)
        far = smooth_step((times - at - seconds - pause) / seconds)
        curve -= (1.0 - nearer) * (near - far)
        at += 2.0 * seconds + 2.0 * pause
    return curve


def _unsteady(times: Curve, strength: float, distance_mm: float, rng: np.random.Generator) -> Track:
    """Return the pose of what is held still: small and slow movements."""
    yaw, pitch, roll = (strength * _UNSTEADY_DEG * wander(times, 1.5, rng) for _ in range(3))
    right, down, away = (strength * _UNSTEADY_MM * wander(times, 1.5, rng) for _ in range(3))
    return Track(yaw, pitch, roll, right, down, away + distance_mm)
