"""Liveness test: is the picture of the quality that a first-hand picture of a face has?

The 25 metrics of the face, or of the whole picture, through a linear classifier, as in
Galbally, Marcel, Fierrez (2014), doi:10.1109/TIP.2013.2292332, and the thesis's W-IQA.
Pictures are brought to one canonical size before they are measured, and never enlarged,
since a finer picture is another population for every one of these metrics.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from facepad import media, quality, settings
from facepad.errors import ModelError
from facepad.faces.crops import square
from facepad.fusion import mean_over_frames
from facepad.liveness.quality.classifier import QualityClassifier, Vector
from facepad.models import store
from facepad.models.index import digest
from facepad.models.npz import METRICS_VERSION
from facepad.types import Frame, OperatingPoint, Presentation, Reason, RgbImage, Score

MIN_SIDE = 64  # of a whole picture, pixels; below it there is too little to measure

# For people: what the metrics look at.
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "fine detail": (
            *("mse", "psnr", "snr", "sc", "md", "ad"),
            *("nae", "ramd", "lmse", "nxc", "mas", "mams"),
        ),
        "edges and corners": ("ted", "tcd", "gme", "gpe"),
        "spectrum": ("sme", "spe", "hlfi"),
        "structure": ("ssim", "vif", "rred"),
        "naturalness and compression": ("jqi", "biqi", "niqe"),
    }
)


def face_crop() -> "QualityTest":
    """The face with a margin; or the user's own model, when the setting names one."""
    own = settings.value("quality_model")
    return from_file(own) if own else _packaged("quality", "quality_free")


def face_crop_research() -> "QualityTest":
    """The same by weights that learned from research data too; for research only."""
    return _packaged("quality_research", "quality_research")


def whole_picture() -> "QualityTest":
    """The whole picture, as in the thesis; needs no face."""
    return _packaged("quality_whole", "quality_whole_free")


def whole_picture_research() -> "QualityTest":
    """The same by weights that learned from research data too; for research only."""
    return _packaged("quality_whole_research", "quality_whole_research")


def from_file(path: str) -> "QualityTest":
    """A test with the model in a file that `facepad train quality` wrote.

    Raises:
        ModelError: The file is missing, damaged or does not fit this version.
    """
    file = Path(path).expanduser()
    model = QualityClassifier.from_arrays(store.read_arrays(file), str(file))
    return QualityTest("quality", model, f"{file.stem}+{digest(file.read_bytes())[:8]}")


def _packaged(name: str, file: str) -> "QualityTest":
    model = QualityClassifier.from_arrays(store.load_arrays(file), f"model {file!r}")
    return QualityTest(name, model, store.version(file))


def view(frame: Frame, margin: float, side: int) -> RgbImage | Reason:
    """The part of a frame that is measured, at its canonical size.

    Args:
        frame: With its face, unless ``margin`` is 0.
        margin: Side of the square relative to the face's box; 0 for the whole picture.
        side: Pixels that the box (or the whole picture) is brought down to.

    Returns:
        The part, at most ``margin * side`` pixels (``side`` if whole) along its longer
        side and nothing of it invented; or the reason why there is none.
    """
    if margin == 0.0:
        if min(frame.size) < MIN_SIDE:
            return Reason.PICTURE_TOO_SMALL
        return media.to_long_side(frame.image, side)
    if frame.face is None:
        return frame.no_face or Reason.NO_FACE
    left, top, length = square(frame.image, frame.face.box, margin)
    part = frame.image[max(top, 0) : top + length, max(left, 0) : left + length]
    return media.to_long_side(part, max(1, round(max(part.shape[:2]) * _shrink(frame, side))))


def _shrink(frame: Frame, side: int) -> float:
    left, top, right, bottom = frame.face.box if frame.face else (0, 0, *frame.size)
    return min(1.0, side / max(right - left, bottom - top))


@dataclass(frozen=True, slots=True, eq=False)
class QualityTest:
    """Scores the quality of the picture; frames of a clip by their mean log-likelihood ratio.

    Attributes:
        name: Name in the registry and in results.
        classifier: What was learned.
        version: Of the model file.
    """

    name: str
    classifier: QualityClassifier
    version: str

    def __post_init__(self) -> None:
        expected = versions()
        for name, version in self.classifier.depends.items():
            if expected.get(name) != version:
                raise ModelError(
                    f"{self.version} was trained on {name} {version}, but this facepad has "
                    f"{expected.get(name)}; train it again"
                )
        if self.classifier.names != quality.METRICS:
            raise ModelError(f"{self.version} has other metrics than this facepad; train it again")

    @property
    def operating_point(self) -> OperatingPoint:
        """Threshold and band from the dev part."""
        return self.classifier.operating_point

    @property
    def models(self) -> Mapping[str, str]:
        """Version of the classifier and of the models that its metrics use."""
        used = {name: v for name, v in self.classifier.depends.items() if name != "metrics"}
        return MappingProxyType({self.name: self.version, **used})

    def score(self, presentation: Presentation) -> Score:
        """Score one presentation.

        Args:
            presentation: Frames that were searched for faces; those without one are left
                out, unless the test judges whole pictures.

        Returns:
            A value, higher for bona fide, with the metrics, the raw value and the distance to
            the training pictures in ``details``. With reason ``unfamiliar_camera`` when that
            distance is beyond what was learned (in more than half of the judged frames): the
            value must not decide then. Without a value when no frame could be judged. Frames
            are combined by `facepad.fusion.mean_over_frames`.
        """
        return mean_over_frames(presentation, self._score_frame)

    def _score_frame(self, frame: Frame) -> Score:
        part = view(frame, self.classifier.margin, self.classifier.side)
        if isinstance(part, Reason):
            return Score(None, part)
        metrics = quality.measure(part)
        vector = self._standardised(metrics)
        raw, distance = self.classifier.raw(vector), self.classifier.distance(vector)
        return Score(
            self.classifier.score(raw),
            Reason.UNFAMILIAR_CAMERA if distance > self.classifier.limit else None,
            MappingProxyType(_details(self.classifier, raw, distance, part, metrics)),
        )

    def explain(self, presentation: Presentation) -> Mapping[str, float]:
        """How much each group of metrics moved the score of the first frame with one.

        Returns:
            By group, the score minus what it would be with that group at its training
            mean: positive when the group speaks for bona fide. Empty without a score.
        """
        for frame in presentation.frames:
            part = view(frame, self.classifier.margin, self.classifier.side)
            if not isinstance(part, Reason):
                vector = self._standardised(quality.measure(part))
                return {group: self._moved(vector, names) for group, names in GROUPS.items()}
        return {}

    def _standardised(self, metrics: Mapping[str, float]) -> Vector:
        return self.classifier.standardised(np.array(list(metrics.values())))

    def _moved(self, vector: Vector, names: tuple[str, ...]) -> float:
        without = np.where(np.isin(self.classifier.names, names), 0.0, vector)
        model = self.classifier
        return model.score(model.raw(vector)) - model.score(model.raw(without))


def versions() -> dict[str, str]:
    """What a classifier of metrics depends on: their definitions and their own models."""
    own = {name: store.version(name) for name in ("biqi", "niqe")}
    return {"metrics": str(METRICS_VERSION), **own}


def _details(
    model: QualityClassifier,
    raw: float,
    distance: float,
    part: RgbImage,
    metrics: Mapping[str, float],
) -> dict[str, Any]:
    height, width = part.shape[:2]
    return {
        "raw": raw,
        "distance": distance,
        "distance_limit": model.limit,
        "measured_size": [width, height],
        "metrics": dict(metrics),
    }
