"""NUAA: its miniature, what can be broken in it, and the original where it is at hand."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from facepad.datasets.nuaa import DEV_SUBJECTS, OFFICIAL_COUNTS, Nuaa
from facepad.errors import DatasetError, SettingsError
from facepad.types import Sample, Split

ORIGINAL = Path(__file__).resolve().parents[3] / "../shared/data/nuaa"
needs_original = pytest.mark.skipif(
    not ORIGINAL.is_dir(), reason="the original NUAA is not beside this checkout"
)


@pytest.fixture
def nuaa(miniatures: Callable[[str], Path], tmp_path: Path) -> Nuaa:
    """A copy of the miniature that a test may break."""
    return Nuaa(Path(shutil.copytree(miniatures("nuaa"), tmp_path / "nuaa")))


def first(nuaa: Nuaa) -> Sample:
    return next(iter(nuaa.samples()))


def counted(samples: list[Sample]) -> Counter[tuple[Split, str | None]]:
    return Counter((sample.split, sample.pai_species) for sample in samples)


def test_every_listed_picture_is_a_sample(nuaa: Nuaa) -> None:
    assert counted(list(nuaa.samples())) == {
        (Split.TRAIN, None): 14,
        (Split.DEV, None): 4,
        (Split.TEST, None): 10,
        (Split.TRAIN, "print"): 14,
        (Split.DEV, "print"): 4,
        (Split.TEST, "print"): 10,
    }


def test_the_dev_subjects_are_taken_out_of_train(nuaa: Nuaa) -> None:
    by_split = {
        split: {sample.subject for sample in nuaa.samples() if sample.split is split}
        for split in Split
    }
    assert by_split[Split.DEV] == DEV_SUBJECTS
    assert not by_split[Split.TRAIN] & DEV_SUBJECTS


def test_samples_come_in_the_order_of_the_lists(nuaa: Nuaa) -> None:
    path = nuaa.root / "client_train_raw.txt"
    path.write_text("\r\n".join(reversed(path.read_text().split())))
    assert first(nuaa).subject == "0009"


def test_a_sample_tells_what_its_file_name_tells(nuaa: Nuaa) -> None:
    sample = first(nuaa)
    assert sample.key == "nuaa/ClientRaw/0001/0001_01_00_01_0"
    assert sample.path == str(nuaa.root / "ClientRaw/0001/0001_01_00_01_0.jpg")
    assert (sample.subject, sample.session) == ("0001", "01")
    assert sample.attributes == {"glasses": "with", "pose": "00"}


def test_code_zero_is_without_glasses(nuaa: Nuaa) -> None:
    sample = next(sample for sample in nuaa.samples() if sample.subject == "0002")
    assert sample.attributes["glasses"] == "without"


def test_subject_disjoint_leaves_out_whoever_was_learned_in_either_class(nuaa: Nuaa) -> None:
    found = list(nuaa.subject_disjoint())
    assert {sample.subject for sample in found} == {"0010", "0011", "0013", "0016"}
    assert counted(found) == {(Split.TEST, None): 6, (Split.TEST, "print"): 6}


def test_the_protocol_subject_disjoint_changes_the_test_part_only(nuaa: Nuaa) -> None:
    official = list(nuaa.samples())
    found = list(Nuaa(nuaa.root, protocol="subject_disjoint").samples())
    assert [s for s in found if s.split is Split.TEST] == list(nuaa.subject_disjoint())
    assert [s for s in found if s.split is not Split.TEST] == [
        s for s in official if s.split is not Split.TEST
    ]


def test_an_unknown_protocol_is_told_with_those_that_are(nuaa: Nuaa) -> None:
    with pytest.raises(SettingsError, match="known: official, subject_disjoint"):
        Nuaa(nuaa.root, protocol="random")


def test_subject_disjoint_follows_the_lists(nuaa: Nuaa) -> None:
    # A subject that becomes known through the attacks of train alone is no longer new.
    picture = nuaa.root / "ImposterRaw/0010/0010_00_00_01_7.jpg"
    picture.touch()
    path = nuaa.root / "imposter_train_raw.txt"
    path.write_text(path.read_text() + f"0010\\{picture.name}\n")
    assert "0010" not in {sample.subject for sample in nuaa.subject_disjoint()}


def test_lists_with_unix_line_ends_and_slashes_are_the_same(nuaa: Nuaa) -> None:
    before = list(nuaa.samples())
    for name in OFFICIAL_COUNTS:
        text = (nuaa.root / name).read_text()
        (nuaa.root / name).write_text(text.replace("\\", "/"))
    assert list(nuaa.samples()) == before


def test_a_smaller_copy_is_noticed_by_name(nuaa: Nuaa) -> None:
    assert "subset: client_test_raw.txt lists 10 of the official 3362 pictures" in nuaa.notices()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nowhere is not a folder"):
        list(Nuaa(tmp_path / "nowhere").samples())


@pytest.mark.parametrize("name", OFFICIAL_COUNTS)
def test_a_missing_list_is_named(nuaa: Nuaa, name: str) -> None:
    (nuaa.root / name).unlink()
    with pytest.raises(DatasetError, match=f"{name} cannot be read"):
        list(nuaa.samples())


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n"])
def test_an_empty_list_is_named(nuaa: Nuaa, content: bytes) -> None:
    (nuaa.root / "imposter_test_raw.txt").write_bytes(content)
    with pytest.raises(DatasetError, match=r"imposter_test_raw\.txt is empty"):
        list(nuaa.samples())


def test_a_list_that_is_not_text_is_named(nuaa: Nuaa) -> None:
    (nuaa.root / "client_test_raw.txt").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(DatasetError, match=r"client_test_raw\.txt cannot be read"):
        list(nuaa.samples())


def test_a_listed_picture_that_is_missing_is_named(nuaa: Nuaa) -> None:
    Path(first(nuaa).path).unlink()
    with pytest.raises(DatasetError, match=r"0001_01_00_01_0\.jpg is listed .* but missing"):
        list(nuaa.samples())


@pytest.mark.parametrize(
    "line",
    [
        "0001",
        "0001\\0001_00_00_01.jpg",
        "0001\\0002_00_00_01_0.jpg",
        "0001\\0001_02_00_01_0.jpg",
        "0001\\0001_00_00_01_0.png",
        "..\\..\\0001_00_00_01_0.jpg",
        "/etc/passwd",
        "0001\\..\\..\\0001_00_00_01_0.jpg",
        "C:\\0001\\0001_00_00_01_0.jpg",
    ],
)
def test_a_malformed_line_or_one_that_leaves_the_root_is_named(nuaa: Nuaa, line: str) -> None:
    with (nuaa.root / "client_train_raw.txt").open("a") as list_file:
        list_file.write(line + "\r\n")
    with pytest.raises(DatasetError, match=r"client_train_raw\.txt line 19 must be like"):
        list(nuaa.samples())


def test_a_picture_listed_in_train_and_again_in_test_is_refused(nuaa: Nuaa) -> None:
    line = (nuaa.root / "client_train_raw.txt").read_text().split()[0]
    with (nuaa.root / "client_test_raw.txt").open("a") as list_file:
        list_file.write(line + "\r\n")
    with pytest.raises(DatasetError, match=r"client_test_raw\.txt line 11 lists .* a second time"):
        list(nuaa.samples())


@pytest.mark.slow
@needs_original
def test_the_original_has_its_official_train_part() -> None:
    parts = counted(list(Nuaa(ORIGINAL).samples()))
    for species, official in ((None, 1743), ("print", 1748)):
        assert parts[Split.TRAIN, species] + parts[Split.DEV, species] == official


@pytest.mark.slow
@needs_original
def test_the_original_has_its_dev_part() -> None:
    parts = counted(list(Nuaa(ORIGINAL).samples()))
    assert (parts[Split.DEV, None], parts[Split.DEV, "print"]) == (190 + 213, 190 + 188)


@pytest.mark.slow
@needs_original
def test_the_original_has_its_subject_disjoint_part() -> None:
    found = list(Nuaa(ORIGINAL).subject_disjoint())
    assert {sample.subject for sample in found} == {f"{n:04d}" for n in range(10, 17)}
    # Every official picture of these subjects, or the subset that some copies hold.
    if Nuaa(ORIGINAL).notices():
        assert counted(found) == {(Split.TEST, None): 288, (Split.TEST, "print"): 204}
