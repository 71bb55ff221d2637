"""Liveness test: do the face and its surroundings look directly captured to a network?

A backbone that was trained on ImageNet and is frozen sees a tight crop (texture of paper, ink
and pixels) and one with context (edges, hands, bezels); linear heads weigh the statistics of
several of its blocks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from facepad.calibration.anchor import Calibration, Vector
from facepad.calibration.prior import CameraPrior
from facepad.errors import ModelError
from facepad.faces import crops
from facepad.fusion import mean_over_frames
from facepad.liveness.face_cnn.backbone import NAME, SIDE, Backbone
from facepad.liveness.face_cnn.heads import FaceHeads, Head
from facepad.models import store
from facepad.scores import sigmoid
from facepad.types import Frame, Observation, OperatingPoint, Presentation, Reason, Score


@dataclass(frozen=True, slots=True)
class FaceTestFactory:
    """Makes the face test with one set of listed heads; a `facepad.types.ThreadedFactory`.

    Attributes:
        name: Name of the test in the registry.
        kind: Which weights: of ``face_heads_KIND`` and ``face_cameras_KIND``.
    """

    name: str
    kind: str

    def __call__(self, threads: int = 1) -> "FaceTest":
        """Load the heads and the backbone.

        Raises:
            ModelError: A model file is missing or wrong.
        """
        file = f"face_heads_{self.kind}"
        heads = FaceHeads.from_arrays(store.load_arrays(file), f"model {file!r}")
        backbone = Backbone(threads)
        return FaceTest(
            self.name, heads, backbone, store.version(file), f"face_cameras_{self.kind}"
        )

    def with_threads(self, threads: int) -> "FaceTest":
        """Load the test for so many threads."""
        return self(threads)


free = FaceTestFactory("face_cnn", "free")  # freely licensed faces and simulated attacks alone


@dataclass(frozen=True, slots=True, eq=False)
class HeadOutputs:
    """Outputs of the heads on one presentation, before any scaling.

    Attributes:
        logits: Logit of each head, the mean over frames with a face.
        features: Standardised statistics of these heads side by side, likewise; shape (F,).
        views: The views that the presentation shows.
    """

    logits: Mapping[str, float]
    features: Vector
    views: tuple[str, ...]

    @property
    def raw(self) -> float:
        """The raw logit: the mean of the heads."""
        return float(np.mean(list(self.logits.values())))


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
    def operating_point(self) -> OperatingPoint:
        """Threshold and band from dev data and sources left out; or from the calibration."""
        if self.calibration is not None:
            return OperatingPoint.at(sigmoid(0.0), f"calibration {self.calibration.name}")
        return self.heads.operating_point

    @property
    def models(self) -> Mapping[str, str]:
        """Version of the heads and of the backbone."""
        return MappingProxyType({self.name: self.version, NAME: self.backbone.version})

    def prior(self) -> CameraPrior:
        """Return how bona fide faces vary in front of one camera.

        Raises:
            ModelError: There is no prior for these heads.
        """
        if self.prior_model:
            source = f"model {self.prior_model!r}"
            prior = CameraPrior.from_arrays(store.load_arrays(self.prior_model), source)
            if prior.version == self.version:
                return prior
        raise ModelError(
            f"{self.version} has no prior over cameras to calibrate with; estimate it with "
            "`facepad train cameras`"
        )

    def calibrated(self, calibration: Calibration) -> "FaceTest":
        """Return the test for the camera of a calibration.

        Raises:
            ModelError: The calibration was made with another test or other heads.
        """
        if (calibration.test, calibration.version) != (self.name, self.version):
            raise ModelError(
                f"calibration {calibration.name!r} was made with {calibration.test} "
                f"{calibration.version}, but this is {self.name} {self.version}; "
                "calibrate the camera again"
            )
        return replace(self, calibration=calibration)

    def score(self, presentation: Presentation) -> Score:
        """Score one presentation.

        Args:
            presentation: Frames that were searched for faces; those without one are left out.

        Returns:
            A value, higher for bona fide, with the raw logit, its log-likelihood ratio, each
            head's own logit and the views that were seen in ``details``; calibrated, with the
            deviations above the camera's threshold, too, and the value is that of the ratio
            above the threshold's, so that all views share one threshold. Without a value
            when no frame has a face. Frames are combined by `facepad.fusion.mean_over_frames`.
        """
        return mean_over_frames(presentation, self._score_frame)

    def _score_frame(self, frame: Frame) -> Score:
        outputs = self._outputs(Presentation((frame,)))
        if isinstance(outputs, Reason):
            return Score(None, outputs)
        value, numbers = self._scaled(outputs)
        details = {
            "raw": outputs.raw,
            **numbers,
            "heads": dict(outputs.logits),
            "views": list(outputs.views),
        }
        return Score(sigmoid(value), details=MappingProxyType(details))

    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        """Return raw logit and features, for calibration.

        Args:
            presentation: As for `score`.

        Returns:
            The observation of the tight view and, if the heads use the context and all frames
            show it, of both views; or the reason why there is none.
        """
        outputs = self._outputs(presentation)
        if isinstance(outputs, Reason):
            return outputs
        observations = {crops.TIGHT: self._tight_part(outputs)}
        if len(outputs.views) > 1:
            observations["+".join(outputs.views)] = Observation(outputs.raw, outputs.features)
        return observations

    def _outputs(self, presentation: Presentation) -> HeadOutputs | Reason:
        frames = [frame for frame in presentation.frames if frame.face is not None]
        if not frames:
            return presentation.frames[0].no_face or Reason.NO_FACE
        views = _views(self.heads, frames)
        heads = [head for head in self.heads.heads if head.view in views]
        units = [self._standardised(frame, views, heads) for frame in frames]
        mean = [np.mean(of_head, axis=0) for of_head in zip(*units, strict=True)]
        logits = {
            head.name: float(unit @ head.weights) + head.intercept
            for head, unit in zip(heads, mean, strict=True)
        }
        return HeadOutputs(MappingProxyType(logits), np.concatenate(mean), views)

    def _standardised(
        self, frame: Frame, views: tuple[str, ...], heads: Sequence[Head]
    ) -> list[Vector]:
        level = crops.levelled(frame)
        box = level.face.box if level.face else (0, 0, *level.size)
        make = {crops.TIGHT: crops.tight, crops.CONTEXT: crops.context}
        squares = [make[view](level.image, box, SIDE) for view in views]
        blocks = self.heads.blocks
        features = dict(zip(blocks, self.backbone.extract(squares, blocks), strict=True))
        return [head.standardised(features[head.block][views.index(head.view)]) for head in heads]

    def _scaled(self, outputs: HeadOutputs) -> tuple[float, dict[str, float]]:
        """Return the logit of the score, and numbers for its details."""
        if self.calibration is None:
            ratio = self.heads.scaling(outputs.views).apply(outputs.raw)
            return ratio, {"log_likelihood_ratio": ratio}
        anchor = self.calibration.anchors.get("+".join(outputs.views))
        if anchor is not None:
            score = anchor.anchored(outputs.raw, outputs.features)
        else:  # the calibration frames had no context, so there is nothing to compare it with
            anchor = self.calibration.anchors[crops.TIGHT]
            tight = self._tight_part(outputs)
            score = anchor.anchored(tight.raw, tight.features)
        return anchor.margin(score), {
            "log_likelihood_ratio": anchor.ratio(score),
            "deviations": score - anchor.threshold,
        }

    def _tight_part(self, outputs: HeadOutputs) -> Observation:
        heads = [head for head in self.heads.heads if head.view in outputs.views]
        raw = [outputs.logits[head.name] for head in heads if head.view == crops.TIGHT]
        kept, start = [], 0
        for head in heads:
            part = outputs.features[start : start + len(head.mean)]
            start += len(head.mean)
            if head.view == crops.TIGHT:
                kept.append(part)
        return Observation(float(np.mean(raw)), np.concatenate(kept))


def _views(heads: FaceHeads, frames: Sequence[Frame]) -> tuple[str, ...]:
    wanted = {head.view for head in heads.heads}
    if crops.CONTEXT in wanted and all(crops.has_context(frame) for frame in frames):
        return (crops.TIGHT, crops.CONTEXT)
    return (crops.TIGHT,)
