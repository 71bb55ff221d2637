"""Every metric keeps the contract, and the check notices who does not."""

import threading
from itertools import count

import pytest

from facepad.quality import METRICS
from facepad.testing import ContractError, check_metric
from facepad.types import RgbImage


def mean(image: RgbImage) -> dict[str, float]:
    return {"mean": float(image.mean())}


def under_another_name(image: RgbImage) -> dict[str, float]:
    return {"average": float(image.mean())}


def infinite_on_flat(image: RgbImage) -> dict[str, float]:
    spread = float(image.std())
    return {"mean": 1.0 / spread if spread else float("inf")}


def divides_by_spread(image: RgbImage) -> dict[str, float]:
    return {"mean": 1.0 / float(image.std())}


def an_integer(image: RgbImage) -> dict[str, float]:
    return {"mean": int(image.max())}


def blackens_a_pixel(image: RgbImage) -> dict[str, float]:
    found = mean(image)
    image[0, 0] = 255 - image[0, 0]
    return found


def test_a_metric_keeps_the_contract() -> None:
    check_metric("mean", mean)


@pytest.mark.parametrize("name", METRICS)
def test_a_built_in_metric_keeps_the_contract(name: str) -> None:
    check_metric(name)


@pytest.mark.parametrize(
    ("measure", "broken"),
    [
        (under_another_name, "asked for 'mean' on an ordinary picture, got the names 'average'"),
        (infinite_on_flat, "mean on a black picture must be a finite float, got inf"),
        (divides_by_spread, "mean on a black picture raised ZeroDivisionError"),
        (an_integer, "must be a finite float, got 2"),
        (blackens_a_pixel, "mean changed the pixels of an ordinary picture"),
    ],
)
def test_a_broken_metric_is_noticed(measure: "type[object]", broken: str) -> None:
    with pytest.raises(ContractError, match=broken):
        check_metric("mean", measure)  # type: ignore[arg-type] # broken on purpose


def test_a_metric_that_changes_its_mind_is_noticed() -> None:
    turn = count()
    with pytest.raises(ContractError, match="mean of an ordinary picture differs a second time"):
        check_metric("mean", lambda _: {"mean": float(next(turn))})


def test_a_metric_that_depends_on_the_thread_is_noticed() -> None:
    main = threading.get_ident()
    with pytest.raises(ContractError, match="differs beside other threads"):
        check_metric("mean", lambda _: {"mean": float(threading.get_ident() == main)})


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(ContractError, match="no metric named 'sharpness'; known: "):
        check_metric("sharpness")
