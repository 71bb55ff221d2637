"""Every metric keeps the contract, and the check notices who does not."""

import threading
from importlib.metadata import EntryPoint, EntryPoints
from itertools import count

import pytest

from facepad import registry
from facepad.quality import METRICS, Metric, Picture
from facepad.testing import ContractError, check_metric


def mean(picture: Picture) -> float:
    return float(picture.gray.mean())


def infinite_on_flat(picture: Picture) -> float:
    spread = float(picture.gray.std())
    return 1.0 / spread if spread else float("inf")


def divides_by_spread(picture: Picture) -> float:
    return 1.0 / float(picture.gray.std())


def an_integer(picture: Picture) -> float:
    return int(picture.rounded.max())


def blackens_a_pixel(picture: Picture) -> float:
    found = mean(picture)
    picture.gray[0, 0] = 255.0 - picture.gray[0, 0]
    return found


def test_a_metric_keeps_the_contract() -> None:
    check_metric(mean)


@pytest.mark.parametrize("name", METRICS)
def test_a_built_in_metric_keeps_the_contract(name: str) -> None:
    check_metric(registry.resolve("metrics", name), name)


@pytest.mark.parametrize(
    ("metric", "broken"),
    [
        (infinite_on_flat, "infinite_on_flat on a black picture must be a finite float, got inf"),
        (divides_by_spread, "divides_by_spread on a black picture raised ZeroDivisionError"),
        (an_integer, "an_integer on an ordinary picture must be a finite float, got 1"),
        (blackens_a_pixel, "blackens_a_pixel on an ordinary picture changed the picture"),
    ],
)
def test_a_broken_metric_is_noticed(metric: Metric, broken: str) -> None:
    with pytest.raises(ContractError, match=broken):
        check_metric(metric)


def test_a_metric_that_changes_its_mind_is_noticed() -> None:
    turn = count()
    with pytest.raises(ContractError, match="on an ordinary picture differs a second time"):
        check_metric(lambda _: float(next(turn)))


def test_a_metric_that_keeps_something_of_a_picture_is_noticed() -> None:
    seen: list[int] = []

    def remembers(picture: Picture) -> float:
        seen.append(id(picture))
        return float(seen[-1] == seen[0])

    with pytest.raises(ContractError, match="remembers on an ordinary picture differs on a copy"):
        check_metric(remembers)


def test_a_metric_that_depends_on_the_thread_is_noticed() -> None:
    main = threading.get_ident()
    with pytest.raises(ContractError, match="differs beside other threads"):
        check_metric(lambda _: float(threading.get_ident() == main))


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(ContractError, match="no metric named 'sharpness'; known: "):
        check_metric(mean, "sharpness")


def test_a_name_that_is_registered_for_another_function_is_noticed() -> None:
    with pytest.raises(ContractError, match="'mse' is registered for "):
        check_metric(mean, "mse")


def test_a_metric_of_a_third_party_keeps_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("brightness", f"{__name__}:mean", "facepad.metrics")
    monkeypatch.setattr(
        registry, "entry_points", lambda group: EntryPoints([point]).select(group=group)
    )
    check_metric(mean, "brightness")
