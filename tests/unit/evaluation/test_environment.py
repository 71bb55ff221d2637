"""What an evaluation ran on."""

import getpass
import platform
from pathlib import Path

import pytest

from facepad.evaluation.report import document as module
from facepad.evaluation.report.document import environment


def test_versions_system_and_processor_are_told() -> None:
    found = environment()
    assert {"facepad", "Python", "numpy", "system", "processor"} <= set(found)
    assert all(found.values())


def test_neither_the_machine_nor_its_user_is_named() -> None:
    told = " ".join(environment().values()).split()
    assert platform.node() not in told
    assert getpass.getuser() not in told


def test_a_processor_without_a_list_of_facts_is_told_by_its_kind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "CPU_FACTS", tmp_path / "none")
    assert environment()["processor"]
