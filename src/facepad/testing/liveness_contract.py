"""The contracts of a liveness test, and of one that can be calibrated to a camera."""

import json
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from facepad.calibration import Anchor, CalibratableTest, Calibration, MemberAnchor, ViewPrior
from facepad.calibration.anchor import PEOPLE, TARGETS
from facepad.charts import Chart, ChartsClip
from facepad.errors import ModelError
from facepad.fusion import named_points
from facepad.needs import Needs, needs_of
from facepad.registry import POINT_NAMES
from facepad.scorer import Contributes
from facepad.scores import LOGIT_LIMIT, logit
from facepad.testing.contracts import called, require
from facepad.testing.made_up import made_up_presentation
from facepad.testing.media_files import FACE_MM
from facepad.types import (
    Calibratable,
    Depicting,
    Frame,
    LivenessTest,
    MemberReading,
    Observation,
    OperatingPoint,
    Presentation,
    Reason,
    Score,
)

TOLERANCE = 1e-6  # sums may be taken in another order in another thread
THREADS = 4
USUAL_FPS = 25.0  # of a clip for a test that needs no rate
ROUNDS = 3


def check_liveness_test(
    test: LivenessTest,
    name: str | None = None,
    *,
    presentations: Sequence[Presentation] = (),
) -> None:
    """Check that a liveness test judges as facepad relies on.

    A score in [0, 1] or a reason, never an exception, whatever the frames show; the same
    score each time and from several threads at once; no change to the frames. A test with
    ``needs`` also gets a made-up presentation that meets them. Operating points by name have known
    names, and a stricter one does not begin at a lower score. What members contribute, where the
    test has a method `contributions`, sums to its log-likelihood ratio. What it draws, where it
    has a method `depicted`, is a picture; a method `charts` returns charts.

    Args:
        test: The test, ready for use.
        name: Name in the registry, when it is registered.
        presentations: Further ones to try beside the made-up ones, such as long clips.

    Raises:
        ContractError: Says what is broken, and on what.
    """
    _check_description(test, name)
    enough = _meeting(needs_of(test))
    tried = (enough, *_ordinary(), *_degenerate(), *presentations)
    scores = [_checked_score(test, presentation) for presentation in tried]
    for presentation, score in zip(tried, scores, strict=True):
        again = called(
            partial(test.score, presentation), f"a second look at {_named(presentation)}"
        )
        require(_same(score, again), _differs("a second time", presentation, score, again))
        _check_contributions(test, presentation, score)
        _check_drawing(test, presentation)
        _check_charts(test, presentation)
    _check_threads(test, tried, scores)
    require(
        scores[0].reason is not Reason.CLIP_TOO_SHORT,
        f"{test.name}: {_named(enough)} meets its needs, but it says {Reason.CLIP_TOO_SHORT}",
    )


def _check_description(test: LivenessTest, name: str | None) -> None:
    require(
        isinstance(test.name, str) and test.name != "",
        f"a liveness test needs a name, got {test.name!r}",
    )
    require(name in (None, test.name), f"registered as {name!r} but its name is {test.name!r}")
    require(
        isinstance(test.operating_point, OperatingPoint),
        f"{test.name}: operating_point must be an OperatingPoint, got {test.operating_point!r}",
    )
    _check_points(named_points(test), f"{test.name}: operating_points")
    anchored = getattr(test, "anchored", False)
    require(
        isinstance(anchored, bool), f"{test.name}: anchored must be True or False, got {anchored!r}"
    )
    needs = needs_of(test)
    require(isinstance(needs, Needs), f"{test.name}: needs must be a Needs, got {needs!r}")
    words = [word for pair in test.models.items() for word in pair]
    require(
        all(isinstance(word, str) for word in words),
        f"{test.name}: models must be versions by model name, got {test.models!r}",
    )


def _check_contributions(test: LivenessTest, presentation: Presentation, score: Score) -> None:
    """Check that what members add sums to the log-likelihood ratio of a still."""
    is_still = len(presentation.frames) == 1
    if not isinstance(test, Contributes) or score.value is None or not is_still:
        return
    ratio = logit(score.value)
    found = called(partial(test.contributions, score), f"contributions of {_named(presentation)}")
    total = found.log_likelihood_ratio
    require(
        abs(total - ratio) <= TOLERANCE or abs(ratio) == LOGIT_LIMIT,
        f"{test.name}: contributions to {_named(presentation)} sum to {total}, but its "
        f"log-likelihood ratio is {ratio}",
    )


def _check_drawing(test: LivenessTest, presentation: Presentation) -> None:
    """Check that a drawing of a frame with a face is an RGB picture."""
    frame = presentation.frames[0]
    if not isinstance(test, Depicting) or frame.face is None:
        return
    drawing = called(partial(test.depicted, frame), f"a drawing of {_named(presentation)}")
    shape, kind = np.shape(drawing), getattr(drawing, "dtype", type(drawing))
    require(
        len(shape) == 3 and shape[2] == 3 and kind == np.uint8,
        f"{test.name}: a drawing of {_named(presentation)} must be RGB uint8 of shape (H, W, 3), "
        f"got {kind} of shape {shape}",
    )


