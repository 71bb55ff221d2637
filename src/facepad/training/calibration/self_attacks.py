"""Attacks that are simulated from a camera's frames, and the share that a calibration accepts.

Each frame is shown again as a print, on screens and in part, to a simulated camera of as many
lines. Such an attack passes two cameras; the share is an estimate, not measured on real attacks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from facepad.calibration import CalibratableTest, ViewPrior
from facepad.faces.finder import FaceFinder
from facepad.jobs.progress import Advance, ignore
from facepad.needs import needs_of
from facepad.simulate.recipe import Recipe, apply, draw_recipe
from facepad.training.calibration.card import AcceptedAttacks
from facepad.training.calibration.fit import FEWEST, CalibrationFrame, fit
from facepad.types import Frame, Presentation, Reason, RgbImage

KINDS = ("print", "screen", "partial", "screen")  # simulated attacks of each frame
_MOST_LINES = 1080  # of a simulated camera


def accepted_attacks(
    test: CalibratableTest,
    frames: Sequence[Frame],
    observed: Sequence[CalibrationFrame],
    *,
    views: str,
    prior: ViewPrior,
    targets: Mapping[str, float],
    advance: Advance = ignore,
) -> AcceptedAttacks:
    """Count the attacks, simulated from frames, that a calibration from the frames accepts.

    Attacks of one person are compared with the frames of the others, where there are enough; or
    with the other frames.

    Args:
        test: The test.
        frames: Bona fide frames, each with a face.
        observed: Their observations, in the same order.
        views: Set of views of the observations.
        prior: Prior of that set of views.
        targets: Targets of the calibration, by name of the operating point.
        advance: Called once per frame.
    """
    finder = FaceFinder(landmarks=needs_of(test).landmarks)
    judged, accepted = 0, dict.fromkeys(targets, 0)
    for number, frame in enumerate(frames):
        anchor = fit(_others(observed, number), prior, targets)
        for image in attacks_of(frame, number):
            found = test.observe(Presentation((finder.find(Frame(image)),)))
            if not isinstance(found, Reason) and views in found:
                judged += 1
                score = anchor.anchored(found[views])
                for name, bound in anchor.bounds.items():
                    accepted[name] += score >= bound
        advance()
    return AcceptedAttacks(judged, accepted)


def _others(observed: Sequence[CalibrationFrame], number: int) -> list[CalibrationFrame]:
    """Return the frames of other people, or the other frames, or all where there are too few."""
    own = observed[number]
    people = [each for each in observed if each.person != own.person]
    frames = [each for each in observed if each is not own]
    return next((some for some in (people, frames) if len(some) >= FEWEST), list(observed))


def attacks_of(frame: Frame, seed: int) -> list[RgbImage]:
    """Return one simulated attack from a frame for each of `KINDS`.

    Args:
        frame: Bona fide, with its face.
        seed: Seed of all draws.
    """
    lines = min(*frame.size, _MOST_LINES)
    rng = np.random.default_rng(seed)
    recipes = [_with_lines(draw_recipe(kind, rng), lines) for kind in KINDS]
    return [apply(recipe, frame.image, frame.face).image for recipe in recipes]


def _with_lines(recipe: Recipe, lines: int) -> Recipe:
    lens = replace(recipe.camera.lens, lines=lines)
    return replace(recipe, camera=replace(recipe.camera, lens=lens))
