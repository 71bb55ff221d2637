"""Make a simulated recapture: a picture shown on a screen and photographed off it.

    python examples/simulate_recapture.py examples/astronaut.jpg examples/out.jpg

The way of the light: the picture's pixels drive a panel of red, green and blue stripes;
a lens blurs the panel; a sensor with a Bayer mosaic samples it on a grid that is slightly
turned against the panel, which is where moiré comes from; photons and electronics add
noise; the camera develops the mosaic to an sRGB picture and stores it as JPEG. Panel and
sensor work in linear light. The same seed gives the same picture.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Light = NDArray[np.float32]  # linear light, 0 = none, 1 = the sensor's full scale
Picture = NDArray[np.uint8]  # sRGB, shape (H, W, 3), R G B

SUBSAMPLES = 6  # rays per sensor pixel and axis
RED, GREEN, BLUE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Panel:
    """The screen on which the picture is shown.

    Attributes:
        columns: Panel pixels across the picture's width.
        stripe: Width of one colour's stripe, as a fraction of a pixel's third.
        row: Height of the lit part of a pixel, as a fraction of the pixel.
        black: Light that a black pixel still leaks, as a fraction of white.
        white: Red, green and blue of the panel's white, as the camera sees it.
        reflection: Light of the room that the glass sends back.
    """

    columns: int = 568
    stripe: float = 0.80
    row: float = 0.82
    black: float = 0.004
    white: tuple[float, float, float] = (0.94, 1.0, 1.08)
    reflection: float = 0.012


@dataclass(frozen=True, slots=True)
class Camera:
    """The camera that photographs the screen.

    Attributes:
        turn_deg: How far its grid is turned against the panel's.
        zoom: Above 1 the picture is larger than the sensor, so no frame is seen.
        blur_px: Standard deviation of the lens's blur, in sensor pixels.
        exposure: Light of a white panel pixel, as a fraction of the full scale.
        full_well: Electrons at full scale; sets the photon noise.
        read_noise: Electrons of noise that are there without light.
        sharpening: How much of the detail the camera adds once more.
        quality: Of the JPEG file.
    """

    turn_deg: float = 2.5
    zoom: float = 1.06
    blur_px: float = 0.55
    exposure: float = 0.92
    full_well: float = 4500.0
    read_noise: float = 5.0
    sharpening: float = 0.5
    quality: int = 92


def recapture(picture: Picture, panel: Panel, camera: Camera, seed: int) -> Picture:
    """The picture as the camera sees it on the panel; same size as the original."""
    mosaic = expose(picture, panel, camera)
    return develop(add_noise(mosaic, camera, np.random.default_rng(seed)), camera)


def expose(picture: Picture, panel: Panel, camera: Camera) -> Light:
    """Light on every photosite, behind its colour filter. Shape (H, W)."""
    shown = drive(picture, panel)
    height, width = picture.shape[:2]
    x, y = where_rays_land(height, width, shown.shape[:2], camera)
    mosaic = np.empty((height, width), np.float32)
    # Bayer pattern: red and green in even rows, green and blue in odd ones.
    for colour, sites in ((RED, [(0, 0)]), (GREEN, [(0, 1), (1, 0)]), (BLUE, [(1, 1)])):
        rays = glow(shown[..., colour], colour, x, y, panel) + np.float32(panel.reflection)
        seen = cv2.GaussianBlur(rays, (0, 0), camera.blur_px * SUBSAMPLES)
        sensed = cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA)
        for row, column in sites:
            mosaic[row::2, column::2] = sensed[row::2, column::2]
    return mosaic * np.float32(camera.exposure)


def drive(picture: Picture, panel: Panel) -> Light:
    """Light of every panel pixel, shape (rows, columns, 3)."""
    rows = round(panel.columns * picture.shape[0] / picture.shape[1])
    scaled = cv2.resize(picture, (panel.columns, rows), interpolation=cv2.INTER_CUBIC)
    light = to_linear(scaled.astype(np.float32) / np.float32(255))
    light = panel.black + (1 - panel.black) * light
    return (light * np.asarray(panel.white, np.float32)).astype(np.float32)


def where_rays_land(
    height: int, width: int, panel_size: tuple[int, int], camera: Camera
) -> tuple[Light, Light]:
    """Panel coordinates (x, y) of every ray, in panel pixels from its top left corner."""
    rows, columns = panel_size
    v, u = np.mgrid[0 : height * SUBSAMPLES, 0 : width * SUBSAMPLES].astype(np.float32)
    u = (u + 0.5) / SUBSAMPLES - width / 2
    v = (v + 0.5) / SUBSAMPLES - height / 2
    angle = np.deg2rad(camera.turn_deg)
    scale = columns / width / camera.zoom
    x = (u * np.cos(angle) - v * np.sin(angle)) * scale + columns / 2
    y = (u * np.sin(angle) + v * np.cos(angle)) * scale + rows / 2
    return x.astype(np.float32), y.astype(np.float32)


def glow(shown: Light, colour: int, x: Light, y: Light, panel: Panel) -> Light:
    """Light where each ray lands: the pixel's, inside its stripe; none between stripes.

    It is scaled so that the mean over a pixel is the pixel's own light.
    """
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    inside = np.abs((x - column) * 3 - colour - 0.5) < panel.stripe / 2
    inside &= np.abs(y - row - 0.5) < panel.row / 2
    light = shown[
        np.clip(row, 0, shown.shape[0] - 1),
        np.clip(column, 0, shown.shape[1] - 1),
    ]
    return np.where(inside, light * np.float32(3 / panel.stripe / panel.row), np.float32(0))


def add_noise(mosaic: Light, camera: Camera, rng: np.random.Generator) -> Light:
    """Photon noise, which grows with the light, and the electronics' constant noise."""
    electrons = rng.poisson(mosaic * camera.full_well).astype(np.float64)
    electrons += rng.normal(0.0, camera.read_noise, mosaic.shape)
    return np.clip(electrons / camera.full_well, 0.0, 1.0).astype(np.float32)