def _check_charts(test: LivenessTest, presentation: Presentation) -> None:
    """Check that a test of clips returns charts, also of what it cannot judge."""
    if isinstance(test, ChartsClip):
        charts = called(partial(test.charts, presentation), f"charts of {_named(presentation)}")
        require(
            isinstance(charts, Sequence) and all(isinstance(one, Chart) for one in charts),
            f"{test.name}: charts of {_named(presentation)} must be a sequence of Chart, got "
            f"{charts!r}",
        )


def _check_points(points: Mapping[str, OperatingPoint], what: str) -> None:
    is_mapping = isinstance(points, Mapping)
    values = points.values() if is_mapping else ()
    require(
        is_mapping and all(isinstance(point, OperatingPoint) for point in values),
        f"{what} must be operating points by name, got {points!r}",
    )
    require(
        set(points) <= set(POINT_NAMES),
        f"{what}: expected names among {', '.join(POINT_NAMES)}, got {', '.join(points)}",
    )
    for before, after in pairwise(name for name in POINT_NAMES if name in points):
        low, high = points[before].high, points[after].high
        require(low <= high, f"{what}: {after!r} begins at {high}, below {before!r} at {low}")


def _ordinary() -> tuple[Presentation, ...]:
    return (
        made_up_presentation(seed=1),
        made_up_presentation(seed=2, attack=True),
        made_up_presentation(seed=3, frames=8, size=(160, 120)),
        made_up_presentation(seed=4, size=(200, 260)),
    )


def _meeting(needs: Needs) -> Presentation:
    """Return a made-up presentation that is as long, as dense and as deep as a test needs."""
    rate = needs.fps or USUAL_FPS
    frames = max(needs.frames, math.ceil(needs.seconds * rate) + 1)
    made = made_up_presentation(seed=7, frames=frames, size=(160, 120), interval_s=1.0 / rate)
    if not needs.depth:
        return made
    depth = np.full(made.frames[0].image.shape[:2], FACE_MM, np.uint16)
    return replace(made, frames=tuple(replace(frame, depth=depth) for frame in made.frames))


def _degenerate() -> tuple[Presentation, ...]:
    """Return presentations that must give a score or a reason, never an exception."""
    flat = {"black": 0, "white": 255, "grey": 128}
    still = made_up_presentation(seed=5).frames[0]
    return (
        made_up_presentation(seed=6, face=False),
        *(
            _one_frame(name, np.full((120, 160, 3), level, np.uint8))
            for name, level in flat.items()
        ),
        *(
            _one_frame(f"{h}x{w} pixels", np.zeros((h, w, 3), np.uint8))
            for h, w in ((1, 1), (9, 7))
        ),
        Presentation((replace(still, image=np.zeros_like(still.image)),), "a face box on black"),
        Presentation(
            (still, replace(still, face=None, no_face=Reason.NO_FACE)), "a face that goes"
        ),
    )


def _one_frame(source: str, image: "np.typing.NDArray[np.uint8]") -> Presentation:
    return Presentation((Frame(image, no_face=Reason.NO_FACE),), source)


def _checked_score(test: LivenessTest, presentation: Presentation) -> Score:
    what = f"{test.name} on {_named(presentation)}"
    before = [frame.image.copy() for frame in presentation.frames]
    score = called(lambda: test.score(presentation), what)
    require(isinstance(score, Score), f"{what} returned {score!r}, which is no Score")
    require(
        score.value is None or 0.0 <= score.value <= 1.0,
        f"{what}: a score lies in [0, 1], got {score.value!r}",
    )
    require(
        score.reason is None or isinstance(score.reason, Reason),
        f"{what}: reason must be a Reason, got {score.reason!r}",
    )
    _check_points(score.points, f"{what}, points of its score")
    called(lambda: json.dumps(dict(score.details)), f"{what}: writing its details as JSON")
    for frame, image in zip(presentation.frames, before, strict=True):
        require(np.array_equal(frame.image, image), f"{what} changed the frame's pixels")
    return score


def _check_threads(
    test: LivenessTest, tried: Sequence[Presentation], scores: Sequence[Score]
) -> None:
    many = list(tried) * ROUNDS
    with ThreadPoolExecutor(THREADS) as pool:
        found = called(
            lambda: list(pool.map(test.score, many)), f"{test.name} in {THREADS} threads"
        )
    for presentation, alone, together in zip(many, list(scores) * ROUNDS, found, strict=True):
        require(
            _same(alone, together),
            _differs("beside other threads", presentation, alone, together),
        )


def _same(one: Score, other: Score) -> bool:
    if one.value is None or other.value is None:
        return (one.value, one.reason) == (other.value, other.reason)
    return one.reason == other.reason and abs(one.value - other.value) <= TOLERANCE


def _differs(when: str, presentation: Presentation, one: Score, other: Score) -> str:
    return (
        f"the score of {_named(presentation)} differs {when}: "
        f"{one.value} ({one.reason}), then {other.value} ({other.reason})"
    )


