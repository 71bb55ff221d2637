"""CASIA-FASD: twelve videos a subject, the authors' seven scenarios, dev out of train."""

from pathlib import Path

import pytest
from listings import Opener, by_part, people

from facepad.datasets.casia_fasd import CasiaFasd
from facepad.errors import DatasetError


def test_each_subject_has_three_videos_of_each_kind(whole: Opener) -> None:
    kinds = ("bona_fide", "warped_photo", "cut_photo", "tablet_video")
    assert by_part(whole("casia_fasd").samples()) == {
        f"{part} {kind}": 3 for part in ("train", "dev", "test") for kind in kinds
    }


def test_subjects_of_the_two_parts_are_not_the_same_people(whole: Opener) -> None:
    assert people(whole("casia_fasd").samples()) == {
        "train": {"train_1"},
        "dev": {"train_16"},
        "test": {"test_1"},
    }


@pytest.mark.parametrize("quality", ["low", "normal", "high"])
def test_a_protocol_of_one_quality_has_four_videos_a_subject(whole: Opener, quality: str) -> None:
    samples = list(whole("casia_fasd", protocol=quality).samples())
    assert {sample.attributes["quality"] for sample in samples} == {quality}
    assert len(samples) == 3 * 4


@pytest.mark.parametrize("species", ["warped_photo", "cut_photo", "tablet_video"])
def test_a_protocol_of_one_species_has_it_and_bona_fide(whole: Opener, species: str) -> None:
    samples = list(whole("casia_fasd", protocol=species).samples())
    assert {sample.pai_species for sample in samples} == {None, species}
    assert len(samples) == 3 * 6


def test_the_best_videos_of_a_subject_are_high_quality(whole: Opener) -> None:
    names = {Path(s.path).stem: s.attributes["quality"] for s in whole("casia_fasd").samples()}
    assert {name for name, quality in names.items() if quality == "high"} == {
        "HR_1",
        "HR_2",
        "HR_3",
        "HR_4",
    }


def test_subjects_come_by_number(copied: Opener) -> None:
    dataset = copied("casia_fasd")
    (dataset.root / "train_release/1").rename(dataset.root / "train_release/2")
    assert next(iter(dataset.samples())).subject == "train_2"


@pytest.mark.parametrize("name", ["21", "anna", "01"])
def test_a_folder_that_is_no_subject_is_named(copied: Opener, name: str) -> None:
    dataset = copied("casia_fasd")
    (dataset.root / "train_release" / name).mkdir()
    with pytest.raises(DatasetError, match=f"folders named 1 to 20, got {name}"):
        list(dataset.samples())


def test_a_missing_part_is_named(copied: Opener) -> None:
    dataset = copied("casia_fasd")
    (dataset.root / "test_release").rename(dataset.root / "test")
    with pytest.raises(DatasetError, match="test_release is not a folder"):
        list(dataset.samples())


def test_a_part_without_subjects_is_named(tmp_path: Path) -> None:
    (tmp_path / "train_release").mkdir()
    with pytest.raises(DatasetError, match="folders named 1 to 20, got none"):
        list(CasiaFasd(tmp_path).samples())
