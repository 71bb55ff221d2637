"""Damaged pictures and clips do no harm: only `InputError` escapes; decoders do not crash or hang.

The reading happens in child processes (`fuzz_reading`), so that a crash is seen and the file
that caused it is kept.
"""

import io
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clip_samples import every_kind
from facepad.errors import InputError
from facepad.media.formats import avi, bare_streams, matroska, mp4
from facepad.media.formats.clip_header import ClipHeader
from facepad.media.formats.file_parts import ClipBytes
from fuzz_reading import damaged

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


@pytest.mark.slow
def test_300_damaged_clips_do_no_harm(tmp_path: Path) -> None:
    fuzz(300, 3, tmp_path, "clips")


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(300, 303))
def test_6_000_damaged_clips_do_no_harm(seed: int, tmp_path: Path) -> None:
    fuzz(2_000, seed, tmp_path, "clips")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, ...]:
    return tuple(every_kind(tmp_path_factory.mktemp("clips")).values())


@given(st.data())
@settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_headers_of_damaged_clips_do_no_harm(clips: tuple[bytes, ...], data: st.DataObject) -> None:
    file = data.draw(damaged(clips))
    bounded = ClipBytes(io.BytesIO(file), len(file))
    for inspect in (
        *(mp4.inspect, matroska.inspect, avi.inspect, bare_streams.inspect_gif),
        *(bare_streams.inspect_mpeg, bare_streams.inspect_jpegs, bare_streams.inspect_y4m),
    ):
        assert describes_or_refuses(inspect, bounded)


def describes_or_refuses(inspect: Callable[[ClipBytes], ClipHeader], data: ClipBytes) -> bool:
    try:
        tracks = inspect(data).tracks
    except InputError as error:
        return str(error).isprintable()
    return all(
        track.width >= 0 and track.height >= 0 and (track.duration_s or 0.0) >= 0.0
        for track in tracks
    )
