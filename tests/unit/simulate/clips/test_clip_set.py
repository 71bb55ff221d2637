"""Clips of a made-up person: every kind, lists, truth, resuming, and what is refused."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from face_model_files import write_geometry
from facepad.cli.app import app
from facepad.datasets.csv_list import CsvList
from facepad.errors import DatasetError, InputError, SettingsError
from facepad.media.video import read_video
from facepad.simulate import sources
from facepad.simulate.clips import clip_set
from facepad.simulate.clips.clip_set import CLIP_ATTACKS, ClipOptions, ClipSimulator
from facepad.simulate.clips.contact_sheet import write_clip_sheet
from facepad.simulate.clips.truth import read_truth
from facepad.simulate.linear_light import Map
from facepad.simulate.runner import Simulation, SimulationResult
from facepad.testing.media_files import write_video
from facepad.types import Frame, Reason, RgbImage
from made_up_face import made_up_face

SHORT = {"seconds": 1.0, "lines": 96}


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
    made_up = partial(ClipSimulator, finder=Finder(), matter=Matter())  # type: ignore[arg-type]
    monkeypatch.setattr(clip_set, "ClipSimulator", made_up)


@pytest.fixture(scope="module")
def geometry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("geometry")
    write_geometry(folder)
    return folder


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("people")
    coarse = np.random.default_rng(0).integers(60, 220, (12, 10, 3))
    scene = np.kron(coarse, np.ones((12, 12, 1))).astype(np.uint8)
    for number in range(2):
        Image.fromarray(np.roll(scene, 7 * number, axis=1)).save(folder / f"p{number}.jpg")
    return folder


def made(people: Path, out: Path, order: ClipOptions, *, resume: bool = False) -> SimulationResult:
    listed = sources.bona_fide([people], 0)
    with Simulation(listed, order, out, resume=resume) as simulation:
        simulation.take(workers=0)
        return simulation.finish()


def content(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def whole(
    people: Path, geometry: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, SimulationResult]:
    """One clip of each kind of one person."""
    folder = tmp_path_factory.mktemp("whole")
    one = folder / "one"
    one.mkdir()
    (one / "p0.jpg").write_bytes((people / "p0.jpg").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        made_up = partial(ClipSimulator, finder=Finder(), matter=Matter())  # type: ignore[arg-type]
        patch.setattr(clip_set, "ClipSimulator", made_up)
        order = ClipOptions(CLIP_ATTACKS, heads=str(geometry), **SHORT)  # type: ignore[arg-type]
        return folder / "out", made(one, folder / "out", order)


def test_the_clips_open_as_a_dataset(whole: tuple[Path, SimulationResult]) -> None:
    samples = list(CsvList(whole[0]).samples())
    kinds = [sample.pai_species for sample in samples]
    assert kinds == [None, *CLIP_ATTACKS]
    assert all(sample.frame is None for sample in samples)
    assert {sample.attributes["truth"][-4:] for sample in samples} == {".csv"}


def test_every_frame_of_every_clip_has_its_truth(whole: tuple[Path, SimulationResult]) -> None:
    for sample in CsvList(whole[0]).samples():
        frames = list(read_video(sample.path))
        truth = read_truth(whole[0] / sample.attributes["truth"])
        assert len(frames) == len(truth["frame"]) > 20
        assert frames[-1].time_s == pytest.approx(truth["time_s"][-1], abs=0.002)
        assert frames[0].image.shape == (96, 128, 3)
        for column in ("yaw_deg", "pitch_deg", "roll_deg", "distance_m", "closure_right"):
            assert np.isfinite(truth[column]).all()


def test_only_a_replay_has_the_pose_of_a_recording(whole: tuple[Path, SimulationResult]) -> None:
    for row in whole[1].rows:
        truth = read_truth(whole[0] / row["truth"])
        is_replay = row["pai_species"] == "screen/replay"
        assert np.isfinite(truth["shown_yaw_deg"]).all() == is_replay


def test_prints_have_neither_pulse_nor_blinks_but_living_eyes_blink(
    whole: tuple[Path, SimulationResult],
) -> None:
    for row in whole[1].rows:
        truth = read_truth(whole[0] / row["truth"])
        if row["pai_species"].startswith("print"):
            assert not truth["pulse"].any()
            assert row["pulse_bpm"] == "0.00"
        if row["pai_species"].startswith("print") and row["pai_species"] != "print/eyes_living":
            assert not truth["closure_right"].any()
    head = next(row for row in whole[1].rows if not row["pai_species"])
    assert read_truth(whole[0] / head["truth"])["pulse"].any()


def test_the_sheet_has_one_line_for_each_clip(
    whole: tuple[Path, SimulationResult], tmp_path: Path
) -> None:
    write_clip_sheet(tmp_path / "sheet.png", whole[1].rows, whole[0], 4)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.height == 4 * 165
        assert sheet.width >= 8 * 200


def test_equal_seeds_give_equal_files_and_kinds_do_not_depend_on_each_other(
    whole: tuple[Path, SimulationResult], people: Path, geometry: Path, tmp_path: Path
) -> None:
    order = ClipOptions(("print/bent",), heads=str(geometry), **SHORT)  # type: ignore[arg-type]
    made(people, tmp_path / "out", order)
    again, earlier = content(tmp_path / "out"), content(whole[0])
    shared = [name for name in again if name.endswith("000000-0000.avi")]
    assert len(shared) == 2  # the head and the print
    assert all(again[name] == earlier[name] for name in shared)


def test_a_run_that_was_interrupted_is_resumed_with_the_same_files(
    people: Path, tmp_path: Path
) -> None:
    order = ClipOptions(("print/waved",), **SHORT)  # type: ignore[arg-type]
    made(people, tmp_path / "whole", order)
    (tmp_path / "part").mkdir()
    listed = sources.bona_fide([people], 0)

    def stop() -> None:
        raise KeyboardInterrupt

    simulation = Simulation(listed, order, tmp_path / "part")
    with simulation, pytest.raises(KeyboardInterrupt):
        simulation.take(0, stop)
    made(people, tmp_path / "part", order, resume=True)
    assert content(tmp_path / "part") == content(tmp_path / "whole")


def test_a_replay_of_a_clip_shows_its_frames(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    frames = [np.full((96, 128, 3), 40 + 15 * at, np.uint8) for at in range(10)]
    write_video(folder / "a.avi", frames)
    order = ClipOptions(("screen/replay",), **SHORT)  # type: ignore[arg-type]
    result = made(folder, tmp_path / "out", order)
    truth = read_truth(tmp_path / "out" / result.rows[0]["truth"])
    assert np.nanmax(truth["shown_frame"]) == 9
    assert np.isnan(truth["closure_right"]).all()


def test_heads_can_be_made_alone(people: Path, geometry: Path) -> None:
    order = ClipOptions(("head",), heads=str(geometry), **SHORT)  # type: ignore[arg-type]
    source = sources.bona_fide([people], 0)[0]
    assert [made.species for made in order.simulator().captures(source)] == ["bona_fide"]


def test_a_replay_of_a_picture_without_a_face_model_names_the_picture(people: Path) -> None:
    simulator = ClipOptions(("screen/replay",)).simulator()
    source = sources.bona_fide([people], 0)[0]
    with pytest.raises(InputError, match=r"p0\.jpg.*--heads"):
        next(iter(simulator.captures(source)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attacks": ()}, "print/moved"),
        ({"attacks": ("print",)}, "got print"),
        ({"attacks": ("print/eyes_living",)}, "--heads"),
        ({"attacks": ("head",)}, "--heads"),
        ({"attacks": ("print/bent",), "seconds": 0.5}, "1 to 30"),
        ({"attacks": ("print/bent",), "lines": 5000}, "96 to 1080"),
        ({"attacks": ("print/bent",), "per_image": 0}, "1 to"),
    ],
)
def test_orders_that_cannot_be_made_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ClipOptions(**options)  # type: ignore[arg-type]


def test_a_missing_face_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="ict_facekit_light"):
        ClipOptions(("print/bent",), heads=str(tmp_path)).facts()


def test_the_command_makes_clips(people: Path, tmp_path: Path) -> None:
    command = ["simulate", "--clips", "--bona-fide", str(people), "--out", str(tmp_path / "out")]
    small = ["--attacks", "print/cut_out", "--seconds", "1", "--lines", "96", "--workers", "1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Simulation, "take", partial_take(Simulation.take))
        result = CliRunner().invoke(app, [*command, *small])
    assert result.exit_code == 0, result.output
    assert "2 clips (2 print/cut_out) of 2 subjects" in result.output
    assert len(list(CsvList(tmp_path / "out").samples())) == 2


def partial_take(take: object) -> object:
    """Work in this process, where the made-up networks are."""

    def here(simulation: Simulation, workers: int, advance: object) -> None:  # noqa: ARG001
        take(simulation, 0, advance)  # type: ignore[operator]

    return here


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--clips", "--depth"], "--depth"),
        (["--heads", "x"], "--heads needs --clips"),
        (["--clips", "--out", "x.h5"], "ground truth"),
    ],
)
def test_options_of_the_other_kind_are_refused(
    more: list[str], message: str, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["simulate", "--bona-fide", str(people), "--out", "out", *more]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 4
    assert message in result.output
