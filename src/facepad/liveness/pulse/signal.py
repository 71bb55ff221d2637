"""Pulse signals from mean colours: POS and CHROM, spectra, the ratio of signal to noise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOW_HZ, HIGH_HZ = 0.7, 3.0  # of a pulse: 42 to 180 beats a minute
_WINDOW_S = 1.6  # of POS and CHROM: longer than one beat at 42 a minute
_PADDED = 4096  # samples of a spectrum, zeros added
_TINY = 1e-15


def even(time_s: Floats, values: Floats, rate: float) -> Floats:
    """Return samples at even distances, linear between those given.

    Args:
        time_s: Rising, shape (N,).
        values: Shape (N, K).
        rate: Samples a second.
    """
    count = int(np.floor((time_s[-1] - time_s[0]) * rate + 1e-9)) + 1
    at = time_s[0] + np.arange(count) / rate
    return np.stack([np.interp(at, time_s, column) for column in values.T], axis=1)


def pos(colours: Floats, rate: float) -> Floats:
    """Return the pulse signal of mean colours by the plane orthogonal to the skin.

    Args:
        colours: Red, green and blue, above 0, shape (N, 3).
        rate: Samples a second.

    Returns:
        Relative changes, shape (N,).

    Reference:
        Wang, den Brinker, Stuijk, de Haan (2017), Algorithmic principles of remote PPG,
        doi:10.1109/TBME.2016.2609282.
    """
    return _overlapped(colours, rate, _pos_window)


def chrom(colours: Floats, rate: float) -> Floats:
    """Return the pulse signal of mean colours by their chrominance.

    Args:
        colours: As `pos`.
        rate: As `pos`.

    Returns:
        Relative changes, shape (N,).

    Reference:
        de Haan, Jeanne (2013), Robust pulse rate from chrominance-based rPPG,
        doi:10.1109/TBME.2013.2266196.
    """
    return _overlapped(colours, rate, _chrom_window)


def _overlapped(colours: Floats, rate: float, signals: Callable[[Floats], Floats]) -> Floats:
    """Return the sum of the signals of all windows, each at its place."""
    length = max(2, round(_WINDOW_S * rate))
    out = np.zeros(len(colours))
    if len(colours) < length:
        return out
    windows = np.lib.stride_tricks.sliding_window_view(colours, length, axis=0)
    relative = windows / np.maximum(windows.mean(axis=2, keepdims=True), _TINY) - 1.0
    parts = signals(relative)
    parts = parts - parts.mean(axis=1, keepdims=True)
    for offset in range(length):
        out[offset : offset + len(parts)] += parts[:, offset]
    return out / length


def _pos_window(relative: Floats) -> Floats:
    """Windows of relative changes, shape (W, 3, L), to signals, shape (W, L)."""
    red, green, blue = relative[:, 0], relative[:, 1], relative[:, 2]
    first, second = green - blue, green + blue - 2.0 * red
    weight = first.std(axis=1) / np.maximum(second.std(axis=1), _TINY)
    return np.asarray(first + weight[:, None] * second)


def _chrom_window(relative: Floats) -> Floats:
    red, green, blue = relative[:, 0], relative[:, 1], relative[:, 2]
    first, second = 3.0 * red - 2.0 * green, 1.5 * red + green - 1.5 * blue
    weight = first.std(axis=1) / np.maximum(second.std(axis=1), _TINY)
    # Below 0 with more blood, above it in POS: the sign is turned, so that both agree.
    return np.asarray(-(first - weight[:, None] * second))


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Power of a signal by frequency.

    Attributes:
        hz: Frequencies, shape (F,).
        power: Shape (F,).
        seconds: Length of the signal.
    """

    hz: Floats
    power: Floats
    seconds: float

    @classmethod
    def of(cls, signal: Floats, rate: float) -> "Spectrum":
        """Return the spectrum of a signal, without its trend."""
        count = len(signal)
        place = np.arange(count) - (count - 1) / 2.0
        flat = signal - signal.mean()
        flat = flat - place * (flat @ place) / max(float(place @ place), _TINY)
        windowed = flat * np.hanning(count)
        power = np.abs(np.fft.rfft(windowed, max(_PADDED, count))) ** 2
        power *= 4.0 / max(float(np.hanning(count).sum()) ** 2, _TINY)  # of a sine: amplitude**2
        hz = np.asarray(np.fft.rfftfreq(max(_PADDED, count), 1.0 / rate), np.float64)
        return cls(hz, np.asarray(power, np.float64), count / rate)

    @property
    def width_hz(self) -> float:
        """Half-width of a peak that the signal's length can resolve."""
        return max(0.1, 1.2 / self.seconds)

    @property
    def peak_hz(self) -> float:
        """Frequency with the most power in the band of a pulse."""
        band = (self.hz >= LOW_HZ) & (self.hz <= HIGH_HZ)
        return float(self.hz[band][np.argmax(self.power[band])])

    def snr_db(self, hz: float) -> float:
        """Return the power about a frequency and its double over that of the rest, decibels.

        Args:
            hz: Frequency of the pulse.
        """
        band = (self.hz >= LOW_HZ) & (self.hz <= min(2.0 * HIGH_HZ, self.hz[-1]))
        near = self.near(hz) | self.near(2.0 * hz)
        signal, rest = (float(self.power[band & part].sum()) for part in (near, ~near))
        return 10.0 * float(np.log10((signal + _TINY) / (rest + _TINY)))

    def is_peak(self, hz: float) -> bool:
        """Return whether the power falls on both sides of a frequency."""
        place = int(np.argmin(np.abs(self.hz - hz)))
        beside = self.power[max(place - 1, 0) : place + 2]
        return bool(len(beside) == 3 and beside[1] >= beside.max())

    def near(self, hz: float) -> NDArray[np.bool_]:
        """Return which frequencies belong to a peak."""
        return np.asarray(np.abs(self.hz - hz) <= self.width_hz)


