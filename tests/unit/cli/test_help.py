"""Every command's help shows examples that parse, and its exit codes, one a line."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from facepad.cli.app import EPILOG, app
from facepad.cli.errors import ExitCode

EXAMPLE = re.compile(r"^- `(facepad [^`]+)`$", re.MULTILINE)
CODE = re.compile(r"^- (\d+): ", re.MULTILINE)
TO_A_FILE = re.compile(r" [<>] \S+")


def leaves(command: Any, name: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - typer's own
    """Yield the commands that do something, with their full names."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for part, below in command.commands.items():
        yield from leaves(below, f"{name} {part}")


WHOLE = get_command(app)
COMMANDS = dict(leaves(WHOLE, "facepad"))


def parse(example: str) -> None:
    """Parse a command line without running it; raises an error of usage where it is wrong."""
    command = WHOLE
    words = shlex.split(TO_A_FILE.sub("", example))[1:]
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context("facepad", words)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_shows_examples_of_it_that_parse(name: str) -> None:
    examples = EXAMPLE.findall(COMMANDS[name].help)
    assert any(example.startswith(f"{name} ") or example == name for example in examples)
    for example in examples:
        parse(example)


@pytest.mark.parametrize(
    "text", [*(c.help for c in COMMANDS.values()), EPILOG], ids=[*COMMANDS, "all"]
)
def test_the_help_lists_exit_codes_one_a_line_in_order(text: str) -> None:
    codes = [int(code) for code in CODE.findall(text.partition("Exit codes:\n\n")[2])]
    assert codes[0] == ExitCode.OK
    assert codes == sorted(set(codes))
    assert set(codes) <= set(ExitCode)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["chek"], "unknown command 'chek'; did you mean check?"),
        (["models", "pul"], "unknown command 'pul'; did you mean pull?"),
        (["check", "--exlain", "x.jpg"], "unknown option '--exlain'; did you mean --explain?"),
        (["--versoin"], "unknown option '--versoin'; did you mean --version?"),
        (["train", "face", "--simulatd", "x"], "did you mean --simulated?"),
        (["check", "--threshold"], "'--threshold' requires an argument"),
    ],
)
def test_a_misspelled_command_or_option_is_told_with_the_right_one(
    typed: list[str], message: str
) -> None:
    done = CliRunner().invoke(app, typed)
    assert done.exit_code == ExitCode.INPUT
    assert message in " ".join(done.output.replace("│", " ").split())
