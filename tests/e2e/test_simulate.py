"""`facepad simulate` as a user runs it: same seed, other seed, kill, go on, one file."""

import os
import shutil
import signal
import subprocess
import time
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from command_line import command, run
from facepad.datasets.csv_list import CsvList
from facepad.media.video import read_video
from facepad.models import store
from facepad.simulate.clips.truth import read_truth

pytestmark = pytest.mark.e2e
PEOPLE = 6
SECONDS = 120  # a step may take, on a busy machine
KINDS = ("--attacks", "print,mask", "--seed", "5")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NASA's portrait of an astronaut (public domain), cut in six ways."""
    missing = [check.entry.name for check in store.verify() if check.problem]
    if missing:
        pytest.skip(f"models are missing ({', '.join(missing)}): run `facepad models pull`")
    folder = tmp_path_factory.mktemp("people")
    picture = np.asarray(astronaut(), np.uint8)  # type: ignore[no-untyped-call]
    for number in range(PEOPLE):
        part = picture[: 330 + 20 * number, 40 + 5 * number : 400]
        cv2.imwrite(str(folder / f"p{number}.png"), np.ascontiguousarray(part[..., ::-1]))
    return folder


def simulate(people: Path, out: Path, *more: str | Path) -> subprocess.CompletedProcess[bytes]:
    done = run("simulate", "--bona-fide", people, "--out", out, *more)
    assert done.returncode == 0, done.stderr.decode()
    return done


def content(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def whole(people: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What one process makes."""
    out = tmp_path_factory.mktemp("whole") / "out"
    simulate(people, out, *KINDS, "--workers", "1")
    return content(out)


def test_clips_are_identical_for_any_number_of_workers_and_list_their_truth(
    people: Path, tmp_path: Path
) -> None:
    clips = ("--clips", "--attacks", "print/bent", "--seconds", "1", "--lines", "96", "--seed", "2")
    for workers in ("1", "2"):
        simulate(people, tmp_path / workers, *clips, "--workers", workers)
    assert content(tmp_path / "1") == content(tmp_path / "2")
    samples = list(CsvList(tmp_path / "1").samples())
    assert len(samples) == PEOPLE
    for sample in samples:
        truth = read_truth(tmp_path / "1" / sample.attributes["truth"])
        assert len(truth["frame"]) == len(list(read_video(sample.path)))


def test_one_seed_gives_identical_files_for_any_number_of_workers(
    people: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    simulate(people, tmp_path / "out", *KINDS, "--workers", "2")
    assert content(tmp_path / "out") == whole
    assert sum(name.endswith(".jpg") for name in whole) == 3 * PEOPLE


def test_another_seed_gives_other_pictures(
    people: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    simulate(people, tmp_path / "out", *KINDS[:2], "--seed", "6")
    pictures = {name: one for name, one in content(tmp_path / "out").items() if ".jpg" in name}
    assert all(whole[name] != one for name, one in pictures.items())


def test_a_killed_run_goes_on_and_ends_the_same(
    people: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    listed: list[str | Path] = ["--bona-fide", people, "--out", out, *KINDS]
    process = subprocess.Popen(
        command("simulate", *listed, "--workers", "2"), stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + SECONDS
    while not list((out / "work").glob("*.json")) and time.monotonic() < end:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    notes = len(list((out / "work").glob("*.json")))
    assert 0 < notes < PEOPLE
    assert run("simulate", *listed).returncode == 4  # neither --resume nor --force
    told = simulate(people, out, *KINDS, "--resume").stderr.decode()
    assert "done before" in told
    assert content(out) == whole


def test_the_folder_is_a_dataset(people: Path, tmp_path: Path) -> None:
    simulate(people, tmp_path / "out", "--attacks", "mask", "--contact-sheet", tmp_path / "s.png")
    assert run("dataset", "verify", "csv", "--root", tmp_path / "out").returncode == 0
    assert (tmp_path / "s.png").stat().st_size > 10_000


def test_one_file_is_the_same_for_any_number_of_workers(people: Path, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    few = tmp_path / "few"
    few.mkdir()
    for number in range(3):
        shutil.copyfile(people / f"p{number}.png", few / f"p{number}.png")
    one, other = tmp_path / "one.h5", tmp_path / "other.h5"
    simulate(few, one, *KINDS, "--workers", "1")
    simulate(few, other, *KINDS, "--workers", "2")
    assert one.read_bytes() == other.read_bytes()
    assert run("dataset", "verify", "packed", "--root", one).returncode == 0
    assert simulate(few, one, *KINDS, "--resume").stderr.endswith(b"is finished\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["few", "one.h5", "other.h5"]


def test_backgrounds_go_with_several_workers(people: Path, tmp_path: Path) -> None:
    behind = tmp_path / "behind"
    behind.mkdir()
    for number in range(6):
        cv2.imwrite(str(behind / f"b{number}.png"), np.full((60, 80, 3), 40 * number, np.uint8))
    for workers in ("1", "2"):
        more = ("--attacks", "mask", "--backgrounds", behind, "--workers", workers)
        simulate(people, tmp_path / workers, *more)
    assert content(tmp_path / "1") == content(tmp_path / "2")


def test_sources_are_never_written_to(people: Path) -> None:
    done = run("simulate", "--bona-fide", people, "--out", people / "out")
    assert done.returncode == 4
    assert not (people / "out").exists()


def test_depth_maps_need_a_folder(people: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.h5"
    done = run("simulate", "--bona-fide", people, "--out", out, "--depth")
    assert done.returncode == 4
    assert b"--depth needs a folder as --out" in done.stderr
    assert list(tmp_path.iterdir()) == []
