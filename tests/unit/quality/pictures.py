"""Made-up and golden pictures for the tests of the metrics."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
sys.path.insert(0, str(REFERENCE))  # for check_golden and iqa_images

Pixels = NDArray[np.uint8]
PHOTOGRAPHS = ("camera_512", "astronaut_640x480", "coffee_400x600", "chelsea_300x451")


def golden() -> tuple[dict[str, Any], dict[str, Pixels]]:
    """Golden values and pictures; without those whose licence forbids to pass them on."""
    with np.load(REFERENCE / "iqa_golden_images.npz", allow_pickle=False) as archive:
        images = {name: archive[name] for name in archive.files}
    values = json.loads((REFERENCE / "iqa_golden.json").read_text())
    values["images"] = {name: values["images"][name] for name in images}
    return values, images


def noise(height: int = 24, width: int = 31, seed: int = 1) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)


def scene(height: int = 120, width: int = 150, seed: int = 1) -> Pixels:
    """Smooth waves, an edge and a little noise: no photograph, but not unlike one."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    phase = rng.uniform(0, 6, 2)
    waves = 60 * np.sin(x / 9 + phase[0]) + 40 * np.cos(y / 7 + phase[1])
    edge = np.where(x + y > (height + width) / 2, 30, -30)
    values = np.clip(128 + waves + edge + rng.normal(0, 5, x.shape), 0, 255)
    return np.asarray(values, np.uint8)


@st.composite
def small(draw: st.DrawFn, least: int = 4, most: int = 40) -> Pixels:
    """A small picture: noise, a scene, or few gray values; sides between the two limits."""
    height, width = (draw(st.integers(least, most)) for _ in range(2))
    seed = draw(st.integers(0, 999))
    kind = draw(st.sampled_from(["noise", "scene", "steps"]))
    if kind == "scene":
        return scene(height, width, seed)
    picture = noise(height, width, seed)
    return picture if kind == "noise" else (picture // 128) * np.uint8(draw(st.integers(1, 255)))
