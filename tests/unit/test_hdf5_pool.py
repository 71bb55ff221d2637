"""Work in processes: in any order, complete, and past samples that take a process down."""

import pytest

from facepad.hdf5.pool import Piece, in_processes, pieces
from facepad.types import Sample, Split
from packing import keys


def listing(subjects: str) -> list[Sample]:
    names = {"d": "deadly", "w": "wrong"}
    return [
        Sample(f"a/{number}", "", names.get(letter, "fine"), Split.TEST)
        for number, letter in enumerate(subjects)
    ]


def done(subjects: str, length: int, workers: int) -> dict[int, list[str] | None]:
    todo = list(pieces(listing(subjects), length))
    return {piece.start: result for piece, result in in_processes(keys, todo, workers)}


def test_pieces_hold_every_sample_once_with_its_number() -> None:
    cut = list(pieces(listing("fffff"), 2, start=10))
    assert [(piece.start, piece.stop) for piece in cut] == [(10, 12), (12, 14), (14, 15)]
    assert [s.key for piece in cut for s in piece.samples] == [f"a/{n}" for n in range(5)]


def test_every_piece_is_done_once() -> None:
    assert done("f" * 7, 2, workers=2) == done("f" * 7, 2, workers=0)


def test_a_sample_that_takes_its_process_down_costs_only_itself() -> None:
    found = done("ffffdfff", 4, workers=2)
    assert found[4] is None
    told = [key for result in found.values() if result for key in result]
    assert sorted(told) == [f"a/{number}" for number in range(8) if number != 4]


def test_a_fault_in_the_work_is_raised_here() -> None:
    with pytest.raises(ValueError, match="a fault in the work"):
        done("fw", 1, workers=1)


def test_nothing_to_do_starts_no_process() -> None:
    assert done("", 4, workers=2) == {}


def test_attributes_can_be_sent_to_another_process() -> None:
    (piece,) = pieces([Sample("a/0", "", "anna", Split.TEST)], 4)
    assert isinstance(piece, Piece)
    assert type(piece.samples[0].attributes) is dict
