"""Runs over a folder of made-up people, in this process and with made-up networks."""

import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from facepad.datasets.csv_list import CsvList
from facepad.datasets.simulated import Simulated
from facepad.errors import DatasetError, SettingsError
from facepad.simulate import capture_set, runner, sources
from facepad.simulate.camera.camera import Camera
from facepad.simulate.capture_set import Capture, CaptureOptions, Simulator
from facepad.simulate.depth_map import read_depth
from facepad.simulate.linear_light import Map, to_display
from facepad.simulate.parameters import draw
from facepad.simulate.recipe import Recipe
from facepad.simulate.runner import WORK, Simulation, SimulationResult
from facepad.testing.media_files import write_video
from facepad.training.quality.resolution import dead_leaves
from facepad.types import Frame, Reason, RgbImage, Sample
from made_up_face import made_up_face

ORDER = CaptureOptions(("print", "screen", "mask", "partial"), cameras=2, seed=1)
PEOPLE = 6

Whole = tuple[Path, SimulationResult]  # a folder and what was made in it


class Finder:
    """Finds a face in the middle of every picture that is not black."""

    def find(self, frame: Frame) -> Frame:
        if frame.image.max() == 0:
            return replace(frame, no_face=Reason.NO_FACE)
        lines, columns = frame.image.shape[:2]
        return replace(frame, face=made_up_face(columns / 2, lines / 2, columns / 5))


class Matter:
    """Takes the middle of every picture for a person."""

    def matte(self, picture: RgbImage) -> Map:
        found = np.zeros(picture.shape[:2], np.float32)
        found[10:, 30:-30] = 1.0
        return found