def _named(presentation: Presentation) -> str:
    width, height = presentation.frames[0].size
    return f"'{presentation.source}' ({len(presentation.frames)} frames, {width}x{height})"


# --- calibration -------------------------------------------------------------------------


def check_calibratable(
    test: CalibratableTest, *, presentations: Sequence[Presentation] = ()
) -> None:
    """Check that a liveness test can be calibrated as facepad relies on.

    It observes a presentation under one or more sets of views, each with the same members every
    time, and finite raw logits and features of them; each set has a prior of the same members.
    A calibrated score has its own operating points, and a calibration is refused when it was
    made with another version of the model.

    Args:
        test: The test, ready for use and not calibrated.
        presentations: Further ones to observe beside the made-up one, with a face.

    Raises:
        ContractError: The contract is broken; the message says where.
    """
    require(
        isinstance(test, Calibratable),
        f"{test!r} lacks a part of facepad.types.Calibratable",
    )
    observed = [_observed(test, shown) for shown in (made_up_presentation(seed=1), *presentations)]
    _check_without_face(test)
    prior = called(test.prior, f"{test.name}: reading its prior")
    for views, observation in {v: o for each in observed for v, o in each.items()}.items():
        found = prior.by_kind.get(PEOPLE, {}).get(views)
        require(
            isinstance(found, ViewPrior),
            f"{test.name}: the prior has no numbers for {views!r}, but the test observes it",
        )
        require(
            found is not None and set(found.members) == set(observation.members),
            f"{test.name}: the prior of {views!r} is of other members than the test observes",
        )
    _check_calibration(test, observed[0])


def _observed(test: CalibratableTest, shown: Presentation) -> dict[str, Observation]:
    what = f"{test.name} on '{shown.source}'"
    first, again = (called(lambda: test.observe(shown), f"{what}: observing") for _ in range(2))
    if isinstance(first, Reason) or isinstance(again, Reason) or not first:
        require(False, f"{what}: expected observations of a face, got {first!r}")
        return {}
    require(list(first) == list(again), f"{what}: the sets of views differ the second time")
    for views, observation in first.items():
        require(
            list(observation.members) == list(again[views].members),
            f"{what}: the members of {views} differ the second time",
        )
        for name, reading in observation.members.items():
            _check_reading(f"{what}: {name} of {views}", reading, again[views].members[name])
    require(
        all(len(a.members) <= len(b.members) for a, b in pairwise(first.values())),
        f"{what}: the largest set of views comes last",
    )
    return dict(first)


def _check_reading(what: str, reading: MemberReading, again: MemberReading) -> None:
    features = reading.features
    require(
        features.ndim == 1 and bool(np.isfinite([reading.logit, *features]).all()),
        f"{what} needs a finite raw logit and features of shape (F,)",
    )
    require(
        np.allclose(features, again.features, atol=TOLERANCE)
        and abs(reading.logit - again.logit) <= TOLERANCE,
        f"{what} differs the second time",
    )


def _check_without_face(test: CalibratableTest) -> None:
    shown = made_up_presentation(seed=6, face=False)
    if test.score(shown).value is not None:
        return  # it judges whole pictures
    found = called(lambda: test.observe(shown), f"{test.name}: observing a picture with no face")
    require(
        isinstance(found, Reason), f"{test.name}: expected a Reason without a face, got {found!r}"
    )


def _check_calibration(test: CalibratableTest, observed: dict[str, Observation]) -> None:
    anchors = {views: _anchor_of(observation) for views, observation in observed.items()}
    made = Calibration("it", test.name, test.version, 3, anchors)
    calibrated = called(lambda: test.calibrated(made), f"{test.name}: calibrating it")
    require(calibrated.name == test.name, f"{test.name}: has another name when calibrated")
    shown = made_up_presentation(seed=1)
    score = called(lambda: calibrated.score(shown), f"{test.name}: scoring when calibrated")
    missing = [name for name in TARGETS if name not in score.points]
    require(not missing, f"{test.name}: a calibrated score lacks the points {', '.join(missing)}")
    for name, point in score.points.items():
        require(
            score.value is not None and score.value >= point.high,
            f"{test.name}: the frame of a calibration must be bona fide under it, got "
            f"{score.value!r} at a threshold of {point.high} ({name})",
        )
    other = Calibration("it", test.name, f"{test.version}-other", 3, anchors)
    try:
        test.calibrated(other)
    except ModelError:
        return
    require(False, f"{test.name}: a calibration of another version must raise a ModelError")


def _anchor_of(observation: Observation) -> Anchor:
    """Return an anchor to one frame, as if it had been taken many times."""
    members = {
        name: MemberAnchor(
            centre=one.features,
            scale=np.ones(len(one.features)),
            logit=one.logit,
            logit_scale=1.0,
            distance=0.0,
            distance_scale=1.0,
            logit_weight=1.0,
            distance_weight=1.0,
        )
        for name, one in observation.members.items()
    }
    return Anchor(members, dict.fromkeys(TARGETS, -1.0))
