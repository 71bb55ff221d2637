"""No folder of the machine stands in a report: commands, sentences, names of presentations."""

import pytest

from facepad.evaluation.report.paths import shown_command, without_folders
from facepad.evaluation.scores_csv import relative_names


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("/data/people/nuaa", "nuaa"),
        ("nuaa=/data/people/nuaa/", "nuaa=nuaa"),
        ("--datasets=nuaa:official=/data/nuaa", "--datasets=nuaa:official=nuaa"),
        ("~/prints", "prints"),
        ("print=/data/a=b/prints", "print=prints"),
        ("print=C:\\people\\prints", "print=prints"),
        ("quality,network:/data/ann/my.toml,face_cnn", "quality,network:my.toml,face_cnn"),
        ("network:nets/my.toml", "network:nets/my.toml"),
        ("../near/folder", "../near/folder"),
        ("bpcer=5", "bpcer=5"),
        ("even:8", "even:8"),
    ],
)
def test_a_command_has_the_last_part_of_an_absolute_path(argument: str, shown: str) -> None:
    assert shown_command([argument]).strip("'") == shown


def test_a_path_with_blanks_stays_one_argument() -> None:
    assert shown_command(["--out", "/data/my people"]) == "--out 'my people'"


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("/data/x/a.h5: its rows differ", "a.h5: its rows differ"),
        ("network:/data/ann/my.toml has no prior", "network:my.toml has no prior"),
        ("in '/data/x/a.h5', twice.", "in 'a.h5', twice."),
        ("BPCER at APCER 10/5/1 % and/or attack/screen/", None),
        ("see https://example.org/a/b", None),
    ],
)
def test_a_sentence_has_the_last_part_of_an_absolute_path(sentence: str, shown: str | None) -> None:
    assert without_folders(sentence) == (shown or sentence)


def test_absolute_names_become_relative_to_what_they_share() -> None:
    names = ["C:\\set\\a\\1.jpg", "C:\\set\\2.jpg", "b/3.jpg"]
    assert list(relative_names(names).values()) == ["a/1.jpg", "2.jpg", "b/3.jpg"]


def test_one_absolute_name_is_its_last_part() -> None:
    assert relative_names(["/data/1.jpg"]) == {"/data/1.jpg": "1.jpg"}
