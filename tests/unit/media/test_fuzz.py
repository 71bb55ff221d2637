"""Damaged pictures do no harm: only `InputError` escapes, and no decoder crashes or hangs.

The reading happens in child processes (`fuzz_reading`), so that a crash is seen and the file
that caused it is kept.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

CHILD = Path(__file__).resolve().parents[2] / "fuzz_reading.py"


def fuzz(count: int, seed: int, folder: Path, *options: str) -> None:
    """Read ``count`` damaged files in a child process."""
    command = [sys.executable, str(CHILD), str(count), str(seed), str(folder), *options]
    child = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    if child.returncode:
        kept = Path(tempfile.mkdtemp(prefix="facepad-fuzz-"), "current.bin")
        shutil.copy(folder / "current.bin", kept)
        pytest.fail(f"exit {child.returncode}; the file is {kept}\n{child.stderr[-3000:]}")
    read, refused = (int(word) for word in child.stdout.split())
    assert read + refused >= count
    assert min(read, refused) > count // 50, "the damage is too light or too heavy to tell"


@pytest.mark.slow
def test_500_damaged_pictures_do_no_harm(tmp_path: Path) -> None:
    fuzz(500, 1, tmp_path)


def test_a_crash_is_reported_and_its_file_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crash = tmp_path / "crash.py"
    crash.write_text(
        "import os, sys, pathlib\n"
        "pathlib.Path(sys.argv[3], 'current.bin').write_bytes(b'it was me')\n"
        "os.abort()\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "CHILD", crash)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="exit -"):
        fuzz(1, 1, tmp_path)
    (kept,) = tmp_path.glob("facepad-fuzz-*/current.bin")
    assert kept.read_bytes() == b"it was me"


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(100, 110))
def test_20_000_damaged_pictures_do_no_harm(seed: int, tmp_path: Path) -> None:
    fuzz(2_000, seed, tmp_path)


@pytest.mark.nightly
def test_damaged_pictures_do_no_harm_at_the_default_limits(tmp_path: Path) -> None:
    fuzz(2_000, 200, tmp_path, "full")
