"""Fitted log-likelihood ratios of the tests over clips: blink, parallax and pulse.

Each ratio has few parameters, never falls with its evidence, and is bounded twice: by what the
number of clips can show, and by a limit that no fit can exceed. Fitted by
`facepad.training.fusion.clips`, each test alone; `facepad.fusion.supplements` adds them.
"""

import math
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.models import store
from facepad.models.npz import reading

MODEL, RATIOS = "clip_tests_free", "clip_tests"  # the file, and its name in results
FORMAT_VERSION = 1
BLINK, PARALLAX, PULSE = "blink", "parallax", "pulse"
TESTS = (BLINK, PARALLAX, PULSE)
# Greatest ratio of each test, either way.
LIMITS: Mapping[str, float] = MappingProxyType({BLINK: 2.0, PARALLAX: 3.0, PULSE: 1.0})
# Blinks a second: half of the mean while reading, 4.5 a minute, the fewest of three activities, as
# many people blink less than the mean, and a blink can be missed. Bentivoglio et al.
# (1997), Analysis of blink rate patterns in normal subjects, doi:10.1002/mds.870120629.
LEAST_RATE = 0.5 * 4.5 / 60.0
_STEEPEST = 1e3  # gain in a model file; far above what a fit gives


@dataclass(frozen=True, slots=True)
class SlopeCurve:
    """A bounded line: the log-likelihood ratio as a function of one measure.

    Attributes:
        middle: Measure of even odds.
        gain: Log-odds for each unit of the measure, above 0.
        low: Least ratio, 0 or below.
        high: Greatest ratio, 0 or above.
    """

    middle: float
    gain: float
    low: float
    high: float

    def ratio(self, measure: float) -> float:
        """Return the log-likelihood ratio of bona fide over attack, natural logarithm."""
        return min(max(self.gain * (measure - self.middle), self.low), self.high)


@dataclass(frozen=True, slots=True)
class BlinkCurve:
    """The log-likelihood ratio of a blink, and of none.

    Several blinks count as one: attacks with eyes that blink blink as often as people do.

    Attributes:
        seen: Ratio of a clip with a blink, 0 or above.
        sensitivity: Share of the bona fide clips with blinks in which one is found, in (0, 1).
        quiet: Share of the attacks in which none is found, in (0, 1).
    """

    seen: float
    sensitivity: float
    quiet: float

    def ratio(self, count: int, seconds: float) -> float:
        """Return the log-likelihood ratio of bona fide over attack, natural logarithm.

        Args:
            count: Blinks that were found.
            seconds: How long the eyes were observed. Without a blink, more of it counts against,
                as for people who blink half as often as while reading.
        """
        if count:
            return self.seen
        blinks = -math.expm1(-LEAST_RATE * max(seconds, 0.0))
        none = math.log((1.0 - self.sensitivity * blinks) / self.quiet)
        return max(min(none, 0.0), -LIMITS[BLINK])


@dataclass(frozen=True, slots=True)
class ClipRatios:
    """Ratios of all tests over clips.

    Attributes:
        blink: Of blinks.
        parallax: Of the slope.
        pulse: Of a pulse, 0 or above; absence has no ratio.
        version: Name and hash of the model file.
    """

    blink: BlinkCurve
    parallax: SlopeCurve
    pulse: float
    version: str = "clip_tests"

    @property
    def models(self) -> Mapping[str, str]:
        """Version of the model file, by name."""
        return MappingProxyType({RATIOS: self.version})

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all values as arrays for `facepad.models.store.save_arrays`."""
        return {
            "format_version": np.array(FORMAT_VERSION),
            BLINK: np.array(astuple(self.blink), np.float64),
            PARALLAX: np.array(astuple(self.parallax), np.float64),
            PULSE: np.array([self.pulse], np.float64),
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], source: str, version: str = "clip_tests"
    ) -> "ClipRatios":
        """Read what `arrays` wrote.

        Args:
            arrays: From a model file.
            source: Names the file in errors.
            version: Name and hash of the file.

        Raises:
            ModelError: An array is missing, of another format version or shape, not finite, or
                claims more than the limit of its test.
        """
        with reading(arrays, FORMAT_VERSION, source, "holds no ratios of tests over clips"):
            blink = BlinkCurve(*_numbers(arrays[BLINK], 3))
            parallax, pulse = (
                SlopeCurve(*_numbers(arrays[PARALLAX], 4)),
                _numbers(arrays[PULSE], 1)[0],
            )
            for name, ratio in ((BLINK, blink.seen), (PULSE, pulse)):
                _check(0.0 <= ratio <= LIMITS[name], f"a {name}", f"0 to {LIMITS[name]}")
            shares = blink.sensitivity, blink.quiet
            _check(all(0.0 < one < 1.0 for one in shares), "a share of blinks", "above 0, below 1")
            limit = LIMITS[PARALLAX]
            within = -limit <= parallax.low <= 0.0 <= parallax.high <= limit
            _check(within, "parallax's least and greatest ratio", f"within {limit} of 0")
            _check(0.0 < parallax.gain <= _STEEPEST, "parallax's gain", f"above 0, to {_STEEPEST}")
            return cls(blink, parallax, pulse, version)


def load() -> ClipRatios:
    """Load the packaged ratios.

    Raises:
        ModelError: The file is missing or wrong.
    """
    arrays = store.load_arrays(MODEL)
    return ClipRatios.from_arrays(arrays, f"model {MODEL!r}", store.version(MODEL))


def _numbers(values: NDArray[Any], count: int) -> list[float]:
    if values.shape != (count,) or not np.isfinite(values).all():
        raise ValueError(f"expected {count} finite numbers, got shape {values.shape}")
    return [float(value) for value in values]


def _check(holds: bool, name: str, expected: str) -> None:
    if not holds:
        raise ValueError(f"{name}: expected {expected}")
