"""Arrays as bytes: the same arrays, the same bytes; nothing is trusted on the way back."""

import io
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from facepad.errors import ModelError
from facepad.models import npz as module
from facepad.models.index import digest
from facepad.models.npz import pack, unpack

SOME = {
    "b": np.arange(6, dtype=np.float64).reshape(2, 3),
    "a": np.array(3.5),
    "names": np.array(["one", "three"]),
}
# Of SOME, on any machine: what is stored may not depend on time, zlib or byte order.
SHA256 = "1807b40dcdd20c4311d8ac0e5f91b4cb"


def npz(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def header(shape: str, descr: str = "<f8") -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@given(
    arrays(np.float32, array_shapes(min_dims=0, max_dims=3, max_side=5)), st.text("abc", min_size=1)
)
def test_arrays_come_back_as_they_were(array: np.ndarray, name: str) -> None:
    found = unpack(pack({name: array}), "it")
    np.testing.assert_array_equal(found[name], array)
    assert found[name].shape == array.shape


def test_an_array_by_columns_comes_back_and_can_be_written() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, x=np.asfortranarray(SOME["b"]), empty=np.zeros((0, 3)))
    found = unpack(buffer.getvalue(), "it")
    np.testing.assert_array_equal(found["x"], SOME["b"])
    assert found["empty"].shape == (0, 3)
    found["x"][0, 0] = 7.0


def test_an_array_that_is_cut_off_is_refused() -> None:
    with pytest.raises(ModelError, match=r"claims to be \(2,\) but has 15 bytes"):
        unpack(npz(x=header("(2,)") + bytes(15)), "it")


def test_text_comes_back_as_it_was() -> None:
    assert unpack(pack(SOME), "it")["names"].tolist() == ["one", "three"]


def test_the_order_of_names_and_of_memory_does_not_change_the_bytes() -> None:
    other = {name: SOME[name] for name in reversed(SOME)} | {"b": np.asfortranarray(SOME["b"])}
    assert pack(other) == pack(SOME)


def test_the_byte_order_of_the_machine_does_not_change_the_bytes() -> None:
    swapped = SOME["b"].astype(">f8")
    assert pack({"b": swapped}) == pack({"b": SOME["b"]})


def test_the_bytes_are_those_of_any_other_day() -> None:
    assert digest(pack(SOME))[:32] == SHA256


def test_numpy_reads_the_bytes() -> None:
    with np.load(io.BytesIO(pack(SOME)), allow_pickle=False) as found:
        assert float(found["a"]) == 3.5


def test_python_objects_are_refused_in_both_directions() -> None:
    objects = np.array([{}], dtype=object)
    with pytest.raises(ModelError, match="'x' holds Python objects"):
        pack({"x": objects})
    buffer = io.BytesIO()
    np.savez(buffer, x=objects)
    with pytest.raises(ModelError, match="the file is not a file of arrays"):
        unpack(buffer.getvalue(), "the file")


def test_an_array_that_claims_more_than_it_has_is_refused_before_memory_is_asked_for() -> None:
    with pytest.raises(ModelError, match="claims to be"):
        unpack(npz(x=header("(99999999999,)")), "it")


def test_a_file_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(ModelError, match="more than"):
        unpack(pack(SOME), "it")


def test_a_compression_that_numpy_does_not_write_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.npy", header("(0,)"))
    with pytest.raises(ModelError, match="method"):
        unpack(buffer.getvalue(), "it")


@given(st.integers(0, 1_000_000), st.integers(0, 255), st.booleans())
def test_a_damaged_file_is_read_or_refused_but_nothing_else(
    place: int, value: int, cut: bool
) -> None:
    data = bytearray(pack(SOME))
    data[place % len(data)] = value
    if cut:
        del data[place % len(data) :]
    with suppress(ModelError):
        unpack(bytes(data), "it")
