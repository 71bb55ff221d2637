"""Liveness test: does the colour of the skin change with a pulse?

A pulse speaks mildly for a living person. A replay on a screen has the pulse that was recorded, so
that this test never decides by itself; and no pulse is no evidence, since compression of video
removes it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from facepad.charts import Chart, Series, SeriesKind, Span
from facepad.fusion import clip_ratios
from facepad.fusion.clip_ratios import ClipRatios
from facepad.liveness.pulse.regions import FACE, Traces, traces_of
from facepad.liveness.pulse.signal import (
    HIGH_HZ,
    LOW_HZ,
    Floats,
    Spectrum,
    chrom,
    coherence,
    even,
    joint,
    pos,
    share_of_other_colours,
)
from facepad.needs import Needs
from facepad.scores import sigmoid
from facepad.types import OperatingPoint, Presentation, Reason, Score

VERSION = "pulse-2"
UNDECIDED = OperatingPoint.undecided()
NEEDS = Needs(landmarks=True, seconds=6.0, fps=20.0)
LEAST_CLEARNESS_DB = 2.5  # `Pulse.clearness_db`
MOST_OTHER_COLOURS = 1.0  # `share_of_other_colours`, median of the regions
MOST_BACKGROUND = 0.25  # power of the background over that of the face, at the pulse
MOST_MOTION = 0.8  # share of the head's motion in the band that has the frequency of the pulse
LEAST_COHERENCE = 0.8  # of the regions: blood reaches all of the face nearly at once
LITTLE_MOTION, BY_MOTION_DB = 0.4, 25.0  # a pulse must be clearer for each further share of it
_AGREE = 3  # of up to four regions; all but one, where there are fewer
_TOLERANCE_HZ = 4.0 / 60.0
_LEAST_OTHER = 0.3  # share of other colours; below it nothing is gained
_DIGITS = 3
TITLE = "pulse: spectra of the skin"


@dataclass(frozen=True, slots=True)
class Pulse:
    """What was measured.

    Attributes:
        beats_per_minute: The strongest rate that the regions share.
        snr_db: Power at the rate and its double over that of the rest, joint spectrum.
        agreeing: How many regions have their own strongest rate there.
        regions: How many regions were measured.
        methods_agree: Whether CHROM finds the rate of POS.
        other_colours: How far the change of colour is unlike that of blood, see
            `facepad.liveness.pulse.signal.share_of_other_colours`; median of the regions.
        background: Power of the background at the rate over that of the face; None where the
            picture shows too little background.
        motion: Share of the head's motion, 0.7 to 3 Hz, that has this rate.
        interior: Whether the power falls on both sides of the rate: at an end of the band it
            belongs to something slower or faster than a pulse.
        coherence: How far the regions change at the same time at the rate, see
            `facepad.liveness.pulse.signal.coherence`. Bands that travel over a screen reach its
            parts one after the other.
    """

    beats_per_minute: float
    snr_db: float
    agreeing: int
    regions: int
    methods_agree: bool
    other_colours: float
    background: float | None
    motion: float
    interior: bool
    coherence: float

    @property
    def clearness_db(self) -> float:
        """How clear it is: signal to noise, and how far its colour is that of blood; decibels."""
        return self.snr_db - 20.0 * math.log10(max(self.other_colours, _LEAST_OTHER))

    @property
    def least_clearness_db(self) -> float:
        """How clear a pulse must be: clearer where the head moves at its rate."""
        return LEAST_CLEARNESS_DB + BY_MOTION_DB * max(0.0, self.motion - LITTLE_MOTION)

    @property
    def fits(self) -> bool:
        """Whether everything but how clear it is fits a pulse of the skin and nothing else."""
        return (
            self.interior
            and self.coherence >= LEAST_COHERENCE
            and self.other_colours <= MOST_OTHER_COLOURS
            and self.agreeing >= min(_AGREE, self.regions - 1)
            and self.methods_agree
            and (self.background is None or self.background <= MOST_BACKGROUND)
            and self.motion <= MOST_MOTION
        )

    @property
    def found(self) -> bool:
        """Whether it is a pulse."""
        return self.fits and self.excess_db >= 0.0

    @property
    def excess_db(self) -> float:
        """How much clearer it is than a pulse must be, decibels."""
        return self.clearness_db - self.least_clearness_db

    def to_dict(self) -> dict[str, Any]:
        """Return the measures as values for JSON."""
        return {
            "beats_per_minute": round(self.beats_per_minute, 1),
            "snr_db": round(self.snr_db, _DIGITS),
            "clearness_db": round(self.clearness_db, _DIGITS),
            "excess_db": round(self.excess_db, _DIGITS),
            "fits": self.fits,
            "regions": self.regions,
            "agreeing": self.agreeing,
            "methods_agree": self.methods_agree,
            "other_colours": round(self.other_colours, _DIGITS),
            "background": None if self.background is None else round(self.background, _DIGITS),
            "motion": round(self.motion, _DIGITS),
            "interior": self.interior,
            "coherence": round(self.coherence, _DIGITS),
        }


def measured(traces: Traces) -> Pulse | None:
    """Measure a pulse in mean colours over time; None with fewer than two regions of skin.

    Args:
        traces: Of 6 seconds or more.
    """
    if len(traces.skin) < 2 or traces.rate <= 2.0 * HIGH_HZ:
        return None
    rate = traces.rate
    colours = _colours(traces)
    signals = {name: pos(one, rate) for name, one in colours.items()}
    spectra = {name: Spectrum.of(one, rate) for name, one in signals.items()}
    shared = joint(list(spectra.values()))
    hz = shared.peak_hz
    tolerance = max(_TOLERANCE_HZ, 0.6 / shared.seconds)
    name = FACE if FACE in colours else next(iter(colours))
    other = Spectrum.of(chrom(colours[name], rate), rate)
    unlike = [share_of_other_colours(one, rate, hz) for one in colours.values()]
    return Pulse(
        beats_per_minute=60.0 * hz,
        snr_db=shared.snr_db(hz),
        agreeing=sum(abs(one.peak_hz - hz) <= tolerance for one in spectra.values()),
        regions=len(spectra),
        methods_agree=abs(other.peak_hz - hz) <= tolerance,
        other_colours=float(np.median(unlike)),
        background=_background(traces, spectra[name], hz),
        motion=_motion(traces, hz),
        interior=shared.is_peak(hz),
        coherence=coherence(list(signals.values()), rate, hz),
    )


def _colours(traces: Traces) -> dict[str, Floats]:
    """Return the colours of each region of the skin at even distances."""
    return {name: even(traces.time_s, one, traces.rate) for name, one in traces.skin.items()}


def _spectra(colours: Mapping[str, Floats], rate: float) -> dict[str, Spectrum]:
    return {name: Spectrum.of(pos(one, rate), rate) for name, one in colours.items()}


def _background(traces: Traces, face: Spectrum, hz: float) -> float | None:
    """Return the background's power at a frequency over that of the face."""
    if traces.background is None:
        return None
    beside = even(traces.time_s, traces.background, traces.rate)
    spectrum = Spectrum.of(pos(beside, traces.rate), traces.rate)
    powers = [float(one.power[one.near(hz)].max()) for one in (spectrum, face)]
    return powers[0] / max(powers[1], np.finfo(float).tiny)


