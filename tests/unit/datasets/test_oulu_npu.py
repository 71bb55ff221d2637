"""OULU-NPU: four protocols, two of them in six folds, each keeping something for test."""

from pathlib import Path

import pytest
from listings import Opener, by_part, people

from facepad.datasets.oulu_npu import OFFICIAL_COUNTS, OuluNpu
from facepad.errors import DatasetError, SettingsError

SUBJECTS = (20, 15, 20)  # of the original, in train, dev and test; the miniature has one in each


@pytest.mark.parametrize("protocol", OuluNpu.protocols)
def test_lists_of_one_subject_are_the_official_ones_by_the_number_of_subjects(
    whole: Opener, protocol: str
) -> None:
    samples = list(whole("oulu_npu", protocol=protocol).samples())
    found = [
        number * len([s for s in samples if s.split == part])
        for part, number in zip(("train", "dev", "test"), SUBJECTS, strict=True)
    ]
    assert tuple(found) == OFFICIAL_COUNTS[protocol[0]]


def test_protocol_1_tests_on_another_session(whole: Opener) -> None:
    parts = {(s.split, s.session) for s in whole("oulu_npu").samples()}
    assert {session for split, session in parts if split != "test"} == {"1", "2"}
    assert {session for split, session in parts if split == "test"} == {"3"}


def test_protocol_2_tests_on_other_instruments(whole: Opener) -> None:
    species = {
        (s.split == "test", s.pai_species) for s in whole("oulu_npu", protocol="2").samples()
    }
    assert species == {
        (False, None),
        (False, "print_1"),
        (False, "display_1"),
        (True, None),
        (True, "print_2"),
        (True, "display_2"),
    }


@pytest.mark.parametrize("fold", "123456")
def test_protocol_3_tests_on_the_phone_of_its_fold(whole: Opener, fold: str) -> None:
    samples = list(whole("oulu_npu", protocol=f"3_{fold}").samples())
    assert {s.attributes["phone"] for s in samples if s.split == "test"} == {fold}
    assert fold not in {s.attributes["phone"] for s in samples if s.split != "test"}


def test_the_parts_share_no_subject(whole: Opener) -> None:
    assert people(whole("oulu_npu").samples()) == {"train": {"01"}, "dev": {"21"}, "test": {"36"}}


def test_the_species_are_printers_and_displays(whole: Opener) -> None:
    assert by_part(s for s in whole("oulu_npu").samples() if s.split == "test") == {
        "test bona_fide": 6,
        "test print_1": 6,
        "test print_2": 6,
        "test display_1": 6,
        "test display_2": 6,
    }


def test_the_eyes_of_each_frame_are_beside_the_video(whole: Opener) -> None:
    sample = next(iter(whole("oulu_npu").samples()))
    assert sample.key == "oulu_npu/Train_files/1_1_01_1"
    assert Path(sample.attributes["eye_positions"]).name == "1_1_01_1.txt"


def test_a_fold_must_be_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no protocol '3'; known: 1, 2, 3_1"):
        OuluNpu(tmp_path, protocol="3")


def test_videos_that_only_another_protocol_lists_are_not_surplus(whole: Opener) -> None:
    assert not [n for n in whole("oulu_npu", protocol="4_1").notices() if "surplus" in n]


@pytest.mark.parametrize("line", ["+1,7_1_01_1", "+1,1_1_01_6", "1_1_01_1", "+1,../1_1_01_1"])
def test_a_malformed_line_is_named(copied: Opener, line: str) -> None:
    dataset = copied("oulu_npu")
    (dataset.root / "Protocols/Protocol_1/Dev.txt").write_text(f"{line}\n")
    with pytest.raises(DatasetError, match=r"Dev\.txt line 1 must be like '\+1,1_1_01_1'"):
        list(dataset.samples())


@pytest.mark.parametrize("line", ["-1,1_1_21_1", "+1,1_1_21_2", "1,1_1_21_4"])
def test_a_sign_that_contradicts_the_name_is_told(copied: Opener, line: str) -> None:
    dataset = copied("oulu_npu")
    (dataset.root / "Protocols/Protocol_1/Dev.txt").write_text(f"{line}\n")
    with pytest.raises(DatasetError, match=r"Dev\.txt line 1 contradicts itself"):
        list(dataset.samples())


@pytest.mark.parametrize("line", ["+1, 1_1_21_1", "1,1_1_21_1", "-1,1_1_21_4", "-2,1_1_21_4"])
def test_lists_as_they_are_found_in_practice_are_read(copied: Opener, line: str) -> None:
    dataset = copied("oulu_npu")
    (dataset.root / "Protocols/Protocol_1/Dev.txt").write_text(f"{line}\r\n")
    assert len([s for s in dataset.samples() if s.split == "dev"]) == 1
