"""What the benchmarks of the simulator count, on made-up pictures and numbers."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))
pytest.importorskip("simulator", reason="source archives hold no benchmarks")

from facepad.simulate.parameters import Range
from facepad.simulate.recipe import GROUPS, draw_recipe
from facepad.training.face.features import FaceFeatures
from facepad.training.face.heads import LabelledFeatures
from facepad.types import Sample, Split
from simulator import colours, recordings, spectra, strength, variants, worth
from simulator.drawing import Drawing, save
from simulator.recordings import Listed, Measured
from simulator.strength import Attack
from simulator.variants import ALL_ON, EVERYTHING, Variant


def test_white_noise_has_the_power_of_its_variance_at_every_frequency() -> None:
    noise = np.random.default_rng(1).normal(0.0, 5.0, (1, 256, 256))
    assert spectra.spectrum(noise) == pytest.approx(25.0, rel=0.35)


def test_a_grating_has_its_power_at_its_own_frequency() -> None:
    across = np.sin(2.0 * np.pi * 0.25 * np.arange(128))
    power = spectra.spectrum(np.tile(10.0 * across, (128, 1))[None])
    assert spectra.FREQUENCIES[int(np.argmax(power))] == 0.25


def test_power_that_falls_with_the_square_of_frequency_is_level() -> None:
    levels = spectra.levelled(1e3 / spectra.FREQUENCIES**2)
    assert np.ptp(levels) == pytest.approx(0.0, abs=1e-9)


def test_chroma_of_a_grey_picture_is_flat() -> None:
    grey = np.repeat(np.random.default_rng(2).integers(0, 256, (64, 64, 1)), 3, axis=2)
    _, chroma = spectra.planes(grey.astype(np.uint8))
    assert float(np.abs(chroma - 128.0).max()) <= 1.0


def test_one_hue_has_no_spread_and_opposite_hues_the_most() -> None:
    ones = np.ones((4, 4), np.float32)
    signs = np.where(np.arange(16).reshape(4, 4) % 2, 1.0, -1.0).astype(np.float32)
    assert colours.hue_spread(ones, ones) == pytest.approx(0.0, abs=0.1)
    assert colours.hue_spread(signs, signs) > 300.0


def test_the_border_of_a_frame_is_told_apart_from_its_middle() -> None:
    frame = np.zeros((40, 60, 3), np.uint8)
    frame[4:-4, 4:-4] = 255
    assert colours.border_lightness(frame) == pytest.approx(0.0, abs=0.1)


def test_attacks_are_compared_with_the_people_of_their_own_group() -> None:
    rows = [("a", False, 1.0), ("a", False, 3.0), ("a", True, 7.0), ("b", True, 9.0)]
    found = [
        Measured(Listed("", attack, group, "face"), np.zeros((2, 32)), None, {})
        for group, attack, _ in rows
    ]
    assert recordings.relative(found, [value for *_, value in rows]) == [5.0]


def test_attacks_without_an_effect_have_a_bin_of_their_own() -> None:
    values = [0.0, 0.3, 0.0, 0.9]
    found = strength.binned(values, Range("", off=0.0, low=0.1, high=1.0, chance=0.5))
    assert found.tolist() == [-1, 0, -1, 2]


def test_each_choice_is_a_bin() -> None:
    found = strength.binned(["b", "a", "b"], Range("", off="a", choices={"a": 1.0, "b": 1.0}))
    assert found.tolist() == [1, 0, 1]


def test_an_effect_that_rises_and_falls_is_strong() -> None:
    bins = np.repeat(np.arange(3), 50)
    ranks = np.repeat([0.0, 1.0, 0.0], 50)
    assert strength.strength(bins, ranks) == pytest.approx(1.0)


def test_a_parameter_that_tells_nothing_has_about_no_strength() -> None:
    rng = np.random.default_rng(3)
    found = [strength.strength(np.arange(500) % 5, rng.permutation(500) / 500) for _ in range(50)]
    assert float(np.mean(found)) == pytest.approx(0.0, abs=0.005)


def test_margins_are_ranked_within_each_species() -> None:
    attacks = [
        Attack(species, "p", -margin, 0.0, {})
        for species, margin in (("print", 9.0), ("print", 8.0), ("screen", 1.0), ("screen", 2.0))
    ]
    assert strength.margin_ranks(attacks).tolist() == [0.75, 0.25, 0.25, 0.75]


def listed(*rows: tuple[str, str, str]) -> worth.Pictures:
    made = tuple(
        Variant("", "set/1.jpg", "p", "set", species, species, medium, change)
        for species, medium, change in rows
    )
    nothing = FaceFeatures(np.zeros((0, 3, 0), np.float32), {}, np.zeros(0, bool), ())
    return worth.Pictures(made, LabelledFeatures((), nothing))


PICTURES = listed(
    ("bona_fide", "", ALL_ON),
    ("print", "print", ALL_ON),
    ("print", "print", "paper"),
    ("partial", "print", ALL_ON),
    ("screen", "screen", ALL_ON),
)


def test_without_a_group_the_changed_attack_stands_for_the_drawn_one() -> None:
    assert PICTURES.training("paper").tolist() == [True, False, True, True, True]


def test_with_all_on_no_changed_attack_is_learned() -> None:
    assert PICTURES.training(ALL_ON).tolist() == [True, True, False, True, True]


def test_a_medium_that_is_left_out_takes_its_partial_recaptures_along() -> None:
    assert PICTURES.training(ALL_ON, "print").tolist() == [True, False, False, False, True]


def test_sources_come_from_every_folder_in_turn() -> None:
    keys = ["a/1", "a/2", "a/3", "b/1"]
    sources = [Sample(key, key, key, Split.TRAIN) for key in keys]
    found = [variants.set_of(one.key) for one in variants.chosen(sources, 3, 0)]
    assert found == ["a", "b", "a"]


def test_leaving_out_everything_leaves_out_each_group() -> None:
    recipe = draw_recipe("partial", np.random.default_rng(4))
    bare = variants.without(recipe, EVERYTHING)
    assert all(bare.ablated(group) == bare for group in GROUPS)


@pytest.mark.slow
def test_a_figure_is_written_with_its_words(tmp_path: Path) -> None:
    one = Drawing("made-up", "A title", "A caption", (2.0, 1.0), lambda figure, _: figure.clear())
    vector, pixels = save(one, tmp_path)
    assert "A caption" in vector.read_text()
    assert pixels.stat().st_size > 0
