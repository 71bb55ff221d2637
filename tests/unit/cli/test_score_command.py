"""`facepad score` in a made-up world: folders or a manifest, the summary, the page."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from facepad.cli.app import app
from facepad.jobs.processes import ProcessPool

pytestmark = pytest.mark.usefixtures("_made_up")
Picture = Callable[[str, int], str]


def pool_here(
    work: Callable[..., object], _: int, context: Callable[[], object]
) -> ProcessPool[object, object]:
    """Work in this process, where the made-up world is."""
    return ProcessPool(work, 0, context)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("facepad.scoring.workers.ProcessPool", pool_here)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    for name, level in (("a", 200), ("b", 50), ("c", 0), ("d", 255)):
        picture(f"in/{name}.png", level)
    (tmp_path / "in" / "README.txt").write_text("notes")
    return tmp_path / "in"


def run(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "160"}).invoke(
        app, ["score", *arguments, "--out", "scores.csv", "--tests", "one"]
    )


def paths() -> list[str]:
    return [row["path"] for row in csv.DictReader(Path("scores.csv").read_text().splitlines())]


def test_a_folder_is_scored_and_summed_up() -> None:
    result = run("in")
    assert result.exit_code == 0
    assert paths() == ["a.png", "b.png", "c.png", "d.png"]
    assert "1 file skipped (hidden, or no picture or clip): README.txt" in result.stderr
    assert "facepad: wrote scores.csv" in result.stderr
    counts, reasons = result.stdout.splitlines()
    assert counts.startswith(
        "4 pictures: 1 bona fide, 1 attack, 1 uncertain, 1 no response; 1 other file skipped; "
    )
    assert counts.endswith("threshold 0.50")
    assert reasons == (
        "most frequent reasons: 1 no face found; 1 camera unlike those of the training data"
    )


def test_a_pattern_and_files_are_scored_in_the_order_they_were_given() -> None:
    assert run("in/c.png", "in/[ab].png").exit_code == 0
    assert paths() == ["c.png", "a.png", "b.png"]


def test_a_manifest_has_the_same_summary() -> None:
    Path("in.csv").write_text("path\nin/a.png\nin/b.png\n")
    result = run("--manifest", "in.csv")
    assert result.stdout.startswith("2 pictures: 1 bona fide, 1 attack; ")


def test_a_damaged_picture_is_a_row_and_ends_with_two(folder: Path) -> None:
    (folder / "e.jpg").write_bytes(b"\xff\xd8\xff")
    result = run("in")
    assert result.exit_code == 2
    assert "1 unreadable" in result.stdout
    assert paths()[-1] == "e.jpg"


def test_a_folder_without_pictures_is_an_error_before_anything_is_written() -> None:
    Path("empty").mkdir()
    result = run("in", "empty")
    assert result.exit_code == 2
    assert "empty: no picture or clip in this folder" in result.stderr
    assert not Path("scores.csv").exists()


@pytest.mark.parametrize(
    "arguments", [[], ["in", "--manifest", "in.csv"], ["-"], ["in", "--resume", "--force"]]
)
def test_paths_or_a_manifest_are_given_but_not_both(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2
    assert not Path("scores.csv").exists()


def test_a_page_is_made_also_of_rows_that_were_there() -> None:
    pytest.importorskip("jinja2")
    run("in")
    result = run("in", "--resume", "--review", "review.html")
    assert result.exit_code == 0
    assert "facepad: wrote review.html" in result.stderr
    text = Path("review.html").read_text()
    assert [text.index(f"<h3>{name}.png</h3>") for name in "bdca"] == sorted(
        text.index(f"<h3>{name}.png</h3>") for name in "abcd"
    )
    assert text.count("data:image/jpeg") == 4


def test_a_page_that_cannot_be_made_is_an_error_before_anything_is_scored() -> None:
    assert run("in", "--review", "in/a.png").exit_code == 4
    assert not Path("scores.csv").exists()


def test_pictures_of_a_folder_or_a_pattern_are_one_row(picture: Picture) -> None:
    for name, level in (("bright", 200), ("dark", 50)):
        Path(name).mkdir()
        for number in range(12):
            picture(f"{name}/{number}.png", level)
    given = ("bright", "dark/%d.png", "--sequence", "25")
    result = run(*given)
    assert result.exit_code == 0, result.output
    assert paths() == ["bright", "dark/%d.png"]
    assert result.stdout.startswith("2 pictures: 1 bona fide, 1 attack; ")
    assert run(*given, "--resume").exit_code == 0
    other = run("bright", "dark/%d.png", "--sequence", "30", "--resume")
    assert other.exit_code == 4
    assert "sequence" in other.stderr


def test_clips_of_pictures_are_named_by_a_manifest_and_shown_on_a_page(picture: Picture) -> None:
    pytest.importorskip("jinja2")
    Path("frames").mkdir()
    for number in range(3):
        picture(f"frames/{number}.png", 200)
    Path("in.csv").write_text("path,person\nframes,anna\nnone,ben\n")
    result = run("--manifest", "in.csv", "--sequence", "25", "--review", "review.html")
    assert result.exit_code == 2
    assert "1 bona fide" in result.stdout
    assert "1 unreadable" in result.stdout
    assert Path("review.html").read_text().count("data:image/jpeg") == 1


@pytest.mark.parametrize(
    ("path", "words"), [("none", "folder not found"), ("in/a.png", "a sequence is a folder")]
)
def test_a_sequence_that_is_none_is_an_error_before_anything_is_written(
    path: str, words: str
) -> None:
    result = run("in", path, "--sequence", "25")
    assert result.exit_code == 2
    assert f"{path}: {words}" in result.stderr
    assert not Path("scores.csv").exists()
