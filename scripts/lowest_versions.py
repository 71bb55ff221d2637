"""Write requirements/lowest.txt: every dependency at its lower bound in pyproject.toml.

    python scripts/lowest_versions.py

`make test-lowest` runs the fast suite with these versions.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "requirements" / "lowest.txt"
EXTRAS = ("data", "report", "heif", "fit")
HEAD = "# The lower bounds of pyproject.toml; made by scripts/lowest_versions.py.\n"
_BOUND = re.compile(r"(?P<name>[\w.-]+)>=(?P<version>[\w.]+)")


def lowest(project: Path) -> str:
    """Return the text of the constraints file for the dependencies of a project.

    Args:
        project: Its pyproject.toml.
    """
    table = tomllib.loads(project.read_text())["project"]
    extras = table["optional-dependencies"]
    needs = [*table["dependencies"], *(need for name in EXTRAS for need in extras[name])]
    bounds: dict[str, str] = {}
    for need in needs:
        bound = _BOUND.match(need)
        if bound is None:
            raise ValueError(f"{need} has no lower bound")
        bounds.setdefault(bound["name"], bound["version"])
    return HEAD + "".join(f"{name}=={version}\n" for name, version in sorted(bounds.items()))


def main() -> None:
    """Write the file."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(lowest(ROOT / "pyproject.toml"))
    sys.stdout.write(f"wrote {FILE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
