"""A whole training of the quality test on measured vectors: model, card and report."""

from dataclasses import replace

import numpy as np
import pytest

from facepad.models import store
from facepad.quality import METRICS
from facepad.testing import made_up_dataset
from facepad.training.quality import run as quality_run
from facepad.training.quality.features import MetricFeatures
from facepad.training.quality.run import QualityRecipe
from facepad.training.run import TrainingResult, run
from facepad.training.sources import DatasetCopy
from facepad.types import Sample
from installed import needs_scikit_learn

pytestmark = needs_scikit_learn


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> QualityRecipe:
    folder = tmp_path_factory.mktemp("nuaa")
    source = DatasetCopy("nuaa", made_up_dataset(folder / "data", "nuaa", pictures=4))
    return QualityRecipe((source,), (), "whole", "lda", False, folder / "out", 1, 0)


@pytest.fixture
def trained(order: QualityRecipe, monkeypatch: pytest.MonkeyPatch) -> TrainingResult:
    """Trained on made-up vectors, since measuring pictures is slow."""
    return train(order, monkeypatch)


def train(order: QualityRecipe, monkeypatch: pytest.MonkeyPatch) -> TrainingResult:
    rng = np.random.default_rng(0)

    def measured(samples: tuple[Sample, ...], *_: object, **__: object) -> MetricFeatures:
        vectors = rng.normal(0.0, 1.0, (len(samples), len(METRICS)))
        vectors[:, 0] += [3.0 * sample.is_bona_fide for sample in samples]
        return MetricFeatures(vectors, (None,) * len(samples))

    monkeypatch.setattr(quality_run, "extract", measured)
    monkeypatch.setattr(
        quality_run, "movements", lambda *_, **__: rng.normal(0.0, 0.1, (9, 3, len(METRICS)))
    )
    monkeypatch.setenv("FACEPAD_CACHE_DIR", str(order.out / "cache"))
    return run(order, order.prepare(), lambda: None)


@pytest.mark.slow
def test_the_model_can_be_read_again(trained: TrainingResult) -> None:
    assert trained.model.name == "quality_whole_real.npz"
    assert "weights" in store.read_arrays(trained.model)


@pytest.mark.slow
def test_test_parts_are_not_evaluated_unless_asked(
    trained: TrainingResult,
) -> None:
    assert "test" not in trained.text.partition("took")[0].replace("the test alone", "")
    assert "No test set was evaluated" in trained.model.with_suffix(".md").read_text()


@pytest.mark.slow
def test_test_parts_that_were_evaluated_are_named_in_the_card(
    order: QualityRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = train(replace(order, evaluate_test=True), monkeypatch)
    card = result.model.with_suffix(".md").read_text()
    assert "in this training: nuaa test, official; nuaa test, subject-disjoint." in card
    assert "nuaa test, subject-disjoint:" in result.text


@pytest.mark.slow
def test_what_saw_a_real_dataset_is_for_research(trained: TrainingResult) -> None:
    card = trained.model.with_suffix(".md").read_text()
    assert "| use | research only |" in card
