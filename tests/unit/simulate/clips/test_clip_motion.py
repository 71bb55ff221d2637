"""Motion of clips over time: turns, approaches, blinks, lamps and pulses."""

import numpy as np
import pytest

from facepad.simulate.clips.lighting import Lamp, SkinPulse
from facepad.simulate.clips.motion import Blinks, HeadMotion, MediumMotion, approach, turns, wander
from facepad.simulate.parameters import draw

TIMES = np.arange(240) / 30.0


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("seed", range(6))
def test_a_turn_reaches_its_largest_angle_and_never_more(seed: int) -> None:
    curve = turns(TIMES, 20.0, 0.8, rng(seed))
    assert np.abs(curve).max() == pytest.approx(20.0, abs=1e-6)
    assert curve[0] == 0.0


@pytest.mark.parametrize("seed", range(6))
def test_an_approach_reaches_the_nearer_distance_and_never_less(seed: int) -> None:
    factor = approach(TIMES, 0.5, 1.0, rng(seed))
    assert factor.min() == pytest.approx(0.5, abs=0.02)
    assert factor.max() == 1.0


def test_a_wandering_curve_has_a_deviation_of_about_one() -> None:
    curves = [wander(TIMES, 1.5, rng(seed)) for seed in range(40)]
    assert np.std(curves) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("kind", ["still", "turn", "nod", "approach", "free"])
def test_a_head_turns_only_when_its_motion_is_a_turn(kind: str) -> None:
    motion = HeadMotion(kind=kind, yaw_deg=25.0, nearer=0.5)
    track = motion.track(TIMES, 400.0, rng(1))
    assert (np.ptp(track.yaw_deg) > 15.0) == (kind in ("turn", "free"))
    assert (np.ptp(track.pitch_deg) > 6.0) == (kind in ("nod", "free"))
    assert (track.distance_mm.min() < 250.0) == (kind == "approach")


def test_a_wave_turns_faster_than_a_hand_that_moves_a_medium() -> None:
    motion = MediumMotion(yaw_deg=20.0, waves=2.0)
    waved = motion.waved(TIMES, 300.0, rng(2)).yaw_deg
    moved = motion.moved(TIMES, 300.0, rng(2)).yaw_deg
    assert np.abs(np.diff(waved)).mean() > 2.0 * np.abs(np.diff(moved)).mean()


def test_a_blink_closes_both_eyes_to_its_depth_and_opens_them_again() -> None:
    blinks = Blinks(depth=0.95, closed_s=0.05, later_s=0.0)
    fine = np.arange(0.0, 3.0, 0.001)
    right, left = blinks.closure(fine, (1.0,))
    assert right.max() == pytest.approx(0.95)
    assert np.array_equal(right, left)
    closing = fine[right > 0.0]
    length = blinks.closing_s + blinks.closed_s + blinks.opening_s
    assert np.ptp(closing) == pytest.approx(length, abs=0.005)


@pytest.mark.parametrize("seed", range(5))
def test_blinks_lie_within_the_clip_and_do_not_overlap(seed: int) -> None:
    blinks = draw(Blinks, rng(seed))
    starts = np.array(blinks.starts(60.0, rng(seed)))
    length = blinks.closing_s + blinks.closed_s + blinks.opening_s
    assert starts[0] > 0.0
    assert starts[-1] + length < 60.0
    assert np.diff(starts).min() > length


@pytest.mark.parametrize("bpm", [52.0, 75.0, 120.0])
def test_the_strongest_frequency_of_a_pulse_is_its_rate(bpm: float) -> None:
    wave = SkinPulse(bpm=bpm, green=0.01).wave(np.arange(600) / 30.0, rng())
    rates = np.fft.rfftfreq(4096, 1.0 / 30.0) * 60.0
    strongest = rates[np.abs(np.fft.rfft(wave - wave.mean(), 4096)).argmax()]
    assert strongest == pytest.approx(bpm, abs=1.0)


def test_no_pulse_changes_nothing() -> None:
    assert not SkinPulse().wave(TIMES, rng()).any()


@pytest.mark.parametrize(
    ("kind", "fps"), [("slow", 30.0), ("mains_50", 30.0), ("mains_60", 25.0), ("mains_50", 24.0)]
)
def test_frames_flicker_at_the_stated_rate(kind: str, fps: float) -> None:
    lamp = Lamp(kind=kind, strength=0.05, slow_hz=1.7, clock=0.0007, readout=0.0)
    light = np.array([lamp.light(at / fps, 4, fps)[0, 0, 0] for at in range(900)])
    rates = np.fft.rfftfreq(8192, 1.0 / fps)
    strongest = rates[np.abs(np.fft.rfft(light - light.mean(), 8192)).argmax()]
    assert strongest == pytest.approx(lamp.rate_hz(fps), abs=0.02)


def test_a_steady_lamp_does_not_flicker() -> None:
    lamp = Lamp()
    assert lamp.rate_hz(30.0) == 0.0
    assert (lamp.light(0.37, 5, 30.0) == 1.0).all()
