"""Training the heads of the face test on made-up statistics."""

from dataclasses import replace

import numpy as np
import pytest

from facepad.errors import DatasetError
from facepad.evaluation.ranking import auc
from facepad.scores import sigmoid
from facepad.training.face.features import VIEWS, FaceFeatures
from facepad.training.face.heads import (
    HeadSpec,
    LabelledFeatures,
    fit,
    held_out,
    joined,
    logits,
    threshold,
    train,
)
from facepad.training.face.run import errors_on
from facepad.training.run import report_text
from facepad.types import Reason, Sample, Split

pytest.importorskip("sklearn", reason="training needs scikit-learn: pip install 'facepad[train]'")

WIDTH = 6  # statistics of each of two made-up blocks
SPEC = HeadSpec((("tight", 0), ("context", 1)), 300.0)
SOURCES = ("studio", "phone", "webcam")


def made_up(*, gap: float = 2.0, each: int = 40, split: Split = Split.TRAIN) -> LabelledFeatures:
    """Pictures of three sources, each with an offset of its own; one statistic tells."""
    rng = np.random.default_rng([each, list(Split).index(split)])
    samples, rows = [], []
    for place, source in enumerate(SOURCES):
        for species in (None, "print", "screen"):
            for number in range(each):
                key = f"{split}/{source}/{species}/{number}"
                subject = f"{source} {number % 5}"
                samples.append(Sample(key, key, subject, split, species, source))
                row = rng.normal(0.3 * place, 1.0, (len(VIEWS), 2 * WIDTH))
                row[:, ::WIDTH] += gap * (species is None)
                rows.append(row)
    values = np.array(rows, np.float32)
    blocks = {0: slice(0, WIDTH), 1: slice(WIDTH, 2 * WIDTH)}
    wide = np.ones(len(rows), np.bool_)
    return LabelledFeatures(tuple(samples), FaceFeatures(values, blocks, wide, (None,) * len(rows)))


def test_bona_fide_pictures_of_a_source_left_out_score_higher() -> None:
    seen = made_up()
    assert auc(seen.bona_fide, held_out(seen, SPEC)) > 0.9


def test_where_nothing_tells_sources_left_out_say_so() -> None:
    seen = made_up(gap=0.0)
    assert abs(auc(seen.bona_fide, held_out(seen, SPEC)) - 0.5) < 0.15


def test_training_twice_gives_the_same_numbers() -> None:
    a, b = (train(made_up(), SPEC).arrays() for _ in range(2))
    for name, values in a.items():
        np.testing.assert_array_equal(values, b[name])


def test_the_threshold_parts_the_classes_of_new_pictures() -> None:
    heads = train(made_up(), SPEC, [made_up(each=25, split=Split.DEV)])
    part = errors_on("new", heads, made_up(each=30, split=Split.TEST))
    assert part.rates.hter < 0.15
    assert part.auc > 0.95


def test_dev_sets_move_the_threshold_and_neither_heads_nor_scalings() -> None:
    dev = made_up(each=25, split=Split.DEV)
    crops = replace(dev.features, has_context=np.zeros(len(dev.samples), np.bool_))
    alone = train(made_up(), SPEC)
    judged = train(made_up(), SPEC, [dev, LabelledFeatures(dev.samples, crops)])
    assert (judged.all_views, judged.tight_only) == (alone.all_views, alone.tight_only)
    assert judged.arrays()["intercepts"].tolist() == alone.arrays()["intercepts"].tolist()
    assert judged.operating_point != alone.operating_point


def test_without_context_the_tight_heads_alone_count() -> None:
    seen = made_up()
    narrow = replace(seen.features, has_context=np.zeros(len(seen.samples), np.bool_))
    heads = fit(seen, SPEC)
    found = logits(heads, LabelledFeatures(seen.samples, narrow))
    np.testing.assert_allclose(found, heads[0].logits(seen.features.of("tight", 0)))


