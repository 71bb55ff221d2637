"""Which simulated pictures teach a voxel network, and which are held out or left out."""

import csv
import json
from pathlib import Path

import pytest

from facepad.errors import DatasetError, SettingsError
from facepad.training.face.sources import FaceSources
from facepad.training.voxel.sources import VoxelSources
from facepad.types import Split

MEDIA: tuple[tuple[str, dict[str, str]], ...] = (
    ("", {}),
    ("print", {"species": "print"}),
    ("mask", {"species": "mask", "material": "silicone"}),
    ("mask", {"species": "mask", "material": "resin"}),
    ("partial", {"species": "print"}),
)


def simulated(folder: Path, parts: tuple[str, ...] = ("train", "dev", "test")) -> Path:
    """Write a listing with one person of each part, who has the name of the part."""
    folder.mkdir()
    rows = []
    for part in parts:
        for number, (species, medium) in enumerate(MEDIA):
            path = folder / f"{part}{number}.jpg"
            path.write_bytes(b"x")
            drawn = {"backdrop": {"used": False}, "medium": medium or None}
            rows.append((path.name, part, species, part, f"set/{part}.jpg", json.dumps(drawn)))
    with (folder / "dataset.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "subject", "pai_species", "split", "source", "parameters"))
        writer.writerows(rows)
    return folder


def sources(folder: Path, *left_out: str) -> VoxelSources:
    return VoxelSources((folder,), left_out, FaceSources((), "", None, None, None))


def test_people_of_dev_and_test_teach_nothing_and_have_no_partial_recaptures(
    tmp_path: Path,
) -> None:
    found = sources(simulated(tmp_path / "sim")).listed(test=False)
    assert {sample.subject for sample in found.train.samples} == {"train"}
    assert len(found.train.samples) == len(MEDIA)
    for part in (found.selecting, found.held_out):
        assert {sample.split for sample in part.samples} == {Split.DEV}
        assert "partial" not in {sample.pai_species for sample in part.samples}
    assert len(found) == 5 + 4 + 4


def test_nobody_who_is_evaluated_selects_anything(tmp_path: Path) -> None:
    found = sources(simulated(tmp_path / "sim"), "print").listed(test=False)
    selecting = {sample.subject for sample in found.selecting.samples}
    assert selecting == {"dev"}
    for part in (found.held_out, *found.left_out):
        assert {sample.subject for sample in part.samples} == {"test"}


def test_attacks_that_are_left_out_teach_nothing_and_are_evaluated(tmp_path: Path) -> None:
    found = sources(simulated(tmp_path / "sim"), "mask:silicone", "print").listed(test=False)
    assert [sample.pai_species for sample in found.train.samples] == [None, "mask"]
    names = [part.name for part in found.left_out]
    assert names == ["left out: mask:silicone", "left out: print"]
    for part, species in zip(found.left_out, ("mask", "print"), strict=True):
        assert [sample.pai_species for sample in part.samples] == [None, species]


def test_an_unknown_attack_to_leave_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="paint"):
        sources(simulated(tmp_path / "sim"), "paint").listed(test=False)


@pytest.mark.parametrize(
    ("parts", "missing"), [((), "people for selection"), (("dev",), "held-out people")]
)
def test_people_must_be_left_to_select_and_to_hold_out(
    parts: tuple[str, ...], missing: str, tmp_path: Path
) -> None:
    with pytest.raises(DatasetError, match=f"{missing} needs simulated pictures of both"):
        sources(simulated(tmp_path / "sim", ("train", *parts))).listed(test=False)


def test_every_nth_picture_is_enough_for_a_trial(tmp_path: Path) -> None:
    found = sources(simulated(tmp_path / "sim")).listed(test=False).every(2)
    assert [one.pai_species for one in found.train.samples] == [None, "print", "mask", "partial"]
    for part in (found.selecting, found.held_out):
        assert [one.pai_species for one in part.samples] == [None, "print", "mask"]
