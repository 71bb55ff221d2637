"""The eleven metrics that no library has, against a second, literal implementation."""

import literal
import numpy as np
import pytest
from pictures import Pixels, noise, scene

from facepad.quality import measure

SLOW = pytest.mark.slow
PICTURES = {
    "noise": noise(24, 31),
    "scene": scene(30, 26),
    "odd": scene(17, 23, seed=3),
    "wide": noise(3, 40, seed=4),
    "tall": noise(41, 2, seed=5),
    "dark": noise(20, 20, seed=6) // 64,
    "half": np.repeat(np.array([[0, 255]], np.uint8), 10, axis=1).repeat(16, axis=0),
    "one row": noise(1, 9, seed=8),
    "one column": noise(12, 1, seed=9),
    "black": np.zeros((9, 8), np.uint8),
}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=list(PICTURES))
@pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=SLOW if one == "tcd" else ()) for one in literal.METRICS],
)
def test_a_metric_is_what_its_definition_says(name: str, picture: Pixels) -> None:
    expected = literal.METRICS[name](picture.astype(np.float64))
    # phases that should be equal differ by rounding, which float32 shows most
    tolerance = {"spe": 2e-3, "gpe": 1e-4}.get(name, 2e-5)
    assert measure(picture, names=[name])[name] == pytest.approx(expected, rel=tolerance, abs=2e-5)
