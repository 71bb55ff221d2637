"""The description of a network of the user's own: a small TOML file, read and checked.

Every key is listed in `_KEYS`; one that is not, or a value of another kind, is an error that
names the key, what was expected and what was got.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from reprlib import repr as shortened
from types import MappingProxyType
from typing import Any, Literal

from facepad.errors import SettingsError, suggestion
from facepad.faces.crops import MAX_MARGIN
from facepad.models.index import digest
from facepad.registry import NETWORK
from facepad.scores import AffineScaling
from facepad.types import OperatingPoint

MAX_BYTES = 64 * 1024  # of a description
Colour = Literal["rgb", "bgr", "gray"]
CHANNELS: Mapping[str, int] = MappingProxyType({"rgb": 3, "bgr": 3, "gray": 1})
RANGES: Mapping[str, float] = MappingProxyType({"0..1": 255.0, "0..255": 1.0})
LOGITS, PROBABILITIES = "logits", "probabilities"
HIGHER, LOWER = "higher", "lower"  # what a single number means: bona fide, or attack
BALANCED = "balanced"  # name of the operating point of a description
_SMALLEST_SIDE, _LARGEST_SIDE = 8, 1024  # pixels
_MOST_ELEMENTS = 100_000  # of an output
_LONGEST_TEXT = 4096
_LEAST_STD = 1e-6  # what is divided by less is no number of 32 bits


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """What a network sees.

    Attributes:
        name: Name of its input; "" for the only one.
        size: Side of the square, pixels.
        crop: Side of the square relative to the longer side of the face's box; 0 for the square
            in the middle of the whole frame.
        colour: Order of the channels: "rgb", "bgr" or "gray".
        layout: Order of the axes: "nchw" or "nhwc".
        range: Of the values before mean and deviation: "0..1" or "0..255".
        mean: Subtracted from each channel, in units of ``range``.
        std: Each channel is divided by it then; above 0.
    """

    name: str
    size: int
    crop: float
    colour: Colour
    layout: Literal["nchw", "nhwc"]
    range: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one picture, in the order of the layout."""
        channels = CHANNELS[self.colour]
        if self.layout == "nchw":
            return channels, self.size, self.size
        return self.size, self.size, channels


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """What a network's numbers mean.

    Attributes:
        name: Name of the output.
        kind: "logits" or "probabilities".
        bona_fide: Index of the element that stands for bona fide; for an output of one number
            "higher" or "lower", what means bona fide.
        features: Name of a further output whose numbers describe the picture; "" for none.
    """

    name: str
    kind: str
    bona_fide: int | str
    features: str = ""


@dataclass(frozen=True, slots=True)
class NetworkDescription:
    """A network file, and how it is used as a liveness test.

    Attributes:
        file: The description itself.
        model: The network file.
        sha256: Hash of the network file, in lower-case hexadecimal.
        input: What the network sees.
        output: What its numbers mean.
        scaling: Of the raw logit to a log-likelihood ratio; None for 1 and 0.
        point: Threshold and band; None where the network decides only once it is calibrated.
        title: One line, for people.
        licence: Of the network.
        notes: Anything else.
    """

    file: Path
    model: Path
    sha256: str
    input: NetworkInput
    output: NetworkOutput
    scaling: AffineScaling | None = None
    point: OperatingPoint | None = None
    title: str = ""
    licence: str = ""
    notes: str = ""

    @property
    def version(self) -> str:
        """Name, hash of the network, and hash of what moves its raw logit and its features.

        A title, a threshold or a scaling does not change it, so that calibrations stay usable.
        """
        text = json.dumps([asdict(self.input), asdict(self.output)], sort_keys=True)
        return f"{self.file.stem}-{self.sha256[:8]}+{digest(text.encode())[:8]}"

    @property
    def decision(self) -> str:
        """Scaling and threshold in words; "" where there are none."""
        words = []
        if self.scaling is not None:
            words.append(f"slope {self.scaling.slope:g}, bias {self.scaling.bias:g}")
        if self.point is not None:
            band = f"{self.point.low:g} to {self.point.high:g}"
            words.append(f"threshold {self.point.threshold:g} ({band})")
        return ", ".join(words)


