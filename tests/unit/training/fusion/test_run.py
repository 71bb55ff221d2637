"""The training of a fusion: names of tests, also of networks by the files that describe them."""

import json
from pathlib import Path

import numpy as np
import pytest

from facepad.errors import SettingsError
from facepad.training.fusion import run
from facepad.training.fusion.run import FusionRecipe, score_rows
from facepad.types import Sample, Split

SAMPLE = Sample("set/1", "1.png", "ann", Split.TRAIN)


def recipe(*tests: str, scores: dict[str, Path] | None = None) -> FusionRecipe:
    return FusionRecipe(tests, (), (), ("train",), scores or {}, None, "fusion", Path("out"), 1)


def test_a_network_has_the_name_that_it_has_in_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEPAD_CACHE_DIR", str(tmp_path))
    kept = json.dumps({"ratios": {"quality": 1.0, "network:my": -2.0}, "side": {}})
    monkeypatch.setattr(run, "file_key", lambda *_: "key")
    monkeypatch.setattr(run, "compute_cached", lambda *_, **__: [("key", kept)])
    asked = recipe("quality", "network:nets/my.toml")
    rows = score_rows(asked, [SAMPLE], {}, lambda: None)
    assert rows.tests == ("quality", "network:my")
    assert np.array_equal(rows.ratios, [[1.0, -2.0]])
    given = tmp_path / "scores.csv"
    given.write_text("path,score\n1.png,0.5\n")
    for name in ("network:nets/my.toml", "network:my"):
        asked = recipe("quality", "network:nets/my.toml", scores={name: given})
        assert np.array_equal(score_rows(asked, [SAMPLE], {}, lambda: None).ratios, [[1.0, 0.0]])


def test_the_command_of_the_card_has_no_folder_of_a_network() -> None:
    command = recipe("quality", "network:/data/ann/nets/my.toml").command
    assert command == "facepad train fusion --tests quality,network:my.toml"


def test_two_networks_of_one_name_are_refused() -> None:
    with pytest.raises(SettingsError, match="each test is named once"):
        recipe("network:a/my.toml", "network:b/my.toml").prepare()
