"""Errors become exit codes and one line on standard error, without a traceback.

Code  Meaning
0     Everything was judged.
1     The policy that was asked for failed (``--fail-on-attack``, ``--require-bona-fide``).
2     An input could not be read (the others were still judged), or the usage was wrong.
3     A model is missing or broken.
4     A dataset, a manifest or a setting cannot be used.
70    A fault of facepad itself or of the system.
130   Interrupted from the keyboard.
141   Broken pipe: the reader of the output is gone.

If both apply, the code is 2, not 1: a policy is checked only when every input was judged.
"""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from typer import Exit

from facepad.errors import (
    DatasetError,
    FacepadError,
    InputError,
    ModelError,
    SettingsError,
    printable,
    unknown_name,
)
from facepad.settings import DEBUG_VARIABLE as DEBUG_VARIABLE

_NO_COMMAND = re.compile(r"No such command '([^']*)'")


class ExitCode(IntEnum):
    """How a command ended."""

    OK = 0
    POLICY = 1
    INPUT = 2
    MODEL = 3
    SETTINGS = 4
    FAULT = 70
    INTERRUPTED = 130
    BROKEN_PIPE = 141


_CODES: tuple[tuple[type[FacepadError], ExitCode], ...] = (
    (InputError, ExitCode.INPUT),
    (ModelError, ExitCode.MODEL),
    (DatasetError, ExitCode.SETTINGS),
    (SettingsError, ExitCode.SETTINGS),
)


def code_of(error: FacepadError) -> ExitCode:
    """Return the exit code of an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.FAULT)


def say(message: str) -> None:
    """Write one line for people to standard error."""
    try:
        sys.stderr.write(f"facepad: {printable(message)}\n")
        sys.stderr.flush()
    except OSError:  # no reader; the exit code remains
        _silence(sys.stderr.fileno())


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Convert any error of a command into one line and an exit code.

    With the environment variable ``FACEPAD_DEBUG=1`` errors keep their traceback.

    Raises:
        Exit: With the code that `ExitCode` gives the error.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout.fileno())
        raise Exit(ExitCode.BROKEN_PIPE) from None
    except KeyboardInterrupt:
        say("interrupted")
        raise Exit(ExitCode.INTERRUPTED) from None
    except FacepadError as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        say(f"error: {error}")
        raise Exit(code_of(error)) from None
    except OSError as error:  # files of users have their own errors; this is a full disk or so
        if os.environ.get(DEBUG_VARIABLE):
            raise
        say(f"error: {error.filename or 'output'}: {error.strerror or error}")
        _silence(sys.stdout.fileno())
        raise Exit(ExitCode.FAULT) from None


@contextmanager
def suggestions() -> Iterator[None]:
    """Name the closest command or option where an unknown one was typed.

    Versions of typer and click differ in whether they do so, and how.
    """
    try:
        yield
    except Exception as error:
        context = getattr(error, "ctx", None)
        if context is not None and hasattr(error, "message"):
            vars(error).update(message=_suggested(error, context), possibilities=None)
        raise


def _suggested(error: Any, context: Any) -> str:  # noqa: ANN401 - typer's own types, and private
    """Return the message of an error of usage, with the closest name that is known."""
    message = str(error.message)
    if message.startswith("No such option"):
        names = [name for each in context.command.get_params(context) for name in each.opts]
        return unknown_name(
            "option", error.option_name, [name for name in names if name.startswith("--")]
        )
    if typed := _NO_COMMAND.match(message):
        return unknown_name("command", typed[1], context.command.list_commands(context))
    return message


@contextmanager
def caught_faults() -> Iterator[None]:
    """Convert an unexpected error into one line; used around the whole program."""
    try:
        yield
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        say(
            f"internal error: {type(error).__name__}: {error}; set {DEBUG_VARIABLE}=1 to see "
            "where, and please report it"
        )
        raise SystemExit(ExitCode.FAULT) from None


def prepare_streams() -> None:
    """Make standard output and error accept any text, also if they are ASCII or closed.

    Closed descriptors become the null device. Otherwise the next file that is opened would get
    the number 0, 1 or 2, and libraries write their warnings to number 2.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
            os.set_inheritable(opened, True)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 - lives as long as we do
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _silence(descriptor: int) -> None:
    """Redirect a stream whose reader is gone, so that no later flush fails."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, descriptor)
    os.close(nothing)
