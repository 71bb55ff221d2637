"""Fitting the prior of a calibratable test to pictures: observed once, written with a card."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from facepad.calibration import Calibration, CameraPrior
from facepad.jobs.progress import ignore
from facepad.models import store
from facepad.models.card import parse
from facepad.models.index import find
from facepad.needs import Needs
from facepad.training.calibration import prior
from facepad.types import (
    Face,
    Frame,
    LivenessTest,
    MemberReading,
    Observation,
    OperatingPoint,
    Presentation,
    Reason,
    Sample,
    Score,
    Split,
)

HALF = OperatingPoint.at(0.5)
WITH_LANDMARKS = Needs(landmarks=True)


@dataclass(frozen=True)
class Colour:
    """Observes the mean colour; counts nothing and learns nothing."""

    name: str = "colour"
    version: str = "colour-1+0"
    prior_model: str = "colour_cameras"
    operating_point: OperatingPoint = HALF
    models: Mapping[str, str] = field(default_factory=dict)
    needs: Needs = WITH_LANDMARKS

    def score(self, presentation: Presentation) -> Score:
        raise AssertionError(presentation)

    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        frame = presentation.frames[0]
        if frame.face is None:
            return Reason.NO_FACE
        colour = frame.image.mean(axis=(0, 1)) / 8.0
        red = MemberReading(float(colour[0]), colour[:1], "colour")
        all_three = MemberReading(0.0, colour, "colour", decides=False)
        return {
            "crop": Observation({"red": red}),
            "picture": Observation({"red": red, "colour": all_three}),
        }

    def prior(self) -> CameraPrior:
        raise AssertionError

    def calibrated(self, calibration: Calibration) -> LivenessTest:
        raise AssertionError(calibration)


class Finder:
    """Finds a face in every picture but black ones."""

    def __init__(self, landmarks: bool) -> None:
        self.landmarks = landmarks

    def find(self, frame: Frame) -> Frame:
        if not frame.image.any():
            return replace(frame, no_face=Reason.NO_FACE)
        return replace(frame, face=Face((0, 0, *frame.size), 1.0))


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FACEPAD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(prior, "FaceFinder", Finder)


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """Two cameras of seven people; attacks are darker, and one picture shows nobody."""
    rng = np.random.default_rng(0)
    made = []
    for camera in ("a", "b"):
        for person in range(7):
            for species in (None, "print"):
                level = rng.normal(150.0 if species is None else 90.0, 4.0, 3)
                picture = np.clip(np.full((80, 80, 3), level), 0, 255).astype(np.uint8)
                path = tmp_path / f"{camera}{person}{species}.png"
                cv2.imwrite(str(path), picture)
                named = {"camera": camera, "licence": "CC0"}
                who = f"person {person}"
                key = str(path)
                made.append(Sample(key, key, who, Split.TRAIN, species, "it", attributes=named))
    path = tmp_path / "black.png"
    cv2.imwrite(str(path), np.zeros((80, 80, 3), np.uint8))
    return [*made, replace(made[0], key="black", path=str(path), attributes={"camera": "a"})]


@pytest.mark.slow
def test_the_prior_is_written_with_a_card_of_the_data(
    samples: list[Sample], tmp_path: Path
) -> None:
    result = prior.run(Colour, samples, tmp_path / "out", workers=0, advance=ignore)
    assert result.model == tmp_path / "out" / "colour_cameras.npz"
    found = CameraPrior.from_arrays(store.read_arrays(result.model), "it")
    assert (found.version, list(found.by_kind)) == ("colour-1+0", ["people"])
    assert list(found.by_kind["people"]) == ["crop", "picture"]
    assert list(found.of("picture").members) == ["red", "colour"]
    assert found.of("picture").cameras == 2
    assert "people, picture: 2 cameras, 10 episodes" in result.text
    card = parse(result.model.with_suffix(".md").read_text(encoding="utf-8"))
    assert card.data.startswith("14 bona fide pictures and 14 attacks of 7 people in front of 2")
    assert "CC0" in card.data


@pytest.mark.slow
def test_pictures_are_observed_once(
    samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prior.run(Colour, samples, tmp_path / "out", workers=0, advance=ignore)
    content = first.model.read_bytes()
    monkeypatch.setattr(prior, "Observer", lambda _: pytest.fail("observed again"))
    again = prior.run(Colour, samples, tmp_path / "again", workers=0, advance=ignore)
    assert again.model.read_bytes() == content


@pytest.mark.slow
@pytest.mark.parametrize("name", ["face_heads_free", "face_heads_research"])
def test_the_card_has_the_licence_of_the_tests_model(
    name: str, samples: list[Sample], tmp_path: Path
) -> None:
    if name.endswith("research"):
        pytest.importorskip("facepad_research", reason="pip install packages/facepad-research")
    entry = find(name)
    test = partial(Colour, version=entry.full_version)
    result = prior.run(test, samples, tmp_path / "out", workers=0, advance=ignore)
    card = parse(result.model.with_suffix(".md").read_text(encoding="utf-8"))
    assert (card.licence, card.research_use) == (entry.licence, entry.research_use)


@pytest.mark.slow
def test_the_licence_of_a_users_own_model_is_called_unknown(
    samples: list[Sample], tmp_path: Path
) -> None:
    test = partial(Colour, version="face_heads_real-1+3fa9c1d2")
    result = prior.run(test, samples, tmp_path / "out", workers=0, advance=ignore)
    card = parse(result.model.with_suffix(".md").read_text(encoding="utf-8"))
    assert card.licence.startswith("unknown: face_heads_real-1+3fa9c1d2")
    assert card.research_use


def test_the_observed_faces_have_landmarks_where_the_test_needs_them() -> None:
    assert prior.Observer(Colour).finder.landmarks
    assert not prior.Observer(partial(Colour, needs=Needs())).finder.landmarks


def test_observations_are_kept_as_they_were_and_a_shared_reading_once() -> None:
    image = np.full((8, 8, 3), 80, np.uint8)
    shown = Presentation((Frame(image, face=Face((0, 0, 8, 8), 1.0)),))
    observed = Colour().observe(shown)
    assert not isinstance(observed, Reason)
    found = prior._unpacked(prior._packed(observed))
    assert list(found) == list(observed)
    for views, observation in observed.items():
        for name, member in observation.members.items():
            kept = found[views].members[name]
            assert (kept.logit, kept.group, kept.decides) == (
                member.logit,
                member.group,
                member.decides,
            )
            assert found[views].members[name].features == pytest.approx(member.features)
    assert found["crop"].members["red"] is found["picture"].members["red"]
    assert prior._unpacked(prior._packed({})) == {}