def _motion(traces: Traces, hz: float) -> float:
    """Return the larger share of the head's motion, across or down, at a frequency."""
    shares = []
    for one in even(traces.time_s, traces.middle, traces.rate).T:
        spectrum = Spectrum.of(one, traces.rate)
        band = (spectrum.hz >= LOW_HZ) & (spectrum.hz <= HIGH_HZ)
        near = float(spectrum.power[band & spectrum.near(hz)].sum())
        shares.append(near / max(float(spectrum.power[band].sum()), np.finfo(float).tiny))
    return max(shares)


@dataclass(frozen=True, slots=True)
class PulseTest:
    """Scores the pulse of a clip of 6 seconds or more with 20 frames a second.

    Attributes:
        name: Name in the registry and in results.
        needs: What it needs of a presentation.
        operating_point: Uncertain for every score: it never decides by itself.
        ratios: What a pulse is worth.
    """

    name: str = "pulse"
    needs: Needs = NEEDS
    operating_point: OperatingPoint = UNDECIDED
    ratios: ClipRatios = field(default_factory=clip_ratios.load)

    @property
    def models(self) -> Mapping[str, str]:
        """Version of the rules and of the ratios."""
        return MappingProxyType({self.name: VERSION, **self.ratios.models})

    def score(self, presentation: Presentation) -> Score:
        """Score one clip.

        Args:
            presentation: Frames that were searched for faces with landmarks.

        Returns:
            A value above 0.5 where there is a pulse, with what was measured in ``details``. No
            value where there is none (``no_pulse``), or where the clip does not
            meet the needs.
        """
        traces = self._traces(presentation)
        if isinstance(traces, Reason):
            return Score(None, traces)
        pulse = measured(traces)
        if pulse is None:
            return Score(None, Reason.FACE_TOO_FAR)
        details = pulse.to_dict()
        if not pulse.found:
            return Score(None, Reason.NO_PULSE, MappingProxyType(details))
        ratio = self.ratios.pulse
        details["log_likelihood_ratio"] = round(ratio, _DIGITS)
        return Score(sigmoid(ratio), details=MappingProxyType(details))

    def charts(self, presentation: Presentation) -> tuple[Chart, ...]:
        """Return one chart: the spectra of the regions and what they share, with the rate.

        Args:
            presentation: As `score`.
        """
        traces = self._traces(presentation)
        if isinstance(traces, Reason):
            return (Chart.without_numbers(TITLE, traces),)
        pulse = measured(traces)
        if pulse is None:
            return (Chart.without_numbers(TITLE, Reason.FACE_TOO_FAR),)
        return (_chart(_spectra(_colours(traces), traces.rate), pulse),)

    def _traces(self, presentation: Presentation) -> Traces | Reason:
        """Return the colours over time, or why they cannot be judged."""
        unmet = self.needs.unmet(presentation)
        if unmet is not None:
            return unmet
        traces = traces_of(presentation)
        if not len(traces.time_s):
            return presentation.frames[0].no_face or Reason.NO_FACE
        if traces.seconds < 0.9 * self.needs.seconds or traces.rate < 0.9 * self.needs.fps:
            return Reason.NO_FACE if traces.rate else Reason.CLIP_TOO_SHORT
        return traces


def _chart(spectra: Mapping[str, Spectrum], pulse: Pulse) -> Chart:
    """Return the spectra, each relative to its strongest rate in the band."""
    shared = joint(list(spectra.values()))
    rate, found = pulse.beats_per_minute, f"{pulse.beats_per_minute:.0f} beats a minute"
    return Chart(
        TITLE,
        "beats a minute",
        "relative power",
        (
            *(_relative(name, one, SeriesKind.LINE) for name, one in spectra.items()),
            _relative("all regions", shared, SeriesKind.MAIN_LINE),
        ),
        (Span(rate, rate, "pulse"),) if pulse.found else (),
        f"{found if pulse.found else 'no pulse'}, signal to noise {pulse.snr_db:.1f} dB",
        y_limits=(0.0, 1.0),
    )


def _relative(name: str, spectrum: Spectrum, kind: SeriesKind) -> Series:
    band = (spectrum.hz >= LOW_HZ) & (spectrum.hz <= HIGH_HZ)
    power = spectrum.power[band]
    most = max(float(power.max()), float(np.finfo(float).tiny))
    return Series(name, 60.0 * spectrum.hz[band], power / most, kind)


def of_skin() -> PulseTest:
    """Return the test."""
    return PulseTest()
