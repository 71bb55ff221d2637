"""A network of one's own with its description, written to a folder."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import tiny_onnx
from facepad.liveness.network.description import NetworkDescription, read_description
from facepad.types import Face, Frame, Presentation

SIZE = 16
DESCRIPTION: Mapping[str, str] = {
    "model.file": '"net.onnx"',
    "input.size": str(SIZE),
    "input.crop": "1.2",
    "input.colour": '"rgb"',
    "input.range": '"0..1"',
    "output.name": '"scores"',
    "output.kind": '"logits"',
    "output.bona_fide": "1",
}


def written(folder: Path, data: bytes | None = None, /, **changes: str | None) -> Path:
    """Write a network and its description, my.toml; return the file of the description.

    Keys are given with two underscores for the point, values as they stand in TOML; None leaves
    a key out.
    """
    data = tiny_onnx.classifier() if data is None else data
    (folder / "net.onnx").write_bytes(data)
    sha256 = f'"{hashlib.sha256(data).hexdigest()}"'
    given = {key.replace("__", "."): value for key, value in changes.items()}
    values = {**DESCRIPTION, "model.sha256": sha256, **given}
    file = folder / "my.toml"
    file.write_text("\n".join(f"{key} = {value}" for key, value in values.items() if value))
    return file


def described(
    folder: Path, data: bytes | None = None, /, **changes: str | None
) -> NetworkDescription:
    """Write a network and its description, and read the description."""
    return read_description(written(folder, data, **changes))


def face_frame(seed: int = 0, side: int = 64) -> Frame:
    """Return a frame of noise with a face in its middle."""
    image = np.random.default_rng(seed).integers(0, 256, (side, side, 3)).astype(np.uint8)
    return Frame(image, face=Face((side // 4, side // 4, 3 * side // 4, 3 * side // 4), 1.0))


def face_presentation(seed: int = 0, side: int = 64) -> Presentation:
    """Return a still of noise with a face."""
    return Presentation((face_frame(seed, side),))
