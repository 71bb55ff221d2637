"""Liveness test: does the face, and what is around it, look first-hand to a trained network?

A trunk that was trained on ImageNet and is frozen sees a tight crop (texture of paper, ink
and pixels) and one with context (edges, hands, bezels); linear heads weigh the statistics of
several of its blocks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from facepad.errors import ModelError
from facepad.faces import views
from facepad.models import store
from facepad.models.face_heads import FaceHeads, share
from facepad.models.trunk import NAME, SIDE, Trunk
from facepad.types import Frame, OperatingPoint, Presentation, Reason, Score


def free(threads: int = 1) -> "FaceTest":
    """Heads that learned from freely licensed faces and simulated attacks alone."""
    return _packaged("face_cnn", "face_heads_free", threads)


def research(threads: int = 1) -> "FaceTest":
    """Heads that learned from research data too; for research only."""
    return _packaged("face_cnn_research", "face_heads_research", threads)


def _packaged(name: str, file: str, threads: int) -> "FaceTest":
    heads = FaceHeads.from_arrays(store.load_arrays(file), f"model {file!r}")
    return FaceTest(name, heads, Trunk(threads), store.version(file))


@dataclass(frozen=True, slots=True, eq=False)
class FaceTest:
    """Scores a face by what a network sees; the frames of a clip are averaged before scaling.

    Attributes:
        name: Name in the registry and in results.
        heads: What was learned.
        trunk: The frozen network.
        version: Of the heads' file.
    """

    name: str
    heads: FaceHeads
    trunk: Trunk
    version: str

    def __post_init__(self) -> None:
        if self.heads.trunk != self.trunk.version:
            raise ModelError(
                f"{self.version} was trained on {self.heads.trunk}, but this facepad has "
                f"{self.trunk.version}; train it again"
            )

    @property
    def operating_point(self) -> OperatingPoint:
        """Threshold and band from dev data and domains left out."""
        return self.heads.operating_point

    @property
    def models(self) -> Mapping[str, str]:
        """Version of the heads and of the trunk."""
        return MappingProxyType({self.name: self.version, NAME: self.trunk.version})

    def score(self, presentation: Presentation) -> Score:
        """Score one presentation.

        Args:
            presentation: Frames that were searched for faces; those without one are left out.

        Returns:
            A value, higher for bona fide, with the raw logit, its log-likelihood ratio, each
            head's own logit and the views that were seen in ``details``. The context counts
            only where every judged frame has some. Without a value when no frame has a face.
        """
        judged = [frame for frame in presentation.frames if frame.face is not None]
        if not judged:
            return Score(None, presentation.frames[0].no_face or Reason.NO_FACE)
        seen = _views(self.heads, judged)
        logits = [self._logits(frame, seen) for frame in judged]
        mean = {name: float(np.mean([one[name] for one in logits])) for name in logits[0]}
        raw = float(np.mean(list(mean.values())))
        ratio = self.heads.scaling(seen).ratio(raw)
        details = {"raw": raw, "log_likelihood_ratio": ratio, "heads": mean, "views": list(seen)}
        return Score(share(ratio), details=MappingProxyType(details))

    def _logits(self, frame: Frame, seen: tuple[str, ...]) -> dict[str, float]:
        box = frame.face.box if frame.face else (0, 0, *frame.size)
        make = {views.TIGHT: views.tight, views.CONTEXT: views.context}
        crops = [make[view](frame.image, box, SIDE) for view in seen]
        blocks = self.heads.blocks
        found = dict(zip(blocks, self.trunk.see(crops, blocks), strict=True))
        return {
            head.name: float(head.logits(found[head.block][seen.index(head.view)]))
            for head in self.heads.heads
            if head.view in seen
        }


def _views(heads: FaceHeads, frames: list[Frame]) -> tuple[str, ...]:
    wanted = {head.view for head in heads.heads}
    if views.CONTEXT in wanted and all(views.has_context(frame) for frame in frames):
        return (views.TIGHT, views.CONTEXT)
    return (views.TIGHT,)
