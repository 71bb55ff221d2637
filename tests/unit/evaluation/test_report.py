"""The report's document: stable keys, no NaN, numbers as counted by hand."""

import json
from dataclasses import replace

import pytest
from made_up_scores import rows

from facepad.evaluation.assessment import GivenPoint, Sampling, assess
from facepad.evaluation.differences import paired_differences
from facepad.evaluation.report import formatting
from facepad.evaluation.report.document import Report, Timing, document, to_json

INTERVAL = {"value", "low", "high", "level", "method", "subjects", "indicative"}
RATES = {
    "bona_fide": {"presentations", "subjects"},
    "attack": {"presentations", "subjects"},
    "species": [{"name", "presentations", "subjects", "apcer", "apnrr"}],
    "apcer_worst": INTERVAL,
    "worst_species": None,
    "bpcer": INTERVAL,
    "acer": INTERVAL,
    "hter": INTERVAL,
    "bpnrr": None,
    "attack_uncertain": None,
    "bona_fide_uncertain": None,
    "accuracy": None,
    "confusion_percent": {"true_positive", "false_negative", "false_positive", "true_negative"},
}
# Keys of schema version 1: whoever changes them raises the version.
SCHEMA = {
    "schema": None,
    "schema_version": None,
    "title": None,
    "created": None,
    "commands": None,
    "notices": None,
    "assessments": [
        {
            "system": None,
            "part": None,
            "split": None,
            "higher_is": None,
            "points": [
                {
                    "name": None,
                    "origin": None,
                    "threshold": None,
                    "low": None,
                    "high": None,
                    "all_presentations": RATES,
                    "decided_presentations": RATES,
                }
            ],
            "remark": None,
            "ranking": {
                "label": None,
                "auc": INTERVAL,
                "eer": INTERVAL,
                "bpcer10": INTERVAL,
                "bpcer20": INTERVAL,
                "bpcer100": INTERVAL,
                "non_responses": None,
            },
            "ratios": None,
            "added": None,
            "curve": {"level", "subjects", "apcer", "bpcer", "low", "high"},
        }
    ],
    "differences": None,
    "timings": {"note": None, "steps": [{"step", "count", "p50_ms", "p95_ms"}]},
    "models": None,
    "environment": None,
}


def made_up(notices: tuple[str, ...] = ()) -> Report:
    made = assess(
        rows([5.0, 7.0, None], [-1.0, 6.0]),
        given=[GivenPoint("given", 6.0)],
        sampling=Sampling(repeats=100),
    )
    return Report(
        title="made up",
        created="2026-01-02T03:04:05Z",
        commands=("facepad evaluate",),
        assessments=(made,),
        timings=(Timing("classify", 3, 1.0, float("nan")),),
        notices=notices,
    )


def check_keys(found: object, schema: object, where: str = "report") -> None:
    if isinstance(schema, list):
        assert isinstance(found, list)
        assert found, where
        for item in found:
            check_keys(item, schema[0], where)
    elif isinstance(schema, dict):
        assert isinstance(found, dict)
        assert list(found) == list(schema), where
        for name, below in schema.items():
            check_keys(found[name], below, f"{where}.{name}")
    elif isinstance(schema, set):
        assert isinstance(found, dict)
        assert set(found) == schema, where


def test_the_keys_of_the_document_are_those_of_its_version() -> None:
    found = document(made_up())
    assert (found["schema"], found["schema_version"]) == ("facepad-evaluation", 1)
    check_keys(found, SCHEMA)


def two_systems() -> Report:
    """Two systems whose scores can be probabilities, with their differences."""
    made = [
        assess(
            rows([0.9, 0.7, low], [0.2, 0.6]),
            given=[GivenPoint("given", 0.5)],
            system=name,
            sampling=Sampling(repeats=100),
        )
        for name, low in (("one", 0.8), ("two", 0.4))
    ]
    differences = paired_differences(made, Sampling(repeats=100))
    return replace(made_up(), assessments=tuple(made), differences=differences)


def test_ratios_and_differences_have_keys_of_their_own() -> None:
    found = document(two_systems())
    clear = INTERVAL | {"clear"}
    ratios = {
        "presentations": None,
        "cllr": INTERVAL,
        "cllr_min": INTERVAL,
        "reliability": [{"predicted", "observed", "presentations"}],
    }
    point = {
        "point": None,
        "reference_point": None,
        **dict.fromkeys(("apcer_worst", "bpcer", "hter"), clear),
    }
    difference = {
        "system": None,
        "reference": None,
        "part": None,
        "ranking": {"auc": clear, "eer": clear},
        "points": [point],
    }
    check_keys(found["assessments"][0]["ratios"], ratios)
    check_keys(found["differences"], [difference])


def test_the_text_has_the_cost_of_ratios_and_the_differences() -> None:
    text = formatting.text(two_systems())
    assert "log-likelihood ratios (logit of the score): Cllr 0." in text
    assert "  two minus one on test\n    at ranking thresholds: AUC -0." in text
    assert "given, fixed beforehand: APCER, worst +0.0 points" in text
    assert "BPCER +33.3 points [" in text


def test_numbers_that_are_not_known_are_null() -> None:
    found = json.loads(to_json(made_up()))
    assert found["timings"]["steps"][0]["p95_ms"] is None


def test_the_document_has_the_errors_counted_by_hand() -> None:
    point = json.loads(to_json(made_up()))["assessments"][0]["points"][0]
    rates = point["all_presentations"]
    assert point["threshold"] == 6.0
    assert rates["apcer_worst"]["value"] == 0.5
    assert rates["bpcer"]["value"] == pytest.approx(2 / 3)
    assert rates["bpnrr"] == pytest.approx(1 / 3)
    assert sum(rates["confusion_percent"].values()) == pytest.approx(100.0)
    assert point["decided_presentations"]["bpcer"]["value"] == 0.5


def test_the_text_names_errors_counts_and_where_the_threshold_comes_from() -> None:
    text = formatting.text(made_up(notices=("a subset",)))
    assert "note: a subset" in text
    assert "given: threshold 6, fixed beforehand" in text
    assert "50.0 %" in text
    assert "3 presentations, 3 people" in text
    assert "ranking, threshold from test: AUC 0.75" in text


def test_the_text_says_why_there_are_no_error_rates() -> None:
    made = assess(rows([5.0], [1.0]), sampling=Sampling(repeats=100))
    report = Report(title="", created="", commands=(), assessments=(made,))
    assert "No error rates: there are no dev scores" in formatting.text(report)
