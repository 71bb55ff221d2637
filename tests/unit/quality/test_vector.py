"""The vector of metrics: order, subsets, threads, plug-ins."""

import threading

import numpy as np
import pytest
from pictures import noise, scene

from facepad import registry
from facepad.errors import InputError
from facepad.quality import METRICS, Picture, measure, vector

ORDER = (
    "mse psnr snr sc md ad nae ramd lmse nxc mas mams ted tcd sme spe gme gpe ssim vif rred "
    "jqi hlfi biqi niqe"
)


def test_the_order_is_the_one_that_shipped_models_were_trained_on() -> None:
    assert [name for name in METRICS if name in ORDER.split()] == ORDER.split()


def test_a_picture_has_all_metrics_in_order() -> None:
    assert tuple(measure(scene())) == METRICS


def test_a_subset_comes_in_the_order_of_the_vector() -> None:
    assert list(measure(scene(), names=("vif", "mse", "jqi", "mse"))) == ["mse", "vif", "jqi"]


def test_a_metric_has_the_same_value_alone_and_among_all() -> None:
    everything = measure(scene())
    alone = {name: measure(scene(), names=[name])[name] for name in METRICS}
    assert alone == everything


@pytest.mark.slow
@pytest.mark.parametrize("threads", [2, 3, 16])
@pytest.mark.parametrize("shape", [(8, 8), (17, 31), (101, 103), (301, 203)])
def test_the_number_of_threads_changes_no_bit(shape: tuple[int, int], threads: int) -> None:
    picture = scene(*shape)
    assert measure(picture, threads=threads) == measure(picture)


@pytest.mark.slow
def test_where_a_picture_lies_in_memory_changes_no_bit() -> None:
    picture = scene(101, 103)
    expected = measure(picture)
    for start in range(1, 64, 9):
        memory = np.empty(picture.nbytes + 64, np.uint8)
        moved = memory[start : start + picture.nbytes].reshape(picture.shape)
        moved[:] = picture
        assert measure(moved) == expected


def test_a_metric_is_a_function_of_a_picture() -> None:
    metric = registry.resolve("metrics", "vif")
    assert metric(Picture.of(scene())) == measure(scene(), names=["vif"])["vif"]


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_says_what_it_is_and_who_described_it(name: str) -> None:
    text = registry.resolve("metrics", name).__doc__
    assert "Returns:" in text
    assert "Reference:" in text


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(InputError, match="no metric named 'sharpness'; known: mse, psnr"):
        measure(noise(), names=["sharpness"])


@pytest.mark.parametrize("threads", [0, -1])
def test_no_threads_can_do_no_work(threads: int) -> None:
    with pytest.raises(InputError, match="threads must be at least 1, got"):
        measure(noise(), threads=threads)


def test_only_the_groups_that_are_asked_for_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Picture) -> None:
        raise AssertionError("not asked for")

    for module, function in (("edges", "_compare"), ("spectral", "_compare")):
        monkeypatch.setattr(f"facepad.quality.{module}.{function}", fail)
    assert measure(noise(), names=["mse"])["mse"] > 0


def test_a_metric_of_a_plug_in_stands_behind_the_built_in_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def brightness(picture: Picture) -> float:
        return float(picture.gray.mean())

    monkeypatch.setattr(registry, "names", lambda _: (*METRICS, "brightness"))
    monkeypatch.setattr(registry, "resolve", lambda *_: brightness)
    values = measure(np.full((4, 5), 9, np.uint8), names=["brightness", "mse"])
    assert values == {"mse": 0.0, "brightness": 9.0}


def test_an_error_in_a_second_thread_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    here = threading.get_ident()

    def fail(_: Picture) -> float:
        if threading.get_ident() == here:
            while not failed:
                pass
            return 0.0
        failed.append(True)
        raise InputError("from another thread")

    failed: list[bool] = []
    monkeypatch.setattr(vector, "_resolve", lambda _: fail)
    with pytest.raises(InputError, match="from another thread"):
        measure(noise(), names=["vif", "ssim"], threads=2)
