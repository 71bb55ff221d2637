"""Liveness test: does the picture have the image quality of a directly captured face?

The metrics of the face, or of the whole picture, through a linear classifier, as in
Galbally, Marcel, Fierrez (2014), doi:10.1109/TIP.2013.2292332, and the thesis's W-IQA.
Pictures are brought to one canonical size before they are measured, and never enlarged,
since a finer picture is another population for every one of these metrics.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from facepad import registry, settings
from facepad.calibration import Calibration, CameraPrior
from facepad.calibration.prior import load_prior
from facepad.errors import ModelError
from facepad.faces.crops import levelled, square
from facepad.fusion import mean_over_frames
from facepad.liveness.quality.classifier import QualityClassifier, Vector, metric_key
from facepad.media.resize import to_long_side
from facepad.models import store
from facepad.models.index import digest
from facepad.quality.vector import METRICS, measure
from facepad.scores import Breakdown, Contribution
from facepad.types import (
    Frame,
    MemberReading,
    Observation,
    OperatingPoint,
    Presentation,
    Reason,
    RgbImage,
    Score,
)

FACE, WHOLE = "face", "whole"  # sets of views
ALL_METRICS = "all metrics"  # the member beside the groups of metrics
MIN_SIDE = 64  # of a whole picture, pixels; below it there is too little to measure


def face_crop() -> "QualityTest":
    """Return the test of the face with a margin, or the user's own model if a setting names it."""
    own = settings.value("quality_model")
    return from_file(own) if own else packaged("quality", "quality_free")


def whole_picture() -> "QualityTest":
    """Return the test of the whole picture, as in the thesis; needs no face."""
    return packaged("quality_whole", "quality_whole_free")


def from_file(path: str) -> "QualityTest":
    """Return a test with the model in a file that `facepad train quality` wrote.

    Raises:
        ModelError: The file is missing, damaged or does not fit this version.
        SettingsError: The path begins with ``~``, and this user has no home folder.
    """
    file = settings.expanded(path, "FACEPAD_QUALITY_MODEL")
    model = QualityClassifier.from_arrays(store.read_arrays(file), str(file))
    return QualityTest("quality", model, f"{file.stem}+{digest(file.read_bytes())[:8]}")


def packaged(name: str, file: str) -> "QualityTest":
    """Return a test with the weights of a listed model.

    Args:
        name: Name of the test in the registry.
        file: Name of the model, of facepad or of another distribution.

    Raises:
        ModelError: No such model, or its file is missing, wrong or does not fit this version.
    """
    model = QualityClassifier.from_arrays(store.load_arrays(file), f"model {file!r}")
    stem, _, licence = file.rpartition("_")
    return QualityTest(name, model, store.version(file), f"{stem}_cameras_{licence}")


