"""MSU-MFSD: parts from the lists of subjects, species and cameras from the names."""

from pathlib import Path

import pytest
from listings import Opener, by_part, people

from facepad.datasets.msu_mfsd import OFFICIAL_COUNTS
from facepad.errors import DatasetError


def test_each_subject_has_two_bona_fide_videos_and_six_attacks(whole: Opener) -> None:
    one = {"bona_fide": 2, "print": 2, "tablet_video": 2, "phone_video": 2}
    numbers = {"train": 2, "dev": 1, "test": 2}
    assert by_part(whole("msu_mfsd").samples()) == {
        f"{part} {kind}": people * videos
        for part, people in numbers.items()
        for kind, videos in one.items()
    }


def test_dev_is_taken_out_of_the_train_list(whole: Opener) -> None:
    assert people(whole("msu_mfsd").samples()) == {
        "train": {"002", "003"},
        "dev": {"053"},
        "test": {"001", "013"},
    }


def test_a_video_tells_its_camera_and_face_file(whole: Opener) -> None:
    sample = next(iter(whole("msu_mfsd").samples()))
    assert sample.key == "msu_mfsd/scene01/real/real_client002_android_SD_scene01"
    assert (sample.attributes["camera"], sample.session) == ("android", "scene01")
    assert Path(sample.attributes["face_location"]).is_file()


def test_the_phone_is_mp4_and_the_laptop_is_mov(whole: Opener) -> None:
    suffixes = {(s.attributes["camera"], Path(s.path).suffix) for s in whole("msu_mfsd").samples()}
    assert suffixes == {("android", ".mp4"), ("laptop", ".mov")}


def test_videos_known_to_be_upside_down_say_so(whole: Opener) -> None:
    turned = [s.key for s in whole("msu_mfsd").samples() if "upside_down" in s.attributes]
    assert turned == ["msu_mfsd/scene01/real/real_client003_android_SD_scene01"]


def test_the_official_lists_hold_35_subjects() -> None:
    assert sum(OFFICIAL_COUNTS.values()) == 35


@pytest.mark.parametrize("line", ["anna", "-1", "0001", "1.5"])
def test_a_line_that_is_no_subject_is_named(copied: Opener, line: str) -> None:
    dataset = copied("msu_mfsd")
    with (dataset.root / "test_sub_list.txt").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(DatasetError, match=r"test_sub_list\.txt line 3 must be a number"):
        list(dataset.samples())


def test_a_subject_of_both_lists_is_refused_however_it_is_written(copied: Opener) -> None:
    dataset = copied("msu_mfsd")
    with (dataset.root / "test_sub_list.txt").open("a") as file:
        file.write("002\n")
    with pytest.raises(DatasetError, match="lists subject 002 a second time"):
        list(dataset.samples())
