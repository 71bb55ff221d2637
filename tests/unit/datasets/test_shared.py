"""What all listings share: the split by a hash, and headers that say what a reader needs."""

from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facepad import registry
from facepad.datasets import count_notices, name_surplus, read_list, split_by_subject
from facepad.errors import DatasetError
from facepad.types import Split

MODULES = sorted({target.partition(":")[0] for target in registry.BUILT_IN["datasets"].values()})
ORIGINALS_AT_HAND = {
    "facepad.datasets.nuaa",
    "facepad.datasets.folder",
    "facepad.datasets.csv_list",
    "facepad.datasets.packed",
    "facepad.datasets.simulated",
}


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("field", ["Layout:", "Reference:", "Licence:", "Apply to:", "Checked:"])
def test_each_header_says_what_a_reader_needs(module: str, field: str) -> None:
    assert f"\n{field}" in (import_module(module).__doc__ or "")


@pytest.mark.parametrize("module", sorted(set(MODULES) - ORIGINALS_AT_HAND))
def test_a_layout_that_was_never_seen_says_so(module: str) -> None:
    words = "layout from the literature, not yet run on the original"
    assert words in (import_module(module).__doc__ or "")


@pytest.mark.parametrize("name", registry.names("datasets"))
def test_the_first_protocol_is_the_one_by_default(name: str, tmp_path: Path) -> None:
    listing = registry.resolve("datasets", name)
    protocols = getattr(listing, "protocols", None)
    assert protocols is None or listing(tmp_path).protocol == protocols[0]


@given(st.text(min_size=1))
def test_a_subject_is_always_in_the_same_part(subject: str) -> None:
    assert split_by_subject(subject) is split_by_subject(subject)


def test_the_parts_have_their_shares_of_many_subjects() -> None:
    parts = [split_by_subject(f"person {number}") for number in range(5000)]
    shares = [parts.count(split) / len(parts) for split in Split]
    assert shares == pytest.approx([0.6, 0.2, 0.2], abs=0.02)


def test_a_count_that_fits_is_not_noticed() -> None:
    assert count_notices({"list.txt": (3, 3)}, "videos") == ()


def test_many_surplus_files_are_counted() -> None:
    files = [Path("root") / f"{number}.avi" for number in range(5)]
    assert name_surplus(Path("root"), files) == (
        "surplus: no list names 0.avi, 1.avi, 2.avi and 2 more",
    )


def test_a_list_in_another_alphabet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("müller\n", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"X: list .*list\.txt cannot be read"):
        read_list("X", tmp_path / "list.txt")
