"""The output of a simulation as a dataset."""

import json
from pathlib import Path

import numpy as np
import pytest
from listings import Opener, by_part, people

from facepad.datasets.simulated import (
    Simulated,
    artefact_of,
    material_of,
    order_summary,
    set_of,
    was_moved,
)
from facepad.errors import DatasetError
from facepad.simulate.recipe import draw_recipe
from facepad.types import Sample, Split

HEADER = "path,subject,pai_species,split,source,parameters"


def written(folder: Path, row: str) -> Simulated:
    (folder / "1.jpg").touch()
    (folder / "dataset.csv").write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
    return Simulated(folder)


def test_each_row_is_a_sample(whole: Opener) -> None:
    assert by_part(whole("simulated").samples()) == {
        f"{part} {kind}": 2
        for part in ("train", "dev", "test")
        for kind in ("bona_fide", "print", "screen")
    }


def test_parts_are_by_person(whole: Opener) -> None:
    found = people(whole("simulated").samples())
    assert found == {"train": {"anna"}, "dev": {"ida"}, "test": {"fred"}}


def test_the_list_itself_may_be_given(whole: Opener) -> None:
    dataset = whole("simulated")
    assert list(Simulated(dataset.root / "dataset.csv").samples()) == list(dataset.samples())


def test_it_tells_camera_source_and_parameters(whole: Opener) -> None:
    first = next(iter(whole("simulated").samples()))
    assert {"camera", "source", "parameters"} <= set(first.attributes)


def test_people_before_another_picture_are_known_and_noticed(whole: Opener) -> None:
    dataset = whole("simulated")
    assert {sample.subject for sample in dataset.samples() if was_moved(sample)} == {"ida"}
    assert dataset.notices() == ("moved: in 6 of 18 pictures the background was replaced",)


@pytest.mark.parametrize(
    ("source", "name"), [("london/anna/1.jpg", "london"), ("anna.jpg", "simulated")]
)
def test_the_set_is_the_first_folder_of_the_source(tmp_path: Path, source: str, name: str) -> None:
    (sample,) = written(tmp_path, f"1.jpg,anna,,train,{source},{{}}").samples()
    assert set_of(sample) == name


@pytest.mark.parametrize(
    "cells", ["london/1.jpg,", "london/1.jpg,no JSON", f"london/1.jpg,{json.dumps(3)}", ",{}"]
)
def test_a_row_that_does_not_tell_what_was_drawn_is_refused(tmp_path: Path, cells: str) -> None:
    with pytest.raises(DatasetError, match="with a source and with parameters"):
        list(written(tmp_path, f"1.jpg,anna,,train,{cells}").samples())


def test_what_was_ordered_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "simulated.json").write_text('{"order": {"seed": "5", "mesh": ""}}')
    assert order_summary(tmp_path) == "seed 5"
    assert order_summary(tmp_path / "dataset.csv") == "seed 5"


@pytest.mark.parametrize("text", ["", "[]", '{"order": 3}', "{}"])
def test_a_folder_that_does_not_tell_is_no_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "simulated.json").write_text(text)
    assert order_summary(tmp_path) == ""


def drawn(species: str | None, /, **parameters: object) -> Sample:
    attributes = {"source": "a/1.jpg", "parameters": json.dumps(parameters)}
    return Sample("", "", "", Split.TRAIN, species, attributes=attributes)


@pytest.mark.parametrize(
    ("species", "parameters", "kind"),
    [
        (None, {"medium": None, "part": None}, ""),
        ("print", {"medium": {"continuous": True, "ink": 3}, "part": None}, "print True"),
        ("screen", {"medium": {"layout": "rgb", "ppi": 90.0}}, "screen rgb"),
        ("mask", {"medium": {"form": "flat", "material": "paper"}}, "mask flat paper"),
        ("partial", {"medium": {"layout": "rgb"}, "part": {"shape": "eyes"}}, "partial rgb eyes"),
    ],
)
def test_the_kind_of_artefact_is_the_species_and_how_the_medium_was_made(
    species: str | None, parameters: dict[str, object], kind: str
) -> None:
    assert artefact_of(drawn(species, **parameters)) == kind


def test_the_kind_of_a_recorded_picture_is_its_species() -> None:
    assert artefact_of(Sample("", "", "", Split.TRAIN, "screen")) == "screen"
    assert artefact_of(Sample("", "", "", Split.TRAIN)) == ""


@pytest.mark.slow
@pytest.mark.parametrize("species", ["print", "screen", "mask", "partial"])
def test_drawn_recipes_have_few_kinds_of_artefact(species: str) -> None:
    recipes = [draw_recipe(species, np.random.default_rng(seed)) for seed in range(60)]
    kinds = {artefact_of(drawn(species, **recipe.to_dict())) for recipe in recipes}
    assert 2 <= len(kinds) <= 27  # media times shapes of parts
    assert all(kind.split(" ")[0] == species for kind in kinds)


def test_a_depth_map_is_named_by_its_path(tmp_path: Path) -> None:
    parameters = '"{""medium"": {""material"": ""silicone""}}"'
    dataset = written(tmp_path, f"1.jpg,anna,mask,train,a.jpg,{parameters},d/1.png,-2.5")
    file = tmp_path / "dataset.csv"
    file.write_text(file.read_text().replace("parameters", "parameters,depth,depth_offset"))
    with pytest.raises(DatasetError, match=r"1\.png is listed in dataset.csv but missing"):
        list(dataset.samples())
    (tmp_path / "d").mkdir()
    (tmp_path / "d/1.png").touch()
    for root in (tmp_path, file):
        (sample,) = Simulated(root).samples()
        assert sample.attributes["depth"] == str(tmp_path / "d/1.png")
        assert sample.attributes["depth_offset"] == "-2.5"


def test_the_material_of_a_mask_is_known(tmp_path: Path) -> None:
    parameters = '"{""medium"": {""material"": ""silicone""}}"'
    (mask,) = written(tmp_path, f"1.jpg,anna,mask,train,a.jpg,{parameters}").samples()
    assert material_of(mask) == "silicone"
    parameters = '"{""medium"": null}"'
    (person,) = written(tmp_path, f"1.jpg,anna,,train,a.jpg,{parameters}").samples()
    assert material_of(person) == ""
    assert material_of(Sample("a", "a.jpg", "ann", Split.TRAIN, "mask")) == ""
