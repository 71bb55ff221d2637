"""Small made-up media files that really decode: pictures, clips, clips with depth."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from facepad.errors import DatasetError
from facepad.testing.made_up import made_up_picture
from facepad.types import RgbImage

CLIP_SIZE = (64, 48)  # width and height in pixels; small, as there are many clips
DEPTH_SIZE = (32, 24)  # of clips with depth, which are not compressed
CLIP_FRAMES = 6
FRAMES_PER_SECOND = 25.0
CODECS = {".avi": "MJPG", ".mov": "mp4v", ".mp4": "mp4v"}
FACE_MM, WALL_MM = 800, 1500  # distances in a made-up depth frame


def write_picture(path: Path, picture: RgbImage) -> None:
    """Write a picture in the format of the suffix, making its folder."""
    from PIL import Image  # not needed by those who only run a check

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, quality=92)


def write_video(
    path: Path, pictures: Sequence[RgbImage], *, fps: float = FRAMES_PER_SECOND
) -> None:
    """Write pictures of one size as a video: MJPEG in .avi, MPEG-4 in .mov and .mp4.

    Args:
        path: The file; its folder is made.
        pictures: RGB, shape (H, W, 3), uint8.
        fps: Frames a second.

    Raises:
        DatasetError: This build of OpenCV cannot write such a file.
    """
    from facepad.opencv import cv2

    path.parent.mkdir(parents=True, exist_ok=True)
    codec = cv2.VideoWriter.fourcc(*CODECS[path.suffix])
    height, width = pictures[0].shape[:2]
    video = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, codec, fps, (width, height))
    if not video.isOpened():
        raise DatasetError(f"{path}: this build of OpenCV cannot write {path.suffix} videos")
    for picture in pictures:
        video.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    video.release()


class Clips:
    """Writes made-up clips; each person's clip of a kind is drawn and coded only once."""

    def __init__(self, size: tuple[int, int] = CLIP_SIZE) -> None:
        self._size = size
        self._known: dict[tuple[int, bool, str], bytes] = {}

    def write(self, path: Path, *, seed: int, attack: bool) -> None:
        """Write a clip in the format of the suffix (.hdf5: with depth), making its folder."""
        key = (seed, attack, path.suffix)
        if key not in self._known:
            self._known[key] = _coded(seed, attack, path.suffix, self._size)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self._known[key])


def _coded(seed: int, attack: bool, suffix: str, size: tuple[int, int]) -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"clip{suffix}"
        if suffix == ".hdf5":
            write_depth_clip(file, seed=seed, attack=attack)
        else:
            write_video(file, made_up_clip(seed=seed, attack=attack, size=size))
        return file.read_bytes()


def made_up_clip(*, seed: int, attack: bool, size: tuple[int, int] = CLIP_SIZE) -> list[RgbImage]:
    """Return pictures of one made-up person who moves a little."""
    return [
        made_up_picture(size=size, attack=attack, seed=seed, moved=number)
        for number in range(CLIP_FRAMES)
    ]


def write_depth_clip(path: Path, *, seed: int, attack: bool) -> None:
    """Write a colour and depth clip in HDF5, as 3DMAD has them; needs h5py."""
    import h5py

    width, height = DEPTH_SIZE
    clip = made_up_clip(seed=seed, attack=attack, size=DEPTH_SIZE)
    depth = np.full((CLIP_FRAMES, 1, height, width), WALL_MM, np.uint16)
    depth[:, :, height // 4 :, width // 3 : -width // 3] = FACE_MM
    eyes = [width // 2 - 3, height // 2 - 2, width // 2 + 3, height // 2 - 2]
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file["Color_Data"] = np.stack(clip).transpose(0, 3, 1, 2)
        file["Depth_Data"] = depth
        file["Eye_Pos"] = np.tile(np.array(eyes, np.int32), (CLIP_FRAMES, 1))
