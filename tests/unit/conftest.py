"""A made-up world for the command line: no model, no network, scores told by brightness."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from facepad.fusion import mean_ratio
from facepad.registry import Kind
from facepad.types import (
    CaptureQuality,
    Face,
    Frame,
    OperatingPoint,
    Presentation,
    Reason,
    Score,
)

BLACK_IS_NO_FACE = 1.0  # mean grey level
DARK = 0.65  # share of white; such a picture has operating points of its own


@dataclass
class BrightnessTest:
    """The brighter, the more bona fide; white is unlike all it learned from."""

    name: str

    @property
    def operating_point(self) -> OperatingPoint:
        return OperatingPoint.at(0.5, "made_up")

    @property
    def models(self) -> Mapping[str, str]:
        return {self.name: f"{self.name}-1+00000000"}

    def score(self, presentation: Presentation) -> Score:
        value = float(np.mean([frame.image.mean() for frame in presentation.frames])) / 255.0
        return Score(value, Reason.UNFAMILIAR_CAMERA if value == 1.0 else None)

    def explain(self, presentation: Presentation) -> Mapping[str, float]:
        return {"edges": -0.25, "spectrum": float(len(presentation.frames)) / 2}


@dataclass
class CautiousTest(BrightnessTest):
    """Has operating points by name; those of dark pictures are higher. Not calibrated."""

    anchored = False

    @property
    def operating_points(self) -> Mapping[str, OperatingPoint]:
        return points(0.0)

    def score(self, presentation: Presentation) -> Score:
        found = super().score(presentation)
        is_dark = found.value is not None and found.value < DARK
        return replace(found, points=points(0.1)) if is_dark else found


def points(more: float) -> dict[str, OperatingPoint]:
    """Points by name: convenience from 0.5, balanced from 0.6, strict from 0.8, and ``more``."""
    highs = {"convenience": 0.5, "balanced": 0.6, "strict": 0.8}
    return {n: OperatingPoint(n, h + more, 0.4 + more, h + more) for n, h in highs.items()}


class WholePictureFinder:
    """Takes the whole picture for a face, unless it is black."""

    models: Mapping[str, str] = {"finder": "finder-1+00000000"}

    def find(self, frame: Frame) -> Frame:
        if frame.image.mean() < BLACK_IS_NO_FACE:
            return replace(frame, no_face=Reason.NO_FACE)
        return replace(frame, face=Face((0, 0, *frame.size), 0.9), capture=CaptureQuality())


def _resolve(kind: Kind, name: str) -> Callable[..., Any]:
    made = CautiousTest if name == "cautious" else BrightnessTest
    return (lambda: made(name)) if kind == "liveness_tests" else mean_ratio


@pytest.fixture
def _made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facepad.registry.resolve", _resolve)
    monkeypatch.setattr("facepad.selected_tests._face_finder", lambda _: WholePictureFinder())


@pytest.fixture
def picture(tmp_path: Path) -> Callable[[str, int], str]:
    """Writes a picture of one grey level and gives its path."""

    def write(name: str, level: int) -> str:
        file = tmp_path / name
        Image.fromarray(np.full((48, 64, 3), level, np.uint8)).save(file)
        return str(file)

    return write