def develop(mosaic: Light, camera: Camera) -> Picture:
    """From the mosaic to an sRGB picture: colours, white balance, tone, sharpening."""
    raw = np.round(mosaic * 65535).astype(np.uint16)
    # OpenCV names a pattern by its second row's inner pixels: "BG" is red first.
    light = cv2.cvtColor(raw, cv2.COLOR_BayerBG2RGB).astype(np.float32) / np.float32(65535)
    light = light * white_balance(light)
    picture = to_srgb(light)
    detail = picture - cv2.GaussianBlur(picture, (0, 0), 1.0)
    return np.round(np.clip(picture + camera.sharpening * detail, 0, 1) * 255).astype(np.uint8)


def white_balance(light: Light) -> Light:
    """Gains that make the picture's mean grey, half way: cameras do not go further."""
    means = light.mean(axis=(0, 1))
    return np.asarray(np.sqrt(means.mean() / means), np.float32)


def to_linear(srgb: Light) -> Light:
    """SRGB values in [0, 1] as linear light (IEC 61966-2-1)."""
    curve = ((srgb + 0.055) / 1.055) ** 2.4
    return np.where(srgb <= 0.04045, srgb / 12.92, curve).astype(np.float32)


def to_srgb(light: Light) -> Light:
    """Linear light as sRGB values in [0, 1]; the inverse of `to_linear`."""
    light = np.clip(light, 0, 1)
    curve = 1.055 * light ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, curve).astype(np.float32)


def main() -> None:
    """Read one picture, write its simulated recapture."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("source", type=Path, help="picture to show on the screen")
    parser.add_argument("target", type=Path, help="JPEG file to write")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    encoded = np.frombuffer(options.source.read_bytes(), np.uint8)
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
    if decoded is None:
        parser.error(f"{options.source} is not a picture that OpenCV can read")
    camera = Camera()
    seen = recapture(np.asarray(decoded, np.uint8), Panel(), camera, options.seed)
    flags = [cv2.IMWRITE_JPEG_QUALITY, camera.quality]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(seen, cv2.COLOR_RGB2BGR), flags)
    if not done:
        parser.error(f"{options.target} could not be encoded")
    options.target.write_bytes(data.tobytes())


if __name__ == "__main__":
    main()
