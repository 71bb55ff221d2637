"""3DMAD: splits by subject, the unused people, and what the clips hold."""

from pathlib import Path

import pytest
from listings import Opener, by_part, people

from facepad.datasets.threedmad import PEOPLE, ThreeDMad
from facepad.errors import DatasetError, SettingsError
from facepad.media.depth_video import read_depth
from facepad.sources import load_sample

pytest.importorskip("h5py")


def numbered(first: int, last: int) -> set[str]:
    return {f"{number:02d}" for number in range(first, last + 1)}


def test_the_split_is_by_subject(whole: Opener) -> None:
    assert people(whole("3dmad").samples()) == {
        "train": numbered(1, 5),
        "dev": numbered(6, 7),
        "test": numbered(8, 13),
    }


def test_sessions_one_and_two_are_bona_fide_and_three_is_a_mask(whole: Opener) -> None:
    kinds = {(sample.session, sample.pai_species) for sample in whole("3dmad").samples()}
    assert kinds == {("01", None), ("02", None), ("03", "mask")}


def test_each_person_has_ten_bona_fide_clips_and_five_of_a_mask(whole: Opener) -> None:
    assert by_part(whole("3dmad").samples()) == {
        "train bona_fide": 50,
        "train mask": 25,
        "dev bona_fide": 20,
        "dev mask": 10,
        "test bona_fide": 60,
        "test mask": 30,
    }


def test_the_unused_people_are_said(whole: Opener) -> None:
    assert whole("3dmad").notices() == (
        "unused: people 14, 15, 16, 17 are in no part of the protocol 'subjects'",
    )


def test_the_authors_split_uses_everybody(whole: Opener) -> None:
    dataset = whole("3dmad", protocol="idiap")
    assert people(dataset.samples()) == {
        "train": numbered(1, 7),
        "dev": numbered(8, 12),
        "test": numbered(13, 17),
    }
    assert dataset.notices() == ()


@pytest.mark.parametrize(
    ("person", "dev"), [("01", {"02", "03"}), ("16", {"17", "01"}), ("17", {"01", "02"})]
)
def test_leaving_one_out_tests_on_it_alone(whole: Opener, person: str, dev: set[str]) -> None:
    found = people(whole("3dmad", protocol=f"leave_out_{person}").samples())
    assert (found["test"], found["dev"]) == ({person}, dev)
    assert found["train"] == set(PEOPLE) - dev - {person}


def test_there_is_one_such_protocol_per_person() -> None:
    assert [p for p in ThreeDMad.protocols if p.startswith("leave_out_")] == [
        f"leave_out_{person}" for person in PEOPLE
    ]


def test_leaving_out_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no protocol 'leave_out_18'"):
        ThreeDMad(tmp_path, protocol="leave_out_18")


def test_a_clip_has_as_many_colour_as_depth_frames(whole: Opener) -> None:
    sample = next(iter(whole("3dmad").samples()))
    assert sample.key == "3dmad/01_01_01"
    assert sample.attributes["depth_source"] == "Depth_Data"
    frames = load_sample(sample).frames
    assert len(frames) == len(list(read_depth(sample.path))) == 6


def test_clips_may_lie_together_in_one_folder(copied: Opener) -> None:
    dataset = copied("3dmad")
    before = [sample.key for sample in dataset.samples()]
    for path in list(dataset.root.rglob("*.hdf5")):
        path.rename(dataset.root / path.name)
    assert [sample.key for sample in dataset.samples()] == before


def test_people_who_are_missing_make_a_subset(copied: Opener) -> None:
    dataset = copied("3dmad")
    for path in dataset.root.rglob("17_*.hdf5"):
        path.unlink()
    assert dataset.notices()[0] == "subset: 240 of the official 255 clips; people 17 are missing"


def test_a_clip_that_is_there_twice_is_named(copied: Opener) -> None:
    dataset = copied("3dmad")
    (dataset.root / "01_01_01.hdf5").touch()
    with pytest.raises(DatasetError, match=r"01_01_01\.hdf5 is there twice"):
        list(dataset.samples())


@pytest.mark.parametrize("name", ["18_01_01.hdf5", "01_04_01.hdf5", "packed.hdf5"])
def test_a_file_that_is_no_clip_is_surplus(copied: Opener, name: str) -> None:
    dataset = copied("3dmad")
    (dataset.root / name).touch()
    assert f"surplus: no person, session and clip names {name}" in dataset.notices()


def test_a_folder_without_clips_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no clips named like"):
        list(ThreeDMad(tmp_path).samples())
