"""The demo pictures are what their README says they are."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def read(name: str) -> NDArray[Any]:
    picture = cv2.imread(str(EXAMPLES / name))
    assert picture is not None
    return np.asarray(picture)[..., ::-1]


def test_the_portrait_is_the_one_that_scikit_image_ships() -> None:
    data = pytest.importorskip("skimage.data")
    difference = np.abs(read("astronaut.jpg").astype(int) - data.astronaut())
    assert difference.mean() < 3


def test_the_recapture_shows_the_portrait() -> None:
    portrait, recapture = (
        cv2.resize(read(name), (32, 32), interpolation=cv2.INTER_AREA).astype(float).ravel()
        for name in ("astronaut.jpg", "astronaut-simulated-recapture.jpg")
    )
    assert np.corrcoef(portrait, recapture)[0, 1] > 0.8
