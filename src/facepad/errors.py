"""The error tree, and text that is safe to print in a message.

Whatever facepad raises on purpose is a `FacepadError`.

A message names the thing, what was expected and what was got. Findings such as
"no face" or "attack" are results (`facepad.types.Reason`, `Outcome`), never errors.
"""

import operator
import reprlib
from collections.abc import Iterable, Sequence

LONGEST_NAME = 200  # characters of a source's name in a message
_SHOWN = 30  # of text that is no path; too few for anything of a picture but its format
_LONGEST_PATH = 4096  # characters; systems take no longer ones


class FacepadError(Exception):
    """Base of all errors that facepad raises on purpose."""


class InputError(FacepadError, ValueError):
    """An input cannot be used: not a picture, over a limit, of a wrong shape or type."""


class DatasetError(FacepadError):
    """A dataset is not laid out as its listing expects, or a listed file is missing."""


class ModelError(FacepadError):
    """A model file is missing, has the wrong hash or does not fit this version."""


class SettingsError(FacepadError):
    """A setting or an option has a value that cannot be used."""


# What is wrong with one item of many; every other error of facepad ends the run.
ITEM_ERRORS = (InputError, DatasetError)


def item_error(name: str, error: Exception) -> str:
    """Return in words why one item of a run has no result; raise what ends the run.

    Args:
        name: Name of the item, for errors that do not name it.
        error: What was raised for the item. Unexpected errors are the item's own too, so that
            one odd picture does not end a long run.

    Raises:
        FacepadError: The error itself, when it holds for all items, such as a missing model.

    Example:
        >>> item_error("a.jpg", ZeroDivisionError("by zero"))
        'a.jpg: unexpected ZeroDivisionError: by zero'
    """
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    if isinstance(error, ITEM_ERRORS):
        return f"{error}{notes}"
    if isinstance(error, FacepadError):
        raise error
    return f"{name}: unexpected {type(error).__name__}: {error}{notes}"


def as_item_error(name: str, error: Exception) -> InputError | DatasetError:
    """Return the error of one item of a run; raise what ends the run.

    Args:
        name: Name of the item.
        error: What was raised for the item; an unexpected one becomes an `InputError` that it
            is the cause of.

    Raises:
        FacepadError: The error itself, when it holds for all items.
    """
    if isinstance(error, InputError | DatasetError):
        return error
    unexpected = InputError(item_error(name, error))
    unexpected.__cause__ = error
    return unexpected


def require(is_right: bool, name: str, expected: str, got: object) -> None:
    """Check the value of an option.

    Args:
        is_right: Whether it can be used.
        name: Name of the option.
        expected: What it must be, in words.
        got: The value.

    Raises:
        SettingsError: It cannot be used.
    """
    if not is_right:
        raise SettingsError(f"{name} must be {expected}, got {reprlib.repr(got)}")


def require_count(name: str, got: object) -> int:
    """Return the value of an option that must be a whole number of 1 or more.

    Raises:
        SettingsError: It is none.
    """
    try:
        count = operator.index(got)  # type: ignore[arg-type]  # refuses what is no whole number
    except TypeError:
        count = 0
    require(count >= 1, name, "a whole number of 1 or more", got)
    return count


def printable(text: str) -> str:
    r"""Return the text with control characters and lone surrogates as escapes.

    Names of files and columns come from strangers and must not move the cursor or colour
    the terminal.

    Example:
        >>> printable("a" + chr(27) + "[31mb.jpg")
        'a\\x1b[31mb.jpg'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def source_name(text: str) -> str:
    """Return the name of a source as messages show it: printable, and not without bounds.

    What is given in place of a path may be a picture itself, as base64 text, and messages end
    up in logs. Of a long path the end is kept, of other long text the beginning.

    Example:
        >>> source_name("data:image/jpeg;base64," + 1000 * "/9j/4AAQ")
        'data:image/jpeg;base64,/9j/4AA ... (8,023 characters)'
    """
    if len(text) <= LONGEST_NAME:
        return printable(text) or "''"
    file = text.rpartition("/")[2]
    is_path = len(text) <= _LONGEST_PATH and "." in file and not text.startswith("data:")
    if is_path:
        return f"... {printable(text[-LONGEST_NAME:])}"
    return f"{printable(text[:_SHOWN])} ... ({len(text):,} characters)"


def counted(number: int, thing: str, things: str = "") -> str:
    """Return a number with its noun, in the plural where needed.

    Args:
        number: How many.
        thing: The noun.
        things: Its plural, where it is not made with an "s".

    Example:
        >>> counted(1, "picture"), counted(2, "picture"), counted(2, "person", "people")
        ('1 picture', '2 pictures', '2 people')
    """
    return f"{number:,} {thing if number == 1 else things or f'{thing}s'}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return the known name that is nearest to a mistyped one, as a question; "" for none.

    Case does not matter.

    Example:
        >>> suggestion("nua", ["nuaa", "folder"]), suggestion("x", ["nuaa"])
        ('did you mean nuaa? ', '')
    """
    from difflib import get_close_matches  # only for messages

    names = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), names, 1)
    return f"did you mean {names[close[0]]}? " if close else ""


def unknown_name(noun: str, name: str, known: Sequence[str]) -> str:
    """Return the message for a name that is not known, with the closest one that is.

    Example:
        >>> unknown_name("dataset", "nua", ["nuaa", "csv"])
        "unknown dataset 'nua'; did you mean nuaa? known: nuaa, csv"
    """
    hint = suggestion(name, known)
    return f"unknown {noun} {name!r}; {hint}known: {', '.join(known) or 'none'}"
