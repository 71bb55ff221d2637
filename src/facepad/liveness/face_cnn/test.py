"""Liveness test: do the face and its surroundings look directly captured to a network?

A backbone that was trained on ImageNet and is frozen sees the face with its surroundings (edges,
hands, bezels), pieces of the face at the picture's own resolution (texture of paper, ink and
pixels), and more for a camera that is calibrated; linear heads weigh the statistics of several
of its blocks. Masks have heads of their own, since what gives them away is another thing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from facepad.calibration.anchor import Calibration
from facepad.calibration.prior import CameraPrior, load_prior
from facepad.errors import ModelError
from facepad.faces import crops
from facepad.fusion import mean_over_frames
from facepad.liveness.face_cnn.backbone import NAME, SIDE, Backbone
from facepad.liveness.face_cnn.heads import (
    CROP,
    FIXED,
    SURROUNDED,
    FaceHeads,
    Head,
    Vector,
)
from facepad.models import store
from facepad.scores import Breakdown, sigmoid
from facepad.types import (
    Box,
    Frame,
    MemberReading,
    Observation,
    OperatingPoint,
    Presentation,
    Reason,
    RgbImage,
    Score,
)

DECISION = "decision"  # the member whose logit counts in a calibration
# What each view shows, in words.
_SHOWN: Mapping[str, str] = MappingProxyType(
    {
        crops.CONTEXT: "face and surroundings",
        crops.TIGHT: "face",
        crops.PATCH: "pieces of the face",
        crops.FRAME: "whole frame",
        DECISION: "uncalibrated score",
    }
)
# Sets of views of a picture that shows enough around the face.
_SETS = (CROP, SURROUNDED, FIXED)
_MAKE: Mapping[str, Callable[[RgbImage, Box, int], RgbImage]] = MappingProxyType(
    {crops.TIGHT: crops.tight, crops.CONTEXT: crops.context, crops.PATCH: crops.patches}
)


@dataclass(frozen=True, slots=True)
class FaceTestFactory:
    """Makes the face test with one set of listed heads; a `facepad.types.ThreadedFactory`.

    Attributes:
        name: Name of the test in the registry.
        heads: Name of the model file with its heads.
        cameras: Name of the model file with the prior over cameras of these heads.
    """

    name: str
    heads: str
    cameras: str

    def __call__(self, threads: int = 1) -> "FaceTest":
        """Load the heads and the backbone.

        Raises:
            ModelError: A model file is missing or wrong.
        """
        heads = FaceHeads.from_arrays(store.load_arrays(self.heads), f"model {self.heads!r}")
        backbone = Backbone(threads)
        return FaceTest(self.name, heads, backbone, store.version(self.heads), self.cameras)

    def with_threads(self, threads: int) -> "FaceTest":
        """Load the test for so many threads."""
        return self(threads)


# Weights from freely licensed faces and simulated attacks alone.
free = FaceTestFactory("face_cnn", "face_heads_free", "face_cameras_free")
masks = FaceTestFactory("face_mask", "mask_heads_free", "mask_cameras_free")


@dataclass(frozen=True, slots=True, eq=False)
class FaceTest:
    """Scores a face by what a network sees; frames of a clip by their mean log-likelihood ratio.

    Attributes:
        name: Name in the registry and in results.
        heads: The trained heads.
        backbone: The frozen network.
        version: Version of the heads' file.
        prior_model: Name of the model file with the prior over cameras of these heads.
        calibration: Calibration of the camera, when there is one.
    """

    by_frame: ClassVar[bool] = True  # frames of a clip may be scored one after the other
    name: str
    heads: FaceHeads
    backbone: Backbone
    version: str
    prior_model: str = ""
    calibration: Calibration | None = field(default=None)

    def __post_init__(self) -> None:
        if self.heads.backbone != self.backbone.version:
            raise ModelError(
                f"{self.version} was trained on {self.heads.backbone}, but this facepad has "
                f"{self.backbone.version}; train it again"
            )

    @property
    def anchored(self) -> bool:
        """Whether its scores are relative to the frames of one camera."""
        return self.calibration is not None

    @property
    def operating_point(self) -> OperatingPoint:
        """The balanced point of pictures that show enough around the face, or the camera's."""
        if self.calibration is not None:
            return self.calibration.operating_point
        return self.heads.operating_point

    @property
    def operating_points(self) -> Mapping[str, OperatingPoint]:
        """Operating points by name, for pictures that show enough around the face."""
        if self.calibration is not None:
            return self.calibration.operating_points
        return self.heads.points[SURROUNDED]

    @property
    def models(self) -> Mapping[str, str]:
        """Version of the heads and of the backbone."""
        return MappingProxyType({self.name: self.version, NAME: self.backbone.version})

    def prior(self) -> CameraPrior:
        """Return how bona fide faces vary in front of one camera.

        Raises:
            ModelError: There is no prior for these heads.
        """
        return load_prior(self.prior_model, self.version)

    def calibrated(self, calibration: Calibration) -> "FaceTest":
        """Return the test for the camera of a calibration.

        Raises:
            ModelError: The calibration was made with another test or other heads.
        """
        calibration.check_for(self.name, self.version)
        return replace(self, calibration=calibration)

    def score(self, presentation: Presentation) -> Score:
        """Score one presentation.

        Args:
            presentation: Frames that were searched for faces; those without one are left out.

        Returns:
            A value, higher for bona fide, with the operating points of its set of views; in
            ``details`` the raw logit, its log-likelihood ratio, each head's own logit and the set
            of views. Calibrated, value and points are those of the camera. Without a value
            when no frame has a face. Frames are combined by `facepad.fusion.mean_over_frames`.
        """
        if self.calibration is None:
            return mean_over_frames(presentation, self._score_frame)
        return mean_over_frames(presentation, partial(self._anchored_frame, self.calibration))

    def contributions(self, score: Score) -> Breakdown:
        """Return what each head added to the log-likelihood ratio of a score, by what it sees.

        Args:
            score: Of this test, with a value. Calibrated, the parts are deviations from the
                camera's frames: of the logit, and of the distance of each head's features.
        """
        details = score.details
        views = str(details.get("views") or details.get("calibrated_views"))
        found = (
            self.heads.contributions(details["heads"])
            if self.calibration is None
            else self.calibration.contributions(details)
        )
        parts = (replace(part, group=_shown(part.name, views)) for part in found.parts)
        return Breakdown(tuple(parts), found.bias)

    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        """Return the logit of the decision and the features of each head, for calibration.

        Args:
            presentation: As for `score`.

        Returns:
            By set of views: every picture as a crop; if all frames show enough around the face,
            with its surroundings; and with the whole frame, too. Or the reason why there is none.
        """
        frames = [frame for frame in presentation.frames if frame.face is not None]
        if not frames:
            return presentation.frames[0].no_face or Reason.NO_FACE
        surrounded = all(map(crops.has_context, frames))
        seen = [self._observed(frame, _SETS if surrounded else (CROP,)) for frame in frames]
        return {views: _mean([one[views] for one in seen]) for views in seen[0]}

    def _score_frame(self, frame: Frame) -> Score:
        if frame.face is None:
            return Score(None, frame.no_face or Reason.NO_FACE)
        views = SURROUNDED if crops.has_context(frame) else CROP
        readings = self._readings(frame, {views: self.heads.deciding})[views].members
        logits = {name: reading.logit for name, reading in readings.items()}
        raw = self.heads.raw(logits)
        ratio = self.heads.scaling.apply(raw)
        details = {"raw": raw, "log_likelihood_ratio": ratio, "heads": logits, "views": views}
        points = self.heads.points[views]
        return Score(sigmoid(ratio), details=MappingProxyType(details), points=points)

    def _anchored_frame(self, calibration: Calibration, frame: Frame) -> Score:
        if frame.face is None:
            return Score(None, frame.no_face or Reason.NO_FACE)
        known = calibration.anchors
        possible = _SETS if crops.has_context(frame) else (CROP,)
        views = next((one for one in reversed(possible) if one in known), CROP)
        anchored = calibration.score(self._observed(frame, (views,)))
        return Score(anchored.value, details=anchored.details, points=anchored.points)

    def _observed(self, frame: Frame, sets: Sequence[str]) -> dict[str, Observation]:
        """Return the raw logit, and the features that all heads read.

        Features of the whole frame are in its own set of views only; logits of it count always.
        """
        heads = self.heads.heads
        chosen = {
            views: [h for h in heads if h.view != crops.FRAME or h.share > 0.0 or views == FIXED]
            for views in sets
        }
        seen = self._readings(frame, chosen)
        return {views: self._decided(each, views) for views, each in seen.items()}

    def _decided(self, observation: Observation, views: str) -> Observation:
        """Return an observation whose logit is that of the decision without a calibration."""
        logits = {name: one.logit for name, one in observation.members.items()}
        kept = {
            name: one
            for name, one in observation.members.items()
            if one.group != crops.FRAME or views == FIXED
        }
        return Observation({DECISION: decision_of(self.heads.raw(logits)), **kept})

    def _readings(
        self, frame: Frame, chosen: Mapping[str, Sequence[Head]]
    ) -> dict[str, Observation]:
        """Return what heads read, by set of views; see `_view_of`."""
        wanted = {_view_of(head, views) for views, own in chosen.items() for head in own}
        seen = self._seen(frame, sorted(wanted))
        return {
            views: Observation(
                {head.name: _reading(head, seen[_view_of(head, views)][head.block]) for head in own}
            )
            for views, own in chosen.items()
        }

    def _seen(self, frame: Frame, views: Sequence[str]) -> dict[str, dict[int, Vector]]:
        """Return the statistics of the heads' blocks by view and block."""
        level = crops.levelled(frame)
        box = level.face.box if level.face else (0, 0, *level.size)
        squares = [
            crops.whole(frame.image, SIDE)
            if view == crops.FRAME
            else _MAKE[view](level.image, box, SIDE)
            for view in views
        ]
        blocks = sorted({head.block for head in self.heads.heads})
        found = self.backbone.extract(squares, blocks)
        return {
            view: {block: of_block[row] for block, of_block in zip(blocks, found, strict=True)}
            for row, view in enumerate(views)
        }


def _view_of(head: Head, views: str) -> str:
    """Return the view that a head sees: of a crop the tight one stands for its surroundings."""
    return crops.TIGHT if views == CROP and head.view == crops.CONTEXT else head.view


def _shown(part: str, views: str) -> str:
    """Return in words what a part of an explanation saw; "" where that is unknown."""
    view = part.partition(" ")[0]
    return _SHOWN.get(crops.TIGHT if views == CROP and view == crops.CONTEXT else view, "")


def _reading(head: Head, statistics: Vector) -> MemberReading:
    units = head.standardised(statistics)
    logit = float(units @ head.weights) + head.intercept
    return MemberReading(logit, units, head.view, decides=False)


def decision_of(raw: float) -> MemberReading:
    """Return the member that stands for the decision without a calibration, from a raw logit."""
    return MemberReading(raw, np.empty(0))


def _mean(observations: Sequence[Observation]) -> Observation:
    """Return the mean over frames; a single one as it is."""
    if len(observations) == 1:
        return observations[0]
    return Observation(
        {
            name: replace(
                first,
                logit=float(np.mean([one.members[name].logit for one in observations])),
                features=np.mean([one.members[name].features for one in observations], axis=0),
            )
            for name, first in observations[0].members.items()
        }
    )