@pytest.fixture(autouse=True)
def networks(monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = partial(Simulator, finder=Finder(), matter=Matter())  # type: ignore[arg-type]
    monkeypatch.setattr("facepad.simulate.capture_set.Simulator", made_up)

    def small(kind: type, rng: np.random.Generator) -> object:
        drawn: object = draw(kind, rng)
        if isinstance(drawn, Camera):  # small sensors, to save time
            return replace(drawn, lens=replace(drawn.lens, lines=96))
        return drawn

    monkeypatch.setattr(capture_set, "draw", small)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    scene = to_display(dead_leaves(np.random.default_rng(0), 100, 120))
    for number in range(PEOPLE):
        Image.fromarray(np.roll(scene, 7 * number, axis=1)).save(folder / f"p{number}.jpg")
    return folder


def listed(people: Path) -> tuple[Sample, ...]:
    return sources.bona_fide([people])


def made(people: Path, out: Path, order: CaptureOptions = ORDER, *, resume: bool = False,
         force: bool = False) -> SimulationResult:  # fmt: skip
    simulation = Simulation(listed(people), order, out, resume=resume, force=force)
    return finished(simulation)


def finished(simulation: Simulation) -> SimulationResult:
    with simulation:
        simulation.take(workers=0)
        return simulation.finish()


def content(folder: Path) -> dict[str, tuple[bytes, float]]:
    """Every file below a folder: its bytes and its time."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime)
        for path in files
    }


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture
def whole(people: Path, outputs: Path) -> Whole:
    """One finished run, made once."""
    out = outputs / "whole"
    return out, made(people, out, resume=out.exists())


@pytest.mark.slow
def test_every_round_has_one_picture_of_each_kind(whole: Whole) -> None:
    kinds = defaultdict(list)
    for row in whole[1].rows:
        kinds[row["session"]].append(row["pai_species"])
    assert len(kinds) == PEOPLE
    assert all(found == ["", *ORDER.attacks] for found in kinds.values())


@pytest.mark.slow
def test_the_list_is_a_dataset(whole: Whole) -> None:
    samples = list(CsvList(whole[0]).samples())
    assert len(samples) == PEOPLE * 5
    assert {"camera", "source", "parameters"} <= samples[0].attributes.keys()


@pytest.mark.slow
def test_nobody_and_no_camera_is_in_two_parts(whole: Whole) -> None:
    for what in ("subject", "camera"):
        parts = defaultdict(set)
        for row in whole[1].rows:
            parts[row[what]].add(row["split"])
        assert all(len(found) == 1 for found in parts.values())


@pytest.mark.slow
def test_parameters_are_a_recipe(whole: Whole) -> None:
    for row in whole[1].rows:
        told = json.loads(row["parameters"])
        told.pop("backdrop")
        assert Recipe.from_dict(told).species == (row["pai_species"] or "bona_fide")


@pytest.mark.slow
def test_camera_and_framing_are_the_same_in_a_round(whole: Whole) -> None:
    found = defaultdict(set)
    for row in whole[1].rows:
        told = json.loads(row["parameters"])
        shared = {name: told[name] for name in ("camera", "situation", "backdrop")}
        found[row["session"]].add(json.dumps(shared))
    assert all(len(one) == 1 for one in found.values())


@pytest.mark.slow
def test_nothing_about_a_file_tells_its_class(whole: Whole) -> None:
    """Size, codec tables, metadata and time are the same in a round; names count sources."""
    found = defaultdict(set)
    for row in whole[1].rows:
        path = whole[0] / row["path"]
        with Image.open(path) as picture:
            tables = json.dumps(getattr(picture, "quantization", None))
            told = {name: str(value) for name, value in picture.info.items()}
            facts = (picture.size, tables, json.dumps(told), path.stat().st_mtime, path.name)
        found[row["session"]].add(facts)
    assert all(len(one) == 1 for one in found.values())


@pytest.mark.slow
def test_one_seed_gives_the_same_files_and_another_others(
    people: Path, tmp_path: Path, whole: Whole
) -> None:
    made(people, tmp_path / "again")
    assert content(tmp_path / "again") == content(whole[0])
    made(people, tmp_path / "other", replace(ORDER, seed=2))
    pictures = {name: data for name, data in content(tmp_path / "other").items() if ".jpg" in name}
    same = content(whole[0])
    assert all(data != same.get(name) for name, data in pictures.items())


@pytest.mark.slow
def test_other_sources_and_attacks_do_not_change_a_picture(
    people: Path, tmp_path: Path, whole: Whole
) -> None:
    few = listed(people)[2:3]
    order = replace(ORDER, attacks=("mask",))
    simulation = Simulation(few, order, tmp_path / "few")
    for row in finished(simulation).rows:
        same = next(
            one for one in whole[1].rows
            if (one["session"], one["pai_species"]) == (row["session"], row["pai_species"])
        )  # fmt: skip
        first, second = tmp_path / "few" / row["path"], whole[0] / same["path"]
        assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
def test_a_run_that_was_ended_goes_on(
    people: Path,
    tmp_path: Path,
    whole: Whole,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    captures, count = Simulator.captures, iter(range(PEOPLE))

    def ends(simulator: Simulator, source: Sample) -> Iterator[Capture]:
        if next(count) == 3:
            raise KeyboardInterrupt
        return captures(simulator, source)

    begun = Simulation(listed(people), ORDER, out)
    with monkeypatch.context() as patch:
        patch.setattr(Simulator, "captures", ends)
        with pytest.raises(KeyboardInterrupt):
            finished(begun)
    assert not (out / "dataset.csv").exists()
    again = Simulation(listed(people), ORDER, out, resume=True)
    assert again.done == 3
    finished(again)
    assert content(out) == content(whole[0])
    assert not (out / WORK).exists()


@pytest.mark.slow
def test_pictures_without_a_face_are_told(people: Path, tmp_path: Path) -> None:
    black = tmp_path / "black.jpg"
    Image.fromarray(np.zeros((80, 80, 3), np.uint8)).save(black)
    given = [*listed(people)[:1], *sources.bona_fide([tmp_path])]
    simulation = Simulation(given, replace(ORDER, attacks=("mask",)), tmp_path / "out")
    (told,) = finished(simulation).skipped
    assert "black.jpg" in told
    assert "no_face" in told


@pytest.mark.slow
def test_what_is_there_needs_resume_or_force(people: Path, whole: Whole) -> None:
    with pytest.raises(SettingsError, match="--resume"):
        made(people, whole[0])


@pytest.mark.slow
def test_a_finished_run_has_nothing_to_go_on_with(people: Path, whole: Whole) -> None:
    assert len(made(people, whole[0], resume=True).rows) == len(whole[1].rows)


@pytest.mark.slow
def test_a_run_that_ended_just_before_its_end_is_tidied(
    people: Path, tmp_path: Path, whole: Whole
) -> None:
    out = tmp_path / "out"
    shutil.copytree(whole[0], out)
    (out / WORK).mkdir()
    (out / ".dataset.csv.1.tmp").write_bytes(b"")
    made(people, out, resume=True)
    assert content(out) == content(whole[0])


@pytest.mark.slow
def test_a_run_that_ended_as_it_began_is_in_nobodys_way(people: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / WORK).mkdir(parents=True)
    assert made(people, tmp_path / "out", replace(ORDER, attacks=("mask",))).rows


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "named"),
    [({"seed": 9}, "seed"), ({"per_image": 2}, "rounds an image"),
     ({"keep_backgrounds": True}, "people's own backgrounds"), ({"depth": True}, "depth maps")],
)  # fmt: skip
def test_going_on_with_another_order_is_refused(
    people: Path, whole: Whole, change: dict[str, int], named: str
) -> None:
    with pytest.raises(SettingsError, match=f"was started with {named} "):
        made(people, whole[0], replace(ORDER, **change), resume=True)  # type: ignore[arg-type]


@pytest.mark.slow
def test_force_leaves_nothing_of_the_old_run(people: Path, tmp_path: Path) -> None:
    out, order = tmp_path / "out", replace(ORDER, attacks=("mask",), per_image=2)
    made(people, out, order)
    few = replace(order, per_image=1)
    rows = made(people, out, few, force=True).rows
    assert len(list(out.rglob("*.jpg"))) == len(rows)


def test_a_folder_of_somebody_else_is_never_touched(people: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SettingsError, match="was not made by a simulation"):
        made(people, tmp_path, force=True)


@pytest.mark.slow
def test_backgrounds_come_from_the_part_of_the_person(people: Path, tmp_path: Path) -> None:
    for number in range(12):
        picture = np.full((60, 80, 3), 20 * number, np.uint8)
        Image.fromarray(picture).save(tmp_path / f"{number}.png")
    behind = sources.backgrounds(tmp_path)
    part = {one.key: str(one.split) for one in behind}
    order = replace(ORDER, attacks=("mask",), backgrounds=behind, per_image=3)
    rows = made(people, tmp_path / "out", order).rows
    used = [row for row in rows if row["background"]]
    assert used
    assert all(part[row["background"]] == row["split"] for row in used)


@pytest.mark.slow
def test_people_may_keep_their_backgrounds(people: Path, tmp_path: Path, whole: Whole) -> None:
    order = replace(ORDER, keep_backgrounds=True)
    rows = made(people, tmp_path / "out", order).rows
    assert not any(json.loads(row["parameters"])["backdrop"]["used"] for row in rows)
    for row, other in zip(rows, whole[1].rows, strict=True):
        kept, moved = json.loads(row["parameters"]), json.loads(other["parameters"])
        unmoved = not moved["backdrop"].pop("used")
        kept["backdrop"].pop("used")
        assert kept == moved
        files = ((folder / row["path"]).read_bytes() for folder in (tmp_path / "out", whole[0]))
        assert (next(files) == next(files)) == unmoved


@pytest.mark.slow
def test_a_frame_of_a_clip_is_a_source(tmp_path: Path) -> None:
    scene = to_display(dead_leaves(np.random.default_rng(0), 96, 128))
    write_video(tmp_path / "p.avi", [np.roll(scene, 9 * number, axis=1) for number in range(8)])
    listed = sources.bona_fide([tmp_path], frames=2)
    simulation = Simulation(listed, replace(ORDER, attacks=("mask",)), tmp_path / "out")
    found = finished(simulation)
    assert {row["session"] for row in found.rows} == {"p.avi#2#0", "p.avi#6#0"}
    bona_fide = [row["path"] for row in found.rows if not row["pai_species"]]
    assert len({(tmp_path / "out" / path).read_bytes() for path in bona_fide}) == 2


@pytest.mark.slow
def test_a_contact_sheet_shows_one_line_a_round(tmp_path: Path, whole: Whole) -> None:
    path = tmp_path / "contact_sheet.png"
    runner.write_contact_sheet(path, whole[1].rows, whole[0], 3)
    assert np.asarray(cv2.imread(str(path))).shape == (3 * 258, 5 * 240, 3)


@pytest.mark.parametrize("name", ["contact_sheet.txt", "none/contact_sheet.png"])
def test_a_sheet_that_cannot_be_written_is_refused_at_once(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError):
        runner.check_contact_sheet(tmp_path / name)


@pytest.mark.parametrize(
    "change",
    [{"attacks": ()}, {"attacks": ("mask", "mask")}, {"attacks": ("nose",)}, {"per_image": 0},
     {"seed": -1}, {"cameras": -1}],
)  # fmt: skip
def test_an_order_that_makes_no_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        replace(ORDER, **change)  # type: ignore[arg-type]


def test_no_sources_no_simulation(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="one bona fide"):
        Simulation((), ORDER, tmp_path / "out")


def test_two_runs_at_the_same_time_are_refused(people: Path, tmp_path: Path) -> None:
    with (
        Simulation(listed(people), ORDER, tmp_path / "out"),
        pytest.raises(SettingsError, match="another run is at work"),
    ):
        Simulation(listed(people), ORDER, tmp_path / "out", resume=True)


@pytest.mark.slow
def test_depth_maps_are_written_beside_the_same_pictures(
    people: Path, tmp_path: Path, whole: Whole
) -> None:
    out = tmp_path / "out"
    rows = made(people, out, replace(ORDER, depth=True)).rows
    for row, other in zip(rows, whole[1].rows, strict=True):
        assert (out / row["path"]).read_bytes() == (whole[0] / row["path"]).read_bytes()
        assert {name: row[name] for name in other} == other
        assert bool(row["depth"]) == bool(row["pai_species"])
    sample = next(one for one in Simulated(out).samples() if one.pai_species == "mask")
    depth = read_depth(Path(sample.attributes["depth"]), float(sample.attributes["depth_offset"]))
    assert depth.shape == np.asarray(cv2.imread(sample.path)).shape[:2]
    assert np.isfinite(depth).any()
    shutil.rmtree(out / "depth")
    made(people, out, replace(ORDER, attacks=("mask",), depth=True), force=True)
    assert len(list((out / "depth").rglob("*.png"))) == PEOPLE
