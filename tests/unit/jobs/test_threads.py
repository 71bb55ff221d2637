"""Several inputs at once: results come in order, and inputs are not taken far ahead."""

from collections.abc import Iterator
from time import sleep

import pytest

from facepad.jobs.threads import AHEAD, ordered_map


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
