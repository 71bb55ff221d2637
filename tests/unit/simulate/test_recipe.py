"""Whole recipes: what is drawn, recorded, and the same for bona fide and attack."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from examples import at_most
from facepad.errors import InputError, SettingsError
from facepad.simulate.camera.look import Look
from facepad.simulate.linear_light import to_display
from facepad.simulate.media.print import Print
from facepad.simulate.recipe import (
    BONA_FIDE,
    GROUPS,
    MEDIA,
    PARTIAL,
    Recipe,
    SimulatedPicture,
    apply,
    bona_fide,
    draw_recipe,
)
from facepad.training.quality.resolution import dead_leaves
from facepad.types import Face

PICTURE = to_display(dead_leaves(np.random.default_rng(0), 96, 128))
FACE = Face((40, 20, 90, 80), 1.0)
ATTACKS = (*MEDIA, PARTIAL)
# One in the fast suite, where a test makes many pictures of each.
FEW = [one if one == "mask" else pytest.param(one, marks=pytest.mark.slow) for one in ATTACKS]


def recipe(species: str, seed: int = 0, lines: int = 96) -> Recipe:
    """A drawn recipe with a sensor small enough for a test."""
    drawn = draw_recipe(species, np.random.default_rng(seed))
    lens = replace(drawn.camera.lens, lines=lines)
    return replace(drawn, camera=replace(drawn.camera, lens=lens))


def tables(data: bytes) -> bytes:
    """All of a JPEG file before its picture: sizes, codec tables, metadata."""
    return data[: data.index(b"\xff\xda")]


@pytest.mark.slow
@pytest.mark.parametrize("species", [BONA_FIDE, *ATTACKS])
def test_the_same_recipe_gives_the_same_file(species: str) -> None:
    one, other = (apply(recipe(species), PICTURE, FACE) for _ in range(2))
    assert one.file == other.file
    assert np.array_equal(one.mask, other.mask)


@pytest.mark.slow
@pytest.mark.parametrize("species", [BONA_FIDE, *ATTACKS])
def test_another_seed_gives_another_picture(species: str) -> None:
    assert apply(recipe(species, 1), PICTURE).file != apply(recipe(species, 2), PICTURE).file


@pytest.mark.parametrize("species", FEW)
@at_most(10)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_attack_is_a_picture_with_a_mask(species: str, seed: int) -> None:
    made = apply(recipe(species, seed, 64), PICTURE, FACE)
    assert made.image.shape[:2] == made.mask.shape
    assert 0.0 <= made.mask.min() <= made.mask.max() <= 1.0
    assert made.mask.max() > 0.5
    assert made.image.std() > 1.0


@pytest.mark.slow
@pytest.mark.parametrize("species", FEW)
def test_bona_fide_and_attack_share_size_and_codec(species: str) -> None:
    for seed in range(5):
        one = recipe(species, seed)
        attack, person = apply(one, PICTURE, FACE), bona_fide(one, PICTURE, FACE)
        assert tables(attack.file) == tables(person.file)
        assert attack.image.shape == person.image.shape


@pytest.mark.parametrize("species", [BONA_FIDE, *ATTACKS])
def test_a_recipe_survives_as_json(species: str) -> None:
    one = recipe(species, 4)
    assert Recipe.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    assert one.to_dict()["species"] == species


def test_damaged_records_are_refused() -> None:
    good = recipe("screen").to_dict()
    for bad in ({}, {**good, "medium": {"species": "wax"}}, {**good, "camera": 3}):
        with pytest.raises(SettingsError):
            Recipe.from_dict(bad)


def test_bona_fide_has_gone_through_no_medium() -> None:
    assert apply(recipe(BONA_FIDE), PICTURE).mask.max() == 0.0


def test_a_partial_recapture_leaves_the_rest_of_the_frame_alone() -> None:
    """Before the camera develops them, the two differ inside the mask only."""
    one = recipe(PARTIAL, 8)
    attack, person = apply(one, PICTURE, FACE), bona_fide(one, PICTURE, FACE)
    different = np.abs(attack.image.astype(int) - person.image.astype(int)).mean(axis=2)
    assert different[attack.mask > 0.9].mean() > different[attack.mask < 0.01].mean()


def test_cameras_do_not_depend_on_the_species() -> None:
    cameras = {draw_recipe(one, np.random.default_rng(3)).camera for one in (BONA_FIDE, *ATTACKS)}
    assert len(cameras) == 1


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("species", FEW)
def test_every_group_of_effects_can_be_left_out(species: str, group: str) -> None:
    made = apply(recipe(species, 2, 64).ablated(group), PICTURE, FACE)
    assert isinstance(made, SimulatedPicture)


def test_without_the_stripes_there_is_no_pattern() -> None:
    still = recipe("screen", 1).ablated("moire")
    assert still.to_dict()["medium"]["stripe"] == 0.0


def test_an_unknown_group_or_species_is_named() -> None:
    with pytest.raises(SettingsError, match="got 'wax'"):
        recipe("screen").ablated("wax")
    with pytest.raises(SettingsError, match=r"unknown kind of attack 'wax'; known: bona_fide, "):
        draw_recipe("wax", np.random.default_rng(0))


def test_a_face_is_followed_to_where_it_is_seen() -> None:
    found = bona_fide(recipe("screen", 3), PICTURE, FACE).face
    assert found is not None
    left, top, right, bottom = found.box
    assert 0 <= left < right <= 128
    assert 0 <= top < bottom <= 96
    assert (right - left) / (bottom - top) == pytest.approx(50 / 60, rel=0.1)


@pytest.mark.parametrize(
    "picture", [np.zeros((8, 40, 3), np.uint8), np.zeros((40, 40), np.uint8), np.zeros((40, 40, 3))]
)
def test_what_is_no_picture_is_refused(picture: NDArray[np.uint8]) -> None:
    with pytest.raises(InputError, match="picture"):
        apply(recipe("print"), picture)


def test_a_given_picture_stands_behind_the_medium() -> None:
    one = recipe("print", 3)
    assert one.to_dict()["medium"]["form"] == "sheet"
    assert isinstance(one.medium, Print)
    medium = replace(one.medium, hand=False, holding=replace(one.medium.holding, fill=0.5))
    one = replace(one, medium=medium)
    green = np.zeros((96, 128, 3), np.uint8)
    green[..., 1] = 200
    found = apply(one, PICTURE, FACE, green)
    behind = found.image[found.mask < 0.01].mean(axis=0)
    assert behind[1] > behind[0] + 10


@pytest.mark.parametrize("species", [BONA_FIDE, *ATTACKS])
def test_casts_and_profiles_of_a_picture_are_turned_off_apart(species: str) -> None:
    one = recipe(species, 5)
    assert one.look.red_over_blue
    assert one.look.hue_deg
    plain = one.ablated("casts").look
    assert (plain.red_over_blue, plain.exposure, plain.hue_deg) == (0.0, 1.0, one.look.hue_deg)
    assert one.ablated("profiles").look.hue_deg == 0.0
    assert one.ablated("casts").ablated("profiles").look == Look()


def test_a_picture_has_a_look_of_its_own_and_the_camera_of_its_round() -> None:
    camera = recipe(BONA_FIDE).camera
    pair = [draw_recipe(s, np.random.default_rng(i), camera=camera) for i, s in enumerate(ATTACKS)]
    assert len({one.look for one in pair}) == len(pair)
    assert all(one.to_dict()["camera"]["family"] == camera.family for one in pair)


@pytest.mark.slow
@pytest.mark.parametrize("species", ["print", "screen"])
def test_sharpness_and_close_ups_are_turned_off(species: str) -> None:
    drawn = [recipe(species, seed) for seed in range(30)]
    assert {one.to_dict()["medium"]["holding"]["close"] for one in drawn} == {False, True}
    for one in drawn:
        holding = one.ablated("sharpness").ablated("close_ups").to_dict()["medium"]["holding"]
        off = {"focus": 1.0, "detail": 0.0, "film": 0.0, "close": False}
        assert {name: holding[name] for name in off} == off


@pytest.mark.parametrize("species", ATTACKS)
def test_a_depth_map_changes_no_picture_and_is_where_the_medium_is(species: str) -> None:
    plain, deep = (apply(recipe(species), PICTURE, FACE, with_depth=one) for one in (False, True))
    assert plain.file == deep.file
    assert plain.depth is None
    assert deep.depth is not None
    seen = np.isfinite(deep.depth)
    assert seen[deep.mask >= 0.5].all()
    assert seen.mean() < (deep.mask >= 0.5).mean() + 0.05  # holes are filled


def test_a_bona_fide_picture_has_no_depth_map() -> None:
    assert apply(recipe(BONA_FIDE), PICTURE, FACE, with_depth=True).depth is None
