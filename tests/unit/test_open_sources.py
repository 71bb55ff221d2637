"""What is in memory or open gives the pixels of its file: buffers, files, uploads, images."""

import io
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from PIL import Image

from facepad.errors import InputError, SettingsError
from facepad.media.limits import Limits, VideoLimits
from facepad.sources import Source, load, settled
from facepad.testing.made_up import made_up_picture
from facepad.testing.media_files import made_up_clip, write_picture, write_video


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "me.png"
    write_picture(path, made_up_picture(size=(64, 48)))
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "me.avi"
    write_video(path, made_up_clip(seed=1, attack=False))
    return path


@dataclass
class AsyncUpload:
    """An upload of FastAPI: the open file is in ``file``, its own ``read`` is asynchronous."""

    file: BinaryIO
    filename: str | None = "me.png"

    async def read(self, size: int = -1) -> bytes:
        return self.file.read(size)


@dataclass
class StreamUpload:
    """An upload of Flask: the open file is in ``stream``."""

    stream: BinaryIO
    filename: str | None = "me.png"


@dataclass
class Pipe:
    """A file that cannot seek, gives little at a time, and counts what was taken."""

    data: bytes
    step: int = 7
    taken: int = 0
    name: str = field(default="pipe")

    def read(self, size: int = -1, /) -> bytes:
        piece = self.data[self.taken : self.taken + min(size, self.step)]
        self.taken += len(piece)
        return piece


class Bits(os.PathLike[str]):
    """A path of a library of one's own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __fspath__(self) -> str:
        return str(self._path)


def at_its_end(data: bytes) -> io.BytesIO:
    file = io.BytesIO()
    file.write(data)
    return file


def spread(data: bytes) -> memoryview:
    """A view that is not contiguous."""
    return memoryview(bytes(byte for one in data for byte in (one, 0)))[::2]


WAYS: dict[str, Callable[[bytes], Source]] = {
    "bytes": lambda data: data,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "every second byte": spread,
    "BytesIO": io.BytesIO,
    "at its end": at_its_end,
    "pipe": Pipe,
    "FastAPI": lambda data: AsyncUpload(io.BytesIO(data)),
    "Flask": lambda data: StreamUpload(io.BytesIO(data)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_picture_in_memory_gives_the_pixels_of_its_file(way: str, picture: Path) -> None:
    presentation = load(WAYS[way](picture.read_bytes()))
    assert np.array_equal(presentation.frames[0].image, load(picture).frames[0].image)


@pytest.mark.parametrize("way", WAYS)
def test_a_clip_in_memory_gives_the_frames_of_its_file(way: str, clip: Path) -> None:
    data = clip.read_bytes()
    with settled(WAYS[way](data)) as (path, name):
        assert isinstance(path, Path)
        assert path.read_bytes() == data
        assert path.stat().st_mode & 0o077 == 0
        frames = load(path, name=name).frames
    assert not path.exists()
    expected = load(clip).frames
    assert len(frames) == len(expected)
    assert all(np.array_equal(a.image, b.image) for a, b in zip(frames, expected, strict=True))


def test_paths_of_other_libraries_are_paths(picture: Path) -> None:
    presentation = load(Bits(picture))
    assert presentation.source == str(picture)


def test_an_open_file_is_named_by_its_path(picture: Path) -> None:
    with picture.open("rb") as file:
        assert load(file).source == str(picture)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (AsyncUpload(io.BytesIO(b"no picture")), "upload me.png"),
        (StreamUpload(io.BytesIO(b"no picture"), "a\x1b.png"), "upload a\\x1b.png"),
        (StreamUpload(io.BytesIO(b"no picture"), None), "file"),
        (io.BytesIO(b"no picture"), "file"),
        (bytearray(b"no picture"), "the given bytes"),
    ],
)
def test_errors_name_what_was_given(source: Source, name: str) -> None:
    with pytest.raises(InputError) as caught:
        load(source)
    assert str(caught.value).startswith(f"{name}: looks like text, not a picture")


def test_an_image_is_a_source(picture: Path) -> None:
    with Image.open(picture) as image:
        presentation = load(image)
    assert np.array_equal(presentation.frames[0].image, load(picture).frames[0].image)
    assert presentation.source == "image"


def test_files_and_images_define_their_own_channels(picture: Path) -> None:
    for source in (io.BytesIO(picture.read_bytes()), Image.new("RGB", (2, 2))):
        with pytest.raises(InputError, match="channels='bgr' is for arrays"):
            load(source, channels="bgr")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (io.StringIO("text"), r"text mode; open it with open\(path, 'rb'\)"),
        (None, "a source is a path, bytes, an open file, .* got NoneType"),
        (["a.jpg", "b.jpg"], "got list; for many sources use Checker.check_many"),
    ],
)
def test_what_is_no_source_is_refused_in_words(source: Source, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load(source)


def test_a_file_in_text_mode_says_how_to_open_it(picture: Path) -> None:
    with picture.open(encoding="latin-1") as file, pytest.raises(InputError, match="text mode"):
        load(file)  # type: ignore[arg-type]


def test_a_read_that_must_be_awaited_is_refused() -> None:
    class Awaited:
        async def read(self, size: int) -> bytes:
            return b""[:size]

    with pytest.raises(InputError, match="asynchronous; await it and give the bytes"):
        load(Awaited())  # type: ignore[arg-type]


def test_a_closed_file_is_an_input_error() -> None:
    file = io.BytesIO(b"data")
    file.close()
    with pytest.raises(InputError, match=r"cannot be read .*closed file"):
        load(file)


@pytest.mark.parametrize("place", [0, 5, None], ids=["start", "middle", "end"])
def test_an_open_file_is_put_back_to_where_it_was(place: int | None, picture: Path) -> None:
    with picture.open("rb") as file:
        file.seek(place or 0, os.SEEK_SET if place is not None else os.SEEK_END)
        before = file.tell()
        assert load(file).frames[0].size == (64, 48)
        assert file.tell() == before


def test_no_more_than_the_limit_is_read() -> None:
    limits = VideoLimits(picture=Limits(max_bytes=1000))
    pipe = Pipe(bytes(100_000), step=100)
    with pytest.raises(InputError, match=r"more than the limit of 0.001 MB"):
        load(pipe, limits=limits)
    assert pipe.taken <= 1100


def test_a_clip_is_copied_up_to_the_limit_and_its_copy_removed(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pipe = Pipe(clip.read_bytes(), step=100)
    with pytest.raises(InputError, match=r"file pipe: .*the limit of a video is 0.002 "):
        load(pipe, limits=VideoLimits(max_bytes=2000))
    assert pipe.taken <= 2100
    assert list(tmp_path.iterdir()) == []


def test_without_room_for_a_temporary_file_a_clip_says_so(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(SettingsError, match="TMPDIR"):
        load(clip.read_bytes())


def test_a_damaged_clip_is_named_as_it_was_given(clip: Path) -> None:
    with pytest.raises(InputError, match=r"^upload me.png: "):
        load(StreamUpload(io.BytesIO(clip.read_bytes()[:500])))
