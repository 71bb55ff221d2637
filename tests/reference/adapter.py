"""The metrics as the checker of golden values asks for them.

Used as ``python check_golden.py adapter.py``.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.quality import no_reference, svm
from facepad.quality.biqi_model import BiqiModel
from facepad.quality.filters import gaussian, halve, separable
from facepad.quality.jpeg_quality import jqi_scores
from facepad.quality.niqe_model import NiqeModel
from facepad.quality.picture import Picture
from facepad.quality.rred import MIN_SIDE, scaled_entropies
from facepad.quality.scene_statistics import niqe_features
from facepad.quality.svm import Machine
from facepad.quality.vector import METRICS, measure
from facepad.quality.wavelet import biqi_features

Pixels = NDArray[np.uint8]
Features = NDArray[np.float64]


def golden_adapter(
    rred_filters: str | Path | None = None,
    niqe_model: str | Path | None = None,
    biqi_model: str | Path | None = None,
) -> Mapping[str, Callable[..., Any]]:
    """What the checker calls, by name.

    Args:
        rred_filters: Not used, since the package has its own table.
        niqe_model: Originally released parameters, which the golden values belong to;
            without them the value is left out and only features are compared.
        biqi_model: Folder of the same.
    """
    del rred_filters
    niqe = NiqeModel.read(Path(niqe_model)) if niqe_model else None
    biqi = BiqiModel.read(Path(biqi_model)) if biqi_model else None

    def metrics(pixels: Pixels) -> dict[str, float]:
        values = measure(pixels, names=[name for name in METRICS if name not in ("biqi", "niqe")])
        values["jqi_biqi"] = jqi_scores(pixels)[1]
        values["speed"] = _speed(Picture.of(pixels))
        if niqe:
            values["niqe"] = no_reference.niqe(_niqe_features(pixels), niqe)
        if biqi:
            values["biqi"] = no_reference.biqi(_biqi_features(pixels), values["jqi_biqi"], biqi)
        return values

    return {
        "metrics": metrics,
        "biqi_features": _biqi_features,
        "niqe_features": _niqe_features,
        "svm": _Reader,
        "range": svm.read_range,
    }


def _biqi_features(pixels: Pixels) -> Features:
    return biqi_features(pixels.astype(np.float32))


def _niqe_features(pixels: Pixels) -> Features:
    return niqe_features(pixels.astype(np.float32))


def _speed(picture: Picture) -> float:
    """A cheaper relative of RRED that has golden values too; not one of the 25 metrics."""
    if min(picture.shape) < MIN_SIDE:
        return 0.0
    own, copy = (halve(halve(image)) for image in (picture.gray, picture.blurred))
    own, copy = (image - separable(image, gaussian(7, 7 / 6)) for image in (own, copy))
    return float(np.abs(scaled_entropies(own) - scaled_entropies(copy)).mean())


class _Reader:
    """A libsvm model under the method names of the checker."""

    def __init__(self, text: str) -> None:
        self._machine: Machine = svm.read_machine(text)

    def decision(self, point: Features) -> Features:
        return self._machine.decisions(point)

    def probabilities(self, point: Features) -> Features:
        return self._machine.probabilities(point)

    def regress(self, point: Features) -> float:
        return self._machine.regress(point)
