"""Who is on bona fide pictures, and which part they belong to."""

from pathlib import Path

import numpy as np
import pytest

from facepad.datasets import split_by_subject
from facepad.errors import DatasetError
from facepad.simulate import sources
from facepad.testing.media_files import write_video
from facepad.types import RgbImage, Split


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def people(*folders: Path) -> list[tuple[str, str]]:
    return [(one.key, one.subject) for one in sources.bona_fide(folders)]


def test_without_anything_else_the_name_of_the_file_tells_the_person(tmp_path: Path) -> None:
    assert people(made(tmp_path, "anna_1.jpg", "anna_2.png", "ida.jpg")) == [
        ("anna_1.jpg", "anna"), ("anna_2.png", "anna"), ("ida.jpg", "ida"),
    ]  # fmt: skip


def test_a_subfolder_tells_the_person(tmp_path: Path) -> None:
    assert people(made(tmp_path, "anna/1.jpg", "ida/1.jpg")) == [
        ("anna/1.jpg", "anna"), ("ida/1.jpg", "ida"),
    ]  # fmt: skip


def test_a_manifest_goes_before_names_and_subfolders(tmp_path: Path) -> None:
    made(tmp_path, "set/1.jpg", "set/2.jpg")
    (tmp_path / "manifest.csv").write_text("path,identity,licence\nset/1.jpg,anna,CC0\n")
    first, second = sources.bona_fide([tmp_path])
    assert (first.subject, first.attributes["licence"]) == ("anna", "CC0")
    assert second.subject == "set"


def test_the_manifest_may_lie_beside_the_folder(tmp_path: Path) -> None:
    made(tmp_path, "set/1.jpg")
    (tmp_path / "manifest.csv").write_text("path,subject\nset/1.jpg,anna\nother/1.jpg,ida\n")
    assert people(tmp_path / "set") == [("1.jpg", "anna")]


def test_several_folders_keep_their_keys_apart(tmp_path: Path) -> None:
    one, other = made(tmp_path / "a", "x.jpg"), made(tmp_path / "b", "x.jpg")
    assert people(one, other) == [("a/x.jpg", "x"), ("b/x.jpg", "x")]


def test_nobody_is_in_two_parts(tmp_path: Path) -> None:
    names = [f"{person}_{number}.jpg" for person in range(40) for number in range(2)]
    found = sources.bona_fide([made(tmp_path, *names)])
    assert {one.subject: one.split for one in found} == {
        str(person): split_by_subject(str(person)) for person in range(40)
    }
    assert {one.split for one in found} == set(Split)


def test_backgrounds_have_parts_of_their_own(tmp_path: Path) -> None:
    found = sources.backgrounds(made(tmp_path, *(f"{n}.jpg" for n in range(40))))
    parts = [sources.of_part(found, part) for part in Split]
    assert sum(len(part) for part in parts) == 40
    assert all(parts)


def test_hidden_files_and_other_files_are_left_out(tmp_path: Path) -> None:
    made(tmp_path, "a.jpg", ".b.jpg", ".c/d.jpg", "e.txt")
    assert people(tmp_path) == [("a.jpg", "a")]


@pytest.mark.parametrize("names", [(), ("a.txt",)])
def test_a_folder_without_pictures_is_named(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(DatasetError, match="holds no picture"):
        sources.bona_fide([made(tmp_path, *names)])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is not a folder"):
        sources.backgrounds(tmp_path / "none")


def test_two_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    one, other = made(tmp_path / "a" / "x", "1.jpg"), made(tmp_path / "b" / "x", "1.jpg")
    with pytest.raises(DatasetError, match="different names"):
        sources.bona_fide([one, other])


def test_a_manifest_without_people_is_refused(tmp_path: Path) -> None:
    made(tmp_path, "a.jpg")
    (tmp_path / "manifest.csv").write_text("path,licence\na.jpg,CC0\n")
    with pytest.raises(DatasetError, match="identity or subject"):
        sources.bona_fide([tmp_path])


def frames(count: int) -> list[RgbImage]:
    return list(np.zeros((count, 48, 64, 3), np.uint8))


def test_a_clip_gives_frames_evenly_spaced_of_one_person(tmp_path: Path) -> None:
    write_video(tmp_path / "anna_1.mp4", frames(20))
    found = sources.bona_fide([tmp_path], frames=2)
    assert [(one.key, one.frame, one.subject) for one in found] == [
        ("anna_1.mp4#5", 5, "anna"), ("anna_1.mp4#15", 15, "anna"),
    ]  # fmt: skip


def test_a_manifest_names_the_person_of_a_clip(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    write_video(tmp_path / "set" / "1.avi", frames(3))
    (tmp_path / "manifest.csv").write_text("path,identity\nset/1.avi,ida\n")
    assert {one.subject for one in sources.bona_fide([tmp_path / "set"])} == {"ida"}


def test_a_damaged_clip_is_listed_to_be_told_later(tmp_path: Path) -> None:
    assert people(made(tmp_path, "anna.mkv")) == [("anna.mkv#0", "anna")]


def test_clips_are_no_backgrounds(tmp_path: Path) -> None:
    assert len(sources.backgrounds(made(tmp_path, "a.mp4", "b.jpg"))) == 1