def test_pictures_without_a_face_take_no_part() -> None:
    seen = made_up()
    values = seen.features.values.copy()
    values[0] = np.nan
    reasons = (Reason.NO_FACE, *seen.features.reasons[1:])
    heads = train(
        LabelledFeatures(seen.samples, replace(seen.features, values=values, reasons=reasons)), SPEC
    )
    assert all(np.isfinite(head.weights).all() for head in heads.heads)


def test_one_source_alone_cannot_be_held_out() -> None:
    seen = made_up()
    one = seen.part(np.array([sample.session == "studio" for sample in seen.samples]))
    with pytest.raises(DatasetError, match="there is only 'studio'"):
        train(one, SPEC)


def test_a_missing_class_is_told() -> None:
    seen = made_up()
    with pytest.raises(DatasetError, match="no attack picture"):
        train(seen.part(seen.bona_fide), SPEC)


def test_joined_sets_keep_their_order() -> None:
    a, b = made_up(each=2), made_up(each=3)
    assert joined([a, b]).samples == (*a.samples, *b.samples)


def test_auc_counts_ties_by_half() -> None:
    labels = np.array([True, False, True, False])
    assert auc(labels, np.array([1.0, 1.0, 2.0, 0.0])) == 0.875


def test_auc_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    labels, values = rng.random(50) < 0.4, np.round(rng.normal(size=50), 1)
    assert auc(labels, values) == pytest.approx(float(roc_auc_score(labels, values)))


def test_the_report_tells_the_background_beside_the_context() -> None:
    heads = train(made_up(), SPEC)
    shown = report_text([errors_on("new", heads, made_up())], heads.operating_point)
    assert "with the face blacked out" in shown


def test_the_threshold_is_where_the_mean_error_over_sets_is_least() -> None:
    one = made_up(each=4)
    apart = np.where(one.bona_fide, 1.0, -1.0)
    shifted = np.where(one.bona_fide, 0.5, -3.0)
    found = threshold([(one, apart), (one, shifted)])
    assert found.threshold == sigmoid(0.5)  # the least value at which nothing is wrong


def test_a_set_of_many_pictures_weighs_no_more_than_one_of_few() -> None:
    many, few = made_up(each=40), made_up(each=4)
    rows = [(many, np.where(many.bona_fide, 1.0, 0.0)), (few, np.where(few.bona_fide, 0.5, -1.0))]
    again = [(few, np.where(few.bona_fide, 1.0, 0.0)), rows[1]]
    assert threshold(rows) == threshold(again)


def test_the_band_holds_the_threshold() -> None:
    rng = np.random.default_rng(0)
    one = made_up()
    found = threshold([(one, rng.normal(np.where(one.bona_fide, 1.0, -1.0)))])
    assert found.low <= found.threshold <= found.high
    assert found.low < found.high


def test_every_picture_twice_gives_the_same_heads() -> None:
    seen = made_up()
    once, twice = fit(seen, SPEC), fit(joined([seen, seen]), SPEC)
    for one, other in zip(once, twice, strict=True):
        np.testing.assert_allclose(other.weights, one.weights, rtol=1e-3, atol=1e-5)


def test_heads_scaling_and_threshold_have_the_stored_digits() -> None:
    """Computed with scikit-learn 1.9; the heads are those of facepad at commit 1fa0605."""
    heads = train(made_up(), SPEC, [made_up(each=25, split=Split.DEV)])
    found = heads.arrays()
    stored = [-0.25414768262603044, -0.23571949198250228]
    np.testing.assert_allclose(found["intercepts"], stored, rtol=1e-6)
    scalings = [[5.2353002278895655, 0.0930171298654975], [2.5073013826035035, 0.15154189531409193]]
    np.testing.assert_allclose(found["scalings"], scalings, rtol=1e-6)
    point = [0.6150649321136963, 0.5080574322773147, 0.6150649321136963]
    np.testing.assert_allclose(found["point"], point, rtol=1e-6)
