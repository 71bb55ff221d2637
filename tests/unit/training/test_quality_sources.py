"""Which pictures train the quality test, choose its threshold and are judged."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from facepad.errors import DatasetError, SettingsError
from facepad.training.quality.run import QualityRecipe
from facepad.training.sources import DatasetCopy, evaluation_sets, only_simulated, train_and_dev
from facepad.types import Split


def simulated(folder: Path, *, used: bool = False) -> DatasetCopy:
    """A simulation from two sets; in one of them nobody or everybody was moved."""
    folder.mkdir()
    rows = ["path,subject,pai_species,split,source,licence,parameters"]
    for number, (source, moved) in enumerate((("london", False), ("canada", used))):
        for split in ("train", "dev", "test"):
            for species in ("", "print"):
                name = f"{source}{split}{species}.jpg"
                (folder / name).touch()
                drawn = json.dumps({"backdrop": {"used": moved}}).replace('"', '""')
                rows.append(
                    f'{name},{source}{split},{species},{split},{source}/{number}.jpg,MIT,"{drawn}"'
                )
    (folder / "dataset.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return DatasetCopy("simulated", folder)


@pytest.fixture
def nuaa(miniatures: Callable[[str], Path]) -> DatasetCopy:
    return DatasetCopy("nuaa", miniatures("nuaa"))


def order(*trains: DatasetCopy, view: str = "face") -> QualityRecipe:
    return QualityRecipe(trains, (), view, "lda", False, Path("out"), 1, 0)


def test_a_source_of_a_simulation_is_the_set_it_began_with(tmp_path: Path) -> None:
    found = train_and_dev([simulated(tmp_path / "made")])
    assert {sample.session for sample in found} == {"london", "canada"}


@pytest.mark.slow
def test_a_source_of_a_real_dataset_is_its_session(nuaa: DatasetCopy) -> None:
    assert {sample.session for sample in train_and_dev([nuaa])} == {"nuaa 01", "nuaa 02"}


def test_people_before_another_background_neither_train_nor_choose(tmp_path: Path) -> None:
    found = train_and_dev([simulated(tmp_path / "made", used=True)])
    assert {sample.session for sample in found} == {"london"}


def test_test_parts_are_only_evaluated_and_only_when_asked(
    tmp_path: Path, nuaa: DatasetCopy
) -> None:
    trains = [simulated(tmp_path / "made"), nuaa]
    assert {sample.split for sample in train_and_dev(trains)} == {Split.TRAIN, Split.DEV}
    assert [one.name for one in evaluation_sets(trains, test=False)] == [
        "simulated dev",
        "nuaa dev",
    ]
    assert [one.name for one in evaluation_sets(trains, test=True) if one.is_test] == [
        "simulated test, subject-disjoint",
        "nuaa test, official",
        "nuaa test, subject-disjoint",
    ]


def test_several_folders_of_one_dataset_are_one(tmp_path: Path) -> None:
    sources = [simulated(tmp_path / "a"), simulated(tmp_path / "b")]
    (dev,) = evaluation_sets(sources, test=False)
    assert len(dev.samples) == 8


def test_the_name_of_a_model_says_what_trained_it(tmp_path: Path, nuaa: DatasetCopy) -> None:
    made = simulated(tmp_path / "made")
    assert order(made).name == "quality_free"
    assert order(made, nuaa, view="whole").name == "quality_whole_research"
    assert order(nuaa).name == "quality_real"


def test_only_simulation_alone_is_free(tmp_path: Path, nuaa: DatasetCopy) -> None:
    made = simulated(tmp_path / "made")
    assert only_simulated([made, made])
    assert not only_simulated([made, nuaa])


def test_the_command_names_every_dataset(tmp_path: Path, nuaa: DatasetCopy) -> None:
    made = simulated(tmp_path / "made")
    assert order(made, made, nuaa).command == (
        "facepad train quality --dataset simulated --root DIR --root DIR --also nuaa=DIR "
        "--view face --classifier lda --seed 0"
    )


def test_a_dataset_without_a_train_part_is_named(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").touch()
    file = tmp_path / "dataset.csv"
    file.write_text("path,subject,pai_species,split\n1.jpg,anna,,dev\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="csv has no train part in"):
        train_and_dev([DatasetCopy("csv", file)])


@pytest.fixture
def masks(miniatures: Callable[[str], Path]) -> DatasetCopy:
    pytest.importorskip("h5py")
    return DatasetCopy.named("3dmad:leave_out_16", miniatures("3dmad"))


@pytest.mark.slow
def test_a_protocol_gives_the_parts(masks: DatasetCopy) -> None:
    learned = train_and_dev([masks])
    assert {sample.subject for sample in learned if sample.split is Split.DEV} == {"17", "01"}
    assert "16" not in {sample.subject for sample in learned}
    (test,) = (one for one in evaluation_sets([masks], test=True) if one.is_test)
    assert test.name == "3dmad:leave_out_16 test, subject-disjoint"
    assert {sample.subject for sample in test.samples} == {"16"}


@pytest.mark.slow
def test_a_source_is_a_person_where_each_session_has_one_class(masks: DatasetCopy) -> None:
    for sample in masks.samples():
        assert sample.session == f"3dmad {sample.subject}"


def test_the_command_names_the_protocol() -> None:
    copy = DatasetCopy.named("3dmad:leave_out_16", Path("3DMAD"))
    assert copy == DatasetCopy("3dmad", Path("3DMAD"), "leave_out_16")
    assert DatasetCopy.named("nuaa", Path("NUAA")) == DatasetCopy("nuaa", Path("NUAA"))
    assert order(copy).command.startswith(
        "facepad train quality --dataset 3dmad:leave_out_16 --root DIR --view"
    )


def test_a_protocol_that_is_not_there_is_refused() -> None:
    with pytest.raises(SettingsError, match="no protocol 'leave_out_18'"):
        train_and_dev([DatasetCopy.named("3dmad:leave_out_18", Path("3DMAD"))])
