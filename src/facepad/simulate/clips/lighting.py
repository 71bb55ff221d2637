"""Light over time: a lamp that flickers, and the pulse of a person's skin."""

from dataclasses import dataclass

import numpy as np

from facepad.simulate.clips.motion import Curve, wander
from facepad.simulate.linear_light import Map
from facepad.simulate.parameters import choice, uniform

# Change of red, green and blue light of skin by a pulse, relative to green: the blood volume
# vector of de Haan, van Leest (2014), doi:10.1088/0967-3334/35/9/1913.
PULSE_COLOUR = np.array([0.33, 0.77, 0.53], np.float32) / np.float32(0.77)
_SECOND = 0.35  # of the second harmonic of a pulse over the first
_MAINS_HZ = {"mains_50": 100.0, "mains_60": 120.0}  # flicker of lamps on the mains


@dataclass(frozen=True, slots=True)
class SkinPulse:
    """The heart beat that changes the colour of skin; see `parameters` for the fields."""

    bpm: float = uniform(48.0, 130.0, "Beats a minute", off=0.0)
    green: float = uniform(
        0.004, 0.012, "Amplitude in green light, share of the skin's light", off=0.0, log=True
    )
    wander: float = uniform(0.0, 0.02, "Change of the rate over time, share", off=0.0)

    def wave(self, times: Curve, rng: np.random.Generator) -> Curve:
        """Return the change of green light of skin, a share of it, shape (T,); 0 without pulse."""
        drift = wander(times, 6.0, rng)
        if not self.bpm:
            return np.zeros_like(times)
        rate = self.bpm / 60.0 * (1.0 + self.wander * (drift - drift.mean()))
        phase = 2.0 * np.pi * np.cumsum(rate * np.gradient(times))
        beats = -np.cos(phase) + _SECOND * np.cos(2.0 * phase + 0.9)
        return np.asarray(self.green * beats, np.float64)


@dataclass(frozen=True, slots=True)
class Lamp:
    """A lamp that may flicker; see `parameters` for the fields."""

    kind: str = choice(
        {"steady": 0.55, "mains_50": 0.1, "mains_60": 0.1, "slow": 0.25},
        "Steady, flickering with the mains, or slowly as a screen or a bad lamp does",
        off="steady",
    )
    strength: float = uniform(0.01, 0.08, "Amplitude, share of the light", off=0.0, log=True)
    slow_hz: float = uniform(0.7, 3.5, "Rate of the slow flicker", off=1.0)
    readout: float = uniform(0.4, 0.95, "Time to read all lines, share of a frame", off=0.8)
    clock: float = uniform(-0.002, 0.002, "Error of the mains and the camera's clock", off=0.0)

    def rate_hz(self, fps: float) -> float:
        """Return the rate at which the frames get darker and brighter; 0 for a steady lamp."""
        if self.kind == "steady":
            return 0.0
        if self.kind == "slow":
            return self.slow_hz
        rate = _MAINS_HZ[self.kind] * (1.0 + self.clock)
        return abs(rate - round(rate / fps) * fps)

    def light(self, time_s: float, lines: int, fps: float) -> Map:
        """Return the light on each line of a frame over the mean, shape (lines, 1, 1).

        Args:
            time_s: When the first line is exposed.
            lines: Number of lines, which are exposed one after the other.
            fps: Frames a second.
        """
        if self.kind == "steady":
            return np.ones((lines, 1, 1), np.float32)
        moment = np.full(lines, time_s)
        rate = self.slow_hz
        if self.kind in _MAINS_HZ:
            moment = time_s + np.linspace(0.0, self.readout / fps, lines)
            rate = _MAINS_HZ[self.kind] * (1.0 + self.clock)
        light = 1.0 + self.strength * np.sin(2.0 * np.pi * rate * moment)
        return np.asarray(light[:, None, None], np.float32)
