"""Progress goes to standard error and only where it helps; results come in order."""

from collections.abc import Iterator
from time import sleep

import pytest

from facepad.cli.console import AHEAD, ordered_map, progress, shortened
from facepad.jobs import progress as jobs_progress


def test_nothing_is_written_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress("checking", 9) as advance:
        advance()
    assert capsys.readouterr() == ("", "")


def test_a_long_run_without_a_terminal_tells_the_time_that_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 5.0, 20.0])
    monkeypatch.setattr(jobs_progress, "monotonic", lambda: next(clock))
    with progress("scored", 10, done=2, lines=True) as advance:
        advance()
        advance()
    assert capsys.readouterr().err == "facepad: scored 4 of 10, 0.1/s, 1 min 0 s left\n"


@pytest.mark.parametrize("workers", [1, 4])
def test_results_come_in_the_order_of_the_inputs(workers: int) -> None:
    def later_first(item: int) -> int:
        sleep(0.002 * (5 - item % 5))
        return item

    assert list(ordered_map(later_first, range(20), workers)) == list(range(20))


@pytest.mark.parametrize("workers", [1, 2])
def test_inputs_are_not_taken_far_ahead(workers: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    results = ordered_map(str, items(), workers)
    next(results)
    assert len(taken) <= AHEAD * workers + 1
    results.close()


def test_an_error_is_raised_where_the_results_are_read() -> None:
    with pytest.raises(ZeroDivisionError):
        list(ordered_map(lambda item: 1 // item, [1, 0, 1], 2))


def test_a_name_that_fits_is_whole() -> None:
    assert shortened("a.jpg", 5) == "a.jpg"