def view(frame: Frame, margin: float, side: int) -> RgbImage | Reason:
    """Return the part of a frame that is measured, at its canonical size.

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
        return to_long_side(frame.image, side)
    frame = levelled(frame)
    if frame.face is None:
        return frame.no_face or Reason.NO_FACE
    left, top, right, bottom = frame.face.box
    x, y, length = square(frame.image, frame.face.box, margin)
    part = frame.image[max(y, 0) : y + length, max(x, 0) : x + length]
    shrink = min(1.0, side / max(right - left, bottom - top))
    return to_long_side(part, max(1, round(max(part.shape[:2]) * shrink)))


@dataclass(frozen=True, slots=True, eq=False)
class QualityTest:
    """Scores the quality of the picture; frames of a clip by their mean log-likelihood ratio.

    Attributes:
        name: Name in the registry and in results.
        classifier: The trained classifier.
        version: Version of the model file.
        prior_model: Name of the model file with the prior over cameras of this classifier.
        calibration: Calibration of the camera, when there is one.
    """

    by_frame: ClassVar[bool] = True  # frames of a clip may be scored one after the other
    name: str
    classifier: QualityClassifier
    version: str
    prior_model: str = ""
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        names = self.classifier.names
        known = METRICS
        if not set(names) <= set(known):  # looking for plug-ins takes milliseconds
            known = registry.names("metrics")
        if missing := [name for name in names if name not in known]:
            raise ModelError(
                f"{self.version} needs the metrics {', '.join(missing)}, which are not here; "
                "install the package that has them, or train it again"
            )
        expected = versions(names)
        for name, version in self.classifier.depends.items():
            if expected.get(name) != version:
                raise ModelError(
                    f"{self.version} was trained on {name} {version}, but this facepad has "
                    f"{expected.get(name)}; train it again"
                )

    @property
    def operating_point(self) -> OperatingPoint:
        """Threshold and band from the dev part, or from the calibration."""
        if self.calibration is not None:
            return self.calibration.operating_point
        return self.classifier.operating_point

    @property
    def operating_points(self) -> Mapping[str, OperatingPoint]:
        """Operating points by name from the calibration; none without one."""
        return self.calibration.operating_points if self.calibration else MappingProxyType({})

    @property
    def anchored(self) -> bool:
        """Whether it is calibrated to a camera."""
        return self.calibration is not None

    @property
    def models(self) -> Mapping[str, str]:
        """Version of the classifier and of the models that its metrics use."""
        return MappingProxyType({self.name: self.version, **self.classifier.models})

    def prior(self) -> CameraPrior:
        """Return how bona fide faces vary in front of one camera.

        Raises:
            ModelError: There is no prior for this classifier.
        """
        return load_prior(self.prior_model, self.version)

    def calibrated(self, calibration: Calibration) -> "QualityTest":
        """Return the test for the camera of a calibration.

        Raises:
            ModelError: The calibration was made with another test or other weights.
        """
        calibration.check_for(self.name, self.version)
        return replace(self, calibration=calibration)

    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        """Return the raw value and the standardised metrics by group, for calibration.

        Args:
            presentation: As for `score`.

        Returns:
            The observation of the face, or of the whole picture; its members are the groups of
            metrics and all metrics together, as means over the frames that could be judged. Or
            the reason why there is none.
        """
        margin, side = self.classifier.margin, self.classifier.side
        parts = [view(frame, margin, side) for frame in presentation.frames]
        seen = [part for part in parts if not isinstance(part, Reason)]
        if not seen:
            return next(part for part in parts if isinstance(part, Reason))
        vectors = [self._standardised(self._measure(part)) for part in seen]
        return self._observed(np.mean(vectors, axis=0))

    def score(self, presentation: Presentation) -> Score:
        """Score one presentation.

        Args:
            presentation: Frames that were searched for faces; those without one are left
                out, unless the test judges whole pictures.

        Returns:
            A value, higher for bona fide, with the metrics, the raw value and the distance to
            the training pictures in ``details``. With reason ``unfamiliar_camera`` when that
            distance is beyond what was learned (in more than half of the judged frames): the
            value must not decide then. Calibrated, the value, its details and its operating
            points are relative to the frames of the camera, and no camera is unfamiliar.
            Without a value when no frame could be judged. Frames are combined by
            `facepad.fusion.mean_over_frames`.
        """
        return mean_over_frames(presentation, self._score_frame)

    def _score_frame(self, frame: Frame) -> Score:
        part = view(frame, self.classifier.margin, self.classifier.side)
        if isinstance(part, Reason):
            return Score(None, part)
        metrics = self._measure(part)
        vector = self._standardised(metrics)
        raw, distance = self.classifier.raw(vector), self.classifier.distance(vector)
        details = _details(self.classifier, raw, distance, part, metrics)
        if self.calibration is not None:
            found = self.calibration.score(self._observed(vector))
            details = {**details, **found.details}
            return Score(found.value, None, MappingProxyType(details), points=found.points)
        reason = Reason.UNFAMILIAR_CAMERA if distance > self.classifier.limit else None
        return Score(self.classifier.score(raw), reason, MappingProxyType(details))

    def explain(self, presentation: Presentation) -> Mapping[str, float]:
        """Return how much each group of metrics changed the score of the first frame with a score.

        Returns:
            By group, the score minus what it would be with that group at its training
            mean: positive when the group speaks for bona fide. Empty without a score.
        """
        for frame in presentation.frames:
            part = view(frame, self.classifier.margin, self.classifier.side)
            if not isinstance(part, Reason):
                vector = self._standardised(self._measure(part))
                return {group: self._moved(vector, names) for group, names in self._groups()}
        return {}

    def contributions(self, score: Score) -> Breakdown:
        """Return what each group of metrics added to the log-likelihood ratio of a score.

        A group adds the ratio minus that with the group at its training mean. For a linear
        classifier the groups add up; for any other one, what they change together is a part of
        its own. Calibrated, the parts are deviations from the camera's frames.
        """
        if self.calibration is not None:
            return self.calibration.contributions(score.details)
        model, details = self.classifier, score.details
        vector = self._standardised(details["metrics"])
        raw = model.raw(vector)
        parts = tuple(
            Contribution(group, model.slope * (raw - model.raw(self._without(vector, names))))
            for group, names in self._groups()
        )
        neutral = Breakdown(parts, model.ratio(model.raw(np.zeros_like(vector))))
        return neutral.adding_up_to(model.ratio(details["raw"]), "groups together")

    def _measure(self, part: RgbImage) -> dict[str, float]:
        return measure(part, names=self.classifier.names)

    def _standardised(self, metrics: Mapping[str, float]) -> Vector:
        return self.classifier.standardised(
            np.array([metrics[name] for name in self.classifier.names])
        )

    def _observed(self, vector: Vector) -> Mapping[str, Observation]:
        """Return what each group says alone, with all other metrics at their training mean."""
        members = {}
        for group, names in (*self._groups(), (ALL_METRICS, self.classifier.names)):
            own = np.isin(self.classifier.names, names)
            raw = self.classifier.raw(np.where(own, vector, 0.0))
            members[group] = MemberReading(raw, vector[own], decides=group == ALL_METRICS)
        return {FACE if self.classifier.margin else WHOLE: Observation(members)}

    def _groups(self) -> Iterable[tuple[str, Sequence[str]]]:
        groups: dict[str, list[str]] = {}
        for name in self.classifier.names:
            groups.setdefault(registry.metric_entry(name).group, []).append(name)
        return groups.items()

    def _moved(self, vector: Vector, names: Sequence[str]) -> float:
        model = self.classifier
        without = model.raw(self._without(vector, names))
        return model.score(model.raw(vector)) - model.score(without)

    def _without(self, vector: Vector, names: Sequence[str]) -> Vector:
        """Return the vector with some metrics at their training mean."""
        return np.where(np.isin(self.classifier.names, names), 0.0, vector)


def versions(names: Iterable[str] = METRICS) -> dict[str, str]:
    """Return what a classifier depends on: the versions of its metrics and of their own models.

    Args:
        names: Metrics of the classifier.

    Raises:
        ModelError: The model of a metric is not in the list of models.
        SettingsError: A metric is unknown.
    """
    entries = {name: registry.metric_entry(name) for name in names}
    own = {model: store.version(model) for entry in entries.values() for model in entry.models}
    return {metric_key(name): str(entry.version) for name, entry in entries.items()} | own


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
