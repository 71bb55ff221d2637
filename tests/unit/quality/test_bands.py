"""Bands of rows: every row once, with what filters need around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import scene

from facepad.quality import bands as module
from facepad.quality import measure
from facepad.quality.bands import bands


@given(
    height=st.integers(20, 4000), width=st.integers(1, 4000), halo=st.integers(0, 9),
    margin=st.integers(0, 9),
)  # fmt: skip
def test_every_row_is_in_one_band(height: int, width: int, halo: int, margin: int) -> None:
    found = list(bands((height, width), halo, margin))
    rows = [row for band in found for row in range(band.result.start, band.result.stop)]
    assert rows == list(range(margin, height - margin))


@given(height=st.integers(20, 4000), width=st.integers(1, 4000), halo=st.integers(0, 9))
def test_a_band_has_its_rows_and_those_around(height: int, width: int, halo: int) -> None:
    for band in bands((height, width), halo):
        source = range(height)[band.source]
        assert list(source[band.inner]) == list(range(height)[band.result])
        assert source.start == max(0, band.result.start - halo)
        assert source.stop == min(height, band.result.stop + halo)


@pytest.mark.parametrize("name", ["ssim", "vif", "ted", "tcd", "gme", "gpe"])
def test_the_size_of_bands_changes_no_value(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = scene(150, 110)
    expected = measure(picture, names=[name])[name]
    monkeypatch.setattr(module, "BAND_PIXELS", 2000)
    assert measure(picture, names=[name])[name] == pytest.approx(expected, rel=1e-6)
