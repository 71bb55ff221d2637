from collections import Counter

import numpy as np
import pytest

from facepad.errors import DatasetError
from facepad.training.stack.sampler import draw, shares
from facepad.types import Sample, Split


def _sample(dataset: str, species: str | None, subject: str, number: int) -> Sample:
    key = f"{dataset}/{species}/{subject}/{number}"
    return Sample(key, key, subject, Split.TRAIN, pai_species=species)


def _some() -> list[Sample]:
    found = [_sample("large", None, "a", number) for number in range(90)]
    found += [_sample("large", None, "b", number) for number in range(10)]
    found += [_sample("large", "print", "a", number) for number in range(50)]
    found += [_sample("large", "screen", "a", number) for number in range(5)]
    found += [_sample("small", None, "c", 0), _sample("small", "print", "c", 0)]
    return found


def test_datasets_classes_species_and_subjects_have_equal_shares() -> None:
    samples = _some()
    found = shares(samples)
    assert found.sum() == pytest.approx(1.0)
    parts: Counter[tuple[str, str]] = Counter()
    for sample, share in zip(samples, found, strict=True):
        parts[sample.key.split("/")[0], str(sample.pai_species)] += share
    assert parts["small", "None"] == pytest.approx(0.25)
    assert parts["large", "None"] == pytest.approx(0.25)
    assert parts["large", "print"] == pytest.approx(0.125)
    assert parts["large", "screen"] == pytest.approx(0.125)
    assert found[0] * 90 == pytest.approx(found[90] * 10)


def test_packed_datasets_are_told_apart_by_the_dataset_that_was_packed() -> None:
    samples = [_sample("packed/one", None, "a", 0), _sample("packed/one", "print", "a", 0)]
    samples += [_sample("packed/two", None, "a", n) for n in range(4)]
    samples += [_sample("packed/two", "print", "a", n) for n in range(4)]
    assert shares(samples)[:2].sum() == pytest.approx(0.5)


def test_each_sample_is_drawn_as_often_as_its_share_says_but_for_rounding() -> None:
    share = np.array([0.5, 0.23, 0.27])
    counts = np.bincount(draw(share, 100, np.random.default_rng(1)), minlength=3)
    assert counts.sum() == 100
    assert (abs(counts - 100 * share) <= 1.0).all()


def test_draws_depend_on_the_generator_alone() -> None:
    share = shares(_some())
    one, other = (draw(share, 40, np.random.default_rng(5)) for _ in range(2))
    assert one.tolist() == other.tolist()
    assert one.tolist() != draw(share, 40, np.random.default_rng(6)).tolist()


def test_one_class_is_refused() -> None:
    with pytest.raises(DatasetError, match="one class"):
        shares([_sample("d", None, "a", 0)])
