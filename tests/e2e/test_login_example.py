"""The login in examples/ works with real requests, and is what README shows."""

import importlib.util
import io
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "login.py"
PORTRAIT = (ROOT / "examples" / "astronaut.jpg").read_bytes()
RECAPTURE = (ROOT / "examples" / "astronaut-simulated-recapture.jpg").read_bytes()


@pytest.fixture(scope="module")
def client() -> "Iterator[TestClient]":
    from fastapi.testclient import TestClient  # takes long, and the fast suite reads this file

    with TestClient(_module().app) as client:
        yield client


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("login", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _answer(client: "TestClient", data: bytes, name: str = "me.jpg") -> Any:  # noqa: ANN401
    return client.post("/login/face", files={"picture": (name, data, "image/jpeg")})


def test_a_living_person_is_let_in(client: "TestClient") -> None:
    answer = _answer(client, PORTRAIT)
    assert (answer.status_code, answer.json()) == (200, {"live": True})


def test_an_attack_is_not(client: "TestClient") -> None:
    assert _answer(client, RECAPTURE).status_code == 403


def test_a_poor_capture_comes_with_its_reason(client: "TestClient") -> None:
    dark = io.BytesIO()
    pixels = np.asarray(Image.open(io.BytesIO(PORTRAIT)).convert("RGB")) // 12
    Image.fromarray(pixels).save(dark, "JPEG", quality=95)
    answer = _answer(client, dark.getvalue())
    assert answer.status_code == 403
    assert "too_dark" in answer.json()["detail"]


def test_what_is_no_picture_is_an_error_of_the_client(client: "TestClient") -> None:
    answer = _answer(client, b"hello", "notes.txt")
    assert answer.status_code == 422
    assert "Traceback" not in answer.text


def test_readme_shows_the_example() -> None:
    (shown,) = re.findall(
        r"```python\n(from fastapi.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    lines = {line.strip() for line in EXAMPLE.read_text().splitlines()}
    assert {line.strip() for line in shown.splitlines()} <= lines
