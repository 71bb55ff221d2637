"""Options of the training of a fusion: tests by their names in results."""

from pathlib import Path

import pytest

from facepad.errors import SettingsError
from facepad.training.fusion.run import FusionRecipe


def recipe(*tests: str) -> FusionRecipe:
    scores = {tests[0]: Path("scores.csv")}
    return FusionRecipe(tests, (), (), ("train",), scores, None, "fusion", Path("out"), 1)


def test_a_network_of_the_users_own_has_its_name_in_results_and_in_the_command() -> None:
    made = recipe("network:private/nets/my.toml", "quality")
    assert made.names == ("network:my", "quality")
    assert "private" not in made.command


def test_two_networks_of_one_name_are_refused() -> None:
    with pytest.raises(SettingsError, match="each test is named once"):
        recipe("network:a/my.toml", "network:b/my.toml").prepare()
