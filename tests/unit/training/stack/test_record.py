"""The record of a run, also where a run was killed while it wrote a line."""

from pathlib import Path

import pytest

from facepad.training.stack.record import COLUMNS, STEPS, VALIDATION, RunRecord, draw

HEADERS = {STEPS: ",".join(COLUMNS), VALIDATION: "epoch,step,auc"}


def written(folder: Path) -> dict[str, bytes]:
    """Write the record of two epochs of two steps; return its files."""
    record = RunRecord(folder, 0, 0)
    for step in range(4):
        record.step(step, step // 2, 0.5 / (step + 1), 0.1, 0.01)
        if step % 2:
            record.validation(step + 1, step // 2, {"auc": 0.5 + 0.1 * step})
    return {name: (folder / name).read_bytes() for name in HEADERS}


@pytest.mark.parametrize("name", list(HEADERS))
def test_a_record_that_was_cut_off_at_any_byte_is_kept_to_its_last_whole_line(
    name: str, tmp_path: Path
) -> None:
    whole = written(tmp_path)
    header, *lines = whole[name].decode().splitlines(keepends=True)
    ends = [len(header) + len("".join(lines[:count])) for count in range(len(lines) + 1)]
    for cut in range(len(whole[name]) + 1):
        (tmp_path / name).write_bytes(whole[name][:cut])
        RunRecord(tmp_path, 4, 2).validation(6, 2, {"auc": 0.9})
        kept = lines[: sum(end <= cut for end in ends[1:])]
        if name == VALIDATION:
            kept.append("2,6,0.9\n")
        assert (tmp_path / name).read_text() == "".join([header, *kept])


def test_lines_after_the_checkpoint_are_dropped(tmp_path: Path) -> None:
    whole = written(tmp_path)
    RunRecord(tmp_path, 3, 1)
    assert (tmp_path / STEPS).read_bytes().splitlines() == whole[STEPS].splitlines()[:4]
    assert (tmp_path / VALIDATION).read_bytes().splitlines() == whole[VALIDATION].splitlines()[:2]


def test_a_run_whose_record_was_lost_still_has_a_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name in HEADERS:
        (tmp_path / name).touch()
    RunRecord(tmp_path, 4, 2)
    draw(tmp_path, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
