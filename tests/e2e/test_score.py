"""`facepad score` as a user runs it: killed, resumed, refused."""

import csv
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from command_line import command, install_plugin, run, skip_without_face_models

pytestmark = pytest.mark.e2e
PORTRAIT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
PICTURES = 24
SLOW = {"MADE_UP_SECONDS": "0.05"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    skip_without_face_models()
    return install_plugin(tmp_path_factory.mktemp("plugin"))


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Pictures of rising brightness, one that is broken, and a column with all that CSV allows."""
    rows = [["label", "path"]]
    for index in range(PICTURES):
        Image.fromarray(np.full((96, 96, 3), 10 * index, np.uint8)).save(tmp_path / f"{index}.png")
        rows.append([f'="{index}",\n', f"{index}.png"])
    (tmp_path / "5.png").write_bytes(b"broken")
    with (tmp_path / "in.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return tmp_path / "in.csv"


def score(manifest: Path, *more: str) -> list[str]:
    return ["score", "--manifest", str(manifest), "--out", str(out_of(manifest)), *more]


def out_of(manifest: Path) -> Path:
    return manifest.with_name("scores.csv")


def read(manifest: Path) -> list[dict[str, str]]:
    with out_of(manifest).open(newline="") as stream:
        return list(csv.DictReader(stream))


def started(manifest: Path, environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """A run in its middle: some rows are there, not all."""
    process = subprocess.Popen(
        command(*score(manifest, "--tests", "made_up")),
        env=environment | SLOW,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not out_of(manifest).exists() or out_of(manifest).stat().st_size < 300:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    return process


def descendants(process: int) -> list[int]:
    children = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in children.read_text().split()] if children.exists() else []


def test_a_run_killed_in_its_middle_and_resumed_has_each_row_once_in_order(
    manifest: Path, environment: dict[str, str]
) -> None:
    process = started(manifest, environment)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = out_of(manifest).read_bytes()
    assert 0 < before.count(b".png") < PICTURES
    result = run(*score(manifest, "--tests", "made_up", "--resume"), env=environment)
    assert result.returncode == 2  # one picture is broken
    assert out_of(manifest).read_bytes().startswith(before[: before.rindex(b"\n") + 1])
    rows = read(manifest)
    assert [row["path"] for row in rows] == [f"{index}.png" for index in range(PICTURES)]
    assert [row["label"] for row in rows] == [f'="{index}",\n' for index in range(PICTURES)]


def test_workers_end_with_the_run_that_was_killed(
    manifest: Path, environment: dict[str, str]
) -> None:
    process = started(manifest, environment)
    workers = descendants(process.pid)
    assert workers or not Path("/proc").exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 10
    while any(alive(worker) for worker in workers):
        assert time.monotonic() < deadline, "workers outlived their run"
        time.sleep(0.05)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, FileNotFoundError):
        return False


def test_a_picture_that_cannot_be_read_is_a_row_with_its_error(
    manifest: Path, environment: dict[str, str]
) -> None:
    result = run(*score(manifest, "--tests", "made_up"), env=environment)
    row = read(manifest)[5]
    assert (row["score"], row["outcome"], row["made_up_score"]) == ("", "", "")
    assert row["reason"].startswith("error: ")
    assert result.returncode == 2
    assert b"23 no response, 1 unreadable" in result.stdout


def test_a_folder_is_scored_as_its_manifest_is(
    manifest: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "folder.csv"
    result = run("score", tmp_path, "--out", out, "--tests", "made_up", env=environment)
    assert result.returncode == 2
    assert b"1 file skipped (hidden, or no picture or clip): in.csv" in result.stderr
    with out.open(newline="") as stream:
        found = {row["path"]: row["reason"] for row in csv.DictReader(stream)}
    run(*score(manifest, "--tests", "made_up"), env=environment)
    assert found == {row["path"]: row["reason"] for row in read(manifest)}


def test_a_picture_that_takes_its_worker_down_costs_one_row(
    manifest: Path, environment: dict[str, str]
) -> None:
    red = np.zeros((96, 96, 3), np.uint8)
    red[:, :, 0] = 255
    Image.fromarray(red).save(manifest.with_name("7.png"))
    run(*score(manifest, "--tests", "made_up"), env=environment)
    rows = read(manifest)
    assert [row["path"] for row in rows if row["outcome"] == ""] == ["5.png", "7.png"]
    assert rows[7]["reason"] == "error: the worker process died on this picture"
    assert len(rows) == PICTURES


def test_a_file_that_is_there_is_refused_and_kept(
    manifest: Path, environment: dict[str, str]
) -> None:
    out_of(manifest).write_text("mine")
    result = run(*score(manifest, "--tests", "made_up"), env=environment)
    assert result.returncode == 4
    assert out_of(manifest).read_text() == "mine"


def test_a_finished_run_can_be_resumed_at_no_cost(
    manifest: Path, environment: dict[str, str]
) -> None:
    manifest.write_text("path\n0.png\n")
    run(*score(manifest, "--tests", "made_up"), env=environment)
    before = out_of(manifest).read_bytes()
    result = run(*score(manifest, "--tests", "made_up", "--resume"), env=environment)
    assert result.returncode == 0
    assert out_of(manifest).read_bytes() == before


def test_resume_and_force_exclude_one_another(manifest: Path) -> None:
    assert run(*score(manifest, "--resume", "--force")).returncode == 2


def test_a_run_does_not_go_on_with_another_version_of_a_model(
    manifest: Path, environment: dict[str, str]
) -> None:
    run(*score(manifest, "--tests", "made_up"), env=environment)
    before = out_of(manifest).read_bytes()
    newer = environment | {"MADE_UP_MODEL": "made_up-2"}
    result = run(*score(manifest, "--tests", "made_up", "--resume"), env=newer)
    assert result.returncode == 4
    assert b"started with model made_up 'made_up-1', not 'made_up-2'" in result.stderr
    assert out_of(manifest).read_bytes() == before
    assert run(*score(manifest, "--tests", "made_up", "--force"), env=newer).returncode == 2


def test_with_a_calibration_its_test_decides_and_the_run_keeps_to_it(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    here = environment | {"FACEPAD_CALIBRATION_DIR": str(tmp_path / "calibrations")}
    frames = tmp_path / "frames"
    frames.mkdir()
    with Image.open(PORTRAIT) as portrait:
        for number in range(3):
            brighter = ImageEnhance.Brightness(portrait).enhance(0.8 + 0.1 * number)
            brighter.save(frames / f"{number}.png")
    for camera in ("door", "gate"):
        made = run("calibrate", "--bona-fide", frames, "--name", camera, env=here)
        assert made.returncode == 0, made.stderr
    shutil.copy(PORTRAIT, tmp_path / "a.jpg")
    manifest = tmp_path / "in.csv"
    manifest.write_text("path\na.jpg\n")
    result = run(*score(manifest, "--calibration", "door"), env=here)
    assert result.returncode == 0, result.stderr
    (row,) = read(manifest)
    assert list(row)[4:7] == ["face_cnn_score", "face_mask_score", "quality_score"]
    assert (row["outcome"], row["score"]) == ("bona_fide", row["face_cnn_score"])
    assert row["quality_score"]
    result = run(*score(manifest, "--calibration", "gate", "--resume"), env=here)
    assert result.returncode == 4
    assert b"started with calibration 'door+" in result.stderr
    assert b", not 'gate+" in result.stderr
    assert run(*score(manifest, "--calibration", "door", "--resume"), env=here).returncode == 0


def test_a_calibration_that_is_not_there_touches_no_file(
    manifest: Path, environment: dict[str, str]
) -> None:
    result = run(*score(manifest, "--calibration", "nowhere"), env=environment)
    assert result.returncode == 4
    assert b"no calibration named 'nowhere'" in result.stderr
    assert not out_of(manifest).exists()
