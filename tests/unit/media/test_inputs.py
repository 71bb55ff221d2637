"""What the command line was given, opened up in a fixed order."""

import errno
import io
import os
from pathlib import Path

import pytest

from facepad import media
from facepad.errors import InputError
from facepad.media import Input
from facepad.media.inputs import skipped_in_words
from facepad.types import Frame
from media_samples import valid_pictures

PNG = valid_pictures()["gray.png"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with pictures, notes, hidden files and sub-folders."""
    for name in ("b.png", "a.png", "notes.txt", ".hidden.png", "sub/c.png", "sub/.git/d.png"):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(given: Input, limits: media.Limits | None = None) -> Frame:
    if isinstance(given.source, InputError):
        raise given.source
    return media.read(given.source, limits=limits, name=given.name)


def names(*paths: str | Path, stdin: io.BytesIO | None = None) -> list[str]:
    return [found.name for found in media.expand(paths, stdin)]


def test_a_folder_stands_for_its_files_in_order() -> None:
    assert names("pictures") == [
        "pictures/a.png",
        "pictures/b.png",
        "pictures/notes.txt",
        "pictures/sub/c.png",
    ]


def test_paths_keep_the_order_they_were_typed_in() -> None:
    typed = ["pictures/b.png", "pictures/a.png", "pictures/b.png"]
    assert names(*typed) == typed


def test_a_pattern_the_shell_left_alone_is_opened_up() -> None:
    assert names("pictures/*.png") == ["pictures/a.png", "pictures/b.png"]


@pytest.mark.parametrize("typed", ["https://example.org/a.jpg?x=[1]", "data:image/png;base64,AA*="])
def test_an_address_is_no_pattern(typed: str) -> None:
    (found,) = media.expand([typed])
    assert isinstance(found.source, InputError)
    assert "pattern" not in str(found.source)
    assert "not" in str(found.source)


def test_text_of_a_picture_is_not_repeated() -> None:
    (found,) = media.expand(["data:image/png;base64," + 5000 * "iVBO"])
    assert len(found.name) < 80
    assert len(str(found.source)) < 250


def test_an_absolute_pattern_is_opened_up(folder: Path) -> None:
    assert len(names(folder / "pictures" / "?.png")) == 2


def test_two_stars_reach_into_sub_folders() -> None:
    assert names("**/c.png") == ["pictures/sub/c.png"]


def test_a_file_may_be_named_like_a_pattern() -> None:
    Path("me[1].png").write_bytes(PNG)
    assert names("me[1].png") == ["me[1].png"]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("nothing*.png", "no file matches"),
        ("missing.png", "file not found"),
        ("empty", "the folder is empty"),
        ("", "path is empty"),
        ("-", "standard input: it is closed"),
    ],
)
def test_what_stands_for_nothing_is_one_input_with_its_error(
    folder: Path, path: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    (folder / "empty").mkdir()
    (found,) = media.expand([path])
    with pytest.raises(InputError, match=why):
        read(found)


def test_a_folder_that_cannot_be_listed_is_one_input_with_its_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    found = list(media.expand(["pictures"]))
    assert "Permission denied" in str(found[0].source)


def test_a_broken_link_in_a_folder_is_not_passed_over() -> None:
    Path("links").mkdir()
    Path("links/gone.png").symlink_to("nowhere.png")
    (found,) = media.expand(["links"])
    with pytest.raises(InputError, match="file not found"):
        read(found)


def test_links_between_folders_are_not_followed() -> None:
    Path("pictures/sub/loop").symlink_to("..", target_is_directory=True)
    assert len(names("pictures")) == 4


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_in_a_folder_are_left_out() -> None:
    os.mkfifo("pictures/pipe.png")
    assert len(names("pictures")) == 4


def test_standard_input_is_read() -> None:
    (found,) = media.expand(["-"], io.BytesIO(PNG))
    assert found.name == "standard input"
    assert read(found).size == (20, 16)


def test_standard_input_is_read_only_up_to_the_limit() -> None:
    stdin = io.BytesIO(bytes(1000))
    (found,) = media.expand(["-"], stdin, limits=media.Limits(max_bytes=100))
    assert stdin.tell() == 101
    with pytest.raises(InputError, match=r"standard input: .*limit"):
        read(found, media.Limits(max_bytes=100))


def test_standard_input_gives_one_picture_only() -> None:
    _, second = media.expand(["-", "-"], io.BytesIO(PNG))
    assert str(second.source) == "standard input: there is nothing left to read"


def test_standard_input_that_fails_is_one_input_with_its_error() -> None:
    class Folder(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))

    (found,) = media.expand(["-"], Folder())
    assert str(found.source) == "standard input: it cannot be read (Is a directory)"


def test_names_are_safe_to_print() -> None:
    Path("line\nbreak.png").write_bytes(PNG)
    assert names(Path("line\nbreak.png")) == [r"line\nbreak.png"]


# --- what is left out -----------------------------------------------------------------------


def sifted(*paths: str) -> tuple[list[str], list[str]]:
    """Names of the inputs, and of the files that were left out."""
    skipped: list[str] = []
    return [found.name for found in media.expand(paths, skip=skipped.append)], skipped


@pytest.fixture
def mixed(folder: Path) -> Path:
    """A folder with two pictures, one of them damaged and one without a suffix, and more."""
    mixed = folder / "mixed"
    mixed.mkdir()
    contents = {
        "a.JPG": b"", "b": PNG, "README.txt": b"text", "scores.csv": b"path\n", ".DS_Store": b"\0",
        "scan.gif": b"GIF89a", "clip.mp4": b"cut",
    }  # fmt: skip
    for name, content in contents.items():
        (mixed / name).write_bytes(content)
    return mixed


@pytest.mark.usefixtures("mixed")
def test_files_of_a_folder_that_are_no_pictures_are_left_out_and_named() -> None:
    names, skipped = sifted("mixed")
    assert names == ["mixed/a.JPG", "mixed/b", "mixed/clip.mp4", "mixed/scan.gif"]
    assert skipped == [".DS_Store", "README.txt", "scores.csv"]


@pytest.mark.usefixtures("mixed")
def test_a_pattern_leaves_out_what_a_folder_does() -> None:
    names, skipped = sifted("mixed/*s*")
    assert names == ["mixed/scan.gif"]
    assert skipped == ["scores.csv"]


@pytest.mark.usefixtures("mixed")
def test_a_file_that_was_named_itself_is_never_left_out() -> None:
    assert sifted("mixed/README.txt") == (["mixed/README.txt"], [])


@pytest.mark.parametrize(
    ("path", "why"),
    [("mixed/*.txt", "no picture or clip matches"), ("texts", "no picture or clip in this folder")],
)
def test_where_everything_is_left_out_there_is_one_input_with_its_error(
    mixed: Path, path: str, why: str
) -> None:
    (mixed.with_name("texts") / "sub").mkdir(parents=True)
    (mixed.with_name("texts") / "sub" / "a.txt").write_text("text")
    skipped: list[str] = []
    (found,) = media.expand([path], skip=skipped.append)
    assert why in str(found.source)
    assert len(skipped) == 1


def test_a_file_that_cannot_be_opened_is_kept_for_its_error(mixed: Path) -> None:
    (mixed / "gone").symlink_to("nowhere")
    assert "mixed/gone" in sifted("mixed")[0]


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("pictures", "pictures"),
        ("pictures/a.png", "pictures"),
        ("pictures/s*/c.png", "pictures"),
        ("*/a.png", "."),
    ],
)
def test_an_input_knows_the_folder_that_was_named(path: str, root: str) -> None:
    found = next(media.expand([path]))
    assert found.root == Path(root)


def test_a_pattern_yields_a_file_once() -> None:
    assert names("pictures/**/*.png", "pictures/su*") == [
        "pictures/a.png", "pictures/b.png", "pictures/sub/c.png", "pictures/sub/c.png",
    ]  # fmt: skip
    assert names("pictures/**").count("pictures/sub/c.png") == 1


def test_some_names_of_many_skipped_files_are_shown() -> None:
    words = skipped_in_words(["a.txt", "b.txt", "b.txt", "c.txt", "d.txt"])
    assert words == "5 files skipped (hidden, or no picture or clip): a.txt, b.txt, c.txt, ..."
