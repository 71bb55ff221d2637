"""Text for people."""

from facepad.cli.text import counted, printable


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
