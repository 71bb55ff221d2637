"""`facepad check` as a user runs it: processes, pipes, exit codes."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from broken_files import make_broken_files
from command_line import command, install_plugin, run, skip_without_face_models
from facepad.errors import printable
from facepad.scores import logit

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    skip_without_face_models()
    return install_plugin(tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("picture") / "gray.png"
    Image.fromarray(np.full((96, 128, 3), 99, np.uint8)).save(file)
    return file


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_broken_files(tmp_path_factory.mktemp("broken"))


def test_each_of_thirty_broken_files_is_one_line_with_its_error(
    environment: dict[str, str], broken: list[Path], picture: Path
) -> None:
    assert len(broken) >= 30
    result = run("check", *broken, picture, "--json", "--tests", "made_up", env=environment)
    documents = [json.loads(line) for line in result.stdout.splitlines()]
    assert sorted(d["path"] for d in documents[:-1]) == sorted(map(str, broken))
    assert all(d["error"].startswith(printable(d["path"])) for d in documents[:-1])
    assert documents[-1]["outcome"] == "non_response"
    assert (result.returncode, result.stderr) == (2, b"")


def test_broken_files_fit_into_the_table(environment: dict[str, str], broken: list[Path]) -> None:
    result = run("check", *broken, "--tests", "made_up", env=environment)
    assert f"{len(broken)} unreadable" in result.stdout.decode()
    assert b"Traceback" not in result.stdout + result.stderr


def test_results_do_not_depend_on_how_many_are_judged_at_once(
    environment: dict[str, str], picture: Path
) -> None:
    def scores(threads: str) -> list[object]:
        arguments = ["check", *[str(picture)] * 4, "--json", "--tests", "made_up"]
        out = run(*arguments, env=environment | {"FACEPAD_THREADS": threads}).stdout
        return [{**json.loads(line), "timings_ms": None} for line in out.splitlines()]

    assert scores("1") == scores("4")


def test_a_reader_that_goes_away_is_no_error(environment: dict[str, str], picture: Path) -> None:
    arguments = command("check", *[picture] * 50, "--json", "--tests", "made_up")
    with subprocess.Popen(
        arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_test_that_does_not_exist_ends_with_four(picture: Path) -> None:
    result = run("check", picture, "--tests", "nosuch")
    assert result.returncode == 4
    assert result.stderr.startswith(b"facepad: error: unknown test 'nosuch'; known: ")


def test_missing_face_models_end_with_three_and_the_command_that_mends_it(
    environment: dict[str, str], picture: Path, tmp_path: Path
) -> None:
    elsewhere = environment | {"FACEPAD_MODEL_DIR": str(tmp_path)}
    result = run("check", picture, "--tests", "made_up", env=elsewhere)
    assert result.returncode == 3
    assert b"facepad models pull" in result.stderr


def test_an_option_that_does_not_exist_is_wrong_usage() -> None:
    assert run("check", "--no-such-option").returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line(environment: dict[str, str], picture: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            command("check", picture, "--tests", "made_up"),
            env=environment,
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert result.returncode == 70
    assert result.stderr == b"facepad: error: output: No space left on device\n"


def test_a_name_that_the_terminal_cannot_show_is_escaped(
    environment: dict[str, str], picture: Path
) -> None:
    named = picture.with_name("é.png")
    named.write_bytes(picture.read_bytes())
    ascii_only = environment | {"PYTHONIOENCODING": "ascii"}
    result = run("check", named, "--tests", "made_up", env=ascii_only)
    assert result.returncode == 0
    assert b"\\xe9.png" in result.stdout


def test_cutting_the_surroundings_of_an_attack_off_does_not_make_it_bona_fide(
    tmp_path: Path,
) -> None:
    skip_without_face_models()
    attack = Path(__file__).parents[2] / "examples" / "astronaut-simulated-recapture.jpg"
    whole = json.loads(run("check", "--json", attack).stdout)
    left, top, right, bottom = whole["face"]["box"]
    half, x, y = 0.7 * (right - left), (left + right) / 2, (top + bottom) / 2
    with Image.open(attack) as image:
        box = (int(x - half), int(y - half), int(x + half), int(y + half))
        image.crop(box).save(tmp_path / "cut.png")
    for tests in ("face_cnn", "quality", "face_cnn,quality"):
        cut = json.loads(run("check", "--json", "--tests", tests, tmp_path / "cut.png").stdout)
        assert cut["outcome"] in ("attack", "uncertain")
        told = (*cut["capture"]["reasons"], *cut["notes"])
        assert "no_context" in told or "too little around the face" in told


def test_what_is_unusual_about_an_input_stands_in_json_and_in_the_table_of_scores(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    frames = [Image.fromarray(np.full((96, 96, 3), level, np.uint8)) for level in (90, 150)]
    frames[0].save(tmp_path / "two.webp", save_all=True, append_images=frames[1:])
    manifest, scores = tmp_path / "in.csv", tmp_path / "scores.csv"
    manifest.write_text("path\ntwo.webp\n")
    document = json.loads(
        run("check", "--json", "--tests", "made_up", tmp_path / "two.webp", env=environment).stdout
    )
    assert any("animated" in note for note in document["notes"])
    run("score", "--tests", "made_up", "--manifest", manifest, "--out", scores, env=environment)
    assert "animated" in scores.read_text()
    kept = json.loads((tmp_path / "scores.csv.run.json").read_text())
    assert kept["operating point made_up"] == document["tests"]["made_up"]["operating_point"]
    assert (kept["facepad"], kept["fusion"]) == (document["facepad_version"], "mean")


def test_a_decision_is_explained_in_numbers_that_add_up_and_in_a_picture(tmp_path: Path) -> None:
    skip_without_face_models()
    shown = Path(__file__).resolve().parents[2] / "examples" / "astronaut.jpg"
    result = run("check", "--json", "--explain", "--explain-dir", tmp_path / "maps", shown)
    document = json.loads(result.stdout)
    with Image.open(document["heat_map"]) as image:
        assert image.format == "JPEG"
    for name in ("face_cnn", "face_mask", "quality"):
        found = document["tests"][name]["details"]["contributions"]
        total = found["bias"] + sum(part["log_odds"] for part in found["parts"])
        assert total == pytest.approx(logit(document["tests"][name]["score"]), abs=1e-4)
    assert [part["name"] for part in document["contributions"]["parts"]] == ["face_cnn"]
