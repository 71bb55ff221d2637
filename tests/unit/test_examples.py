"""The demo pictures are what their README says they are."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "simulate_recapture", EXAMPLES / "simulate_recapture.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def read(name: str) -> NDArray[Any]:
    picture = cv2.imread(str(EXAMPLES / name), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    return np.asarray(picture)


def as_jpeg(picture: NDArray[Any], quality: int) -> NDArray[Any]:
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), flags)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB))


@pytest.mark.slow
def test_the_script_makes_the_committed_recapture(script: ModuleType) -> None:
    camera = script.Camera()
    made = script.recapture(read("astronaut.jpg"), script.Panel(), camera, seed=1)
    difference = np.abs(
        as_jpeg(made, camera.quality).astype(int) - read("astronaut-simulated-recapture.jpg")
    )
    # Decoders and interpolation may differ by a grey level between versions of OpenCV.
    assert difference.mean() < 0.5
    assert np.percentile(difference, 99) <= 4


def test_the_portrait_is_the_one_that_scikit_image_ships() -> None:
    data = pytest.importorskip("skimage.data")
    difference = np.abs(read("astronaut.jpg").astype(int) - data.astronaut())
    assert difference.mean() < 3


def test_another_seed_changes_only_the_noise(script: ModuleType) -> None:
    grey = np.full((32, 32, 3), 128, np.uint8)
    first, second = (
        script.recapture(grey, script.Panel(), script.Camera(), seed).astype(int) for seed in (1, 2)
    )
    assert 0 < np.abs(first - second).mean() < 15


def test_the_stripes_keep_the_mean_light_of_a_pixel(script: ModuleType) -> None:
    panel = script.Panel()
    y, x = np.mgrid[0:1200, 0:1200].astype(np.float32) / 200
    light = script.glow(np.full((6, 6), 0.5, np.float32), script.GREEN, x, y, panel)
    assert light.mean() == pytest.approx(0.5, rel=0.02)


def test_linear_light_is_undone_by_the_srgb_curve(script: ModuleType) -> None:
    values = np.linspace(0, 1, 256, dtype=np.float32)
    assert script.to_srgb(script.to_linear(values)) == pytest.approx(values, abs=1e-5)


def test_a_grid_that_is_turned_beats_with_the_stripes(script: ModuleType) -> None:
    grey = np.full((96, 96, 3), 160, np.uint8)
    camera = script.Camera(read_noise=0.0, full_well=1e7)
    lit = script.develop(script.expose(grey, script.Panel(), camera), camera)
    blurred = script.Camera(read_noise=0.0, full_well=1e7, blur_px=4.0)
    smooth = script.develop(script.expose(grey, script.Panel(), blurred), blurred)
    assert lit[16:80, 16:80].std() > 5 * smooth[16:80, 16:80].std()
