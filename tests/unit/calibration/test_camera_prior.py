"""ViewPriors of cameras: kept, read, and what is refused."""

import numpy as np
import pytest

from facepad.calibration.prior import CameraPrior, ViewPrior
from facepad.errors import ModelError

MADE = CameraPrior({"tight": ViewPrior(0.3, 0.8, 0.25, 1.2, 1.1, 1.4)}, "heads-1+0", 40)


def test_they_are_read_as_they_were_written() -> None:
    assert CameraPrior.from_arrays(MADE.arrays(), "it") == MADE


@pytest.mark.parametrize("missing", ["tight", "heads", "views", "format_version"])
def test_a_missing_array_is_told(missing: str) -> None:
    arrays = {name: array for name, array in MADE.arrays().items() if name != missing}
    with pytest.raises(ModelError, match="it holds no prior over cameras"):
        CameraPrior.from_arrays(arrays, "it")


@pytest.mark.parametrize(
    "numbers", [np.zeros(5), np.full(6, np.nan), np.array([0.3, 0.8, 0.25, 1.2, -1.0, 1.4])]
)
def test_numbers_that_cannot_be_are_refused(numbers: np.ndarray) -> None:
    with pytest.raises(ModelError, match="it"):
        CameraPrior.from_arrays({**MADE.arrays(), "tight": numbers}, "it")


def test_another_format_is_refused() -> None:
    with pytest.raises(ModelError, match="it has format 9, expected 1"):
        CameraPrior.from_arrays({**MADE.arrays(), "format_version": np.array(9)}, "it")
