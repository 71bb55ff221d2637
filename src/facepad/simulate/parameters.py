"""Parameters as data: range and distribution, meaning, and the value that turns it off."""

from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

import numpy as np

from facepad.errors import SettingsError

Parameters = TypeVar("Parameters")

_KEY = "range"  # of a field's metadata


@dataclass(frozen=True, slots=True)
class Range:
    """The distribution of a parameter.

    Attributes:
        meaning: What it is, with its unit.
        off: The value at which the effect is absent, or the most usual one.
        group: Effects that are turned off together ("halftone"); "" when none.
        low: Smallest value; unused for a choice.
        high: Largest value; unused for a choice.
        log: Whether equal ratios are equally likely, rather than equal differences.
        bias: Power of the uniform variable: above 1, small values are likelier.
        chance: Probability that the effect occurs at all; else the value is ``off``.
        whole: Whether values are whole numbers.
        choices: Values and their weights, instead of ``low`` and ``high``.
    """

    meaning: str
    off: Any
    group: str = ""
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    bias: float = 1.0
    chance: float = 1.0
    whole: bool = False
    choices: Mapping[Any, float] | None = None

    def draw(self, rng: np.random.Generator) -> Any:  # noqa: ANN401 - numbers, words, switches
        """Return one value; always use two numbers of ``rng``, so that ranges do not interfere."""
        occurs, at = rng.random(2)
        if occurs >= self.chance:
            return self.off
        if self.choices is not None:
            return self._chosen(at)
        share = float(at) ** self.bias
        if self.log:
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + (self.high - self.low) * share
        return round(value) if self.whole else float(value)

    def _chosen(self, at: float) -> Any:  # noqa: ANN401 - as `draw`
        values = list(self.choices or {})
        weights = np.cumsum([(self.choices or {})[value] for value in values])
        return values[int(np.searchsorted(weights, at * weights[-1], side="right"))]


def uniform(low: float, high: float, meaning: str, *, off: float, **rest: Any) -> Any:  # noqa: ANN401 - a dataclass field
    """Return a field whose value is between two numbers; ``rest`` as in `Range`."""
    range_ = Range(meaning, off, low=low, high=high, **rest)
    return field(default=off, metadata={_KEY: range_})


def choice(choices: Mapping[Any, float], meaning: str, *, off: Any, **rest: Any) -> Any:  # noqa: ANN401 - a dataclass field
    """Return a field whose value is one of several; ``choices`` maps value to weight."""
    return field(default=off, metadata={_KEY: Range(meaning, off, choices=choices, **rest)})


def ranges(kind: type) -> dict[str, Range]:
    """Return the ranges of a parameter class by name, for drawing, tables and plots.

    Parts that are parameter classes themselves give "part.name".
    """
    by_name: dict[str, Range] = {}
    for item in _fields(kind):
        if _KEY in item.metadata:
            by_name[item.name] = item.metadata[_KEY]
        elif is_dataclass(item.default):
            part = ranges(type(item.default))
            by_name |= {f"{item.name}.{name}": range_ for name, range_ in part.items()}
    return by_name


def draw(kind: type[Parameters], rng: np.random.Generator) -> Parameters:
    """Draw all parameters of a class, each from its own range.

    A class with a method ``redrawn(rng)`` may change some of them afterwards.
    """
    values: dict[str, Any] = {}
    for item in _fields(kind):
        if _KEY in item.metadata:
            values[item.name] = item.metadata[_KEY].draw(rng)
        elif is_dataclass(item.default):
            values[item.name] = draw(type(item.default), rng)
    drawn = kind(**values)
    redrawn = getattr(drawn, "redrawn", None)
    return drawn if redrawn is None else redrawn(rng)


def ablated(parameters: Parameters, group: str) -> Parameters:
    """Return the parameters with the effects of one group turned off."""
    values: dict[str, Any] = {}
    for item in _fields(type(parameters)):
        range_ = item.metadata.get(_KEY)
        if range_ is not None and range_.group == group:
            values[item.name] = range_.off
        elif is_dataclass(item.default):
            values[item.name] = ablated(getattr(parameters, item.name), group)
    return replace(parameters, **values)  # type: ignore[type-var] # always a dataclass


def to_dict(parameters: object) -> dict[str, Any]:
    """Return parameters as dicts, numbers, texts and booleans, for JSON."""
    data: dict[str, Any] = asdict(parameters)  # type: ignore[call-overload] # a dataclass
    return data


def from_dict(kind: type[Parameters], data: Mapping[str, Any]) -> Parameters:
    """Return the parameters that `to_dict` wrote.

    Raises:
        SettingsError: A parameter is missing, unknown or of the wrong kind.
    """
    defaults = {item.name: item.default for item in _fields(kind)}
    if set(data) != set(defaults):
        raise SettingsError(
            f"{kind.__name__} has the parameters {', '.join(defaults)}, got {', '.join(data)}"
        )
    values: dict[str, Any] = {}
    for name, default in defaults.items():
        value = data[name]
        if is_dataclass(default) and isinstance(value, Mapping):
            values[name] = from_dict(type(default), value)
        elif isinstance(value, str | int | float) and isinstance(value, str) == isinstance(
            default, str
        ):
            values[name] = value
        else:
            raise SettingsError(f"{kind.__name__}.{name} is like {default!r}, got {value!r}")
    return kind(**values)


def _fields(kind: type) -> tuple[Field[Any], ...]:
    return fields(kind)
