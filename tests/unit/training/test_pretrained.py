import hashlib
import io
from http.client import InvalidURL
from pathlib import Path
from typing import Any

import pytest

from facepad.errors import ModelError, SettingsError
from facepad.jobs.files import write_file
from facepad.training import pretrained
from with_torch import NEEDS_TORCH, torch

pytestmark = NEEDS_TORCH


def _file(folder: Path, content: Any) -> tuple[str, str]:  # noqa: ANN401 - what torch saves
    stream = io.BytesIO()
    torch.save(content, stream)
    write_file(folder / "weights.pth", stream.getvalue())
    return str(folder / "weights.pth"), hashlib.sha256(stream.getvalue()).hexdigest()


def test_weights_of_a_file_are_read_when_the_hash_is_right(tmp_path: Path) -> None:
    source, sha256 = _file(tmp_path, {"conv1.weight": torch.ones(2)})
    assert pretrained.given_state(source, sha256.upper())["conv1.weight"].tolist() == [1.0, 1.0]


def test_a_file_with_another_hash_is_not_loaded(tmp_path: Path) -> None:
    source, _ = _file(tmp_path, {"conv1.weight": torch.ones(2)})
    with pytest.raises(ModelError, match="expected 0000"):
        pretrained.given_state(source, "0" * 64)


def test_a_pickle_with_code_is_not_loaded(tmp_path: Path) -> None:
    source, sha256 = _file(tmp_path, {"conv1.weight": Path("x")})
    with pytest.raises(ModelError, match="cannot be read as weights"):
        pretrained.given_state(source, sha256)


def test_what_is_no_state_dict_is_refused(tmp_path: Path) -> None:
    source, sha256 = _file(tmp_path, [torch.ones(2)])
    with pytest.raises(ModelError, match="no state dict"):
        pretrained.given_state(source, sha256)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.pth cannot be read"):
        pretrained.given_state(str(tmp_path / "nowhere.pth"), "0" * 64)


@pytest.mark.parametrize("address", ["http://localhost/a.pth", "file:///etc/passwd"])
def test_only_https_addresses_are_taken(address: str) -> None:
    with pytest.raises(SettingsError, match="https"):
        pretrained.given_state(address, "0" * 64)


def test_a_download_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "urlopen", lambda *_, **__: io.BytesIO(b"x" * 20))
    monkeypatch.setattr(pretrained, "MAX_BYTES", 10)
    with pytest.raises(ModelError, match="larger than 10 bytes"):
        pretrained.given_state("https://localhost/a.pth", "0" * 64)


@pytest.mark.parametrize("failure", [OSError("no route"), InvalidURL("no route")])
def test_a_download_that_fails_is_told(failure: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(pretrained, "urlopen", fails)
    with pytest.raises(ModelError, match="no route; download it by hand"):
        pretrained.given_state("https://localhost/a.pth", "0" * 64)
