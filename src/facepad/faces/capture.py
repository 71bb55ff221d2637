"""Capture quality: whether a frame can be judged, and what is wrong with it if not.

Light, contrast and sharpness are measured on a small view of the face; clipping and colour also
on what is around it. Every measure is relative to the size of the face, not to the number of
pixels. None is the brightness of the skin.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facepad.faces import crops
from facepad.faces.coverage import coverage
from facepad.faces.landmarks import head_pose
from facepad.needs import JUDGEABLE
from facepad.opencv import cv2
from facepad.types import Box, CaptureQuality, Face, Frame, Reason, RgbImage

Floats = NDArray[np.float32]
GrayBytes = NDArray[np.uint8]  # shape (H, W)

# The limits were set on NUAA's train and dev people, on portraits, and on webcams (sites a, c,
# d, and g to l). The figures beside them are of those 1,240 bona fide pictures as they are, and
# after they were spoilt; benchmarks/capture.py prints what the limits do.
DARKEST = 50.0  # `_Light.brightest`: 86 or more; light x 0.1: 25 or less
LEAST_CONTRAST = 54.0  # `_Light.contrast`: 59 or more; a haze of contrast x 0.2: 51 or less
LEAST_SHADOW = 0.5  # `_Light.shadow`: 0.52 or more
MOST_CLIPPED_FACE = 0.25  # share of the face's pixels: 0.2 or less
MOST_CLIPPED = 0.36  # share of all pixels, where the face is clipped, too: nearly always less
MOST_CLIPPED_BESIDE = 0.02  # share of the face's pixels that counts as clipped, too
MOST_BLUR = 4.4  # `_Spectrum.blur`: 4.3 or less for 99.9 %; a blur of 2 %: more for 99 %
MOST_MOTION = 2.0  # `_Spectrum.motion`: less for 99.8 %; a motion of 8 %: more for 98 %
LEAST_COLOUR = 0.06  # `_Surroundings.colour`: 0.1 or more; without colour: 0
MOST_COVERED = 0.7  # probability of a cover
MOST_YAW_DEG, MOST_PITCH_DEG = 35.0, 40.0

LEAST_LEFT = 6.0  # `_Light.contrast` below which nothing of the face is left
MOST_GONE = 0.9  # share of the face's pixels in which all colours are clipped

_SIDE = 112  # pixels of the view of the face
_ENOUGH = 448  # pixels of a face; of a larger one each n-th pixel is taken
_FEW = 28  # pixels of the view for colour; noise averages out
_CLIPPED = 254  # of 255: compression moves clipped pixels a little
_ROUNDING = 0.05  # power of rounding to whole gray levels
_SECTORS = 8  # of directions, 22.5 degrees each; the first is about the horizontal
_BANDS = ((5.0, 8.0), (11.0, 15.0), (15.0, 20.0))  # cycles per width of the face
_HIGHEST = 23  # cycles per view, the highest frequency in any band
# Power of the middle band over the mean power of the lowest one by direction, natural logarithm:
# medians. Eyes, brows and mouth lie horizontally, so there is most in the vertical.
_NATURAL = np.array([-2.45, -2.45, -2.4, -2.15, -1.2, -2.15, -2.4, -2.45], np.float32)


def assess(frame: Frame) -> CaptureQuality:
    """Assess the capture of a frame whose face was found.

    Args:
        frame: The frame as it was searched.

    Returns:
        The reasons why the frame cannot be judged, in the order of `Reason`, and the measures
        behind them. ``measures["judgeable"]`` is 0 where nothing of the face is left to judge,
        and 1 otherwise. What cannot be measured is left out. A frame without a face has neither.
    """
    if frame.face is None:
        return CaptureQuality()
    measures = _measures(frame.image, frame.face)
    reasons = _findings(measures)
    if not crops.has_context(frame):
        reasons.append(Reason.NO_CONTEXT)
    return CaptureQuality(tuple(reasons), MappingProxyType(measures))


def _measures(image: RgbImage, face: Face) -> dict[str, float]:
    view = _gray_view(image, face.box)
    light, spectrum = _Light.of(view), _Spectrum.of(view, face.roll_deg)
    surroundings = _Surroundings.of(image, face.box)
    clipped_face, clipped, gone = surroundings.clipping()
    pose = head_pose(face)
    measures = {
        "brightest": light.brightest,
        "contrast": light.contrast,
        "shadow": light.shadow,
        "clipped_face": clipped_face,
        "clipped": clipped,
        "blur": spectrum.blur,
        "motion": spectrum.motion,
        "colour": surroundings.colour(),
        "covered": coverage(image, face),
        "yaw_deg": pose.yaw_deg,
        "pitch_deg": pose.pitch_deg,
        JUDGEABLE: float(light.contrast >= LEAST_LEFT and gone <= MOST_GONE),
    }
    return {name: float(value) for name, value in measures.items() if np.isfinite(value)}


def _findings(measures: Mapping[str, float]) -> list[Reason]:
    """Return the reasons that the measures give, in the order of `Reason`."""
    flat = measures["contrast"] < LEAST_CONTRAST
    veiled = measures["shadow"] < LEAST_SHADOW
    clipped_face, clipped = measures["clipped_face"], measures["clipped"]
    beside = clipped > MOST_CLIPPED and clipped_face > MOST_CLIPPED_BESIDE
    moved = measures["motion"] > MOST_MOTION
    found = {
        Reason.TOO_DARK: measures["brightest"] < DARKEST or (flat and not veiled),
        Reason.TOO_BRIGHT: clipped_face > MOST_CLIPPED_FACE or beside,
        Reason.LOW_CONTRAST: flat and veiled,
        Reason.TOO_BLURRED: measures["blur"] > MOST_BLUR and not moved,
        Reason.TOO_MUCH_MOVEMENT: moved,
        Reason.NO_COLOUR: measures["colour"] < LEAST_COLOUR,
    }
    # Where light or focus is poor, a cover cannot be told from a shadow.
    covered = measures.get("covered", 0.0) > MOST_COVERED and not any(found.values())
    yaw, pitch = (abs(measures.get(name, 0.0)) for name in ("yaw_deg", "pitch_deg"))
    found |= {
        Reason.OBSCURED_FACE: covered,
        Reason.FACE_TURNED: yaw > MOST_YAW_DEG or pitch > MOST_PITCH_DEG,
    }
    return [reason for reason in Reason if found.get(reason, False)]


def _gray_view(image: RgbImage, box: Box) -> GrayBytes:
    """Return the tight view of a face in gray; edge pixels are repeated where it ends."""
    left, top, side = crops.square(image, box, crops.MARGINS[crops.TIGHT])
    height, width = image.shape[:2]
    step = max(1, side // _ENOUGH)
    part = image[max(0, top) : top + side : step, max(0, left) : left + side : step]
    gray = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    if side > min(width, height):
        right, bottom = left + side - width, top + side - height
        above, below, before, behind = (max(0, d) // step for d in (-top, bottom, -left, right))
        gray = cv2.copyMakeBorder(gray, above, below, before, behind, cv2.BORDER_REPLICATE)
    while min(gray.shape) >= 2 * _SIDE:  # twice as fast as one step
        half = (gray.shape[1] // 2, gray.shape[0] // 2)
        even = gray[: 2 * half[1], : 2 * half[0]]
        gray = cv2.resize(even, half, interpolation=cv2.INTER_AREA)
    method = cv2.INTER_AREA if min(gray.shape) >= _SIDE else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, (_SIDE, _SIDE), interpolation=method), np.uint8)


@dataclass(frozen=True, slots=True)
class _Light:
    """Gray levels of a face.

    Attributes:
        brightest: Level that one percent exceeds: highlights, the white of the eyes, teeth. It
            follows the light more than the skin.
        contrast: From the level that one percent stays below to ``brightest``.
    """

    brightest: float
    contrast: float

    @classmethod
    def of(cls, view: GrayBytes) -> "_Light":
        """Measure a tight view of a face."""
        counts = cv2.calcHist([view], [0], _FACE, [256], [0, 256]).cumsum()
        darkest, brightest = np.searchsorted(
            counts, np.array([0.01, 0.99], np.float32) * counts[-1]
        )
        return cls(float(brightest), float(brightest) - float(darkest))

    @property
    def shadow(self) -> float:
        """Contrast over the brightest level: how dark shadows are. A veil of light fills them."""
        return self.contrast / max(self.brightest, 1.0)


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """A face with what is around it; of the picture's pixels each n-th, not their mean.

    Attributes:
        pixels: RGB uint8, shape (H, W, 3), about 112 pixels wide.
        face: Those of them that are in the face's box.
    """

    pixels: RgbImage
    face: RgbImage

    @classmethod
    def of(cls, image: RgbImage, box: Box) -> "_Surroundings":
        """Take the pixels that the context view shows."""
        left, top, side = crops.square(image, box, crops.MARGINS[crops.CONTEXT])
        x, y = max(0, left), max(0, top)
        part = image[y : top + side, x : left + side]
        scale = min(1.0, _SIDE / side)
        width, height = (max(1, round(length * scale)) for length in part.shape[1::-1])
        pixels = cv2.resize(part, (width, height), interpolation=cv2.INTER_NEAREST)
        columns, rows = (
            slice(int((low - start) * scale), max(1, round((high - start) * scale)))
            for low, high, start in ((box[0], box[2], x), (box[1], box[3], y))
        )
        return cls(np.asarray(pixels, np.uint8), np.asarray(pixels[rows, columns], np.uint8))

    def clipping(self) -> tuple[float, float, float]:
        """Return shares of pixels: clipped in the face, clipped in all, and gone in the face.

        A pixel is clipped when one of its colours is, and gone when all are.
        """
        size = self.face.shape[1::-1]
        inside = cv2.resize(_FACE, size, interpolation=cv2.INTER_NEAREST)
        gone = cv2.inRange(self.face, (_CLIPPED,) * 3, (255,) * 3)
        below = (0,) * 3, (_CLIPPED - 1,) * 3
        clipped_face = 1.0 - cv2.mean(cv2.inRange(self.face, *below), inside)[0] / 255.0
        clipped = 1.0 - cv2.mean(cv2.inRange(self.pixels, *below))[0] / 255.0
        return clipped_face, clipped, cv2.mean(gone, inside)[0] / 255.0

    def colour(self) -> float:
        """Return the spread of colour that brightness does not explain, over that of brightness.

        The larger one of the face and of all pixels: a gray face before a coloured wall is not
        a picture without colour.
        """
        return max(_colour(part) for part in (self.face, self.pixels))


def _colour(pixels: RgbImage) -> float:
    few = cv2.resize(pixels, (_FEW, _FEW), interpolation=cv2.INTER_AREA)
    values = few.reshape(-1, 3) - np.array(cv2.mean(few)[:3], np.float32)
    # Variances and covariances of gray, red - green, blue - green.
    gray, red, blue = _DIFFERENCES @ (values.T @ values / len(values)) @ _DIFFERENCES.T
    brightness = float(gray[0]) + 1e-6
    rest = red[1] + blue[2] - (gray[1] ** 2 + gray[2] ** 2) / brightness
    # 0.3 gray levels: rounding.
    return float(np.sqrt(max(0.0, float(rest))) / (np.sqrt(brightness) + 0.3))


@dataclass(frozen=True, slots=True)
class _Spectrum:
    """Power of a view of a face by frequency and direction.

    Attributes:
        levels: Natural logarithm of the mean power, shape (3, 8): bands, sectors of directions
            from the line between the eyes.
    """

    levels: Floats

    @classmethod
    def of(cls, view: GrayBytes, roll_deg: float) -> "_Spectrum":
        """Measure a tight view of a face that is tilted by an angle."""
        values = view.astype(np.float32)
        values = (values - np.vdot(values, _WEIGHTS)) * _WINDOW
        spectrum = cv2.dft(values, flags=cv2.DFT_COMPLEX_OUTPUT)[:, : _HIGHEST + 1]
        low = np.concatenate([spectrum[-_HIGHEST:], spectrum[: _HIGHEST + 1]])
        power = _SUMS @ np.square(low).ravel()
        levels = np.log(power + _ROUNDING).reshape(len(_BANDS), _SECTORS)
        turned = round(roll_deg * _SECTORS / 180.0)
        return cls(levels[:, (np.arange(_SECTORS) + turned) % _SECTORS])

    @property
    def blur(self) -> float:
        """How much weaker fine detail is than coarse detail, mean of all directions."""
        coarse, middle, fine = self.levels
        return float((2 * coarse - middle - fine).sum()) / (2 * _SECTORS)

    @property
    def motion(self) -> float:
        """How much weaker detail is in one direction than is natural, and than across it."""
        coarse, middle, _ = self.levels
        missing = _SMOOTHING @ (coarse.mean() + _NATURAL - middle)
        return float(np.minimum(missing, missing - missing[_ACROSS]).max())


def _ellipse() -> GrayBytes:
    """Return where the face is in its tight view: 255 inside, 0 outside."""
    mask = np.zeros((_SIDE, _SIDE), np.uint8)
    middle, half = (_SIDE // 2, _SIDE // 2), (round(0.43 * _SIDE), round(0.48 * _SIDE))
    return np.asarray(cv2.ellipse(mask, middle, half, 0, 0, 360, 255, -1), np.uint8)


def _window() -> Floats:
    """Return the window of the spectrum, a raised cosine about the middle, of mean power 1."""
    place = (np.arange(_SIDE) - (_SIDE - 1) / 2) / (_SIDE / 2)
    distance = np.hypot(place[:, None], place)
    window = np.where(distance < 1.0, np.cos(np.pi / 2 * np.minimum(distance, 1.0)) ** 2, 0.0)
    return np.asarray(window / np.sqrt(np.mean(window**2)), np.float32)


def _sums() -> Floats:
    """Return the sums of squares that are the mean power of each band and sector.

    Shape (24, 2 x frequencies): the real and the imaginary part of each.
    """
    x, y = np.arange(_HIGHEST + 1), np.arange(-_HIGHEST, _HIGHEST + 1)[:, None]
    cycles = np.hypot(x, y) / crops.MARGINS[crops.TIGHT]
    sector = np.rint(np.arctan2(y, x) * _SECTORS / np.pi).astype(int) % _SECTORS
    whole = (x > 0) | (y > 0)  # the other half of the frequencies repeats this one
    sums = [
        (cycles >= low) & (cycles < high) & (sector == number) & whole
        for low, high in _BANDS
        for number in range(_SECTORS)
    ]
    rows = np.array(sums, np.float32).reshape(len(sums), -1)
    mean = rows / rows.sum(axis=1, keepdims=True) / _SIDE**2
    return np.repeat(np.asarray(mean, np.float32), 2, axis=1)


_FACE, _WINDOW, _SUMS = _ellipse(), _window(), _sums()
_WEIGHTS = _WINDOW**2 / np.sum(_WINDOW**2)
_ACROSS = (np.arange(_SECTORS) + _SECTORS // 2) % _SECTORS
_SMOOTHING = sum(np.roll(np.eye(_SECTORS), shift, axis=0) for shift in (-1, 0, 1)) / 3
_DIFFERENCES = np.array([[0.299, 0.587, 0.114], [1.0, -1.0, 0.0], [0.0, -1.0, 1.0]], np.float32)
