"""What differs between cameras of one kind, and between pictures of one camera.

Both are drawn alike for bona fide pictures and attacks, so that neither tells them apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from facepad.opencv import cv2
from facepad.simulate.linear_light import LUMA_709, LinearImage, saturation_matrix
from facepad.simulate.parameters import Range, uniform

AnyCamera = TypeVar("AnyCamera")

CASTS, PROFILES = "casts", "profiles"


def _between(low: float, high: float, **rest: Any) -> Range:  # noqa: ANN401 - as `Range`
    return Range("", low, low=low, high=high, **rest)


def _one_of(*values: Any) -> Range:  # noqa: ANN401 - numbers and words
    return Range("", values[0], choices=dict.fromkeys(values, 1.0))


# Settings of a camera that a family draws anew, by their names as `parameters.ranges` has them.
FAMILIES: Mapping[str, Mapping[str, Range]] = MappingProxyType(
    {
        "generic": {},
        "phone": {
            "lens.lines": _one_of(720, 1080),
            "lens.sites": _one_of(2, 4),
            "lens.blur": _between(0.3, 0.6),
            "lens.vignetting": _between(0.0, 0.15),
            "sensor.full_well": _between(4000.0, 16000.0, log=True),
            "sensor.read_noise": _between(1.5, 4.0, log=True),
            "developing.smoothing": _between(0.05, 0.12),
            "developing.sharpening": _between(0.5, 1.8),
            "developing.sharpening_px": _between(0.8, 1.6),
            "developing.local_tone": _between(0.15, 0.5),
            "codec.quality": _between(85, 95, whole=True),
        },
        "webcam": {
            "lens.lines": _one_of(240, 360, 480),
            "lens.sites": _one_of(1),
            "lens.blur": _between(0.7, 1.3),
            "sensor.full_well": _between(700.0, 3000.0, log=True),
            "sensor.read_noise": _between(8.0, 24.0, log=True),
            "sensor.longest_gain": _between(0.7, 1.5, log=True),
            "developing.saturation": _between(0.5, 0.95),
            "developing.sharpening": _between(1.0, 2.4),
            "developing.sharpening_px": _between(1.2, 2.2),
            "codec.quality": _between(45, 75, whole=True),
            "codec.sampling": _one_of("4:2:0"),
        },
        "access": {
            "lens.lines": _one_of(360, 480, 600, 720, 1080),
            "lens.motion": _between(0.5, 4.0, bias=1.5),
            "sensor.keep_lights": _between(0.4, 0.9),
            "developing.red": _between(-0.3, 0.3),
            "developing.blue": _between(-0.3, 0.3),
            "developing.saturation": _between(0.45, 1.1),
            "developing.contrast": _between(0.0, 0.2),
            "developing.local_tone": _between(0.4, 0.8),
            "developing.smoothing": _between(0.08, 0.16),
        },
    }
)


def redrawn(camera: AnyCamera, family: str, rng: np.random.Generator) -> AnyCamera:
    """Return the camera with the settings of its family; ``rng`` gives as many numbers as before.

    Args:
        camera: A drawn camera, whose parts are parameter classes.
        family: One of `FAMILIES`.
        rng: Random numbers; those that it gives later do not depend on the family.
    """
    own = rng.spawn(1)[0]
    for name, range_ in FAMILIES[family].items():
        part, setting = name.split(".")
        changed = replace(getattr(camera, part), **{setting: range_.draw(own)})
        camera = replace(camera, **{part: changed})  # type: ignore[type-var] # a dataclass
    return camera


@dataclass(frozen=True, slots=True)
class Look:
    """Light and colours of one picture; see `parameters` for the fields.

    Light changes between pictures that one camera takes. Papers, inks and panels have colours,
    too: without this, they would tell attacks from bona fide pictures.
    """

    red_over_blue: float = uniform(
        -0.5, 0.5, "Cast of the light: natural logarithm of red over blue", off=0.0, group=CASTS
    )
    green: float = uniform(
        -0.12, 0.12, "Cast of the light: natural logarithm of green", off=0.0, group=CASTS
    )
    exposure: float = uniform(
        0.6, 1.4, "Light over that which automatic exposure aims at", off=1.0, group=CASTS
    )
    hue_deg: float = uniform(-7.0, 7.0, "Turn of all hues, degrees", off=0.0, group=PROFILES)
    saturation: float = uniform(
        0.75, 1.35, "Colourfulness over that of the camera", off=1.0, log=True, group=PROFILES
    )
    red_gamma: float = uniform(0.9, 1.11, "Gamma of red", off=1.0, log=True, group=PROFILES)
    green_gamma: float = uniform(0.9, 1.11, "Gamma of green", off=1.0, log=True, group=PROFILES)
    blue_gamma: float = uniform(0.9, 1.11, "Gamma of blue", off=1.0, log=True, group=PROFILES)
    red_green: float = uniform(-0.06, 0.06, "Green that counts as red", off=0.0, group=PROFILES)
    red_blue: float = uniform(-0.06, 0.06, "Blue that counts as red", off=0.0, group=PROFILES)
    green_red: float = uniform(-0.06, 0.06, "Red that counts as green", off=0.0, group=PROFILES)
    green_blue: float = uniform(-0.06, 0.06, "Blue that counts as green", off=0.0, group=PROFILES)
    blue_red: float = uniform(-0.06, 0.06, "Red that counts as blue", off=0.0, group=PROFILES)
    blue_green: float = uniform(-0.06, 0.06, "Green that counts as blue", off=0.0, group=PROFILES)

    @property
    def gammas(self) -> tuple[float, float, float]:
        """Exponents of coded red, green and blue."""
        return self.red_gamma, self.green_gamma, self.blue_gamma

    def lit(self, light: LinearImage) -> LinearImage:
        """Give light, shape (H, W, 3), the cast of this picture, in place; return it."""
        if self.red_over_blue or self.green:
            half = self.red_over_blue / 2
            cast = np.diag(np.exp([half, self.green, -half]))
            cv2.transform(light, cast.astype(np.float32), dst=light)
        return light

    def matrix(self) -> NDArray[np.float64]:
        """Return the colour matrix, shape (3, 3), of balanced light; it keeps greys."""
        if self == PLAIN:
            return np.eye(3)
        mixing = np.array(
            [
                [0.0, self.red_green, self.red_blue],
                [self.green_red, 0.0, self.green_blue],
                [self.blue_red, self.blue_green, 0.0],
            ]
        )
        mixing += np.diag(1.0 - mixing.sum(axis=1))
        coloured = saturation_matrix(self.saturation, LUMA_709)
        return np.asarray(coloured @ mixing @ _hue(self.hue_deg), np.float64)


PLAIN = Look()  # changes nothing


def _hue(angle_deg: float) -> NDArray[np.float64]:
    """Return the rotation of colours about the axis of greys (Rodrigues' formula)."""
    angle, axis = np.deg2rad(angle_deg), 1.0 / np.sqrt(3.0)
    across = axis * np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
    return np.asarray(np.eye(3) + np.sin(angle) * across + (1 - np.cos(angle)) * across @ across)
