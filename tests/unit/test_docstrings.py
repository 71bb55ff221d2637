"""Examples in docstrings run and print what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

import architecture as house

SOURCE = Path(__file__).resolve().parents[2] / "src" / "facepad"
WITH_EXAMPLES = [module.name for module in house.read(SOURCE) if ">>> " in module.text]


def test_there_are_examples() -> None:
    assert WITH_EXAMPLES


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_print_what_they_say(name: str) -> None:
    module = importlib.import_module(f"facepad.{name}".rstrip("."))
    assert doctest.testmod(module).failed == 0
