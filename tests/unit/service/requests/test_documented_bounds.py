"""The page about limits has every bound on requests, with its value."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
PAGE = (ROOT / "docs" / "service" / "limits.md").read_text()
FOLDER = ROOT / "src" / "facepad" / "service" / "requests"
FILES = ("../config", "bodies", "chunks", "connections", "fields", "limits", "open_bodies")
NO_BOUNDS = {"IN_MEMORY", "PIECE", "OTHER_FILES", "DEFAULT_RATE", "MEGA"}


def constants() -> dict[str, float]:
    """Numbers at the top of the files, by name without the underscore."""
    found: dict[str, float] = {}
    for name in FILES:
        for node in ast.parse((FOLDER / f"{name}.py").read_text()).body:
            if not isinstance(node, ast.Assign):
                continue
            (target,) = node.targets
            many = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = node.value.elts if many and isinstance(node.value, ast.Tuple) else [node.value]
            for one, value in zip(names, values, strict=True):
                text = ast.unparse(value)
                if set(text) <= set("0123456789.< "):
                    found[ast.unparse(one).lstrip("_")] = eval(text)  # noqa: S307 - digits only
    return {name: value for name, value in found.items() if name not in NO_BOUNDS}


@pytest.mark.parametrize(("name", "value"), constants().items())
def test_a_bound_is_on_the_page_with_its_value(name: str, value: float) -> None:
    (row,) = [line for line in PAGE.splitlines() if f"`{name}`" in line and line.startswith("|")]
    whole = int(value)
    forms = {
        f"{value:,g}",
        f"{whole:,}",
        f"{whole >> 10} KiB",
        f"{whole >> 20} MiB",
        f"{value:g} s",
    }
    assert any(f" {form}" in row for form in forms), f"{name} is {value}"


def test_the_page_names_the_status_of_a_client_that_went_away() -> None:
    from facepad.service import app

    assert f"status {app._GONE}" in PAGE


def test_the_defaults_of_settings_are_those_of_the_page() -> None:
    from facepad.service.config import ServiceConfig, variable

    fields = ServiceConfig.model_fields
    for name in ("max_images", "max_video_frames", "max_connections",
                 "max_connections_per_address", "header_deadline_s", "body_deadline_s",
                 "max_video_s"):  # fmt: skip
        (row,) = [one for one in PAGE.splitlines() if one.endswith(f"`{variable(name)}` |")]
        assert f" {fields[name].default:g}" in row, name
