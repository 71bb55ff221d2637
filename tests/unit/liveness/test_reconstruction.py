"""From pictures to shapes of faces, with a made-up network and a made-up finder."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import made_up_volume
from facepad.errors import InputError
from facepad.liveness.voxel.reconstruction import SUFFIXES, FaceReconstruction, reconstruct
from facepad.liveness.voxel.reconstructor import Reconstructor
from facepad.liveness.voxel.surface import TILE, YAWS
from facepad.liveness.voxel.volume import GRID, MARGIN, SIDE, Volume, crop_of
from facepad.types import Face, Frame, Reason

FACE = Face((140, 100, 240, 200), 0.9, points=((170.0, 130.0), (210.0, 130.0)))


@dataclass(frozen=True)
class OneFace:
    """Finds one face, or why there is none."""

    face: Face | None = FACE
    models: Mapping[str, str] = None  # type: ignore[assignment]

    def find(self, frame: Frame) -> Frame:
        return replace(frame, face=self.face, no_face=None if self.face else Reason.NO_FACE)


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reconstructor:
    made_up_volume.install(tmp_path, monkeypatch)
    return Reconstructor()


def picture(level: int = 255) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.full((400, 400, 3), level, np.uint8)


def made(network: Reconstructor, face: Face = FACE) -> FaceReconstruction:
    data = io.BytesIO()
    Image.fromarray(picture()).save(data, "PNG")
    return reconstruct(data.getvalue(), finder=OneFace(face), reconstructor=network)


def test_a_picture_has_the_volume_of_its_face(network: Reconstructor) -> None:
    found = made(network)
    depth, present = made_up_volume.half_ellipsoid()
    assert np.abs(found.volume.depth - depth)[present].max() < 2.0
    assert found.crop.shape == (SIDE, SIDE, 3)
    assert found.version == network.version


def test_the_crop_has_corners_in_the_picture(network: Reconstructor) -> None:
    side = 100 * MARGIN
    low, high = np.array([190, 150]) - side / 2, np.array([190, 150]) + side / 2
    expected = [low, (high[0], low[1]), high, (low[0], high[1])]
    assert np.abs(made(network).corners - np.array(expected)).max() < 0.51


def test_the_crop_of_a_tilted_face_is_tilted(network: Reconstructor) -> None:
    """What the picture shows at a corner is what the crop shows there."""
    tilted = replace(FACE, roll_deg=40.0)
    corners = made(network, tilted).corners
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    assert np.rad2deg(np.arctan2(across[1], across[0])) == pytest.approx(40.0, abs=0.1)
    marked = picture(0)
    x, y = (int(value) for value in corners[0] + 0.25 * across + 0.25 * down)
    marked[y - 3 : y + 3, x - 3 : x + 3] = 255
    line, column = np.nonzero(crop_of(Frame(marked, face=tilted))[..., 0] > 100)
    assert line.mean() == pytest.approx(SIDE / 4, abs=1.5)
    assert column.mean() == pytest.approx(SIDE / 4, abs=1.5)


def test_the_distance_between_the_eyes_is_in_pixels_of_the_crop(network: Reconstructor) -> None:
    assert made(network).eye_distance == pytest.approx(40 * SIDE / (100 * MARGIN), rel=1e-3)
    assert np.isnan(made(network, replace(FACE, points=())).eye_distance)


def test_other_faces_are_a_note(network: Reconstructor) -> None:
    assert made(network, replace(FACE, others=2)).notes == ("2 other faces in the picture",)


@pytest.mark.parametrize(
    ("face", "message"),
    [(None, "a.png: no face found"), (replace(FACE, others=1), "a.png: several faces")],
)
def test_a_picture_without_the_face_is_an_error(
    network: Reconstructor, face: Face | None, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.png"
    Image.fromarray(picture()).save(file)
    with pytest.raises(InputError, match=message):
        reconstruct(file, faces="single", finder=OneFace(face), reconstructor=network)


def test_a_network_that_finds_no_surface_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = np.zeros((64, GRID, GRID), np.float32)
    made_up_volume.install(tmp_path, monkeypatch, made_up_volume.network_of(nothing, nothing))
    with pytest.raises(InputError, match="finds no surface"):
        made(Reconstructor())


def test_the_arrays_give_the_volume_again(network: Reconstructor) -> None:
    found = made(network)
    with np.load(io.BytesIO(found.encoded(".npz"))) as arrays:
        assert np.array_equal(Volume(arrays["occupancy"]).depth, arrays["depth"], equal_nan=True)
        assert np.array_equal(arrays["crop"], found.crop)
        assert np.array_equal(arrays["crop_corners"], found.corners)
        assert float(arrays["eye_distance"]) == found.eye_distance


def test_views_are_a_png(network: Reconstructor) -> None:
    with Image.open(io.BytesIO(made(network).encoded(".png"))) as image:
        assert image.format == "PNG"
        assert image.size == (len(YAWS) * TILE, 2 * TILE)


@pytest.mark.parametrize(("suffix", "mark"), [(".obj", b"# "), (".ply", b"comment ")])
def test_meshes_state_their_unit(network: Reconstructor, suffix: str, mark: bytes) -> None:
    lines = made(network).encoded(suffix).split(b"\n")
    assert any(line.startswith(mark + b"Unit: pixel of the face crop") for line in lines)
    assert mark + b"Distance between the eyes: 40.4" in lines


def test_another_suffix_is_refused(network: Reconstructor) -> None:
    with pytest.raises(InputError, match=r"\.obj, \.ply, \.npz, \.png, got '\.stl'"):
        made(network).encoded(".stl")
    assert SUFFIXES == (".obj", ".ply", ".npz", ".png")
