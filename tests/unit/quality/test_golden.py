"""Golden values: each expectation with its own tolerance, picture by picture."""

from typing import Any

import pytest
from pictures import golden

from reference.adapter import golden_adapter

import check_golden  # isort: skip - found through the path that `pictures` adds

VALUES, IMAGES = golden()
ADAPTER: Any = golden_adapter()
SKIPPED = ("biqi", "niqe")  # these values belong to released models that do not ship


@pytest.mark.parametrize("name", IMAGES)
def test_every_value_of_a_golden_picture_is_within_its_tolerance(name: str) -> None:
    count, failures = check_golden.check_values(ADAPTER["metrics"], _only(name), IMAGES, SKIPPED)
    assert failures == []
    assert sum(n for (_, _, outcome), n in count.items() if outcome == "pass") >= 24
    assert not [key for key in count if key[2] == "not given"]


@pytest.mark.slow
@pytest.mark.parametrize("name", IMAGES)
def test_the_features_of_a_golden_picture_are_within_their_tolerance(name: str) -> None:
    count, failures = check_golden.check_features(ADAPTER, _only(name), IMAGES)
    assert failures == []
    assert sum(count.values()) == 3


def test_the_readers_of_libsvm_files_agree_with_libsvm() -> None:
    _, failures = check_golden.check_readers(ADAPTER)
    assert failures == []


def test_the_golden_pictures_are_those_the_values_were_made_for() -> None:
    import iqa_images

    for name, pixels in IMAGES.items():
        assert iqa_images.sha(pixels) == VALUES["images"][name]["sha"]


def test_no_golden_picture_without_a_free_licence_ships() -> None:
    assert not [name for name in IMAGES if name.startswith("motorcycle")]


def _only(name: str) -> dict[str, Any]:
    return {**VALUES, "images": {name: VALUES["images"][name]}}
