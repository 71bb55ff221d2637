"""Replay-Attack: parts, protocols and attributes by the names and lists of its miniature."""

from pathlib import Path

import pytest
from listings import Opener, by_part, people

from facepad.datasets.replay_attack import OFFICIAL_COUNTS, ReplayAttack
from facepad.errors import DatasetError, SettingsError


def test_each_part_has_its_species(whole: Opener) -> None:
    found = by_part(whole("replay_attack").samples())
    each = dict.fromkeys(
        ("print", "mobile_photo", "mobile_video", "highdef_photo", "highdef_video"), 4
    )
    one = {"bona_fide": 4, **each}
    assert found == {
        **{f"train {kind}": number for kind, number in one.items()},
        **{f"dev {kind}": number for kind, number in one.items()},
        **{f"test {kind}": 2 * number for kind, number in one.items()},
    }


def test_the_parts_share_no_subject(whole: Opener) -> None:
    assert people(whole("replay_attack").samples()) == {
        "train": {"001"},
        "dev": {"101"},
        "test": {"009", "109"},
    }


def test_a_bona_fide_video_tells_what_its_name_tells(whole: Opener) -> None:
    dataset = whole("replay_attack")
    sample = next(iter(dataset.samples()))
    assert (
        sample.key == "replay_attack/train/real/client001_session01_webcam_authenticate_adverse_1"
    )
    assert (sample.subject, sample.session, sample.pai_species) == ("001", "01", None)
    face = sample.attributes["face_location"]
    assert {**sample.attributes, "face_location": Path(face).name} == {
        "light": "adverse",
        "take": "1",
        "face_location": "client001_session01_webcam_authenticate_adverse_1.face",
    }


def test_an_attack_tells_what_its_name_tells(whole: Opener) -> None:
    dataset = whole("replay_attack", protocol="video-hand")
    sample = next(sample for sample in dataset.samples() if not sample.is_bona_fide)
    assert sample.pai_species == "mobile_video"
    assert {key: sample.attributes[key] for key in ("support", "device", "medium", "original")} == {
        "support": "hand",
        "device": "mobile",
        "medium": "video",
        "original": "mobile",
    }


def test_without_face_files_there_is_no_face_location(copied: Opener) -> None:
    dataset = copied("replay_attack")
    (dataset.root / "face-locations").rename(dataset.root / "elsewhere")
    assert all("face_location" not in sample.attributes for sample in dataset.samples())


@pytest.mark.parametrize(
    ("protocol", "attacks"),
    # Of the 20 attacks on one subject; the official numbers are these by 50 subjects.
    [
        ("grandtest", 20),
        ("print", 4),
        ("mobile", 8),
        ("highdef", 8),
        ("photo", 12),
        ("digitalphoto", 8),
        ("video", 8),
        ("grandtest-fixed", 10),
        ("print-hand", 2),
    ],
)
def test_a_protocol_narrows_the_attacks_and_keeps_the_bona_fide(
    whole: Opener, protocol: str, attacks: int
) -> None:
    train = [s for s in whole("replay_attack", protocol=protocol).samples() if s.split == "train"]
    assert len([s for s in train if s.is_bona_fide]) == 4
    assert len([s for s in train if not s.is_bona_fide]) == attacks


def test_an_unknown_protocol_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no protocol 'grand'; did you mean grandtest\? "):
        ReplayAttack(tmp_path, protocol="grand")


def test_the_official_lists_hold_1200_videos() -> None:
    assert sum(OFFICIAL_COUNTS.values()) == 200 + 1000


def test_the_miniature_is_a_subset(whole: Opener) -> None:
    assert "subset: real-test.txt lists 8 of the official 80 videos" in (
        whole("replay_attack").notices()
    )


@pytest.mark.parametrize(
    "line",
    [
        "devel/real/client101_session01_webcam_authenticate_adverse_1.mov",
        "train/real/client001_session01_webcam_authenticate_adverse_1",
        "train/real/../../client001_session01_webcam_authenticate_adverse_1.mov",
        "train/attack/fixed/attack_print_client001_session01_highdef_photo_adverse.mov",
        "/etc/passwd",
    ],
)
def test_a_line_that_does_not_belong_in_its_list_is_named(copied: Opener, line: str) -> None:
    dataset = copied("replay_attack")
    with (dataset.root / "protocols/real-train.txt").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(DatasetError, match=r"real-train\.txt line 5 must be a real video of the"):
        list(dataset.samples())
