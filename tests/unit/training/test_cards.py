"""Cards of a user's own models: his data and options, and nothing else."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from facepad.jobs.progress import ignore
from facepad.models.card import Card, parse
from facepad.quality import METRICS
from facepad.training.face import run as face_run
from facepad.training.face.features import VIEWS, FaceFeatures
from facepad.training.face.heads import HeadSpec
from facepad.training.face.run import FaceRecipe
from facepad.training.face.sources import FaceSources
from facepad.training.quality import run as quality_run
from facepad.training.quality.features import MetricFeatures
from facepad.training.quality.run import QualityRecipe
from facepad.training.run import SELECTED_ON, TrainingResult, run
from facepad.training.scaling import THRESHOLD_RULE, Bounds
from facepad.training.sources import DatasetCopy
from facepad.types import Sample
from installed import needs_scikit_learn

pytestmark = needs_scikit_learn

Train = Callable[[Path, pytest.MonkeyPatch], TrainingResult]
WIDTH = 4
HISTORY = (
    "nuaa",
    "webcam",
    "unsplash",
    "kodak",
    "earlier",
    "variants",
    "combinations",
    "version 1",
)


def office(folder: Path) -> Path:
    """Twelve people of a user's own, in two sessions."""
    rows = ["path,subject,pai_species,split,session,licence"]
    for person in range(12):
        split = ("train", "dev", "test")[person // 4]
        for session in ("monday", "tuesday"):
            for species in ("", "print"):
                for number in range(4):
                    name = f"{person}{session}{species}{number}.jpg"
                    (folder / name).touch()
                    rows.append(f"{name},person{person},{species},{split},{session},CC0")
    file = folder / "office.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return office(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Train], TrainingResult]:
    """Trains once for all tests that only read the result."""

    @cache
    def result(train: Train) -> TrainingResult:
        with pytest.MonkeyPatch.context() as patch:
            return train(office(tmp_path_factory.mktemp("office")), patch)

    return result


def labels_of(samples: tuple[Sample, ...]) -> NDArray[np.float64]:
    return np.array([float(sample.is_bona_fide) for sample in samples])


def trained_quality(
    listed: Path, monkeypatch: pytest.MonkeyPatch, *, evaluate_test: bool = False
) -> TrainingResult:
    rng = np.random.default_rng(0)

    def measured(samples: tuple[Sample, ...], *_: object, **__: object) -> MetricFeatures:
        vectors = rng.normal(size=(len(samples), len(METRICS)))
        vectors[:, 0] += 3.0 * labels_of(samples)
        return MetricFeatures(vectors, (None,) * len(samples))

    monkeypatch.setattr(quality_run, "extract", measured)
    moved = rng.normal(0.0, 0.1, (9, 3, len(METRICS)))
    monkeypatch.setattr(quality_run, "movements", lambda *_, **__: moved)
    monkeypatch.setenv("FACEPAD_CACHE_DIR", str(listed.parent / "cache"))
    copies = (DatasetCopy("csv", listed),)
    out = listed.parent / "out"
    recipe = QualityRecipe(copies, (), "whole", "lda", evaluate_test, out, 1, 0)
    return run(recipe, recipe.prepare(), ignore)


def trained_face(
    listed: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    bounds: Bounds | None = None,
    evaluate_test: bool = False,
) -> TrainingResult:
    rng = np.random.default_rng(0)

    def measured(samples: tuple[Sample, ...], *_: object, **__: object) -> FaceFeatures:
        values = rng.normal(size=(len(samples), len(VIEWS), 2 * WIDTH)).astype(np.float32)
        values[:, :, ::WIDTH] += 3.0 * labels_of(samples)[:, None, None]
        blocks = {0: slice(0, WIDTH), 1: slice(WIDTH, 2 * WIDTH)}
        context = np.ones(len(samples), np.bool_)
        return FaceFeatures(values, blocks, context, (None,) * len(samples))

    monkeypatch.setattr(face_run, "extract", measured)
    monkeypatch.setenv("FACEPAD_CACHE_DIR", str(listed.parent / "cache"))
    sources = FaceSources((), "csv", listed, None, None)
    spec = HeadSpec((("tight", 0), ("context", 1)), (("patch", 0),), 1.0)
    out = listed.parent / "out"
    recipe = FaceRecipe(sources, "real", "face", spec, bounds, 1, evaluate_test, out, 1)
    return run(recipe, recipe.prepare(), ignore)


def card_of(result: TrainingResult) -> Card:
    return parse(result.model.with_suffix(".md").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("train", [trained_quality, trained_face])
def test_a_card_names_the_users_data_and_no_other(
    train: Train, trained: Callable[[Train], TrainingResult]
) -> None:
    card = card_of(trained(train))
    assert "64 pictures of 4 people" in card.data
    assert "csv monday" in card.data
    assert "CC0" in card.data
    assert [word for word in HISTORY if word in card.render().lower()] == []


@pytest.mark.slow
@pytest.mark.parametrize("train", [trained_quality, trained_face])
def test_a_card_of_a_real_dataset_is_the_first_version_and_for_research(
    train: Train, trained: Callable[[Train], TrainingResult]
) -> None:
    card = card_of(trained(train))
    assert (card.version, card.research_use) == ("1", True)


def test_the_report_is_written_beside_the_model(trained: Callable[[Train], TrainingResult]) -> None:
    result = trained(trained_face)
    assert result.model.name == "face_heads_real.npz"
    assert '"regularisation_c": 1.0' in result.report.read_text(encoding="utf-8")


@pytest.mark.slow
def test_test_sets_are_named_only_when_they_were_evaluated(
    listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = card_of(trained_quality(listed, monkeypatch))
    assert "No test set was evaluated in this training." in closed.results
    opened = card_of(trained_quality(listed, monkeypatch, evaluate_test=True))
    assert "in this training: csv test, subject-disjoint." in opened.results


def test_a_card_names_the_rule_of_the_threshold(trained: Callable[[Train], TrainingResult]) -> None:
    result = trained(trained_quality)
    assert "(least_mean_error)" in result.text
    assert THRESHOLD_RULE in card_of(result).recipe


def test_a_card_of_heads_names_the_rule_of_their_operating_points(
    trained: Callable[[Train], TrainingResult],
) -> None:
    result = trained(trained_face)
    assert "(balanced)" in result.text
    recipe = " ".join(card_of(result).recipe.split())
    rule = "30% (convenience), 15% (balanced), 5% (strict) of the attacks of the worst set"
    assert rule in recipe
    assert "attack is said of at most 5% of its living people" in recipe
    assert "tight 0 + context 1; only for calibrations: patch 0." in recipe
    assert "Masks do not teach." in recipe


@pytest.mark.slow
def test_a_card_says_that_bounds_were_selected_before(
    listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = dict.fromkeys(("convenience", "balanced", "strict"), (-1.0, 1.0))
    card = card_of(trained_face(listed, monkeypatch, bounds={"crop": named, "context": named}))
    assert "--bounds FILE" in card.recipe
    assert "of the attacks of the worst choice column" in " ".join(card.recipe.split())
    assert f"{SELECTED_ON} choice columns before; these sets were only evaluated:" in card.data


@pytest.mark.parametrize("train", [trained_quality, trained_face])
def test_a_card_names_the_command_and_the_extra_that_it_needs(
    train: Train, trained: Callable[[Train], TrainingResult]
) -> None:
    command, _, _ = card_of(trained(train)).recipe.partition("\n")
    assert command.startswith("`facepad train ")
    assert "--dataset csv --root DIR" in command
    assert command.endswith("`, with `pip install 'facepad[fit]'`")


def test_a_card_parts_the_data_of_the_fit_from_that_of_the_threshold(
    trained: Callable[[Train], TrainingResult],
) -> None:
    card = card_of(trained(trained_face))
    fitted_on, _, selected_on = card.data.partition(SELECTED_ON)
    assert "real: 64 pictures" in fitted_on
    assert "csv dev" not in fitted_on
    assert "csv dev: 64 pictures of 4 people" in selected_on


def test_a_card_has_the_number_of_metrics_of_its_model(
    listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality_run, "METRICS", list(METRICS)[:7])
    recipe = QualityRecipe((DatasetCopy("csv", listed),), (), "whole", "lda", False, listed, 1, 0)
    card = recipe.card(recipe.prepare(), "report")
    assert card.limits.startswith("One picture in 7 numbers")
    assert "7 metrics of the whole picture" in card.recipe
