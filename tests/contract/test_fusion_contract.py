"""Every fusion keeps the contract, and the check notices who does not."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from facepad import registry
from facepad.fusion import Answer, Fused, Fusion, FusionFactory, mean_ratio
from facepad.testing import ContractError, check_fusion
from facepad.types import Reason

Answers = Mapping[str, Answer]


def first(answers: Answers) -> Fused:
    return mean_ratio(dict([next(iter(answers.items()))]))


def percent(answers: Answers) -> Fused:
    fused = mean_ratio(answers)
    return replace(fused, value=fused.value and 100.0 * fused.value)


def missing_is_zero(answers: Answers) -> Fused:
    fused = mean_ratio(answers)
    return replace(fused, value=fused.value or 0.0)


def no_reasons(answers: Answers) -> Fused:
    return replace(mean_ratio(answers), reasons=())


def words(answers: Answers) -> Fused:
    fused = mean_ratio(answers)
    return replace(fused, reasons=tuple(map(str, fused.reasons)))  # type: ignore[arg-type]


def half(answers: Answers) -> Fused:
    return replace(mean_ratio(answers), operating_point=0.5)  # type: ignore[arg-type]


def a_number(answers: Answers) -> Fused:
    return mean_ratio(answers).value  # type: ignore[return-value] # broken on purpose


def needs_a_value(answers: Answers) -> Fused:
    if Reason.NO_FACE in {answer.score.reason for answer in answers.values()}:
        raise ValueError("no face")
    return mean_ratio(answers)


def upside_down(answers: Answers) -> Fused:
    fused = mean_ratio(answers)
    return replace(fused, value=None if fused.value is None else 1.0 - fused.value)


@pytest.mark.parametrize("name", registry.names("fusions"))
def test_a_registered_fusion_keeps_the_contract(name: str) -> None:
    found = registry.resolve("fusions", name)
    if isinstance(found, FusionFactory):
        fusion: Any = found.load()
        check_fusion(fusion, tests=fusion.tests)
    else:
        check_fusion(found, name)


@pytest.mark.parametrize(
    ("fusion", "broken"),
    [
        (first, "depends on the order of the tests"),
        (percent, r"a score lies in \[0, 1\], got 20"),
        (missing_is_zero, r"no test has a value, got 0\.0"),
        (no_reasons, "a missing value needs a reason"),
        (words, "reasons must be Reasons, got"),
        (half, "operating_point must be an OperatingPoint, got 0.5"),
        (a_number, "which is no Fused"),
        (needs_a_value, r"needs_a_value of None \(no_face\) raised ValueError: no face"),
        (upside_down, "upside_down falls when every test's score rises"),
    ],
)
def test_a_broken_fusion_is_noticed(fusion: Fusion, broken: str) -> None:
    with pytest.raises(ContractError, match=broken):
        check_fusion(fusion)


def test_a_fusion_that_changes_its_mind_is_noticed() -> None:
    turn = count(2)

    def moody(answers: Answers) -> Fused:
        return replace(mean_ratio(answers), value=1.0 / next(turn))

    with pytest.raises(ContractError, match=r"depends on the order"):
        check_fusion(moody)


def test_a_fusion_that_depends_on_the_thread_is_noticed() -> None:
    main = threading.get_ident()

    def moody(answers: Answers) -> Fused:
        fused = mean_ratio(answers)
        return fused if threading.get_ident() == main else replace(fused, reasons=())

    with pytest.raises(ContractError, match="differs beside other threads"):
        check_fusion(moody)


def test_the_names_of_the_tests_may_matter_to_a_fusion() -> None:
    def trained(answers: Answers) -> Fused:
        if not set(answers) <= {"quality", "face_cnn"}:
            raise ValueError("trained for other tests")
        return mean_ratio(answers)

    check_fusion(trained, tests=("quality", "face_cnn"))
    with pytest.raises(ContractError, match="trained for other tests"):
        check_fusion(trained)
