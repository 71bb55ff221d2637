"""Parts added to a copy of the source tree, to count the files that one must touch."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("src", "tests", "docs")
SHARED = ("src/facepad/models/weights", "tests/reference")  # large: linked, not copied


@dataclass
class TreeCopy:
    """A copy of the repository's sources, and the files that were changed in it.

    Attributes:
        root: Folder of the copy.
        touched: Changed and new files, relative to ``root``.
    """

    root: Path
    touched: set[str] = field(default_factory=set)

    @classmethod
    def make(cls, root: Path) -> "TreeCopy":
        """Copy the sources into a folder, which is made."""
        for folder in COPIED:
            shutil.copytree(ROOT / folder, root / folder, ignore=_left_out)
        for folder in SHARED:
            (root / folder).symlink_to(ROOT / folder)
        shutil.copy(ROOT / "pyproject.toml", root)
        return cls(root)

    def write(self, path: str, text: str) -> None:
        """Add a file; there must be none of this name."""
        file = self.root / path
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
        self.touched.add(path)

    def insert(self, path: str, before: str, line: str) -> None:
        """Add a line to a file, before the only line that begins with these characters."""
        file = self.root / path
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        (place,) = (i for i, text in enumerate(lines) if text.startswith(before))
        file.write_text("".join([*lines[:place], line + "\n", *lines[place:]]), encoding="utf-8")
        self.touched.add(path)

    def facepad(self, *arguments: str | Path) -> str:
        """Run the command line of the copy; gives what it prints."""
        return self._run("-m", "facepad", *arguments)

    def python(self, code: str) -> str:
        """Run Python code against the copy; gives what it prints."""
        return self._run("-c", code)

    def pytest(self, *arguments: str) -> str:
        """Run tests of the copy against the copy; gives what pytest prints."""
        quick = ("-p", "no:cacheprovider", "-m", "not slow and not nightly", "-q")
        return self._run("-m", "pytest", *quick, *arguments)

    def _run(self, *arguments: str | Path) -> str:
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root / "src"), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _left_out(folder: str, names: list[str]) -> set[str]:
    inside = Path(folder).relative_to(ROOT)
    shared = {name for name in names if (inside / name).as_posix() in SHARED}
    return shared | {name for name in names if name == "__pycache__"}
