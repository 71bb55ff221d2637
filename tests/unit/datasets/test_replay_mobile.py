"""Replay-Mobile: parts, protocols and attributes by the names and lists of its miniature."""

from pathlib import Path

import pytest
from listings import Opener, by_part, people

from facepad.datasets.replay_mobile import OFFICIAL_COUNTS
from facepad.errors import DatasetError

LISTS = Path("protocols/alldevices")


def test_each_part_has_its_species(whole: Opener) -> None:
    one = {"bona_fide": 10, "print": 8, "mattescreen_photo": 4, "mattescreen_video": 4}
    assert by_part(whole("replay_mobile").samples()) == {
        f"{part} {kind}": number
        for part in ("train", "dev", "test")
        for kind, number in one.items()
    }


def test_the_parts_share_no_subject(whole: Opener) -> None:
    assert people(whole("replay_mobile").samples()) == {
        "train": {"001"},
        "dev": {"005"},
        "test": {"002"},
    }


def test_an_attack_tells_what_its_name_tells(whole: Opener) -> None:
    sample = next(s for s in whole("replay_mobile").samples() if s.pai_species == "print")
    assert Path(sample.attributes["face_location"]).is_file()
    assert {k: v for k, v in sample.attributes.items() if k != "face_location"} == {
        "camera": "mobile",
        "light": "lighton",
        "device": "print",
        "support": "fixed",
        "medium": "photo",
    }


def test_a_bona_fide_video_tells_camera_and_light(whole: Opener) -> None:
    sample = next(iter(whole("replay_mobile").samples()))
    assert (sample.attributes["camera"], sample.attributes["light"]) == ("mobile", "adverse")
    assert sample.session == "02"


@pytest.mark.parametrize(("protocol", "attacks"), [("print", 24), ("mattescreen", 24)])
def test_a_protocol_narrows_the_attacks(whole: Opener, protocol: str, attacks: int) -> None:
    samples = list(whole("replay_mobile", protocol=protocol).samples())
    assert len([sample for sample in samples if not sample.is_bona_fide]) == attacks
    assert len([sample for sample in samples if sample.is_bona_fide]) == 30


def test_the_official_lists_hold_1030_videos() -> None:
    assert sum(OFFICIAL_COUNTS.values()) == 390 + 640


def test_attacks_sorted_into_folders_are_listed_too(copied: Opener) -> None:
    dataset = copied("replay_mobile")
    path = dataset.root / LISTS / "attack-grandtest-allsupports-alldevices-test.txt"
    old = path.read_text().split()[0]
    new = old.replace("/attack/", "/attack/fixed/")
    (dataset.root / new).parent.mkdir()
    (dataset.root / old).rename(dataset.root / new)
    path.write_text(path.read_text().replace(old, new))
    assert f"replay_mobile/{new.removesuffix('.mov')}" in {s.key for s in dataset.samples()}


def test_a_line_of_another_part_is_named(copied: Opener) -> None:
    dataset = copied("replay_mobile")
    train = dataset.root / LISTS / "real-alldevices-train.txt"
    train.write_text((dataset.root / LISTS / "real-alldevices-test.txt").read_text())
    with pytest.raises(DatasetError, match=r"real-alldevices-train\.txt line 1 must be a real"):
        list(dataset.samples())
