"""`facepad check` in a made-up world: what it prints and how it ends."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from facepad import registry
from facepad.cli.app import app
from facepad.cli.options import PointName
from facepad.decision import Decision
from facepad.errors import DatasetError, InputError, ModelError
from facepad.pipeline import Checker
from facepad.registry import DEFAULT_ADVISORY, POINT_NAMES
from facepad.testing.media_files import write_video
from facepad.types import CaptureQuality, Face, Frame

pytestmark = pytest.mark.usefixtures("_made_up")
Picture = Callable[[str, int], str]


def run(*arguments: str, stdin: bytes | None = None, columns: int = 200) -> Result:
    runner = CliRunner(env={"COLUMNS": str(columns)})
    return runner.invoke(app, ["check", *arguments], input=stdin)


def test_a_bright_picture_is_a_line_of_the_table(picture: Picture) -> None:
    result = run(picture("a.png", 200))
    assert result.exit_code == 0
    assert (
        "a.png  bona fide   0.78       0.78     0.78  score 0.78 >= 0.50 (accept)  64x48"
        in result.stdout
    )


def test_the_last_line_sums_up(picture: Picture, tmp_path: Path) -> None:
    picture("a.png", 200), picture("b.png", 50), picture("c.png", 0), picture("d.png", 255)
    (tmp_path / "e.png").write_text("no picture")
    last = run(str(tmp_path)).stdout.splitlines()[-1]
    counts = "1 bona fide, 1 attack, 1 uncertain, 1 no response, 1 unreadable"
    assert last.startswith(f"5 pictures: {counts}; ")
    assert last.endswith("; threshold 0.50")


def test_json_is_one_document_per_line_in_the_order_of_the_inputs(picture: Picture) -> None:
    paths = [picture(f"{i}.png", 50 + i) for i in range(12)]
    lines = run(*paths, "--json").stdout.splitlines()
    assert [json.loads(line)["path"] for line in lines] == paths


def test_standard_input_is_touched_for_a_dash_only(
    picture: Picture, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", None)  # as services and cron jobs may start a program
    assert app(["check", picture("a.png", 200)], standalone_mode=False) == 0
    assert app(["check", "-"], standalone_mode=False) == 2
    assert "it is closed" in capsys.readouterr().out


def test_a_bad_file_is_one_line_and_the_rest_goes_on(picture: Picture, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"")
    result = run(str(bad), picture("a.png", 200), "--json")
    documents = [json.loads(line) for line in result.stdout.splitlines()]
    assert [document["outcome"] for document in documents] == [None, "bona_fide"]
    assert documents[0]["error"].startswith(f"{bad}: ")
    assert result.exit_code == 2


@pytest.mark.parametrize("name", ["frames", "frames/%d.png"])
def test_pictures_of_a_sequence_are_one_presentation(
    picture: Picture, tmp_path: Path, name: str
) -> None:
    (tmp_path / "frames").mkdir()
    for number in range(12):
        picture(f"frames/{number}.png", 200)
    path = str(tmp_path / name)
    document = json.loads(run(path, "--sequence", "25", "--json").stdout)
    assert (document["path"], document["outcome"]) == (path, "bona_fide")
    assert document["frames"] == 8


def test_a_sequence_that_is_none_is_a_line_with_its_error(picture: Picture) -> None:
    result = run(picture("a.png", 200), "--sequence", "25")
    assert "a sequence is a folder of pictures, or a pattern" in result.stdout
    assert result.exit_code == 2


@pytest.mark.parametrize(
    "error", [InputError("torn"), DatasetError("torn"), ZeroDivisionError("torn")]
)
def test_an_error_of_one_input_is_its_own(
    picture: Picture, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    check = Checker.check

    def checked(checker: Checker, source: Path, **options: str) -> Decision:
        if source.name == "a.png":
            raise error
        return check(checker, source, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Checker, "check", checked)
    result = run(picture("a.png", 200), picture("b.png", 200), "--json")
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["outcome"], second["outcome"]) == (None, "bona_fide")
    assert first["error"].endswith("torn")
    assert result.exit_code == 2


def test_a_missing_model_ends_the_run(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Decision:
        raise ModelError("no weights")

    monkeypatch.setattr(Checker, "check", fail)
    assert run(picture("a.png", 200)).exit_code == 3


def test_standard_input_is_a_picture(picture: Picture) -> None:
    data = Path(picture("a.png", 200)).read_bytes()
    document = json.loads(run("-", "--json", stdin=data).stdout)
    assert (document["path"], document["outcome"]) == ("-", "bona_fide")


def test_for_a_gate_several_faces_do_not_pass(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CrowdFinder:
        models: Mapping[str, str] = MappingProxyType({})

        def find(self, frame: Frame) -> Frame:
            face = Face((0, 0, *frame.size), 0.9, others=2)
            return replace(frame, face=face, capture=CaptureQuality())

    monkeypatch.setattr("facepad.selected_tests._face_finder", lambda _: CrowdFinder())
    path = picture("a.png", 200)
    assert run(path, "--require-bona-fide").exit_code == 0
    result = run(path, "--require-bona-fide", "--faces", "single", "--json")
    document = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (document["outcome"], document["reasons"]) == ("non_response", ["multiple_faces"])
    assert document["notes"] == ["3 faces in the picture"]


def test_no_face_is_a_result_and_no_error(picture: Picture) -> None:
    result = run(picture("a.png", 0))
    assert result.exit_code == 0
    assert "no response   0.00       0.00     0.00  no face found (look straight" in result.stdout


@pytest.mark.parametrize(
    ("level", "policy", "code"),
    [
        (200, "--fail-on-attack", 0),
        (50, "--fail-on-attack", 1),
        (0, "--fail-on-attack", 0),
        (255, "--fail-on-attack", 0),
        (200, "--require-bona-fide", 0),
        (50, "--require-bona-fide", 1),
        (0, "--require-bona-fide", 1),
        (255, "--require-bona-fide", 1),
    ],
)
def test_a_policy_decides_the_exit_code(
    picture: Picture, level: int, policy: str, code: int
) -> None:
    assert run(picture("a.png", level), policy).exit_code == code


@pytest.mark.parametrize("policy", ["--fail-on-attack", "--require-bona-fide"])
def test_an_input_that_cannot_be_read_goes_before_a_policy_that_failed(
    picture: Picture, policy: str
) -> None:
    assert run(picture("a.png", 50), "missing.png", policy).exit_code == 2


def test_a_given_threshold_decides(picture: Picture) -> None:
    document = json.loads(run(picture("a.png", 200), "--threshold", "0.9", "--json").stdout)
    assert document["outcome"] == "attack"


def test_a_threshold_outside_its_range_is_wrong_usage(picture: Picture) -> None:
    assert run(picture("a.png", 200), "--threshold", "1.5").exit_code == 2


def test_tests_that_decide_together_have_a_column_each(picture: Picture) -> None:
    out = run(picture("a.png", 200), "--tests", "one,two").stdout
    assert out.splitlines()[0].split() == [
        "picture", "outcome", "score", "one", "two", "why", "face", "ms",
    ]  # fmt: skip


def test_one_test_alone_needs_no_column(picture: Picture) -> None:
    out = run(picture("a.png", 200), "--tests", "one").stdout
    assert "one" not in out.splitlines()[0].split()


def test_the_face_network_decides_and_others_are_shown_where_no_test_is_named(
    picture: Picture,
) -> None:
    document = json.loads(run(picture("a.png", 200), "--json").stdout)
    assert (document["deciding"], document["advisory"]) == (["face_cnn"], [*DEFAULT_ADVISORY])
    assert list(document["tests"]) == ["face_cnn", *DEFAULT_ADVISORY]


@pytest.mark.parametrize(
    ("options", "deciding", "advisory"),
    [
        (["--tests", "quality,face_cnn"], ["quality", "face_cnn"], []),
        (["--tests", "quality"], ["quality"], []),
        (["--tests", "quality", "--advisory", "face_cnn"], ["quality"], ["face_cnn"]),
        (["--advisory", "quality_whole"], ["face_cnn"], ["quality_whole"]),
    ],
)
def test_tests_that_are_named_decide_and_nothing_is_added(
    picture: Picture, options: list[str], deciding: list[str], advisory: list[str]
) -> None:
    document = json.loads(run(picture("a.png", 200), "--json", *options).stdout)
    assert (document["deciding"], document["advisory"]) == (deciding, advisory)


def test_a_narrow_terminal_keeps_every_score(picture: Picture) -> None:
    out = run(picture("a.png", 200), "--tests", "one,two", columns=80).stdout
    assert "one 0.78; two 0.78" in out
    assert max(map(len, out.splitlines())) <= 80


def test_an_explanation_tells_the_groups_in_words(picture: Picture) -> None:
    out = run(picture("a.png", 200), "--explain").stdout
    assert "spectrum  +0.50  towards bona fide" in out
    assert "edges     -0.25  towards attack" in out
    assert "face_cnn  +1.29  towards bona fide" in out


def test_an_explanation_is_in_the_document_too(picture: Picture) -> None:
    document = json.loads(run(picture("a.png", 200), "--explain", "--json").stdout)
    explained = document["tests"]["quality"]["details"]["explained"]
    assert explained == {"edges": -0.25, "spectrum": 0.5}


def test_a_heat_map_is_written_for_each_input_and_named(picture: Picture, tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    inputs = [picture("a.png", 200), picture("a.bmp", 90)]
    lines = run(*inputs, "--json", "--explain-dir", str(maps)).stdout.splitlines()
    files = [str(maps / name) for name in ("a.heat-map.jpg", "a-2.heat-map.jpg")]
    assert [json.loads(line)["heat_map"] for line in lines] == files
    assert sorted(map(str, maps.iterdir())) == sorted(files)


def test_a_drawing_is_written_beside_the_heat_map_and_named(
    picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = registry.resolve("liveness_tests", "made_up")()
    monkeypatch.setattr(type(made), "depicted", lambda _, frame: frame.image[:4, :4], raising=False)
    maps = tmp_path / "maps"
    result = run(picture("a.png", 200), "--json", "--tests", "made_up", "--explain-dir", str(maps))
    assert json.loads(result.stdout)["drawings"] == {"made_up": str(maps / "a.made_up.png")}
    assert (maps / "a.made_up.png").read_bytes().startswith(b"\x89PNG")


def test_a_figure_of_a_clip_is_written_beside_the_heat_map_and_named(tmp_path: Path) -> None:
    maps, clip = tmp_path / "maps", tmp_path / "a.avi"
    write_video(clip, [np.full((48, 64, 3), 200, np.uint8)] * 9)
    result = run(str(clip), "--json", "--explain-dir", str(maps))
    assert json.loads(result.stdout)["clip_figure"] == str(maps / "a.clip.png")
    assert (maps / "a.clip.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_a_line_says_that_there_is_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facepad.explaining.can_draw", lambda: False)
    clip = tmp_path / "a.avi"
    write_video(clip, [np.full((48, 64, 3), 200, np.uint8)] * 9)
    result = run(str(clip), "--json", "--explain-dir", str(tmp_path / "maps"))
    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (document["clip_figure"], document["heat_map"] is None) == (None, False)
    assert "no figure of" in result.stderr
    assert "install facepad[report]" in result.stderr


def test_where_there_is_no_heat_map_a_line_says_why(picture: Picture, tmp_path: Path) -> None:
    result = run(picture("a.png", 0), "--json", "--explain-dir", str(tmp_path / "maps"))
    assert json.loads(result.stdout)["heat_map"] is None
    assert result.stderr.endswith("a.png: no face found\n")


def test_pictures_of_one_folder_are_named_without_it(picture: Picture, tmp_path: Path) -> None:
    picture("a.png", 200), picture("b.png", 200)
    lines = run(str(tmp_path)).stdout.splitlines()
    assert lines[0] == f"in {tmp_path}"
    assert lines[2].startswith("a.png  ")


def test_a_name_cannot_colour_the_terminal(picture: Picture) -> None:
    assert "\x1b" not in run(picture("a\x1b[31m[bold].png", 200)).stdout


def test_without_a_path_the_usage_is_wrong() -> None:
    assert run().exit_code == 2


# --- operating points -----------------------------------------------------------------------

# 168 of 255 is 0.66: bona fide from 0.6 (balanced) but not from 0.8 (strict).


@pytest.mark.parametrize(
    ("options", "outcome", "point"),
    [
        ((), "bona_fide", ["balanced", 0.6]),
        (("--operating-point", "convenience"), "bona_fide", ["convenience", 0.5]),
        (("--operating-point", "balanced"), "bona_fide", ["balanced", 0.6]),
        (("--operating-point", "strict"), "uncertain", ["strict", 0.8]),
        (("--threshold", "0.7"), "attack", ["given", 0.7]),
    ],
)
def test_an_operating_point_is_chosen_by_name_and_stands_in_the_document(
    picture: Picture, options: tuple[str, ...], outcome: str, point: list[object]
) -> None:
    result = run(picture("a.png", 168), "--json", "--tests", "cautious", *options)
    document = json.loads(result.stdout)
    applied = document["operating_point"]
    assert (document["outcome"], [applied["name"], applied["high"]]) == (outcome, point)


def test_an_unknown_operating_point_is_wrong_usage_that_names_the_known_ones(
    picture: Picture,
) -> None:
    result = run(picture("a.png", 168), "--operating-point", "loose")
    assert result.exit_code == 2
    words = " ".join(result.output.replace("│", " ").split())
    assert "'loose' is not one of 'convenience', 'balanced', 'strict'" in words


def test_a_threshold_and_an_operating_point_together_are_wrong_usage(picture: Picture) -> None:
    both = ("--operating-point", "strict", "--threshold", "0.5")
    result = run(picture("a.png", 168), *both)
    assert result.exit_code == 2
    assert "give either --operating-point or --threshold" in result.output


def test_a_test_without_the_operating_point_uses_its_own_and_a_note_says_so(
    picture: Picture,
) -> None:
    options = ("--json", "--tests", "bright", "--operating-point", "strict")
    document = json.loads(run(picture("a.png", 168), *options).stdout)
    assert document["operating_point"]["name"] == "made_up"
    assert "bright has no operating point 'strict'; its own is used" in document["notes"]


def test_a_doubtful_score_before_a_camera_that_is_not_calibrated_says_how_to_calibrate(
    picture: Picture,
) -> None:
    result = run(picture("a.png", 168), "--tests", "cautious", "--operating-point", "strict")
    assert "camera not calibrated" in result.stdout
    *_, last = result.stdout.splitlines()
    assert last.startswith("calibrate the camera: facepad calibrate --bona-fide FRAMES --name")


def test_the_last_line_names_the_operating_point(picture: Picture) -> None:
    last = run(picture("a.png", 200), "--tests", "cautious").stdout.splitlines()[-1]
    assert last.endswith("; balanced threshold 0.60 (0.40 to 0.60 is uncertain)")


def test_the_names_of_the_command_line_are_those_of_the_registry() -> None:
    assert tuple(PointName) == POINT_NAMES


# --- many inputs ------------------------------------------------------------------------------


def many(picture: Picture, number: int = 21) -> list[str]:
    """Bright pictures, then a dark one and one that is missing."""
    return [*(picture(f"{i:02}.png", 200) for i in range(number)), picture("z.png", 50), "no.png"]


def test_of_many_inputs_each_has_a_line_and_the_last_lines_sum_up(
    picture: Picture, tmp_path: Path
) -> None:
    many(picture)
    lines = [line.rstrip() for line in run(str(tmp_path), "--tests", "one").stdout.splitlines()]
    assert lines[:3] == [
        f"in {tmp_path}",
        "picture  outcome      score  why",
        "00.png   bona fide    0.78   score 0.78 >= 0.50 (accept)",
    ]
    assert lines[23] == "z.png    attack       0.20   score 0.20 < 0.50 (reject)"
    assert lines[24].startswith("22 pictures: 21 bona fide, 1 attack; ")


def test_a_line_is_printed_before_the_next_input_is_judged(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    check = Checker.check

    def checked(checker: Checker, source: Path, **options: str) -> Decision:
        events.append("check")
        return check(checker, source, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Checker, "check", checked)
    monkeypatch.setattr("facepad.cli.tables.DecisionLines.show", lambda *_: events.append("show"))
    run(*many(picture), "--workers", "1")
    assert events[:4] == ["check", "show", "check", "show"]


def test_only_problems_are_shown_but_all_are_counted(picture: Picture) -> None:
    for number in (2, 21):
        result = run(*many(picture, number), "--only", "problems", "--tests", "one")
        shown = [line.split()[0] for line in result.stdout.splitlines() if " 0.20 " in line]
        assert [Path(name).name for name in shown] == ["z.png"]
        assert "00.png" not in result.stdout
        assert f"{number + 2} pictures: {number} bona fide, 1 attack, 1 unreadable" in result.stdout
        assert result.exit_code == 2


def test_only_problems_without_a_problem_is_the_summary_alone(picture: Picture) -> None:
    result = run(picture("a.png", 200), "--only", "problems")
    assert result.stdout.startswith("1 picture: 1 bona fide; ")


def test_only_problems_are_documents_too(picture: Picture) -> None:
    lines = run(*many(picture, 2), "--only", "problems", "--json").stdout.splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["attack", None]


def test_many_inputs_that_are_explained_are_a_table(picture: Picture) -> None:
    out = run(*many(picture), "--explain").stdout
    assert "towards bona fide" in out
    assert "  ms" in out.splitlines()[0] + out.splitlines()[1]


@pytest.mark.parametrize("workers", ["1", "3"])
def test_lines_are_in_the_order_of_the_inputs_with_any_number_of_workers(
    picture: Picture, workers: str
) -> None:
    paths = many(picture)
    documents = map(json.loads, run(*paths, "--json", "--workers", workers).stdout.splitlines())
    assert [document["path"] for document in documents] == paths


def test_files_of_a_folder_that_are_no_pictures_are_skipped_and_counted(
    picture: Picture, tmp_path: Path
) -> None:
    picture("a.png", 200)
    (tmp_path / "README.txt").write_text("notes")
    result = run(str(tmp_path), "--require-bona-fide")
    assert result.exit_code == 0
    assert "1 file skipped (hidden, or no picture or clip): README.txt" in result.stderr
    assert "1 picture: 1 bona fide; 1 other file skipped; " in result.stdout
    assert run(str(tmp_path / "README.txt")).exit_code == 2