def joint(spectra: Sequence[Spectrum]) -> Spectrum:
    """Return the geometric mean of spectra: what has power in all of them."""
    logs = [np.log(one.power + _TINY) for one in spectra]
    first = spectra[0]
    return Spectrum(first.hz, np.exp(np.mean(logs, axis=0)), first.seconds)


def coherence(signals: Sequence[Floats], rate: float, hz: float) -> float:
    """Return how far signals beat together at a frequency.

    Args:
        signals: Of regions, each of shape (N,).
        rate: Samples a second.
        hz: Frequency.

    Returns:
        The amplitude of their sum over the sum of their amplitudes; 1 where all have one phase.
    """
    waves = np.array([_wave(len(one), rate, hz) @ (one - one.mean()) for one in signals])
    return float(np.abs(waves.sum()) / max(float(np.abs(waves).sum()), _TINY))


def share_of_other_colours(colours: Floats, rate: float, hz: float) -> float:
    """Return how far a change of colour at a frequency is unlike that of blood.

    Args:
        colours: Red, green and blue, shape (N, 3).
        rate: Samples a second.
        hz: Frequency.

    Returns:
        Amplitude across the direction of blood over that along it, both without what is common
        to all colours; 0 for a pulse alone, 1 where nothing points to blood.

    Reference:
        de Haan, van Leest (2014), Improved motion robustness of remote-PPG by using the blood
        volume pulse signature, doi:10.1088/0967-3334/35/9/1913.
    """
    relative = colours / np.maximum(colours.mean(axis=0), _TINY) - 1.0
    place = np.arange(len(relative)) - (len(relative) - 1) / 2.0
    flat = relative - relative.mean(axis=0)
    flat = flat - np.outer(place, place @ flat / max(float(place @ place), _TINY))
    wave = _wave(len(flat), rate, hz)
    along, across = np.abs(wave @ flat @ np.stack([_BLOOD, _ACROSS], axis=1))
    return float(across / max(float(along), _TINY))


def _wave(count: int, rate: float, hz: float) -> NDArray[np.complex128]:
    """Return a wave to find the amplitude of signals at a frequency with, shape (N,)."""
    turns = np.exp(-2j * np.pi * hz * np.arange(count) / rate)
    return np.asarray(turns * np.hanning(count), np.complex128)


def _blood() -> tuple[Floats, Floats]:
    """Return unit vectors, orthogonal to gray: the change of colour by blood, and across it."""
    signature = np.array([0.33, 0.77, 0.53])  # relative changes of red, green and blue
    along = signature - signature.mean()
    along /= np.linalg.norm(along)
    return along, np.cross(np.ones(3) / np.sqrt(3.0), along)


_BLOOD, _ACROSS = _blood()
