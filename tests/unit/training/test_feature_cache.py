"""The cache of features: rows in one file, computed in chunks and only once."""

import os
from pathlib import Path

import pytest

from facepad.errors import DatasetError
from facepad.jobs.progress import ignore
from facepad.training.feature_cache import CacheTable, compute_cached, file_key, frame_of, text_key
from facepad.types import Sample, Split

Item = tuple[str, int]


def table(folder: Path) -> CacheTable:
    return CacheTable(folder / "kept.sqlite", "numbers", "square INT")


def square(offset: int, item: Item) -> tuple[str, int]:
    key, number = item
    return key, number**2 + offset


def dying(_: int, item: Item) -> tuple[str, int]:
    os._exit(item[1])


def items(*numbers: int) -> list[Item]:
    return [(str(number), number) for number in numbers]


def test_rows_are_kept_by_key(tmp_path: Path) -> None:
    table(tmp_path / "new").write([("a", 1), ("b", 4)])
    assert table(tmp_path / "new").read(["b", "c"]) == {"b": ("b", 4)}


def test_a_row_written_again_replaces_the_first(tmp_path: Path) -> None:
    kept = table(tmp_path)
    kept.write([("a", 1)])
    kept.write([("a", 2)])
    assert kept.read(["a"]) == {"a": ("a", 2)}


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "kept.sqlite").mkdir()
    with pytest.raises(DatasetError, match="cannot be used"):
        table(tmp_path)


@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_rows_come_in_the_order_of_the_items_and_only_new_ones_are_computed(
    tmp_path: Path, workers: int
) -> None:
    kept, ticks = table(tmp_path), []
    kept.write([("3", -1)])
    rows = compute_cached(
        items(5, 3, 2), kept, square, int, workers=workers, advance=lambda: ticks.append(1), chunk=1
    )
    assert rows == [("5", 25), ("3", -1), ("2", 4)]
    assert len(ticks) == 3


@pytest.mark.slow
def test_an_item_that_makes_its_process_die_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="died twice while measuring 7"):
        compute_cached(items(7), table(tmp_path), dying, int, workers=1, advance=ignore)


def test_the_key_of_a_file_changes_with_the_file_its_part_and_the_tag(tmp_path: Path) -> None:
    file = tmp_path / "1.jpg"
    file.write_bytes(b"one")
    first = file_key(str(file), "tag")
    assert file_key(str(file), "tag") == first
    others = {file_key(str(file), "other"), file_key(str(file), "tag", "#1")}
    os.utime(file, ns=(0, 0))
    others.add(file_key(str(file), "tag"))
    assert len(others - {first}) == 3


def test_the_key_of_a_missing_file_names_it() -> None:
    with pytest.raises(DatasetError, match=r"nowhere\.jpg cannot be read"):
        file_key("nowhere.jpg", "tag")


def test_a_key_is_short_whatever_it_is_of() -> None:
    assert len(text_key("long" * 1000)) == 64


@pytest.mark.parametrize(
    ("path", "number", "frame"),
    [
        ("1.jpg", None, "None"),
        ("1.avi", None, "middle"),
        ("1.hdf5", None, "middle"),
        ("1.avi", 3, "3"),
        ("set.h5#attack/4", None, "None"),
        ("set.h5#attack/4-9", None, "middle"),
    ],
)
def test_a_clip_is_named_by_its_middle_frame_and_a_still_as_before(
    path: str, number: int | None, frame: str
) -> None:
    assert frame_of(Sample(path, path, "", Split.TRAIN, frame=number)) == frame
