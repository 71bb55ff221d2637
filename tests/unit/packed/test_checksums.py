"""The seal: every cut and every changed bit is noticed before libhdf5 sees it."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples import at_most
from facepad.errors import DatasetError
from facepad.packed.checksums import BLOCK, SealedFile, append_checksums

CONTENT = bytes(range(256)) * 700  # two blocks and a bit


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    path = tmp_path / "a.h5"
    path.write_bytes(CONTENT)
    append_checksums(path)
    return path


def read(path: Path) -> bytes:
    with SealedFile(path) as file:
        return file.read()


def test_what_was_sealed_is_read_without_the_seal(sealed: Path) -> None:
    assert read(sealed) == CONTENT
    assert sealed.stat().st_size > len(CONTENT)


@pytest.mark.parametrize("size", [1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_sizes_around_a_block_are_read_back(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(CONTENT[:size])
    append_checksums(path)
    assert read(path) == CONTENT[:size]


@at_most(50)
@given(start=st.integers(0, len(CONTENT) + 9), length=st.integers(0, BLOCK * 2))
def test_any_part_is_read_as_from_a_plain_file(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int
) -> None:
    path = tmp_path_factory.mktemp("sealed") / "a.h5"
    path.write_bytes(CONTENT)
    append_checksums(path)
    with SealedFile(path) as file:
        file.seek(start)
        assert file.read(length) == CONTENT[start : start + length]


@pytest.mark.parametrize("part", range(50))
def test_a_file_cut_off_at_any_place_is_refused(sealed: Path, part: int) -> None:
    data = sealed.read_bytes()
    sealed.write_bytes(data[: part * len(data) // 50])
    with pytest.raises(DatasetError, match=r"a\.h5 cannot be read as a packed dataset"):
        SealedFile(sealed)


def test_a_file_that_grew_is_refused(sealed: Path) -> None:
    sealed.write_bytes(sealed.read_bytes() + b"\0")
    with pytest.raises(DatasetError, match="its end is not the seal"):
        SealedFile(sealed)


@pytest.mark.parametrize("part", range(50))
def test_a_changed_bit_is_noticed(sealed: Path, part: int) -> None:
    data = bytearray(sealed.read_bytes())
    position = part * len(data) // 50
    data[position] ^= 1 << part % 8
    sealed.write_bytes(data)
    with pytest.raises(DatasetError, match=r"a\.h5 (is damaged: bytes|cannot be read)"):
        read(sealed)


def test_a_changed_bit_of_the_seal_is_noticed(sealed: Path) -> None:
    data = sealed.read_bytes()
    for position in range(len(CONTENT), len(data)):
        changed = bytearray(data)
        changed[position] ^= 16
        sealed.write_bytes(changed)
        with pytest.raises(DatasetError):
            SealedFile(sealed)


def test_only_the_damaged_block_cannot_be_read(sealed: Path) -> None:
    data = bytearray(sealed.read_bytes())
    data[BLOCK + 5] ^= 1
    sealed.write_bytes(data)
    with SealedFile(sealed) as file:
        assert file.read(BLOCK) == CONTENT[:BLOCK]
        with pytest.raises(DatasetError, match="bytes 65,536 to 131,072 are not those"):
            file.read(1)


def test_verifying_reads_what_nobody_has_read(sealed: Path) -> None:
    data = bytearray(sealed.read_bytes())
    data[len(CONTENT) - 1] ^= 1
    sealed.write_bytes(data)
    with SealedFile(sealed) as file, pytest.raises(DatasetError, match="is damaged"):
        file.verify()


@pytest.mark.skipif(not hasattr(os, "pread"), reason="needs positioned reads")
def test_reading_moves_no_position_that_forked_processes_share(sealed: Path) -> None:
    with SealedFile(sealed) as file:
        descriptor = next(n for n in range(999) if _is_open(n, sealed))
        position = os.lseek(descriptor, 12_345, os.SEEK_SET)
        assert file.read() == CONTENT
        assert os.lseek(descriptor, 0, os.SEEK_CUR) == position


def _is_open(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="is no file; expected a packed dataset"):
        SealedFile(tmp_path)
    with pytest.raises(DatasetError, match=r"nowhere\.h5 is no file"):
        SealedFile(tmp_path / "nowhere.h5")
