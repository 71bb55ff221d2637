"""A described network, loaded: crops in, raw logit and features out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError, suggestion
from facepad.liveness.network.description import (
    HIGHER,
    LOGITS,
    RANGES,
    NetworkDescription,
    NetworkInput,
    NetworkOutput,
)
from facepad.models.onnx_file import load_network
from facepad.models.session import open_session, run_failures
from facepad.opencv import cv2
from facepad.types import RgbImage

Vector = NDArray[np.float64]
MOST_FEATURES = 8192  # a calibration keeps means and scales of all of them
ROUNDING = 1e-3  # a probability may miss [0, 1] by it
_LEAST = 1e-7  # of a probability and of its complement: a logit of 16
_TYPES: Mapping[str, type[np.generic]] = MappingProxyType(
    {
        "tensor(float)": np.float32,
        "tensor(float16)": np.float16,
        "tensor(double)": np.float64,
        "tensor(uint8)": np.uint8,
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class NetworkReading:
    """What a network gives for one picture.

    Attributes:
        values: All numbers of the output, shape (K,).
        features: Those of the feature output, shape (F,); empty where none is described.
    """

    values: Vector
    features: Vector


class DescribedNetwork:
    """Runs the network of a description; safe to share between threads.

    Args:
        description: From `facepad.liveness.network.description`.
        threads: Number of threads of one run.

    Attributes:
        description: The description.
        dtype: Type of the network's input.

    Raises:
        ModelError: The network file is missing, has another hash, is refused or cannot be run, or
            does not fit the description.
    """

    def __init__(self, description: NetworkDescription, threads: int = 1) -> None:
        self.description = description
        self._source = str(description.model)
        data = load_network(description.model, description.sha256)
        self._session = open_session(data, threads, self._source)
        given = _input_of(self._session, description.input, self._source)
        self._input, self.dtype = given.name, _TYPES[given.type]
        _check_outputs(self._session, description.output, self._source)

    def read(self, crop: RgbImage) -> NetworkReading:
        """Return what the network gives for one square picture, as it is.

        Args:
            crop: RGB uint8, shape (size, size, 3).

        Raises:
            ModelError: The network cannot be run on it, or the description names an element that
                the output does not have.
        """
        return self.run(prepared(crop, self.description.input, self.dtype))

    def run(self, tensor: NDArray[Any]) -> NetworkReading:
        """Return what the network gives for one prepared picture.

        Args:
            tensor: From `prepared`.

        Raises:
            ModelError: As `read`.
        """
        output = self.description.output
        names = [output.name, *filter(None, [output.features])]
        try:
            found: list[NDArray[Any]] = self._session.run(names, {self._input: tensor})
        except run_failures() as error:
            raise ModelError(f"{self._source} cannot be run: {error}") from error
        vectors = [np.asarray(one, np.float64).ravel() for one in found]
        _check_lengths(vectors, output, self._source)
        return NetworkReading(vectors[0], vectors[1] if output.features else np.empty(0))

    def raw(self, reading: NetworkReading) -> float:
        """Return the raw logit of bona fide over attack.

        Raises:
            ModelError: A number is not finite, or no probability where the description has these.
        """
        output, values = self.description.output, reading.values
        if not (np.isfinite(values).all() and np.isfinite(reading.features).all()):
            raise ModelError(f"{self._source} gave numbers that are not finite; {_VERIFY}")
        if output.kind != LOGITS and not is_probability(values):
            raise ModelError(
                f"{self._source}: output {output.name!r} must be probabilities, got numbers from "
                f"{values.min():.3g} to {values.max():.3g}; {_VERIFY}"
            )
        return _raw(values, output)


_VERIFY = "check the description with `facepad network verify`"


def is_probability(values: Vector) -> bool:
    """Return whether all numbers lie in [0, 1], but for rounding."""
    return bool(values.min() >= -ROUNDING and values.max() <= 1.0 + ROUNDING)


def prepared(crop: RgbImage, wanted: NetworkInput, dtype: type[np.generic]) -> NDArray[Any]:
    """Return the tensor of one picture: colour, range, mean and deviation, layout.

    Args:
        crop: RGB uint8, shape (size, size, 3).
        wanted: What the network sees.
        dtype: Type of the network's input; whole numbers are rounded.
    """
    if wanted.colour == "gray":
        picture = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[:, :, None]
    else:
        picture = crop if wanted.colour == "rgb" else crop[:, :, ::-1]
    mean, std = (np.array(one, np.float32) for one in (wanted.mean, wanted.std))
    scaled = (picture.astype(np.float32) / np.float32(RANGES[wanted.range]) - mean) / std
    if dtype is np.uint8:
        scaled = np.clip(np.rint(scaled), 0, 255)
    if wanted.layout == "nchw":
        scaled = scaled.transpose(2, 0, 1)
    return np.ascontiguousarray(scaled[None], dtype)


def _raw(values: Vector, output: NetworkOutput) -> float:
    if isinstance(output.bona_fide, str):
        value = float(values[0] if output.kind == LOGITS else _logit(values)[0])
        return value if output.bona_fide == HIGHER else -value
    own = output.bona_fide
    if output.kind != LOGITS:
        return float(_logit(values)[own])
    others = np.delete(values, own)
    most = others.max()
    return float(values[own] - most - np.log(np.exp(others - most).sum()))


def _logit(probabilities: Vector) -> Vector:
    inside = np.clip(probabilities, _LEAST, 1.0 - _LEAST)
    return np.asarray(np.log(inside / (1.0 - inside)), np.float64)


# --- does the network fit its description? ------------------------------------------------


def _input_of(session: Any, wanted: NetworkInput, source: str) -> Any:  # noqa: ANN401 - onnxruntime's own types
    """Return the input that the description means; every other one has to have a value."""
    inputs = {one.name: one for one in session.get_inputs()}
    name = wanted.name or next(iter(inputs), "")
    if name not in inputs:
        raise ModelError(f"{source} has no input {name!r}; {_listed(inputs, name)}")
    if len(inputs) > 1:
        raise ModelError(
            f"{source} has {len(inputs)} inputs ({', '.join(inputs)}), expected one: a picture"
        )
    given = inputs[name]
    if given.type not in _TYPES:
        raise ModelError(f"{source}: input {name!r} is {given.type}, expected {', '.join(_TYPES)}")
    expected = (1, *wanted.shape)
    fits = len(given.shape) == 4 and all(
        own == one or not isinstance(own, int)
        for own, one in zip(given.shape, expected, strict=True)
    )
    if not fits:
        raise ModelError(
            f"{source}: input {name!r} has shape {_shown(given.shape)}, but by the description "
            f"({wanted.colour}, {wanted.layout}, size {wanted.size}) it is {_shown(expected)}"
        )
    return given


def _check_outputs(session: Any, output: NetworkOutput, source: str) -> None:  # noqa: ANN401 - as above
    outputs = {one.name: one for one in session.get_outputs()}
    for name in filter(None, (output.name, output.features)):
        if name not in outputs:
            raise ModelError(f"{source} has no output {name!r}; {_listed(outputs, name)}")
        if not outputs[name].type.startswith(("tensor(float", "tensor(double")):
            raise ModelError(f"{source}: output {name!r} is {outputs[name].type}, expected numbers")


def _check_lengths(vectors: Sequence[Vector], output: NetworkOutput, source: str) -> None:
    length = len(vectors[0])
    where = f"{source}: output {output.name!r} has {length} numbers"
    if isinstance(output.bona_fide, str):
        if length != 1:
            raise ModelError(f"{where}; name the one that means bona fide: bona_fide = INDEX")
    elif not output.bona_fide < length:
        raise ModelError(f"{where}, but bona_fide is {output.bona_fide}; the first is 0")
    elif length == 1 and output.kind == LOGITS:
        raise ModelError(f'{where}; say what it means: bona_fide = "higher" or "lower"')
    if len(vectors) > 1 and not 1 <= len(vectors[1]) <= MOST_FEATURES:
        raise ModelError(
            f"{source}: output {output.features!r} has {len(vectors[1])} numbers, expected 1 to "
            f"{MOST_FEATURES} features; take the output of a pooling"
        )


def _listed(known: Mapping[str, Any], name: str) -> str:
    shown = ", ".join(f"{one.name} {_shown(one.shape)}" for one in known.values())
    return f"{suggestion(name, known)}it has {shown}"


def _shown(shape: Sequence[object]) -> str:
    return "x".join(str(one) if isinstance(one, int) else "?" for one in shape)
