"""A plain folder: classes, species, subjects and parts from where the files lie."""

from collections.abc import Callable
from pathlib import Path

import pytest
from listings import Opener, by_part, people

from facepad.datasets.folder import Folder, PlainFolders, subject_of
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


# --- names of cameras, and folders as they come -------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("IMG_0001.jpg", "IMG_E0012.jpg", "DSC_0001.JPG", "_DSC0001.jpg", "DSCN1234.jpg"),
        *("PXL_20230101_123456.jpg", "P1000123.jpg", "VID_20230101.mp4", "MVI_0001.MOV"),
        *("WhatsApp Image 2023-01-01 at 10.00.00.jpg", "Screenshot_2023.png", "SAM_0001.jpg"),
        *("20230101_123456.jpg", "0001.jpg", "frame0001.png", "image (1).jpg", "real_001.png"),
    ],
)
def test_a_name_that_a_camera_gives_is_no_person(name: str) -> None:
    assert subject_of([], name) is None


@pytest.mark.parametrize(
    ("name", "subject"),
    [("anna_01.jpg", "anna"), ("p12_01.jpg", "p12"), ("sam_01.jpg", "sam"), ("anna.jpg", "anna"),
     ("0001_00_02.jpg", "0001"), ("imogen_1.jpg", "imogen")],
)  # fmt: skip
def test_other_names_are_those_of_people(name: str, subject: str) -> None:
    assert subject_of([], name) == subject


def test_a_folder_of_a_camera_is_no_person() -> None:
    assert subject_of(["DCIM", "100APPLE"], "IMG_0001.jpg") is None
    assert subject_of(["frames", "0001"], "IMG_0001.jpg") == "0001"


def test_files_that_name_nobody_count_as_a_subject_each_and_this_is_noticed(files: Files) -> None:
    folder = files("bona_fide/IMG_0001.jpg", "bona_fide/IMG_0002.jpg", "bona_fide/anna/IMG_1.jpg")
    assert {sample.subject for sample in folder.samples()} == {
        "bona_fide/IMG_0001.jpg", "bona_fide/IMG_0002.jpg", "anna",
    }  # fmt: skip
    (notice,) = [text for text in folder.notices() if text.startswith("subjects: ")]
    assert notice.startswith("subjects: nobody is named by 2 files such as IMG_0001.jpg")
    assert "Intervals then count files, not people, and are too narrow" in notice
    assert folder.notices()[-1].startswith("shared: files that name nobody are split one by one")


@pytest.fixture
def plain(files: Files) -> Path:
    """Two folders of bona fide and one of prints."""
    return files(
        "live/anna/1.jpg", "live/IMG_2.jpg", "more/live/ben_1.mp4", "prints/anna_1.jpg",
        "prints/notes.txt", "prints/.hidden.jpg",
    ).root  # fmt: skip


def test_folders_as_they_come_are_all_of_the_test_part(plain: Path) -> None:
    listing = PlainFolders(
        ((None, plain / "live"), (None, plain / "more" / "live"), ("print", plain / "prints"))
    )
    found = list(listing.samples())
    assert {sample.split for sample in found} == {Split.TEST}
    assert [(s.key, s.subject, s.pai_species) for s in found] == [
        ("live/IMG_2.jpg", "live/IMG_2.jpg", None),
        ("live/anna/1.jpg", "anna", None),
        ("live 2/ben_1.mp4", "ben", None),
        ("prints/anna_1.jpg", "anna", "print"),
    ]
    assert listing.notices() == (
        "subjects: of 2 files by their names up to the first '_', as no folder names the subject",
        "subjects: nobody is named by 1 file such as IMG_2.jpg, so that each counts as a subject "
        "of its own. Intervals then count files, not people, and are too narrow; put the files of "
        "each person into a folder",
        "skipped: 1 file without the suffix of a picture or video, such as notes.txt",
    )


def test_folders_that_overlap_are_refused(plain: Path) -> None:
    listing = PlainFolders(((None, plain / "more"), ("print", plain / "more" / "live")))
    with pytest.raises(DatasetError, match="lies in two of the folders"):
        list(listing.samples())


@pytest.mark.parametrize(
    ("species", "folder", "message"),
    [("print", "nowhere", "nowhere is not a folder"), ("live", "prints", "which means bona fide"),
     (None, "empty", "expected a picture or video in this folder, got none")],
)  # fmt: skip
def test_a_plain_folder_that_cannot_be_used_is_named(
    plain: Path, species: str | None, folder: str, message: str
) -> None:
    (plain / "empty").mkdir()
    with pytest.raises(DatasetError, match=message):
        list(PlainFolders(((species, plain / folder),)).samples())