def read_description(file: Path) -> NetworkDescription:
    """Read and check a description; the network file itself is not opened.

    Args:
        file: TOML in UTF-8, at most ``MAX_BYTES``.

    Raises:
        SettingsError: The file is missing or too large, is no TOML, lacks a key, has an unknown
            one, or a value cannot be used.
    """
    return parse_description(_text(file), file)


def parse_description(text: str, file: Path) -> NetworkDescription:
    """Check the text of a description.

    Args:
        text: TOML.
        file: Where it is from; the path of the network is relative to its folder.

    Raises:
        SettingsError: As `read_description`.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        raise SettingsError(f"{file} is no TOML: {error}") from error
    values = _checked(document, file)
    return NetworkDescription(
        file=file,
        model=file.parent / values["model.file"],
        sha256=values["model.sha256"].lower(),
        input=_input(values, file),
        output=NetworkOutput(
            values["output.name"],
            values["output.kind"],
            values["output.bona_fide"],
            values.get("output.features", ""),
        ),
        scaling=_scaling(values),
        point=_point(values, file),
        title=values.get("title", ""),
        licence=values.get("licence", ""),
        notes=values.get("notes", ""),
    )


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be read: {error.strerror}; expected the description of a network, "
            f"named with its folder: {NETWORK}FOLDER/{file.name}"
        ) from error
    if len(data) > MAX_BYTES:
        raise SettingsError(f"{file} is larger than {MAX_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is no text in UTF-8: {error}") from error


def _input(values: Mapping[str, Any], file: Path) -> NetworkInput:
    channels = CHANNELS[values["input.colour"]]
    spread = {
        key: _per_channel(values.get(f"input.{key}", usual), channels, f"{file}: input.{key}")
        for key, usual in (("mean", 0.0), ("std", 1.0))
    }
    if min(spread["std"]) < _LEAST_STD:
        raise SettingsError(
            f"{file}: input.std must be at least {_LEAST_STD:g}, got {list(spread['std'])}"
        )
    return NetworkInput(
        name=values.get("input.name", ""),
        size=values["input.size"],
        crop=float(values["input.crop"]),
        colour=values["input.colour"],
        layout=values.get("input.layout", "nchw"),
        range=values["input.range"],
        **spread,
    )


def _per_channel(given: float | list[float], channels: int, key: str) -> tuple[float, ...]:
    listed = given if isinstance(given, list) else [given] * channels
    if len(listed) != channels:
        raise SettingsError(f"{key} must have {channels} numbers, got {len(listed)}")
    return tuple(map(float, listed))


def _scaling(values: Mapping[str, Any]) -> AffineScaling | None:
    if not {"decision.slope", "decision.bias"} & set(values):
        return None
    return AffineScaling(
        float(values.get("decision.slope", 1.0)), float(values.get("decision.bias", 0.0))
    )


def _point(values: Mapping[str, Any], file: Path) -> OperatingPoint | None:
    """Return the operating point; 0.5 where there is a scaling only, None without either."""
    if not any(key.startswith("decision.") for key in values):
        return None
    threshold = float(values.get("decision.threshold", 0.5))
    low, high = (float(values.get(f"decision.{end}", threshold)) for end in ("low", "high"))
    if not low <= threshold <= high:
        raise SettingsError(
            f"{file}: decision needs low <= threshold <= high, got {low}, {threshold}, {high}"
        )
    return OperatingPoint(BALANCED, threshold, low, high)


# --- keys ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Key:
    """A key of a description: what it must be, and whether it may be left out."""

    expected: str
    fits: Callable[[Any], bool]
    required: bool = False


def _is_text(value: object) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def _is_name(value: object) -> bool:
    return _is_text(value) and value != "" and "\0" not in str(value)


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-fA-F]{64}", value) is not None


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_number(value: object, least: float = -1e9, most: float = 1e9) -> bool:
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    return is_real and least <= value <= most  # type: ignore[operator]  # false for NaN


def _is_numbers(value: object) -> bool:
    listed = value if isinstance(value, list) else [value]
    return 1 <= len(listed) <= 3 and all(map(_is_number, listed))


def _choice(*words: str, required: bool = False) -> _Key:
    listed = ", ".join(f'"{word}"' for word in words)
    return _Key(f"one of {listed}", lambda value: value in words, required)


_TEXT = _Key(f"text of at most {_LONGEST_TEXT} characters", _is_text)
_NAME = _Key("a name", _is_name, required=True)
_SCORE = _Key("a score in [0, 1]", lambda value: _is_number(value, 0.0, 1.0))
_NUMBERS = _Key("a number, or a list of one for each channel", _is_numbers)

_KEYS: Mapping[str, _Key] = MappingProxyType(
    {
        "title": _TEXT,
        "licence": _TEXT,
        "notes": _TEXT,
        "model.file": _Key("the path of an ONNX file", _is_name, required=True),
        "model.sha256": _Key("64 hexadecimal digits", _is_hash, required=True),
        "input.name": _TEXT,
        "input.size": _Key(
            f"a whole number of pixels from {_SMALLEST_SIDE} to {_LARGEST_SIDE}",
            lambda value: _is_whole(value, _SMALLEST_SIDE, _LARGEST_SIDE),
            required=True,
        ),
        "input.crop": _Key(
            f"a number from 0 to {MAX_MARGIN:g}; 0 for the whole frame",
            lambda value: _is_number(value, 0.0, MAX_MARGIN),
            required=True,
        ),
        "input.colour": _choice(*CHANNELS, required=True),
        "input.layout": _choice("nchw", "nhwc"),
        "input.range": _choice(*RANGES, required=True),
        "input.mean": _NUMBERS,
        "input.std": _NUMBERS,
        "output.name": _NAME,
        "output.kind": _choice(LOGITS, PROBABILITIES, required=True),
        "output.bona_fide": _Key(
            f'an index, or "{HIGHER}" or "{LOWER}" for an output of one number',
            lambda value: value in (HIGHER, LOWER) or _is_whole(value, 0, _MOST_ELEMENTS - 1),
            required=True,
        ),
        "output.features": _TEXT,
        "decision.slope": _Key(
            "a number above 0", lambda value: _is_number(value, 0.0) and value > 0.0
        ),
        "decision.bias": _Key("a number", _is_number),
        "decision.threshold": _SCORE,
        "decision.low": _SCORE,
        "decision.high": _SCORE,
    }
)


def _checked(document: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """Return the values by key, "input.size" for one of a table.

    Raises:
        SettingsError: A key is unknown or missing, or a value is of another kind.
    """
    values = dict(_flat(document))
    for key, value in values.items():
        if key not in _KEYS:
            hint = suggestion(key, _KEYS)
            raise SettingsError(f"{file}: unknown key {key!r}; {hint}known: {', '.join(_KEYS)}")
        if not _KEYS[key].fits(value):
            raise SettingsError(
                f"{file}: {key} must be {_KEYS[key].expected}, got {shortened(value)}"
            )
    if missing := [key for key, one in _KEYS.items() if one.required and key not in values]:
        expected = "; ".join(f"{key}: {_KEYS[key].expected}" for key in missing)
        raise SettingsError(f"{file} lacks {expected}")
    return values


def _flat(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in document.items():
        if isinstance(value, dict) and f"{key}." in _TABLES:
            yield from ((f"{key}.{inner}", one) for inner, one in value.items())
        else:
            yield key, value


_TABLES = frozenset(f"{key.partition('.')[0]}." for key in _KEYS if "." in key)
