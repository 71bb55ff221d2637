"""Meshes through the landmarks of a face, and meshes out of files."""

from pathlib import Path

import numpy as np
import pytest

from facepad.faces import landmarks
from facepad.meshes.files import read_obj
from facepad.meshes.render import render
from facepad.simulate.scene import face_mesh
from facepad.types import Landmarks
from made_up_face import made_up_landmarks

LANDMARKS = made_up_landmarks(100.0, 90.0, 50.0)
SIZE = (180, 200)


def turned(degrees: float) -> Landmarks:
    angle = np.deg2rad(degrees)
    turn = np.array(
        [[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]]
    )
    middle = LANDMARKS.mean(axis=0)
    return np.asarray((LANDMARKS - middle) @ turn.T + middle, np.float32)


def obj(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.slow
def test_triangles_cover_the_face_once() -> None:
    found = face_mesh.own(LANDMARKS)
    corners = found.vertices[found.triangles][..., :2].astype(float)
    one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]).sum() / 2
    ring = LANDMARKS[list(landmarks.OVAL), :2].astype(float)
    rolled = np.roll(ring, -1, axis=0)
    outline = abs((ring[:, 0] * rolled[:, 1] - rolled[:, 0] * ring[:, 1]).sum()) / 2
    assert area == pytest.approx(outline, rel=0.02)


def test_a_turned_face_has_the_triangles_of_the_level_one() -> None:
    straight = {tuple(sorted(one)) for one in face_mesh.own(LANDMARKS).triangles.tolist()}
    aside = {tuple(sorted(one)) for one in face_mesh.own(turned(30)).triangles.tolist()}
    assert len(straight & aside) > 0.98 * len(straight)


def test_every_vertex_takes_its_colour_from_where_it_lies() -> None:
    found = face_mesh.own(LANDMARKS)
    np.testing.assert_allclose(found.places, found.vertices[:, :2], atol=1e-3)


def test_a_rim_goes_on_outwards_and_backwards() -> None:
    plain, rimmed = face_mesh.own(LANDMARKS), face_mesh.own(LANDMARKS, rim=0.2)
    assert np.ptp(rimmed.vertices[:, 0]) == pytest.approx(
        1.2 * np.ptp(plain.vertices[:, 0]), rel=0.02
    )
    assert rimmed.vertices[:, 2].max() > plain.vertices[:, 2].max()


@pytest.mark.parametrize("vertices", [0, 80])
def test_a_sheet_shows_its_picture_where_it_lies(vertices: int) -> None:
    sheet = face_mesh.own(LANDMARKS, vertices, 0.2, sheet=True)
    np.testing.assert_allclose(sheet.places, sheet.vertices[:, :2], atol=1e-3)


def test_a_sheet_is_rolled_about_the_face() -> None:
    """But for a plane and a bend backwards at the sides little depth is left."""
    for sheet in (False, True):
        x, y, z = face_mesh.own(LANDMARKS, sheet=sheet).vertices.T.astype(float)
        terms = np.column_stack([np.ones_like(x), x, y, (x - x.mean()) ** 2])
        solution = np.linalg.lstsq(terms, z, rcond=None)[0]
        left = np.std(z - terms @ solution) / np.std(z)
        assert (left < 0.4) == sheet
        assert solution[3] > 0.0 or not sheet


def test_few_facets_keep_the_outline() -> None:
    found = face_mesh.own(LANDMARKS, vertices=60)
    assert len(found.vertices) == 60
    whole = render(face_mesh.own(LANDMARKS).vertices, face_mesh.own(LANDMARKS).triangles, SIZE)
    few = render(found.vertices, found.triangles, SIZE)
    assert few.covered.sum() == pytest.approx(whole.covered.sum(), rel=0.04)


def test_an_egg_stands_for_a_face_without_landmarks() -> None:
    found = face_mesh.egg((100.0, 90.0, 40.0, 55.0))
    assert np.ptp(found.vertices[:, 0]) == pytest.approx(80.0)
    assert (
        found.vertices[:, 2].argmin() == np.hypot(*(found.vertices[:, :2] - [100, 90]).T).argmin()
    )


def test_a_mesh_with_the_same_landmarks_is_fitted_to_them(tmp_path: Path) -> None:
    """Told in another unit, y up and z towards the viewer, as such files have it."""
    told = (LANDMARKS - LANDMARKS.mean(axis=0)) / 7.0 * [1, -1, -1]
    lines = [f"v {x} {y} {z}" for x, y, z in told] + ["f 1/1/1 2/2/2 3/3/3"]
    found = face_mesh.given(read_obj(obj(tmp_path / "a.obj", "\n".join(lines))), turned(20))
    np.testing.assert_allclose(found.vertices, turned(20), atol=0.05)


def test_any_other_mesh_is_fitted_by_its_extent(tmp_path: Path) -> None:
    path = obj(tmp_path / "a.obj", "v -1 -1 0\nv 1 -1 0\nv 1 1 0\nv -1 1 0\nf 1 2 3 4\n")
    found = face_mesh.given(read_obj(path), LANDMARKS)
    assert len(found.triangles) == 2
    middle = (found.vertices.min(axis=0) + found.vertices.max(axis=0)) / 2
    np.testing.assert_allclose(middle[:2], [100, 90], atol=4)


def test_a_file_is_read_once(tmp_path: Path) -> None:
    path, meshes = (
        obj(tmp_path / "a.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n"),
        face_mesh.MeshFiles(),
    )
    first = meshes.read(path)
    path.unlink()
    assert meshes.read(path) is first
