"""Triangles on a grid of pixels: coverage, depth, normals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.draw import polygon

from facepad.errors import InputError
from facepad.meshes.render import (
    Triangles,
    Vertices,
    face_normals,
    interpolated,
    normals,
    render,
)

SIZE = (40, 60)


def triangle(*points: tuple[float, float, float]) -> tuple[Vertices, Triangles]:
    return np.array(points, np.float32), np.array([[0, 1, 2]], np.int32)


def ball(radius: float = 15.0) -> tuple[Vertices, Triangles]:
    """The half of a ball that faces the camera, as a fine mesh."""
    from scipy.spatial import Delaunay

    r, a = np.meshgrid(np.linspace(0.05, 1.0, 14), np.linspace(0, 2 * np.pi, 40, endpoint=False))
    flat = np.stack([(r * np.cos(a)).ravel(), (r * np.sin(a)).ravel()], axis=1)
    depth = -np.sqrt(np.maximum(1.0 - (flat**2).sum(axis=1), 0.0))
    points = np.column_stack([flat, depth]) * radius + [30.0, 20.0, 100.0]
    return points.astype(np.float32), Delaunay(flat).simplices.astype(np.int32)


@given(st.lists(st.floats(-20, 80), min_size=6, max_size=6))
def test_a_triangle_covers_the_pixels_that_scikit_image_fills(places: list[float]) -> None:
    """Reference: skimage.draw.polygon, scikit-image 0.26; edges may differ."""
    corners = np.array(places).reshape(3, 2)
    points, faces = triangle(*((float(x), float(y), 0.0) for x, y in corners))
    expected = np.zeros(SIZE, bool)
    expected[polygon(points[:, 1], points[:, 0], SIZE)] = True  # type: ignore[no-untyped-call]
    differ = render(points, faces, SIZE).covered != expected
    assert not (differ & ~near_edge(points)).any()


def near_edge(points: Vertices) -> NDArray[np.bool_]:
    """Pixels whose middle lies within a hundredth of a pixel of an edge's line."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    found = np.zeros(SIZE, bool)
    for one, other in ((0, 1), (1, 2), (2, 0)):
        (x0, y0), (x1, y1) = points[one, :2].astype(float), points[other, :2].astype(float)
        long = float(np.hypot(x1 - x0, y1 - y0))
        area = np.abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0))
        found |= area <= 0.02 * max(long, 1e-3) + 1e-3 * long
    return found


def test_the_nearer_triangle_hides_the_other_in_any_order() -> None:
    points, _ = triangle((5, 5, 2), (50, 5, 2), (5, 35, 2))
    both = np.concatenate([points, points - np.array([0, 0, 1], np.float32)])
    for faces in ([[0, 1, 2], [3, 4, 5]], [[3, 4, 5], [0, 1, 2]]):
        seen = render(both, np.array(faces, np.int32), SIZE)
        assert (seen.depth[seen.covered] == 1.0).all()
        assert (np.array(faces)[seen.triangle[seen.covered], 0] == 3).all()


def test_triangles_that_cross_hide_each_other_in_part() -> None:
    points = np.array([(5, 5, 0), (55, 5, 10), (30, 35, 5), (5, 5, 10), (55, 5, 0), (30, 35, 5)])
    faces = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    seen = render(points.astype(np.float32), faces, SIZE)
    assert seen.triangle[10, 20] == 0
    assert seen.triangle[10, 40] == 1


def test_neighbours_leave_no_crack() -> None:
    points, faces = ball()
    seen = render(points, faces, SIZE)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    assert seen.covered[np.hypot(x - 30, y - 20) < 14.5].all()


def test_depth_of_a_ball_is_that_of_the_formula() -> None:
    points, faces = ball()
    seen = render(points, faces, SIZE)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    inside = np.hypot(x - 30, y - 20) < 12
    expected = 100.0 - np.sqrt(225.0 - (x[inside] - 30.0) ** 2 - (y[inside] - 20.0) ** 2)
    np.testing.assert_allclose(seen.depth[inside], expected, atol=0.15)


def test_normals_of_a_ball_point_away_from_its_middle() -> None:
    points, faces = ball()
    inner = points[:, 2] < 92.0
    outwards = (points - np.array([30, 20, 100], np.float32)) / 15.0
    np.testing.assert_allclose(normals(points, faces)[inner], outwards[inner], atol=0.06)


def test_normals_face_the_camera_whatever_the_order_of_corners() -> None:
    points, faces = ball()
    assert (face_normals(points, faces)[:, 2] <= 0).all()
    assert (face_normals(points, faces[:, ::-1])[:, 2] <= 0).all()


def test_values_are_linear_within_a_triangle() -> None:
    points, faces = triangle((3, 4, 1), (55, 9, 2), (20, 38, 3))
    seen = render(points, faces, SIZE)
    found = interpolated(seen, points, faces, points[:, :2].copy())
    y, x = np.nonzero(seen.covered)
    np.testing.assert_allclose(found, np.stack([x, y], axis=1), atol=1e-3)


def test_what_lies_outside_of_the_frame_is_left_out() -> None:
    points, faces = triangle((-50, -50, 0), (-20, -50, 0), (-50, -10, 0))
    assert not render(points, faces, SIZE).covered.any()


def test_a_triangle_seen_from_its_side_covers_nothing() -> None:
    points, faces = triangle((3, 3, 0), (20, 20, 5), (40, 40, 9))
    assert not render(points, faces, SIZE).covered.any()


def test_many_triangles_are_tried_in_parts_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points, faces = ball()
    whole = render(points, faces, SIZE)
    monkeypatch.setattr("facepad.meshes.render._CANDIDATES", 50)
    parts = render(points, faces, SIZE)
    assert np.array_equal(whole.depth, parts.depth)


@pytest.mark.parametrize(
    ("points", "faces", "message"),
    [
        (np.zeros((3, 2)), np.zeros((1, 3), int), r"shape \(N, 3\)"),
        (np.zeros((3, 3)), np.zeros((1, 4), int), r"shape \(M, 3\)"),
        (np.zeros((3, 3)), np.array([[0, 1, 3]]), "0 to 2"),
        (np.full((3, 3), np.nan), np.array([[0, 1, 2]]), "finite"),
    ],
)
def test_a_mesh_that_is_none_is_refused(points: Vertices, faces: Triangles, message: str) -> None:
    with pytest.raises(InputError, match=message):
        render(points, faces, SIZE)
