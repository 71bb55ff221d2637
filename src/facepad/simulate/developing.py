"""From raw colours to a picture: white balance, tone, smoothing, sharpening."""

from dataclasses import dataclass

import cv2
import numpy as np

from facepad.simulate.blending import bands, times
from facepad.simulate.light import GAMMA, Scene
from facepad.simulate.ranges import drawn
from facepad.types import RgbImage

_STEPS = 4096  # of the tone curve, over the square root of light
_FEW = 48  # places a side between which local tone is drawn
_DARKEST = 0.01  # light around below which local tone helps no more
_GAINS = 0.5, 3.0  # of local tone
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as cameras' processors use it


@dataclass(frozen=True, slots=True)
class Developing:
    """What the camera's processor does; attributes tell their own meaning, see `ranges`."""

    balance: float = drawn(0.4, 0.95, "How far white balance makes the mean grey, 0 to 1", off=0.7)
    red: float = drawn(-0.1, 0.1, "Error of white balance in red, natural logarithm", off=0.0)
    blue: float = drawn(-0.1, 0.1, "The same in blue", off=0.0)
    saturation: float = drawn(0.85, 1.55, "Colourfulness over that of the scene", off=1.0)
    local_tone: float = drawn(
        0.05, 0.6, "How far dark and light regions are brought together, 0 to 1",
        off=0.0, chance=0.4,
    )  # fmt: skip
    contrast: float = drawn(0.0, 0.55, "Strength of the S of the tone curve", off=0.1)
    black: float = drawn(-0.03, 0.03, "Coded value of no light", off=0.0)
    smoothing: float = drawn(
        0.01, 0.11, "Reach of the noise filter, share of full scale", off=0.0, chance=0.5
    )
    sharpening: float = drawn(0.0, 1.8, "Detail that is added once more", off=0.0, bias=1.7)
    sharpening_px: float = drawn(0.6, 2.0, "Size of that detail, pixels", off=1.0)

    def develop(self, raw: Scene) -> RgbImage:
        """The picture of raw colours in [0, 1], which are used up."""
        matrix = self._matrix(raw)
        for band in bands(len(raw)):
            raw[band] = cv2.transform(raw[band], matrix)
        if self.local_tone:
            self._evened(raw)
        picture = self._toned(raw)
        if self.smoothing:
            coded = np.asarray(cv2.convertScaleAbs(picture, alpha=255.0), np.uint8)
            reach = 255.0 * self.smoothing
            smooth = cv2.bilateralFilter(coded, 5, reach, 1.5)
            picture = np.asarray(smooth, np.float32) * np.float32(1.0 / 255.0)
        if self.sharpening:
            soft = cv2.GaussianBlur(picture, (0, 0), self.sharpening_px)
            more, less = 1.0 + self.sharpening, -self.sharpening
            cv2.addWeighted(picture, more, soft, less, 0.0, dst=picture)
        np.maximum(picture, 0.0, out=picture)  # convertScaleAbs would mirror what is below
        return np.asarray(cv2.convertScaleAbs(picture, alpha=255.0), np.uint8)

    def _matrix(self, raw: Scene) -> Scene:
        """White balance, then colourfulness, as one matrix."""
        means = np.maximum(np.array(cv2.mean(raw)[:3]), 1e-4)
        gains = (means[1] / means) ** self.balance * np.exp([self.red, 0.0, self.blue])
        grey = np.tile(_LUMA, (3, 1))
        mixed = grey + self.saturation * (np.eye(3) - grey)
        return np.asarray(mixed * gains, np.float32)

    def _evened(self, light: Scene) -> None:
        """Brighten dark regions and darken light ones, in place, as phones do."""
        few = np.asarray(cv2.resize(light, (_FEW, _FEW), interpolation=cv2.INTER_AREA), np.float32)
        around = cv2.GaussianBlur(few.mean(axis=2), (0, 0), _FEW / 10)
        gain = (float(around.mean()) / np.maximum(around, _DARKEST)) ** self.local_tone
        gain = np.asarray(np.clip(gain, *_GAINS), np.float32)
        size = (light.shape[1], light.shape[0])
        times(light, np.asarray(cv2.resize(gain, size, interpolation=cv2.INTER_LINEAR), np.float32))

    def _toned(self, light: Scene) -> Scene:
        """Coded values; in place and by bands of lines, since the table's indices are large."""
        curve = self._curve()
        for lines in bands(len(light)):
            band = light[lines]
            place = np.sqrt(np.clip(band, 0.0, 1.0)) * np.float32(_STEPS - 1)
            np.take(curve, place.astype(np.intp), out=band)
        return light

    def _curve(self) -> Scene:
        coded = np.linspace(0.0, 1.0, _STEPS) ** (2.0 / GAMMA)
        steep = coded - self.contrast * np.sin(2.0 * np.pi * coded) / (2.0 * np.pi)
        toned = self.black + (1.0 - self.black) * steep
        return np.asarray(np.maximum(toned, 0.0), np.float32)
