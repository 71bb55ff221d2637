"""Ways in: paths, bytes and arrays; errors name the source and say why."""

import gc
import os
import socket
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from broken_files import broken_contents, make_broken_files
from facepad import media
from facepad.errors import InputError, printable
from facepad.media import decode
from facepad.sources import load
from media_samples import VIDEO, colours, valid_pictures

PNG = valid_pictures()["gray.png"]


@pytest.mark.parametrize("name", broken_contents())
def test_a_broken_file_is_an_error_in_words(name: str, tmp_path: Path) -> None:
    content, word = broken_contents()[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=word) as caught:
        media.read(path)
    assert str(caught.value).startswith(printable(str(path)))
    assert str(caught.value).isprintable()


def test_there_are_thirty_kinds_of_broken_files(tmp_path: Path) -> None:
    contents = [path.read_bytes() for path in make_broken_files(tmp_path)]
    assert len(set(contents)) == len(contents) >= 30


@pytest.mark.parametrize("kind", [str, Path, Path.read_bytes])
def test_text_paths_and_bytes_give_the_same_picture(
    kind: Callable[[Path], str | Path | bytes], tmp_path: Path
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(PNG)
    assert np.array_equal(media.read(kind(path)).image, media.read(PNG).image)


@pytest.mark.parametrize("source", [None, 3, colours(), bytearray(PNG)])
def test_other_types_are_refused(source: object) -> None:
    with pytest.raises(InputError, match="expected a path or bytes"):
        media.read(source)  # type: ignore[arg-type]


def test_a_wrong_suffix_is_a_note(tmp_path: Path) -> None:
    path = tmp_path / "picture.HEIC"
    path.write_bytes(PNG)
    assert media.read(path).notes == ("named .heic but is PNG",)


@pytest.mark.parametrize("suffix", [".png", ".dat", ""])
def test_a_right_or_unknown_suffix_is_no_note(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(PNG)
    assert media.read(path).notes == ()


@pytest.mark.parametrize("name", ["plain.jpg", "plain.png", "lossy.webp", "plain.bmp"])
def test_bytes_behind_the_picture_are_a_note(name: str) -> None:
    data = valid_pictures()[name]
    frame = media.read(data + VIDEO)
    assert frame.notes == (
        f"{len(VIDEO)} bytes behind the picture were ignored (a video, as in a motion photo)",
    )
    assert np.array_equal(frame.image, media.read(data).image)


def test_padding_behind_the_picture_is_no_note() -> None:
    assert media.read(PNG + bytes(100)).notes == ()


def test_a_jpeg_without_its_end_mark_is_cut_off() -> None:
    with pytest.raises(InputError, match="cut off"):
        media.read(valid_pictures()["plain.jpg"][:-2])


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InputError, match=r"^nowhere/me.jpg: file not found$"):
        media.read("nowhere/me.jpg")


FACE = "/9j/4AAQSkZJRgABAQ" + 4000 * "aB3/+x"  # base64 of a picture, as browsers send it


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (f"data:image/jpeg;base64,{FACE}", "a data URI, not a path; decode the part behind"),
        (FACE, "base64 text, not a picture; decode it first, with base64.b64decode"),
        (FACE.encode(), "base64 text, not a picture; decode it first, with base64.b64decode"),
        (f"data:image/jpeg;base64,{FACE}".encode(), "a data URI; decode the part behind its comma"),
        (FACE[:300], "base64 text, not a picture; decode it first"),
        (f"data:image/jpeg;base64,{FACE[:20]}", "a data URI, not a path"),
    ],
    ids=["data URI", "text", "bytes", "data URI as bytes", "short text", "short data URI"],
)
def test_an_error_never_repeats_a_picture_and_says_what_to_do(
    source: str | bytes, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        media.read(source)
    assert words in str(caught.value)
    assert FACE[20:60] not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("https://example.org/me.jpg", "a URL and nothing is downloaded; fetch the file"),
        ("HTTP://example.org/me.jpg?size=large", "a URL and nothing is downloaded"),
        (Path("https://example.org/clip.mp4"), "a URL and nothing is downloaded"),
        ("s3://bucket/me.jpg", "a URL and nothing is downloaded"),
        ("file:///home/me.jpg", "a file URL; give the path itself"),
        ("C:/pictures/me.jpg", "file not found"),
        ("9j/me.jpg", "file not found"),
    ],
)
def test_an_address_says_what_to_do(source: str | Path, words: str) -> None:
    with pytest.raises(InputError, match=f": (this is )?{words}"):
        load(source)


def test_a_file_that_is_named_like_an_address_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data:").mkdir()
    Path("data:/me.png").write_bytes(PNG)
    assert media.read("data:/me.png").size == media.read(PNG).size


def test_an_empty_path_is_named_so() -> None:
    with pytest.raises(InputError, match=r"^'': the path is empty$"):
        media.read("")


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder"):
        media.read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs Unix permissions")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read all")
def test_a_file_without_permission_says_so(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(PNG)
    path.chmod(0)
    with pytest.raises(InputError, match="not permitted"):
        media.read(path)


def test_a_refusal_of_the_system_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "secret.png"
    path.write_bytes(PNG)
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InputError, match="not permitted"):
        media.read(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(InputError, match="pipe"):
        media.read(tmp_path / "pipe.jpg")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs device files")
def test_a_device_is_refused() -> None:
    with pytest.raises(InputError, match="device"):
        media.read("/dev/zero")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs Unix sockets")
def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("it.jpg")
        with pytest.raises(InputError, match="socket"):
            media.read("it.jpg")


@pytest.mark.parametrize("name", ["a\0b.jpg", "x" * 5000 + ".jpg", "me.jpg/me.jpg"])
def test_an_impossible_name_is_an_error(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "me.jpg").write_bytes(PNG)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError):
        media.read(name)


def test_names_are_safe_to_print() -> None:
    assert printable("a\n\x1b[31m\udcffé.png") == r"a\n\x1b[31m\udcffé.png"


def test_whatever_the_decoder_raises_becomes_an_input_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def burst(_: object) -> None:
        raise ZeroDivisionError("inside the decoder")

    monkeypatch.setattr(decode, "_open", burst)
    with pytest.raises(InputError, match="inside the decoder"):
        media.read(PNG)


def test_want_of_memory_becomes_an_input_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(decode, "_open", burst)
    with pytest.raises(InputError, match="more memory than there is"):
        media.read(PNG)


def test_files_are_closed_and_warnings_left_alone(tmp_path: Path) -> None:
    before = list(warnings.filters)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for path in make_broken_files(tmp_path):
            with pytest.raises(InputError):
                media.read(path)
        gc.collect()
    assert warnings.filters == before


def test_threads_read_the_same_picture_alike() -> None:
    data, seen = valid_pictures()["plain.jpg"], []
    threads = [
        threading.Thread(target=lambda: seen.append(media.read(data).image)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert all(np.array_equal(image, seen[0]) for image in seen)
