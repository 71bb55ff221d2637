"""The pulse: signals against an implementation of their own, and what is one and what is none."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from facepad.fusion.clip_ratios import LIMITS, PULSE
from facepad.liveness.pulse.regions import Traces, smoothed, traces_of
from facepad.liveness.pulse.signal import (
    Spectrum,
    chrom,
    coherence,
    even,
    joint,
    pos,
    share_of_other_colours,
)
from facepad.liveness.pulse.test import PulseTest, measured, of_skin
from facepad.scores import logit
from facepad.testing import check_liveness_test
from facepad.types import Face, Frame, Presentation, Reason

Floats = NDArray[np.float64]
RATE, COUNT = 25.0, 200
SKIN = np.array([170.0, 120.0, 100.0])
BLOOD, GRAY = np.array([0.33, 0.77, 0.53]) / 0.77, np.ones(3)
NAMES = ("forehead", "right cheek", "left cheek", "face")


def colours(
    bpm: float = 72.0,
    amount: float = 0.01,
    *,
    of: Floats = BLOOD,
    noise: float = 0.0,
    seed: int = 0,
) -> Floats:
    """Return mean colours with a periodic change of one direction."""
    time_s = np.arange(COUNT) / RATE
    wave = np.sin(2 * np.pi * bpm / 60 * time_s + 0.4)
    rng = np.random.default_rng(seed)
    return np.asarray(
        SKIN * (1 + amount * wave[:, None] * of) + rng.normal(0, noise, (COUNT, 3)), np.float64
    )


def traces(skin: dict[str, Floats], background: Floats | None = None) -> Traces:
    middle = np.random.default_rng(9).normal(0, 0.01, (COUNT, 2))
    return Traces(np.arange(COUNT) / RATE, skin, background, middle)


def living(bpm: float = 72.0) -> Traces:
    still = np.tile(SKIN, (COUNT, 1)) + np.random.default_rng(5).normal(0, 0.02, (COUNT, 3))
    skin = {name: colours(bpm, noise=0.1, seed=n) for n, name in enumerate(NAMES)}
    return traces(skin, still)


def by_the_book(values: Floats, rate: float, kind: str) -> Floats:
    """POS or CHROM written down from the papers: one window after the other, with loops."""
    length = round(1.6 * rate)
    out = np.zeros(len(values))
    for start in range(len(values) - length + 1):
        window = values[start : start + length]
        normal = np.array([[row[c] / np.mean(window[:, c]) for c in range(3)] for row in window])
        if kind == "pos":
            first = normal @ np.array([0.0, 1.0, -1.0])
            second = normal @ np.array([-2.0, 1.0, 1.0])
            part = first + np.std(first) / np.std(second) * second
        else:
            first = normal @ np.array([3.0, -2.0, 0.0])
            second = normal @ np.array([1.5, 1.0, -1.5])
            part = -(first - np.std(first) / np.std(second) * second)
        for n in range(length):
            out[start + n] += (part[n] - np.mean(part)) / length
    return out


METHODS: dict[str, Callable[[Floats, float], Floats]] = {"pos": pos, "chrom": chrom}


@pytest.mark.parametrize("kind", METHODS)
def test_signals_are_those_of_the_papers(kind: str) -> None:
    given = colours(noise=0.3)
    found = METHODS[kind](given, RATE)
    np.testing.assert_allclose(found, by_the_book(given, RATE, kind), atol=1e-12)


@pytest.mark.parametrize("of", METHODS.values())
def test_signals_do_not_depend_on_the_light_and_not_on_gray_flicker(
    of: Callable[[Floats, float], Floats],
) -> None:
    given = colours()
    np.testing.assert_allclose(of(given * 0.5, RATE), of(given, RATE), atol=1e-12)
    flicker = of(colours(of=GRAY), RATE)
    assert np.abs(flicker).max() < 1e-3 * np.abs(of(given, RATE)).max()


@pytest.mark.parametrize("of", METHODS.values())
@pytest.mark.parametrize("bpm", [48.0, 72.0, 130.0])
def test_the_spectrum_has_its_peak_at_the_pulse(
    of: Callable[[Floats, float], Floats], bpm: float
) -> None:
    signal = of(colours(bpm, noise=0.1), RATE)
    spectrum = Spectrum.of(signal, RATE)
    assert 60.0 * spectrum.peak_hz == pytest.approx(bpm, abs=2.0)
    assert spectrum.snr_db(spectrum.peak_hz) > 3.0
    assert spectrum.snr_db(spectrum.peak_hz + 0.7) < 0.0


def test_the_power_of_a_sine_is_its_amplitude_squared() -> None:
    sine: Floats = 0.3 * np.sin(2 * np.pi * 1.5 * np.arange(COUNT) / RATE)
    assert Spectrum.of(sine, RATE).power.max() == pytest.approx(0.09, rel=0.02)
    line = Spectrum.of(np.asarray(5.0 + 0.1 * np.arange(COUNT), np.float64), RATE)
    assert line.power.max() < 1e-20


def test_joint_power_is_what_all_spectra_share() -> None:
    shared, own = (np.sin(2 * np.pi * hz * np.arange(COUNT) / RATE) for hz in (1.2, 2.2))
    spectra = [Spectrum.of(shared + 2.0 * own, RATE), Spectrum.of(shared, RATE)]
    assert joint(spectra).peak_hz == pytest.approx(1.2, abs=0.03)
    assert joint(spectra[::-1]).peak_hz == joint(spectra).peak_hz


def test_uneven_samples_are_made_even() -> None:
    time_s = np.cumsum(np.random.default_rng(0).uniform(0.02, 0.06, 300))
    line = np.stack([2.0 * time_s, -time_s], axis=1)
    found = even(time_s, line, RATE)
    at = time_s[0] + np.arange(len(found)) / RATE
    np.testing.assert_allclose(found, np.stack([2.0 * at, -at], axis=1), atol=1e-12)


def test_the_colour_of_blood_is_told_from_others() -> None:
    blood = share_of_other_colours(colours(), RATE, 1.2)
    lamp = share_of_other_colours(colours(of=np.array([1.0, 0.9, 0.5])), RATE, 1.2)
    assert blood < 0.02 < 1.0 < lamp
    brighter = share_of_other_colours(2.0 * colours(), RATE, 1.2)
    assert brighter == pytest.approx(blood, abs=1e-9)


@pytest.mark.parametrize("bpm", [50.0, 72.0, 118.0])
def test_a_pulse_is_found_with_its_rate(bpm: float) -> None:
    pulse = measured(living(bpm))
    assert pulse is not None
    assert pulse.found
    assert pulse.beats_per_minute == pytest.approx(bpm, abs=2.0)
    assert pulse.excess_db > 0.0


def test_a_rate_that_one_region_has_alone_is_no_pulse() -> None:
    rates = (50.0, 72.0, 118.0, 90.0)
    skin = {n: colours(bpm, noise=0.1, seed=3) for n, bpm in zip(NAMES, rates, strict=True)}
    pulse = measured(traces(skin))
    assert pulse is not None
    assert not pulse.found


def test_what_the_background_does_too_is_no_pulse() -> None:
    lamp = traces(dict(living().skin), colours(noise=0.02, seed=7))
    pulse = measured(lamp)
    assert pulse is not None
    assert pulse.background is not None
    assert pulse.background > 0.5
    assert not pulse.found


def test_a_lamp_of_another_colour_than_blood_is_no_pulse_without_background() -> None:
    lamp = np.array([1.0, 0.9, 0.5])
    skin = {name: colours(of=lamp, noise=0.05, seed=n) for n, name in enumerate(NAMES)}
    pulse = measured(traces(skin))
    assert pulse is not None
    assert not pulse.found


def test_a_rate_at_which_the_head_moves_is_no_pulse() -> None:
    nods = np.sin(2 * np.pi * 1.2 * np.arange(COUNT) / RATE)
    moved = replace(living(), middle=np.stack([nods, 0.1 * nods], axis=1))
    pulse = measured(moved)
    assert pulse is not None
    assert pulse.motion > 0.9
    assert not pulse.found


def test_two_regions_are_needed() -> None:
    assert measured(traces({"forehead": colours()})) is None


def clip(pulse: float = 0.02, seconds: float = 7.0) -> Presentation:
    """Return frames of a plain oval with landmarks all over it, whose colour pulses."""
    rng = np.random.default_rng(2)
    points = np.column_stack(
        [rng.uniform(45, 115, 468), rng.uniform(25, 95, 468), np.zeros(468)]
    ).astype(np.float32)
    frames = []
    for number in range(int(seconds * RATE)):
        time_s = number / RATE
        wave = 1.0 + pulse * np.sin(2 * np.pi * 1.2 * time_s) * BLOOD
        image = np.full((120, 160, 3), 90.0)
        image[15:105, 35:125] = SKIN * wave
        noisy = np.clip(image + rng.normal(0, 1.5, image.shape) + 0.5, 0, 255).astype(np.uint8)
        face = Face((40, 20, 120, 100), 1.0, landmarks=points)
        frames.append(Frame(noisy, time_s, face=face))
    return Presentation(tuple(frames))


def test_traces_have_the_colours_of_the_regions() -> None:
    found = traces_of(clip(pulse=0.0, seconds=1.0))
    assert set(found.skin) <= set(NAMES)
    assert len(found.skin) >= 2
    for one in found.skin.values():
        np.testing.assert_allclose(one.mean(axis=0), SKIN, atol=0.5)
    assert found.background is not None
    np.testing.assert_allclose(found.background.mean(axis=0), 90.0, atol=0.5)
    assert found.rate == pytest.approx(RATE)


def test_landmarks_are_smoothed_and_not_moved() -> None:
    still = [np.full((468, 2), 7.0, np.float32)] * 9
    np.testing.assert_allclose(smoothed(still), 7.0)
    assert smoothed([]).shape == (0, 468, 2)


def test_a_clip_with_a_pulse_has_a_value_within_the_limit() -> None:
    score = of_skin().score(clip())
    assert score.value is not None
    assert 0.0 < logit(score.value) <= LIMITS[PULSE]
    assert score.details["beats_per_minute"] == pytest.approx(72.0, abs=2.0)


def without_faces(given: Presentation) -> Presentation:
    return Presentation(tuple(replace(frame, face=None) for frame in given.frames))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: clip(pulse=0.0), Reason.NO_PULSE),
        (lambda: clip(seconds=3.0), Reason.CLIP_TOO_SHORT),
        (lambda: without_faces(clip()), Reason.NO_FACE),
    ],
)
def test_a_clip_without_a_pulse_has_no_value(
    make: Callable[[], Presentation], reason: Reason
) -> None:
    score = of_skin().score(make())
    assert (score.value, score.reason) == (None, reason)


def test_the_pulse_never_decides_by_itself() -> None:
    point = PulseTest().operating_point
    assert (point.low, point.high) == (0.0, 1.0)


def test_it_keeps_the_contract() -> None:
    check_liveness_test(of_skin(), "pulse")


def test_a_pulse_must_be_clearer_where_the_head_moves_at_its_rate() -> None:
    pulse = measured(living())
    assert pulse is not None
    least = [replace(pulse, motion=share).least_clearness_db for share in (0.0, 0.4, 0.5, 0.7)]
    assert least[0] == least[1] < least[2] < least[3]
    assert not replace(pulse, motion=0.7, snr_db=-5.0, other_colours=0.5).found


def test_a_rate_at_an_end_of_the_band_is_no_pulse() -> None:
    pulse = measured(living())
    assert pulse is not None
    assert pulse.found
    assert not replace(pulse, interior=False).found


def test_bands_that_travel_over_a_screen_are_no_pulse() -> None:
    times = np.arange(0.0, 6.4, 1.0 / RATE)
    phases = (0.0, 2.4, 2.5, 0.8)
    together, apart = (
        [np.sin(2.0 * np.pi * 1.5 * times + share * phase) for phase in phases]
        for share in (0.05, 1.0)
    )
    assert coherence(together, RATE, 1.5) > 0.95
    assert coherence(apart, RATE, 1.5) < 0.6
    pulse = measured(living())
    assert pulse is not None
    assert pulse.coherence > 0.9
    assert not replace(pulse, coherence=0.6).found


def test_a_slow_drift_has_its_greatest_power_at_the_end_of_the_band() -> None:
    times = np.arange(0.0, 6.4, 1.0 / RATE)
    drift = Spectrum.of(np.sin(2.0 * np.pi * 0.5 * times), RATE)
    beat = Spectrum.of(np.sin(2.0 * np.pi * 1.2 * times), RATE)
    assert not drift.is_peak(drift.peak_hz)
    assert beat.is_peak(beat.peak_hz)


def test_the_chart_has_the_spectra_and_marks_the_pulse() -> None:
    (chart,) = of_skin().charts(clip())
    names = [series.name for series in chart.series]
    assert names[-1] == "all regions"
    assert set(names[:-1]) <= set(NAMES)
    shared = chart.series[-1]
    assert shared.x[np.argmax(shared.y)] == pytest.approx(72.0, abs=2.0)
    (span,) = chart.spans
    assert span.low == span.high == pytest.approx(72.0, abs=2.0)
    assert chart.words.startswith("72 beats a minute")


def test_the_chart_without_a_pulse_has_no_mark() -> None:
    (chart,) = of_skin().charts(clip(pulse=0.0))
    assert not chart.spans
    assert chart.words.startswith("no pulse")


def test_the_chart_of_a_short_clip_says_so() -> None:
    (chart,) = of_skin().charts(clip(seconds=2.0))
    assert (chart.series, chart.words) == ((), "clip too short")
