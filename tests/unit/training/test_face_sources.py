"""Which pictures may train, choose and judge the heads of the face test."""

import csv
import json
from pathlib import Path

import pytest

from facepad.errors import DatasetError
from facepad.training.face.sources import FaceSources
from facepad.training.sources import simulated_samples
from facepad.types import Split


def listed(folder: Path, rows: list[dict[str, str]]) -> Path:
    folder.mkdir()
    for row in rows:
        (folder / row["path"]).write_bytes(b"x")
    file = folder / "dataset.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def simulated(folder: Path) -> Path:
    rows = []
    for number, used in enumerate((False, True)):
        for species in ("", "print"):
            row = {
                "path": f"{number}{species}.jpg",
                "subject": f"s{number}",
                "pai_species": species,
                "split": "test",
                "source": f"london/{number}.jpg",
                "parameters": json.dumps({"backdrop": {"used": used}}),
            }
            rows.append(row)
    return listed(folder, rows).parent


def crops(folder: Path) -> Path:
    rows = [
        {"path": f"{site}{kind}.png", "subject": site, "pai_species": kind, "split": split}
        for site, split in (("a", "dev"), ("b", "test"))
        for kind in ("", "replay")
    ]
    return listed(folder, rows)


def folders(tmp_path: Path) -> FaceSources:
    return FaceSources(
        (simulated(tmp_path / "sim"),), "nuaa", None, crops(tmp_path / "crops"), None
    )


def test_people_who_were_set_before_another_background_do_not_train(tmp_path: Path) -> None:
    (found,) = folders(tmp_path).train("simulated", 1)
    assert {sample.subject for sample in found.samples} == {"s0"}


def test_a_simulated_picture_belongs_to_the_folder_it_began_in(tmp_path: Path) -> None:
    (found,) = folders(tmp_path).train("simulated", 1)
    assert {sample.session for sample in found.samples} == {"london"}


def test_what_chooses_and_what_judges_have_nothing_in_common(tmp_path: Path) -> None:
    given = folders(tmp_path)
    (chooses,), (judges,) = given.dev(1), given.test()
    assert {sample.split for sample in chooses.samples} == {Split.DEV}
    assert {sample.split for sample in judges.samples} == {Split.TEST}
    assert chooses.is_cropped
    assert judges.is_cropped


def test_training_on_real_pictures_needs_their_folder(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="needs --root"):
        folders(tmp_path).train("both", 1)


def test_training_on_simulated_pictures_needs_some() -> None:
    with pytest.raises(DatasetError, match="needs --simulated"):
        FaceSources((), "nuaa", None, None, None).train("simulated", 1)


def test_simulated_pictures_without_anybody_on_their_own_background_are_refused(
    tmp_path: Path,
) -> None:
    folder = simulated(tmp_path / "sim")
    file = folder / "dataset.csv"
    file.write_text(file.read_text().replace("false", "true"))
    with pytest.raises(DatasetError, match="simulate with --keep-backgrounds"):
        simulated_samples((folder,))
