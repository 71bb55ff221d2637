"""Training the quality test on made-up vectors."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from facepad.errors import DatasetError
from facepad.evaluation.protocol import at_eer
from facepad.evaluation.table import from_samples
from facepad.liveness.quality.classifier import QualityClassifier
from facepad.quality import METRICS
from facepad.scores import logit, sigmoid
from facepad.training.quality.features import VIEWS, MetricFeatures, Vectors
from facepad.training.quality.fit import BAND, ClassifierKind, fit, scores
from facepad.training.quality.run import errors_on
from facepad.training.run import report_text
from facepad.training.scaling import operating_point
from facepad.training.sources import SampleSet
from facepad.types import Reason, Sample, Score, Split
from installed import needs_scikit_learn

pytestmark = needs_scikit_learn

PER_CELL = 12  # pictures of one subject, session and class
TELLING = METRICS.index("hlfi")  # the metric that tells attacks apart, in the made-up world
SHAKY = METRICS.index("jqi")  # the one that resolution moves


def made_up(*, gap: float = 3.0) -> tuple[list[Sample], MetricFeatures]:
    rng = np.random.default_rng(0)
    samples, rows = [], []
    for subject in range(12):
        split = (Split.TRAIN, Split.DEV, Split.TEST)[subject // 4]
        for species in (None, "print"):
            for number in range(2 * PER_CELL):
                session = "01" if number < PER_CELL else "02"
                key = f"made_up/{subject}/{species}/{number}"
                samples.append(Sample(key, key, str(subject), split, species, session))
                row = rng.normal(2.0, 1.0, len(METRICS))
                row[TELLING] += gap * (species is None)
                row[SHAKY] += gap * (species is None)
                rows.append(row)
    return samples, MetricFeatures(np.array(rows), (None,) * len(rows))


def still(amount: float = 0.01) -> Vectors:
    """Captures whose metrics resolution hardly moves, but for one by ``amount``."""
    rng = np.random.default_rng(1)
    moved = rng.normal(2.0, 0.01, (40, 3, len(METRICS)))
    moved[..., SHAKY] += amount * np.array([-1.0, 0.0, 1.0]) * rng.choice([-1.0, 1.0], (40, 1))
    return np.asarray(moved, np.float64)


def trained(
    samples: Sequence[Sample],
    features: MetricFeatures,
    moved: Vectors | None = None,
    classifier: ClassifierKind = "lda",
) -> QualityClassifier:
    moved = still() if moved is None else moved
    return fit(samples, features, moved, VIEWS["face"], classifier=classifier)


def scored(
    samples: Sequence[Sample], features: MetricFeatures, classifier: ClassifierKind = "lda"
) -> tuple[Score, ...]:
    return scores(trained(samples, features, classifier=classifier), features)


@pytest.mark.parametrize("classifier", ["lda", "svm"])
def test_bona_fide_score_higher(classifier: ClassifierKind) -> None:
    samples, features = made_up()
    found = scored(samples, features, classifier)
    values = np.array([score.value for score in found], np.float64)
    genuine = np.array([sample.is_bona_fide for sample in samples])
    assert values[genuine].mean() > values[~genuine].mean() + 0.5


def test_the_threshold_comes_from_dev_by_the_rule_of_all_tests() -> None:
    samples, features = made_up()
    model = trained(samples, features)
    pairs = zip(samples, scores(model, features), strict=True)
    dev = [(s, score) for s, score in pairs if s.split is Split.DEV and score.reason is None]
    ratios = np.array([logit(score.value or 0.0) for _, score in dev])
    assert model.operating_point == operating_point([([s for s, _ in dev], ratios)], BAND)


def test_what_resolution_moves_weighs_less() -> None:
    samples, features = made_up()
    calm, moved = (np.abs(trained(samples, features, still(a)).weights) for a in (0.0, 2.0))
    assert calm[SHAKY] / calm[TELLING] > 2.0 * moved[SHAKY] / moved[TELLING]


@pytest.mark.slow
def test_a_vector_far_from_all_others_is_unfamiliar() -> None:
    samples, features = made_up()
    features.vectors[-1] = 500.0
    assert scored(samples, features)[-1].reason is Reason.UNFAMILIAR_CAMERA


@pytest.mark.slow
def test_most_of_the_training_pictures_are_familiar() -> None:
    samples, features = made_up()
    found = scored(samples, features)
    own = [score for score, s in zip(found, samples, strict=True) if s.split is Split.TRAIN]
    assert sum(score.reason is not None for score in own) <= 0.011 * len(own)


@pytest.mark.slow
def test_pictures_without_a_face_have_no_score_and_teach_nothing() -> None:
    samples, features = made_up()
    vectors = features.vectors.copy()
    vectors[0] = np.nan
    reasons = (Reason.NO_FACE, *features.reasons[1:])
    first = scored(samples, MetricFeatures(vectors, reasons))[0]
    assert (first.value, first.reason) == (None, Reason.NO_FACE)


@pytest.mark.parametrize("split", ["train", "dev"])
def test_a_part_with_one_class_only_is_refused(split: str) -> None:
    samples, features = made_up()
    keep = [i for i, s in enumerate(samples) if not (s.split == split and s.is_bona_fide)]
    fewer = MetricFeatures(features.vectors[keep], tuple(features.reasons[i] for i in keep))
    with pytest.raises(DatasetError, match=f"the {split} part has no bona fide picture"):
        trained([samples[i] for i in keep], fewer)


def test_a_metric_that_never_varies_has_no_weight() -> None:
    samples, features = made_up()
    vectors = features.vectors.copy()
    vectors[:, METRICS.index("ad")] = 0.0
    classifier = trained(samples, MetricFeatures(vectors, features.reasons))
    assert classifier.scale[METRICS.index("ad")] == 0.0


@pytest.mark.slow
def test_the_report_names_parts_counts_and_where_thresholds_come_from() -> None:
    samples, features = made_up()
    made = trained(samples, features)
    test = [row for row, sample in enumerate(samples) if sample.split is Split.TEST]
    listed = SampleSet("made_up test", tuple(samples[row] for row in test))
    found = scores(made, MetricFeatures(features.vectors[test], (None,) * len(test)))
    point = made.operating_point
    shown = report_text([errors_on(listed, found, point)], point)
    for words in (
        "made_up test: 96 of 4 subjects bona fide, 96 of 4 subjects attacks",
        "ranking, threshold from test",
        "confusion matrix",
    ):
        assert words in shown


@pytest.mark.slow
def test_each_dataset_has_the_same_say_in_the_threshold() -> None:
    samples, features = made_up()
    dev = [row for row, sample in enumerate(samples) if sample.split is Split.DEV]
    others = [replace(samples[row], key=f"other/{samples[row].key}") for row in dev[:48]]
    more = np.concatenate([features.vectors, features.vectors[dev[:48]] + 0.5])
    both = MetricFeatures(more, (None,) * len(more))
    alone = trained(samples, features).operating_point.threshold
    together = trained([*samples, *others], both).operating_point
    assert together.threshold != alone
    assert together.low <= together.threshold <= together.high


def test_scaling_needs_two_groups_with_both_classes() -> None:
    samples, features = made_up()
    one = [Sample(s.key, s.path, "same", s.split, s.pai_species, "01") for s in samples]
    with pytest.raises(DatasetError, match="two sources or subjects"):
        trained(one, features)


def equal_errors(samples: Sequence[Sample], found: Sequence[Score]) -> float:
    """Threshold of equal errors on dev: a number that depends on every step of the fit."""
    dev = [(s, score) for s, score in zip(samples, found, strict=True) if s.split is Split.DEV]
    table = from_samples([s for s, _ in dev], [score for _, score in dev])
    return at_eer(table).threshold


@pytest.mark.slow
@pytest.mark.parametrize(
    ("classifier", "threshold"), [("lda", 0.5937229169810542), ("svm", 0.7722029090996189)]
)
def test_the_scores_have_the_stored_digits(classifier: ClassifierKind, threshold: float) -> None:
    """Values of facepad at commit 1fa0605, with scikit-learn 1.9."""
    samples, features = made_up()
    found = scored(samples, features, classifier)
    assert equal_errors(samples, found) == pytest.approx(threshold, rel=1e-6)


def test_weights_and_scores_of_two_datasets_have_the_stored_digits() -> None:
    """Values of facepad at commit 1fa0605, with scikit-learn 1.9."""
    samples, features = made_up()
    dev = [row for row, sample in enumerate(samples) if sample.split is Split.DEV][:48]
    others = [replace(samples[row], key=f"other/{samples[row].key}") for row in dev]
    both = [*samples, *others]
    more = np.concatenate([features.vectors, features.vectors[dev] + 0.5])
    measured = MetricFeatures(more, (None,) * len(more))
    model = trained(both, measured)
    stored = [-0.09384342604440438, -0.2585044304822166, -0.2729381903683327, -0.24600300252464724]
    np.testing.assert_allclose(model.weights[:4], stored, rtol=1e-6)
    found = scores(model, measured)
    parts = (slice(0, len(samples)), slice(len(samples), None))
    ratios = [logit(equal_errors(both[part], found[part])) for part in parts]
    assert sigmoid(float(np.mean(ratios))) == pytest.approx(0.7446364203660956, rel=1e-6)
