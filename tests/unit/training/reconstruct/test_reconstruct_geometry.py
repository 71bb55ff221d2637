"""The face model, its fit to landmarks, the renders, and the targets made of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from face_model_files import write_geometry
from facepad.errors import DatasetError
from facepad.liveness.voxel.volume import GRID, SIDE
from facepad.simulate.heads.face_model import FaceModel, read_face_model
from facepad.simulate.heads.fitting import FaceFit, Portrait, fit, fitted_places
from facepad.simulate.scene.geometry import rotation
from facepad.training.reconstruct.data import Geometry, pictures, renders
from facepad.training.reconstruct.renders import rendered_face
from facepad.training.reconstruct.targets import CropPlace, on_grid, target
from facepad.types import Face, Frame, Sample, Split

NONE = np.zeros(0, np.float32)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> FaceModel:
    return write_geometry(tmp_path_factory.mktemp("geometry")).read()


def pose(scale: float = 8.0, yaw: float = 0.0) -> FaceFit:
    return FaceFit(scale, rotation(0.0, yaw, 0.0), np.array([96.0, 90.0, 5.0]), NONE, NONE)


@pytest.mark.slow
def test_the_mean_face_looks_towards_the_camera(model: FaceModel) -> None:
    assert len(model.landmarks) == 468
    nose = model.mean[:, 2].argmin()  # z is away from the camera
    assert np.abs(model.mean[nose, 0]) < 0.5


@pytest.mark.slow
def test_a_fit_finds_the_pose_of_landmarks(model: FaceModel) -> None:
    wanted = pose(yaw=25.0)
    found = fit(model, wanted.placed(model.mean[model.landmarks]))
    assert found.scale == pytest.approx(8.0, rel=0.01)
    assert np.degrees(np.arccos((np.trace(found.rotation @ wanted.rotation.T) - 1) / 2)) < 1.0


@pytest.mark.slow
def test_a_fit_follows_an_identity(model: FaceModel) -> None:
    identity = np.zeros(len(model.identity), np.float32)
    identity[:4] = 1.5
    shape = model.shape(identity, np.zeros(len(model.expression), np.float32))
    points = pose().placed(shape)
    fitted = fit(model, points[model.landmarks]).vertices(model)
    mean = fit(model, points[model.landmarks], 1.0).placed(model.mean)
    off = np.abs(fitted - points)[model.landmarks].mean()
    assert off < 0.5 * np.abs(mean - points)[model.landmarks].mean()


def test_a_file_that_is_no_face_model_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", vertices=np.zeros(3))
    with pytest.raises(DatasetError, match=r"x\.npz has no array 'faces'"):
        read_face_model(tmp_path / "x.npz", tmp_path / "x.obj")
    with pytest.raises(DatasetError, match="cannot be read as a face model"):
        Geometry.in_folder(tmp_path).read()


def test_a_face_model_of_other_shapes_is_named(tmp_path: Path) -> None:
    geometry = write_geometry(tmp_path)
    with np.load(geometry.model) as archive:
        arrays = dict(archive)
    np.savez(geometry.model, **{**arrays, "landmarks68": arrays["landmarks68"][:20]})
    with pytest.raises(DatasetError, match=r"ict_facekit_light\.npz has arrays of other shapes"):
        geometry.read()


def test_a_depth_offset_that_is_no_number_is_named() -> None:
    attributes = {"depth": "a.png", "depth_offset": "far"}
    sample = Sample("a", "a.jpg", "ann", Split.TRAIN, "print", attributes=attributes)
    with pytest.raises(DatasetError, match=r"a\.jpg: depth_offset must be a number, got 'far'"):
        pictures([sample])


def test_the_grid_of_a_depth_map_is_centred_and_keeps_its_slope() -> None:
    x = np.arange(SIDE, dtype=np.float32)
    depth = np.tile(0.25 * x + 40.0, (SIDE, 1)).astype(np.float32)
    grid = on_grid(depth)
    assert grid[GRID // 2, GRID // 2 - 1 : GRID // 2 + 1].mean() == pytest.approx(0.0, abs=1e-3)
    assert np.diff(grid[0]) == pytest.approx(0.75, abs=1e-3)  # three pixels a voxel


def test_a_voxel_is_empty_where_most_of_it_sees_nothing() -> None:
    depth = np.full((SIDE, SIDE), np.nan, np.float32)
    depth[:96, :97] = 3.0  # the last column covers a third of a voxel
    grid = on_grid(depth)
    assert np.isfinite(grid).sum() == 32 * 32


def test_a_crop_and_its_points_agree_on_the_place_of_a_pixel() -> None:
    place = CropPlace(10, 20, 96)
    depth = np.full((200, 200), np.nan, np.float32)
    depth[50, 40] = 7.0
    taken = place.depth(depth)
    (x, y, z) = place.points(np.array([[40.0, 50.0, 7.0]], np.float32))[0]
    lines, columns = np.nonzero(np.isfinite(taken))
    assert (columns.mean(), lines.mean()) == pytest.approx((x, y), abs=0.51)
    assert np.nanmax(taken) == pytest.approx(z) == 14.0


def test_a_tilted_face_has_no_target_and_an_upright_one_has() -> None:
    image = np.full((240, 240, 3), 90, np.uint8)
    depth = np.zeros((240, 240), np.float32)
    frame = Frame(image, face=Face((70, 70, 170, 170), 1.0))
    assert target(frame, depth) is not None
    assert frame.face is not None
    tilted = replace(frame, face=replace(frame.face, roll_deg=25.0))
    assert target(tilted, depth) is None


@pytest.mark.slow
def test_the_same_seed_renders_the_same_face(model: FaceModel) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (192, 192, 3), dtype=np.uint8)
    landmarks = pose().placed(model.mean[model.landmarks])
    portrait = Portrait(picture, Face((30, 30, 160, 160), 1.0, landmarks))
    places = fitted_places(model, portrait)
    first, second = (
        rendered_face(model, portrait, places, picture, np.random.default_rng(4)) for _ in range(2)
    )
    assert np.array_equal(first.image, second.image)
    assert np.isfinite(first.depth).mean() > 0.05
    assert abs(first.yaw_deg) <= 40.0
    assert np.isfinite(first.mean).sum() == pytest.approx(np.isfinite(first.depth).sum(), rel=0.5)


def test_renders_are_of_the_people_of_one_part() -> None:
    people = [
        Sample(f"p{at}", f"p{at}.jpg", f"p{at}", split)
        for at, split in enumerate((Split.TRAIN, Split.DEV, Split.DEV, Split.TEST))
    ]
    made = renders(people, people, Split.DEV, 20, seed=1)
    assert {one.subject for one in made} == {"p1", "p2"}
    assert made == renders(people, people, Split.DEV, 20, seed=1)
    with pytest.raises(DatasetError, match="renders need portraits"):
        renders(people[:1], people, Split.TEST, 1, seed=1)
