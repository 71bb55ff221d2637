"""Worn masks: where they are, what they show, and what of the face they keep."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from facepad.errors import InputError
from facepad.simulate.camera.optics import Optics
from facepad.simulate.linear_light import to_display
from facepad.simulate.media.mask import Mask, _lamp
from facepad.simulate.media.materials import MATERIALS
from facepad.simulate.parameters import draw
from facepad.simulate.recipe import apply, bona_fide, draw_recipe
from facepad.simulate.scene.stage import CaptureScene, Framing, MediumRender
from facepad.training.quality.resolution import dead_leaves
from facepad.types import Face, RgbImage
from made_up_face import made_up_face

PLAIN = Mask()
FACE = made_up_face(100.0, 80.0, 35.0)
SIZE = (150, 200)
Area = tuple[slice, slice]
NOSE: Area = np.s_[75:90, 92:108]
EYE: Area = np.s_[70:73, 82:90]
CORNER: Area = np.s_[:20, :20]


@cache
def picture(seed: int = 0) -> RgbImage:
    return to_display(dead_leaves(np.random.default_rng(seed), *SIZE))


def stage(face: Face | None = FACE, image: RgbImage | None = None) -> CaptureScene:
    shown = picture() if image is None else image
    return CaptureScene(shown, face, SIZE, Optics(), Framing())


def worn(mask: Mask, on: CaptureScene) -> MediumRender:
    return mask.present(on, np.random.default_rng(0))


@pytest.mark.slow
def test_a_mask_covers_the_face_and_nothing_far_from_it() -> None:
    mask = worn(PLAIN, stage()).mask
    assert (mask[NOSE] > 0.99).all()
    assert (mask[CORNER] == 0.0).all()


@pytest.mark.slow
def test_far_from_the_mask_the_light_is_the_persons() -> None:
    on = stage()
    assert np.array_equal(worn(PLAIN, on).exposed.light[CORNER], on.bona_fide()[CORNER])


def test_behind_eye_holes_the_persons_own_eyes_are_seen() -> None:
    on = stage()
    seen = worn(replace(PLAIN, eyes="holes", eye_size=1.4, sunk=0.5), on)
    assert seen.mask[EYE].mean() < 0.2
    left = seen.exposed.light[71, 86] / on.bona_fide()[71, 86]
    assert left == pytest.approx([left[0]] * 3, rel=0.02)  # shadow has no colour
    assert 0.45 < left[0] < 0.85


def test_printed_eyes_belong_to_the_mask() -> None:
    assert (worn(PLAIN, stage()).mask[EYE] > 0.99).all()


@pytest.mark.slow
def test_a_slit_mouth_is_dark() -> None:
    white = stage(image=np.full((*SIZE, 3), 200, np.uint8))
    shut, slit = (worn(replace(PLAIN, mouth=one), white).exposed.light for one in ("none", "slit"))
    mouth: Area = np.s_[101:105, 96:104]
    assert slit[mouth].mean() < 0.7 * shut[mouth].mean()


def test_seams_are_darker_than_what_is_around_them() -> None:
    white = stage(image=np.full((*SIZE, 3), 200, np.uint8))
    dark = worn(replace(PLAIN, seam=0.1, seam_dark=0.8), white).exposed.light
    none = worn(PLAIN, white).exposed.light
    assert dark[60:85].min() < 0.6 * none[60:85].min()


def test_a_turned_mask_is_lit_from_its_side() -> None:
    white = stage(image=np.full((*SIZE, 3), 200, np.uint8))
    varnish = replace(PLAIN.varnish, shading=0.8, azimuth_deg=60.0, height_deg=0.0)
    light = worn(replace(PLAIN, varnish=varnish), white).exposed.light
    assert light[80, 125].mean() > 1.5 * light[80, 75].mean()


def test_silicone_mirrors_more_than_paper() -> None:
    white = stage(image=np.full((*SIZE, 3), 150, np.uint8))
    varnish = replace(PLAIN.varnish, gloss=0.6)
    paper, silicone = (
        worn(replace(PLAIN, material=one, varnish=varnish), white).exposed.light[NOSE]
        for one in ("paper", "silicone")
    )
    assert silicone.max() - silicone.min() > 1.5 * (paper.max() - paper.min())


@pytest.mark.slow
@pytest.mark.parametrize("material", list(MATERIALS))
def test_every_material_keeps_the_mean_light_of_the_face(material: str) -> None:
    even = stage(image=np.full((*SIZE, 3), 150, np.uint8))
    varnish = replace(PLAIN.varnish, shading=0.6, texture=1.0, mottle=0.05, relit=0.8)
    light = worn(replace(PLAIN, material=material, varnish=varnish), even).exposed.light
    assert light[50:110, 75:125].mean() == pytest.approx(even.bona_fide().mean(), rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("material", list(MATERIALS))
def test_every_material_has_a_texture(material: str) -> None:
    even = stage(image=np.full((*SIZE, 3), 150, np.uint8))
    smooth, rough = (
        worn(replace(PLAIN, material=material, varnish=replace(PLAIN.varnish, texture=one)), even)
        for one in (0.0, 1.4)
    )
    fine = [
        float(np.abs(np.diff(one.exposed.light[NOSE], axis=1)).mean()) for one in (smooth, rough)
    ]
    assert fine[1] > 1.2 * fine[0]


def test_half_a_mask_ends_above_the_mouth() -> None:
    on = stage()
    half = worn(replace(PLAIN, covers="upper"), on)
    assert half.mask[60:66, 95:105].min() > 0.99
    assert half.mask[102:106, 95:105].max() == 0.0
    below = on.bona_fide()[102:106, 95:105]
    assert np.allclose(half.exposed.light[102:106, 95:105], below, rtol=1e-5)


def test_the_lamp_of_a_mask_is_on_the_side_from_which_the_face_is_lit() -> None:
    across = np.linspace(60, 220, SIZE[1]).astype(np.uint8)
    turned = []
    for row in (across, across[::-1]):
        on = stage(image=np.repeat(np.tile(row, (SIZE[0], 1))[..., None], 3, axis=2))
        turned.append(PLAIN.varnish.direction(_lamp(on)))
    assert turned[0][0] > 0.2
    assert turned[1][0] < -0.2
    assert all(one[2] < 0 and np.linalg.norm(one) == pytest.approx(1.0) for one in turned)


def test_the_edge_of_thin_materials_may_run_out() -> None:
    thin, step = (
        worn(replace(PLAIN, material=one, feather=0.06), stage()).mask
        for one in ("silicone", "resin")
    )
    partly = [int(((one > 0.05) & (one < 0.95)).sum()) for one in (thin, step)]
    assert partly[0] > 1.5 * partly[1]


def test_facets_are_flat() -> None:
    """Within a facet the light of an even picture hardly changes; between them it jumps."""
    white = stage(image=np.full((*SIZE, 3), 200, np.uint8))
    varnish = replace(PLAIN.varnish, shading=0.8, azimuth_deg=60.0, height_deg=0.0)
    smooth, folded = (
        worn(replace(PLAIN, varnish=varnish, facets=n), white).exposed.light[50:110, 75:125, 1]
        for n in (0, 60)
    )
    even = [float((np.abs(np.diff(one, axis=1)) < 1e-3).mean()) for one in (smooth, folded)]
    assert even[1] > 2 * even[0]


def test_a_mask_of_another_mesh_has_its_form(tmp_path: Path) -> None:
    path = tmp_path / "square.obj"
    path.write_text("v -1 -1 0\nv 1 -1 0\nv 1 1 0\nv -1 1 0\nf 1 2 3 4\n")
    own = worn(PLAIN, stage()).mask
    square = worn(replace(PLAIN, mesh=str(path)), stage()).mask
    assert square[56:60, 63:67].mean() > 0.9 > own[56:60, 63:67].mean()


def test_a_mesh_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"none\.obj"):
        worn(replace(PLAIN, mesh="none.obj"), stage())


@pytest.mark.parametrize("face", [None, replace(FACE, landmarks=None)])
def test_without_landmarks_the_mask_is_an_egg(face: Face | None) -> None:
    assert worn(PLAIN, stage(face)).mask.max() > 0.99


def test_a_face_outside_of_the_frame_wears_no_visible_mask() -> None:
    on = stage(made_up_face(-300.0, 80.0, 35.0))
    seen = worn(PLAIN, on)
    assert not seen.mask.any()
    assert np.array_equal(seen.exposed.light, on.bona_fide())


@pytest.mark.slow
def test_every_drawn_mask_gives_light_without_holes_in_it() -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        light = draw(Mask, rng).present(stage(), rng).exposed.light
        assert np.isfinite(light).all()
        assert light.min() >= 0.0


@pytest.mark.slow
def test_the_same_recipe_gives_the_same_file() -> None:
    recipe = draw_recipe("mask", np.random.default_rng(3))
    first, second = (apply(recipe, picture(), FACE).file for _ in range(2))
    assert first == second


@pytest.mark.nightly
def test_the_length_of_a_file_does_not_tell_a_mask() -> None:
    """Area under the curve, whichever way round, of 120 attacks and their bona fide pictures."""
    masks, people = [], []
    for seed in range(120):
        recipe = draw_recipe("mask", np.random.default_rng(seed))
        lens = replace(recipe.camera.lens, lines=recipe.camera.lens.lines // 3)
        recipe = replace(recipe, camera=replace(recipe.camera, lens=lens))
        masks.append(len(apply(recipe, picture(seed % 10), FACE).file))
        people.append(len(bona_fide(recipe, picture(seed % 10), FACE).file))
    area = float((np.subtract.outer(masks, people) > 0).mean())
    assert max(area, 1.0 - area) <= 0.55


def test_the_nose_of_a_mask_is_nearer_than_its_rim() -> None:
    depth = worn(replace(PLAIN, material="resin", rim=0.2), stage()).depth
    seen = np.flatnonzero(np.isfinite(depth[82]))
    assert depth[82, 100] + 20.0 < depth[82, seen[[0, -1]]].min()
    assert np.isnan(depth[CORNER]).all()


def test_eye_holes_have_the_depth_of_the_mask() -> None:
    whole, holed = (
        worn(replace(PLAIN, eyes=one, eye_size=1.4), stage()) for one in ("printed", "holes")
    )
    assert (holed.mask[EYE] < 0.5).any()
    assert np.array_equal(whole.depth[EYE], holed.depth[EYE])


def test_the_depth_of_a_mask_grows_with_its_relief() -> None:
    flat, deep = (worn(replace(PLAIN, relief=one), stage()).depth for one in (0.5, 1.0))
    assert np.nanmax(deep) - np.nanmin(deep) > 1.7 * (np.nanmax(flat) - np.nanmin(flat))
