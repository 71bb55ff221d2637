"""Depth maps as files."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from facepad.errors import InputError
from facepad.simulate.depth_map import STEP, encoded, read_depth


@pytest.mark.parametrize("offset", [-300.7, 0.0, 1234.56])
def test_a_depth_map_survives_as_a_file(tmp_path: Path, offset: float) -> None:
    depth = np.random.default_rng(0).uniform(0.0, 900.0, (20, 30)).astype(np.float32) + offset
    depth[:5] = np.nan
    file = encoded(depth.astype(np.float32))
    path = tmp_path / "depth.png"
    path.write_bytes(file.content)
    back = read_depth(path, float(f"{file.offset:.4f}"))
    assert back.dtype == np.float32
    assert np.isnan(back[:5]).all()
    assert np.abs(back[5:] - depth[5:]).max() <= STEP / 2 + 1e-3


def test_depth_beyond_16_bits_is_clipped(tmp_path: Path) -> None:
    path = tmp_path / "depth.png"
    path.write_bytes(encoded(np.array([[0.0, 1e6]], np.float32)).content)
    assert read_depth(path, 0.0).tolist() == [[0.0, 65_534 * STEP]]


def test_nothing_gives_a_map_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "depth.png"
    path.write_bytes(encoded(np.full((3, 4), np.nan, np.float32)).content)
    assert np.isnan(read_depth(path, 0.0)).all()


def _png(values: object) -> bytes:
    return bytes(cv2.imencode(".png", np.array(values))[1].tobytes())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"no picture", "looks like"),
        (_png([[1, 2]]).replace(b"IDAT", b"IDAX"), "depth map"),
        (_png(np.zeros((4, 4), np.uint8)), "one channel of 16 bits"),
        (_png(np.zeros((4, 4, 3), np.uint16)), "one channel of 16 bits"),
    ],
)
def test_another_file_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "depth.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"depth.png: .*{said}"):
        read_depth(path, 0.0)


def test_a_large_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "depth.png"
    path.write_bytes(_png(np.zeros((20_000, 1), np.uint16)))
    with pytest.raises(InputError, match="no side may be longer"):
        read_depth(path, 0.0)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone.png: the depth map cannot be read"):
        read_depth(tmp_path / "gone.png", 0.0)
