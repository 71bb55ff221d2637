"""A plain folder: classes, species, subjects and parts from where the files lie."""

from collections.abc import Callable
from pathlib import Path

import pytest
from listings import Opener, by_part, people

from facepad.datasets.folder import Folder
from facepad.errors import DatasetError
from facepad.types import Sample, Split

Files = Callable[..., Folder]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Makes a folder of empty files."""

    def make(*names: str) -> Folder:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return Folder(tmp_path)

    return make


def only(folder: Folder) -> Sample:
    (sample,) = folder.samples()
    return sample


def test_each_file_is_a_presentation(whole: Opener) -> None:
    one = {"bona_fide": 2, "print": 2, "screen": 1}
    assert by_part(whole("folder").samples()) == {
        f"{part} {kind}": number
        for part in ("train", "dev", "test")
        for kind, number in one.items()
    }


def test_without_parts_a_hash_of_the_subject_decides(whole: Opener) -> None:
    found = people(whole("folder").samples())
    assert found == {"train": {"anna"}, "dev": {"ida"}, "test": {"fred"}}


def test_a_split_by_hash_is_noticed(whole: Opener) -> None:
    assert whole("folder").notices() == (
        "split: by a hash of the subject's name, without parts; 3 subjects",
    )


def test_the_species_is_the_folder_below_attack(files: Files) -> None:
    sample = only(files("attack/resin mask/anna/1.jpg"))
    assert (sample.pai_species, sample.subject) == ("resin mask", "anna")


def test_folders_below_the_subject_do_not_matter(files: Files) -> None:
    assert only(files("bona_fide/anna/monday/1.jpg")).subject == "anna"


def test_a_loose_file_belongs_to_the_subject_it_is_named_by(files: Files) -> None:
    assert only(files("bona_fide/anna_01.jpg")).subject == "anna"
    assert "subjects: of 1 file by their names" in Folder(files().root).notices()[-1]


def test_the_key_keeps_the_suffix(files: Files) -> None:
    keys = [sample.key for sample in files("bona_fide/a/1.jpg", "bona_fide/a/1.png").samples()]
    assert keys == ["folder/bona_fide/a/1.jpg", "folder/bona_fide/a/1.png"]


@pytest.mark.parametrize(
    ("name", "split"),
    [("train", Split.TRAIN), ("dev", Split.DEV), ("devel", Split.DEV), ("test", Split.TEST)],
)
def test_a_part_decides_the_split(files: Files, name: str, split: Split) -> None:
    assert only(files(f"{name}/bona_fide/anna/1.jpg")).split is split


def test_a_subject_in_two_parts_is_noticed(files: Files) -> None:
    folder = files("train/bona_fide/anna/1.jpg", "test/attack/print/anna/1.jpg")
    assert "shared: 1 subject is in more than one part: anna" in folder.notices()


def test_a_part_without_a_class_is_noticed(files: Files) -> None:
    folder = files("train/bona_fide/anna/1.jpg", "train/attack/print/anna/1.jpg")
    assert "empty: the part dev has no attack item" in folder.notices()


@pytest.mark.parametrize("name", ["1.webm", "1.mkv", "1.MOV"])
def test_clips_of_all_kinds_that_are_read_are_listed(files: Files, name: str) -> None:
    assert only(files(f"bona_fide/anna/{name}")).key == f"folder/bona_fide/anna/{name}"


def test_a_word_for_bona_fide_is_no_folder_of_attacks(files: Files) -> None:
    with pytest.raises(DatasetError, match=r"in attack/live/, but 'live' means bona fide; folders"):
        list(files("attack/live/anna/1.jpg").samples())


def test_hidden_files_and_folders_are_left_out(files: Files) -> None:
    sample = only(files("bona_fide/a/1.jpg", "bona_fide/a/.2.jpg", "bona_fide/.b/3.jpg"))
    assert sample.subject == "a"


def test_a_file_of_no_known_kind_is_surplus(files: Files) -> None:
    folder = files("bona_fide/a/1.jpg", "bona_fide/a/notes.txt")
    assert "surplus: no kind of picture or video names bona_fide/a/notes.txt" in folder.notices()


def test_an_attack_without_a_species_is_named(files: Files) -> None:
    with pytest.raises(DatasetError, match=r"1\.jpg must lie in a folder named by its species"):
        list(files("attack/1.jpg").samples())


def test_parts_and_classes_side_by_side_are_refused(files: Files) -> None:
    with pytest.raises(DatasetError, match="holds both bona_fide/ and train/"):
        list(files("bona_fide/a/1.jpg", "train/bona_fide/a/2.jpg").samples())


def test_a_folder_without_classes_is_told(files: Files) -> None:
    with pytest.raises(DatasetError, match="must hold bona_fide/ and attack/SPECIES/"):
        list(files("real/a/1.jpg").samples())


def test_classes_without_pictures_are_told(files: Files) -> None:
    with pytest.raises(DatasetError, match="holds no picture or video of any class"):
        list(files("bona_fide/a/notes.txt").samples())


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere is not a folder"):
        list(Folder(tmp_path / "nowhere").samples())
