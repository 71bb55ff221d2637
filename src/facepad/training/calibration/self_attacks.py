"""Attacks simulated from a camera's own bona fide frames: what its calibration may let pass.

Each frame is shown again as a print, on screens and in part, before a simulated camera of as
many lines. A frame has been through its own camera before, so it passes two of them: a figure
to expect and not one that was measured on attacks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from facepad.calibration.prior import Spread
from facepad.faces import crops
from facepad.faces.finder import FaceFinder
from facepad.liveness.face_cnn.test import FaceTest
from facepad.simulate.recipe import Recipe, apply, draw_recipe
from facepad.training.calibration.fit import FEWEST, Observed, fit
from facepad.types import Frame, Presentation, Reason, RgbImage

KINDS = ("print", "screen", "partial", "screen")  # for each frame
_MOST_LINES = 1080  # of a simulated camera


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of simulated attacks.

    Attributes:
        accepted: Above the threshold of a calibration from other people's frames.
        judged: Whose face was found.
    """

    accepted: int
    judged: int


def passed(
    test: FaceTest,
    frames: Sequence[Frame],
    seen: Sequence[Observed],
    *,
    spread: Spread,
    target_bpcer: float,
    advance: Callable[[], None] = lambda: None,
) -> Passed:
    """How many attacks made of the frames a calibration from the frames lets pass.

    Those of one person are judged by the frames of the others, where there are enough.

    Args:
        test: That judges.
        frames: Bona fide, each with a face.
        seen: What the test saw of them, in the same order.
        spread: Of the views that ``seen`` holds.
        target_bpcer: Of the calibration.
        advance: Called once per frame.
    """
    finder = FaceFinder(landmarks=False)
    accepted, judged = 0, 0
    for number, frame in enumerate(frames):
        others = [one for one in seen if one.person != seen[number].person]
        anchor = fit(others if len(others) >= FEWEST else seen, target_bpcer, spread)
        for image in attacks_of(frame, number):
            found = _observed(test, finder.find(Frame(image)), seen[number])
            if found is not None:
                judged += 1
                accepted += anchor.anchored(found.raw, found.features) >= anchor.threshold
        advance()
    return Passed(accepted, judged)


def attacks_of(frame: Frame, seed: int) -> list[RgbImage]:
    """The frame as it looks when it is shown to a camera again; one picture for each of `KINDS`.

    Args:
        frame: Bona fide, with its face.
        seed: Of all that is drawn.
    """
    lines = min(*frame.size, _MOST_LINES)
    rng = np.random.default_rng(seed)
    recipes = [_before(draw_recipe(kind, rng), lines) for kind in KINDS]
    return [apply(recipe, frame.image, frame.face).image for recipe in recipes]


def _before(recipe: Recipe, lines: int) -> Recipe:
    lens = replace(recipe.camera.lens, lines=lines)
    return replace(recipe, camera=replace(recipe.camera, lens=lens))


def _observed(test: FaceTest, frame: Frame, like: Observed) -> Observed | None:
    """The same views of an attack; None where it does not show them."""
    if frame.face is None:
        return None
    alone = sum(len(head.mean) for head in test.heads.heads if head.view == crops.TIGHT)
    context = len(like.features) > alone
    one = test.observe(Presentation((frame,)), context=context)
    if isinstance(one, Reason) or len(one.features) != len(like.features):
        return None
    return Observed(one.raw, one.features)
