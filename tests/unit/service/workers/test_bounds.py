"""The bounds of processor time end a process, with a signal that says which bound it was."""

import signal
import subprocess
import sys

import numpy as np
import pytest

from facepad.finders import Finder
from facepad.service.workers.bounds import DecodingTime, over_check, over_decoding
from facepad.service.workers.worker import EndsDecoding
from facepad.types import Frame

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such bounds")

BUSY = """
import sys
from facepad.service.workers.bounds import DecodingTime, bound_check
{begin}
while True:
    pass
"""
_HANGS_S = 120.0  # a process that no bound ends


def ended_by(begin: str) -> int:
    command = [sys.executable, "-c", BUSY.format(begin=begin)]
    done = subprocess.run(command, check=False, timeout=_HANGS_S)
    return -done.returncode


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["image", "video"])
def test_a_process_that_decodes_for_too_long_is_ended(kind: str) -> None:
    signal_number = ended_by(f"bounded = DecodingTime(0.01, 0.01).{kind}(); bounded.__enter__()")
    assert over_decoding(signal_number)
    assert not over_check(signal_number)


@pytest.mark.slow
def test_a_process_over_the_processor_time_of_a_check_is_ended() -> None:
    signal_number = ended_by("bound_check(-0.9)")
    assert over_check(signal_number)
    assert not over_decoding(signal_number)


@pytest.mark.parametrize("ended", [None, signal.SIGTERM])
def test_other_ends_are_of_no_bound(ended: int | None) -> None:
    assert not over_check(ended)
    assert not over_decoding(ended)


def test_the_time_ends_with_what_is_decoded() -> None:
    bounds = DecodingTime(600.0, 600.0)
    for bounded in (bounds.image, bounds.video):
        with bounded():
            assert signal.getitimer(signal.ITIMER_PROF)[0] > 0.0
        assert signal.getitimer(signal.ITIMER_PROF)[0] == 0.0


def test_the_time_ends_when_the_first_face_is_looked_for(frame: Frame) -> None:
    with DecodingTime(600.0).image():
        assert EndsDecoding(_Finder()).find(frame) is frame
        assert signal.getitimer(signal.ITIMER_PROF)[0] == 0.0


def test_without_bounds_nothing_is_counted() -> None:
    with DecodingTime().image():
        assert signal.getitimer(signal.ITIMER_PROF)[0] == 0.0


class _Finder:
    models: dict[str, str] = {"a": "1"}  # noqa: RUF012 - as the protocol has it

    def find(self, frame: Frame) -> Frame:
        return frame


def test_its_models_are_those_of_the_finder() -> None:
    finder: Finder = _Finder()
    assert EndsDecoding(finder).models == {"a": "1"}


@pytest.fixture
def frame() -> Frame:
    return Frame(np.zeros((4, 4, 3), np.uint8))
