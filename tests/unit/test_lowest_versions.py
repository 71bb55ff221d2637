"""The versions of `make test-lowest` are the lower bounds that pyproject.toml declares."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("lowest", ROOT / "scripts" / "lowest_versions.py")
assert SPEC is not None
assert SPEC.loader is not None
script = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(script)


def test_the_file_agrees_with_the_declared_bounds() -> None:
    expected = script.lowest(ROOT / "pyproject.toml")
    written = (ROOT / "requirements" / "lowest.txt").read_text()
    assert written == expected, "run: python scripts/lowest_versions.py"


def test_a_dependency_without_a_lower_bound_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[project]\ndependencies = ["numpy"]\n[project.optional-dependencies]\n'
        "fit = []\ndata = []\nreport = []\nheif = []\n"
    )
    with pytest.raises(ValueError, match="numpy has no lower bound"):
        script.lowest(project)
