"""One small tree of errors."""

import pytest

from facepad import errors
from facepad.errors import counted, printable, source_name

EVERY_ERROR = [
    errors.InputError,
    errors.DatasetError,
    errors.ModelError,
    errors.SettingsError,
]


@pytest.mark.parametrize("error", EVERY_ERROR)
def test_every_error_is_a_facepad_error(error: type[Exception]) -> None:
    assert issubclass(error, errors.FacepadError)


def test_a_bad_input_is_also_a_value_error() -> None:
    assert issubclass(errors.InputError, ValueError)


@pytest.mark.parametrize("error", EVERY_ERROR)
def test_no_error_is_a_kind_of_another(error: type[Exception]) -> None:
    assert not any(issubclass(error, other) for other in EVERY_ERROR if other is not error)


def test_what_moves_a_cursor_becomes_an_escape() -> None:
    assert printable("a\x1b[2J\n\r.jpg") == "a\\x1b[2J\\n\\r.jpg"


def test_a_name_that_is_not_utf_8_can_be_printed() -> None:
    assert printable("\udcff.jpg").encode() == b"\\udcff.jpg"


def test_letters_of_all_languages_stay() -> None:
    assert printable("Żółw 面 é.jpg") == "Żółw 面 é.jpg"


def test_one_has_no_plural() -> None:
    assert counted(1, "row") == "1 row"


def test_thousands_are_grouped() -> None:
    assert counted(4400, "row") == "4,400 rows"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", "''"),
        ("me.jpg", "me.jpg"),
        ("a\x1b.jpg", "a\\x1b.jpg"),
        ("/deep" * 60 + "/me.jpg", "... " + ("/deep" * 60 + "/me.jpg")[-200:]),
        ("x" * 300, "x" * 30 + " ... (300 characters)"),
        (
            "data:image/svg+xml,<a.b/" + "c.d/" * 99,
            "data:image/svg+xml,<a.b/c.d/c. ... (420 characters)",
        ),
        ("/9j/" + "a.b/" * 2000, "/9j/a.b/a.b/a.b/a.b/a.b/a.b/a. ... (8,004 characters)"),
    ],
)
def test_names_in_messages_are_short_and_printable(name: str, shown: str) -> None:
    assert source_name(name) == shown
