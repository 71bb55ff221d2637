"""`facepad dataset` as a user runs it: list, count, verify, pack, kill, go on."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest

from command_line import command, install_plugin, run, skip_without_face_models
from facepad import registry
from facepad.datasets.packed import Packed
from facepad.packing.pack import SHARD
from facepad.testing import made_up_dataset
from packing import pictures

pytestmark = pytest.mark.e2e
COUNT = 3 * SHARD
SECONDS = 90  # a step may take, on a busy machine
BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "packed_reading.py"


@pytest.fixture(scope="module")
def nuaa(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_up_dataset(tmp_path_factory.mktemp("nuaa"))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV dataset of several shards; few pictures are drawn, many are copies."""
    folder = tmp_path_factory.mktemp("large")
    drawn = pictures(folder / "drawn", 6, size=(320, 240))
    with (folder / "dataset.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("path", "subject", "pai_species", "split"))
        for number in range(COUNT):
            sample = drawn[number % len(drawn)]
            copy = folder / f"{number}.jpg"
            shutil.copyfile(sample.path, copy)
            writer.writerow((copy.name, sample.subject, sample.pai_species, sample.split.value))
    return folder


@pytest.fixture(scope="module")
def whole(large: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a run that nothing ended."""
    out = tmp_path_factory.mktemp("whole") / "whole.h5"
    assert run(*pack(large, out)).returncode == 0
    return out


def pack(root: Path, out: Path, *more: str, name: str = "csv") -> list[str]:
    return ["dataset", "pack", name, "--root", str(root), "--out", str(out), *more]


def shards(out: Path) -> list[str]:
    return sorted(path.name for path in out.with_name(f"{out.name}.parts").glob("0*.h5"))


def killed(large: Path, out: Path, workers: int) -> int:
    """Start packing, kill it when some shards are there; gives how many samples they hold."""
    process = subprocess.Popen(
        command(*pack(large, out, "--workers", str(workers))), stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + SECONDS
    while not shards(out):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.005)
    workers_of_it = descendants(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    wait_for_end(workers_of_it)
    assert not out.exists()
    return sum(int(name[10:19]) - int(name[:9]) for name in shards(out))


def descendants(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in children.read_text().split()] if children.exists() else []


def wait_for_end(processes: list[int]) -> None:
    deadline = time.monotonic() + SECONDS
    while any(alive(process) for process in processes):
        assert time.monotonic() < deadline, "workers outlived their run"
        time.sleep(0.02)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, FileNotFoundError):
        return False


def test_every_known_database_is_listed_with_its_licence() -> None:
    result = run("dataset", "list", "--json")
    listed = {row["name"]: row for row in json.loads(result.stdout)["datasets"]}
    assert set(registry.BUILT_IN["datasets"]) <= set(listed)
    assert "Idiap" in listed["replay_attack"]["apply_to"]
    assert all(row["title"] and row["licence"] for row in listed.values())


def test_the_list_for_people_names_all_too() -> None:
    shown = run("dataset", "list").stdout.decode()
    assert all(name in shown for name in registry.BUILT_IN["datasets"])


def test_a_copy_is_counted(nuaa: Path) -> None:
    result = run("dataset", "info", "nuaa", "--root", nuaa)
    shown = result.stdout.decode()
    assert result.returncode == 0
    assert "56 samples of 13 subjects" in shown
    assert "notice: subset: client_test_raw.txt lists 10 of the official 3362" in shown


def test_a_protocol_can_be_chosen(nuaa: Path) -> None:
    result = run(
        "dataset", "info", "nuaa", "--root", nuaa, "--protocol", "subject_disjoint", "--json"
    )
    assert json.loads(result.stdout)["protocol"] == "subject_disjoint"


def test_a_database_that_is_not_known_is_exit_code_4(nuaa: Path) -> None:
    result = run("dataset", "info", "nuua", "--root", nuaa)
    assert result.returncode == 4
    assert b"unknown dataset 'nuua'; did you mean nuaa?" in result.stderr


def test_a_sound_copy_is_verified(nuaa: Path) -> None:
    result = run("dataset", "verify", "nuaa", "--root", nuaa)
    assert result.returncode == 0
    assert b"56 of 56 samples decode; 0 problems" in result.stdout


def test_a_broken_picture_and_a_surplus_one_are_named(nuaa: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(nuaa, tmp_path / "nuaa"))
    broken = copy / "ClientRaw/0001/0001_01_00_01_0.jpg"
    broken.write_bytes(broken.read_bytes()[:900])
    shutil.copyfile(broken, copy / "ClientRaw/0001/0001_01_00_01_9.jpg")
    result = run("dataset", "verify", "nuaa", "--root", copy)
    shown = result.stdout.decode()
    assert result.returncode == 4
    assert f"problem: {broken}: " in shown
    assert "surplus: no list names ClientRaw/0001/0001_01_00_01_9.jpg" in shown
    assert "55 of 56 samples decode; 1 problem" in shown


def test_a_missing_picture_is_named(nuaa: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(nuaa, tmp_path / "nuaa"))
    missing = copy / "ClientRaw/0001/0001_01_00_01_0.jpg"
    missing.unlink()
    result = run("dataset", "verify", "nuaa", "--root", copy)
    assert result.returncode == 4
    assert f"{missing} is listed in client_train_raw.txt line 1 but missing" in str(result.stderr)


def test_a_packed_file_is_verified_and_a_damaged_one_is_exit_code_4(
    nuaa: Path, tmp_path: Path
) -> None:
    out = tmp_path / "nuaa.h5"
    assert run(*pack(nuaa, out, name="nuaa")).returncode == 0
    assert run("dataset", "verify", "packed", "--root", out).returncode == 0
    data = bytearray(out.read_bytes())
    data[len(data) // 2] ^= 4
    out.write_bytes(data)
    result = run("dataset", "verify", "packed", "--root", out)
    assert result.returncode == 4
    assert b"Traceback" not in result.stderr
    assert b"nuaa.h5 is damaged: bytes" in result.stdout + result.stderr


def test_a_packed_file_carries_licence_and_notices(nuaa: Path, tmp_path: Path) -> None:
    out = tmp_path / "nuaa.h5"
    run(*pack(nuaa, out, "--store", "pixels", "--size", "80x60", name="nuaa"))
    with h5py.File(out) as file:
        assert "doi:10.1007/978-3-642-15567-3_37" in file.attrs["header"]
        assert "subset: client_test_raw.txt" in file.attrs["notices"]
        assert file["attack"]["images"].shape == (28, 60, 80, 3)
        assert file.attrs["protocol"] == "official"


def test_what_cannot_be_read_is_told_and_left_out(nuaa: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(nuaa, tmp_path / "nuaa"))
    (copy / "ImposterRaw/0001/0001_01_00_01_0.jpg").write_bytes(b"broken")
    out = tmp_path / "nuaa.h5"
    result = run(*pack(copy, out, name="nuaa"))
    assert result.returncode == 2
    assert b"skipped: " in result.stderr
    assert b"1 skipped" in result.stderr
    assert len(list(Packed(out).samples())) == 55


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--size", "9x"), b"a size is like 320x240 or 224"),
        (("--store", "pixels"), b"needs a size"),
        (("--frames", "some"), b"a frame selection is"),
        (("--protocol", "other"), b"no protocol 'other'"),
    ],
)
def test_options_that_cannot_be_are_exit_code_4(
    nuaa: Path, tmp_path: Path, more: tuple[str, ...], words: bytes
) -> None:
    result = run(*pack(nuaa, tmp_path / "a.h5", *more, name="nuaa"))
    assert result.returncode == 4
    assert words in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_killed_run_that_goes_on_makes_the_same_file(
    large: Path, whole: Path, tmp_path: Path, workers: int
) -> None:
    cut = tmp_path / "cut.h5"
    there = killed(large, cut, workers)
    assert run(*pack(large, cut)).returncode == 4  # not touched unasked
    result = run(*pack(large, cut, "--resume", "--workers", str(3 - workers)))
    assert result.returncode == 0
    assert f"{there} samples packed before, {COUNT - there} left" in str(result.stderr)
    assert cut.read_bytes() == whole.read_bytes()
    assert not cut.with_name("cut.h5.parts").exists()


@pytest.mark.slow
def test_a_packed_file_is_scored_as_the_pictures_are(nuaa: Path, tmp_path: Path) -> None:
    skip_without_face_models()
    (tmp_path / "plugin").mkdir()
    environment = install_plugin(tmp_path / "plugin")
    out = tmp_path / "nuaa.h5"
    run(*pack(nuaa, out, name="nuaa"))
    listed = list(registry.resolve("datasets", "nuaa")(nuaa).samples())
    scores = []
    for name, samples in (("files", listed), ("packed", list(Packed(out).samples()))):
        manifest, found = tmp_path / f"{name}.csv", tmp_path / f"{name}_scores.csv"
        with manifest.open("w", newline="") as stream:
            csv.writer(stream).writerows([("path",), *((sample.path,) for sample in samples)])
        more = ("--manifest", manifest, "--out", found, "--tests", "made_up")
        assert run("score", *more, env=environment).returncode == 0
        with found.open(newline="") as stream:
            scores.append([(r["score"], r["outcome"], r["reason"]) for r in csv.DictReader(stream)])
    assert len(scores[0]) == 56
    assert scores[0] == scores[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "most_mb"), [(1000, 200), pytest.param(12_600, 300, marks=pytest.mark.nightly)]
)
def test_iterating_packed_pictures_needs_bounded_memory(
    count: int, most_mb: int, tmp_path: Path
) -> None:
    """The pictures of the smaller set, decoded, and the process would exceed its limit, too."""
    options = ["--pictures", str(count), "--size", "240x180", "--folder", str(tmp_path)]
    options += ["--goal-mb", str(most_mb)]
    result = subprocess.run(
        [sys.executable, BENCHMARK, *options], capture_output=True, text=True, timeout=900
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{count:,} pictures" in result.stdout


def test_it_says_that_frames_of_clips_were_left_out(tmp_path: Path) -> None:
    made_up_dataset(tmp_path, "3dmad")
    few = run(*pack(tmp_path, tmp_path / "few.h5", name="3dmad")).stderr.decode()
    assert "packed with the frames even:10: too few for blink, parallax and pulse" in few
    whole = run(*pack(tmp_path, tmp_path / "all.h5", "--frames", "all", name="3dmad"))
    assert "too few for blink" not in whole.stderr.decode()
