"""Liveness test: score a face by a network of the user's own.

Such networks rank well, and their thresholds do not hold in front of other cameras. Without a
threshold or a scaling in its description, the score of a network is shown but does not decide; it
decides once the camera is calibrated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from facepad.calibration.anchor import PEOPLE, WHOLE_FRAME, Calibration
from facepad.calibration.prior import CameraPrior, MemberPrior, ViewPrior
from facepad.errors import ModelError
from facepad.faces import crops
from facepad.fusion import mean_over_frames
from facepad.liveness.network.description import BALANCED, NetworkDescription, read_description
from facepad.liveness.network.model import DescribedNetwork, Vector
from facepad.models import store
from facepad.registry import DESCRIPTION, NETWORK
from facepad.scores import AffineScaling, sigmoid
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

DECISION, FEATURES = "decision", "features"  # members of an observation
CROP = "crop"  # the set of views; with the whole frame where that is what the network sees
SCENE = f"{CROP}+{WHOLE_FRAME}"
# Every score is uncertain where nothing is known of the scale.
UNDECIDED = OperatingPoint("no threshold", 0.5, 0.0, 1.0)
_SHOWN = 8  # numbers of an output in the details of a score
# Without a prior, two deviations below the mean of the frames count as a ratio of 1.
_SLOPE, _BIAS = 1.0, 2.0


@dataclass(frozen=True, slots=True)
class NetworkFactory:
    """Makes the test of one description; a `facepad.types.ThreadedFactory`.

    Attributes:
        file: The description.
    """

    file: Path

    def __call__(self, threads: int = 1) -> "NetworkTest":
        """Read the description and load the network.

        Raises:
            SettingsError: The description is missing or cannot be used.
            ModelError: The network is missing or wrong, or does not fit the description.
        """
        return NetworkTest(DescribedNetwork(read_description(self.file), threads))

    def with_threads(self, threads: int) -> "NetworkTest":
        """Load the test for so many threads."""
        return self(threads)


@dataclass(frozen=True, slots=True, eq=False)
class NetworkTest:
    """Scores a face by a network; frames of a clip by their mean log-likelihood ratio.

    Attributes:
        network: The loaded network.
        calibration: Calibration of the camera, when there is one.
    """

    by_frame: ClassVar[bool] = True  # frames of a clip may be scored one after the other
    network: DescribedNetwork
    calibration: Calibration | None = field(default=None)

    @property
    def description(self) -> NetworkDescription:
        """The description of the network."""
        return self.network.description

    @property
    def name(self) -> str:
        """Name in results: "network:my" for the description my.toml."""
        return f"{NETWORK}{self.description.file.stem}"

    @property
    def version(self) -> str:
        """Name and hashes of the network and of its description."""
        return self.description.version

    @property
    def licence(self) -> str:
        """Licence of the network, as the description states it; "" where it does not."""
        return self.description.licence

    @property
    def anchored(self) -> bool:
        """Whether its scores are relative to the frames of one camera."""
        return self.calibration is not None

    @property
    def operating_point(self) -> OperatingPoint:
        """The point of the camera or of the description; else one that leaves all uncertain."""
        if self.calibration is not None:
            return self.calibration.operating_point
        return self.description.point or UNDECIDED

    @property
    def operating_points(self) -> Mapping[str, OperatingPoint]:
        """Operating points by name; none without a threshold."""
        if self.calibration is not None:
            return self.calibration.operating_points
        own = self.description.point
        return MappingProxyType({} if own is None else {BALANCED: own})

    @property
    def models(self) -> Mapping[str, str]:
        """Version of the network, and scaling and threshold where it has them."""
        decision = self.description.decision
        own = {f"{self.name} decision": decision} if decision else {}
        return MappingProxyType({self.name: self.version, **own})

    @property
    def prior_model(self) -> str:
        """Name of the file with its prior over cameras, beside the description."""
        return f"{self.description.file.stem}_cameras"

    def prior(self) -> CameraPrior:
        """Return how bona fide faces vary in front of one camera.

        Without a file beside the description nothing is known of that: a prior that counts
        nothing, and compares no features.

        Raises:
            ModelError: The file is damaged, or was made for another version.
        """
        file = self.description.file.with_name(f"{self.prior_model}.npz")
        if not file.is_file():
            return self._no_prior()
        prior = CameraPrior.from_arrays(store.read_arrays(file), str(file))
        if prior.version != self.version:
            raise ModelError(
                f"{file} was made for {prior.version}, but this is {self.version}; remove it, or "
                "make it again with `facepad train cameras --simulated DIR --test "
                f"{NETWORK}{self.description.file.stem}{DESCRIPTION} --out FOLDER`"
            )
        return prior

    def calibrated(self, calibration: Calibration) -> "NetworkTest":
        """Return the test for the camera of a calibration.

        Raises:
            ModelError: The calibration was made with another network or description.
        """
        calibration.check_for(self.name, self.version)
        return replace(self, calibration=calibration)

    def score(self, presentation: Presentation) -> Score:
        """Score one presentation.

        Args:
            presentation: Frames that were searched for faces; those without one are left out.

        Returns:
            A value, higher for bona fide; in ``details`` the raw logit, its log-likelihood ratio
            and the network's numbers. Without a threshold, a scaling and a calibration the value
            has the reason ``no_threshold``. Where the picture shows too little of what the network
            looks at, the value has the reason ``no_context``. Without a value when no frame has a
            face.

        Raises:
            ModelError: The network does not give what its description says.
        """
        if self.calibration is None:
            return mean_over_frames(presentation, self._score_frame)
        return mean_over_frames(presentation, partial(self._anchored_frame, self.calibration))

    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        """Return the raw logit and the features, for calibration.

        Args:
            presentation: As for `score`.

        Returns:
            By set of views. Features of the whole frame are in a set of their own, for cameras
            that never move. Or the reason why there is none: also where a picture shows too
            little of what the network looks at, since such scores do not decide.

        Raises:
            ModelError: As `score`.
        """
        frames = [frame for frame in presentation.frames if frame.face is not None]
        if not frames:
            return presentation.frames[0].no_face or Reason.NO_FACE
        return next(filter(None, map(self._context, frames)), None) or self._observed(frames)

    def _observed(self, frames: Sequence[Frame]) -> Mapping[str, Observation]:
        seen = [self._read(frame) for frame in frames]
        logit = float(np.mean([raw for raw, _ in seen]))
        decision = {DECISION: MemberReading(logit, np.empty(0))}
        if not self.description.output.features:
            return {CROP: Observation(decision)}
        features = np.mean([one for _, one in seen], axis=0)
        member = MemberReading(logit, features, FEATURES, decides=False)
        whole = Observation({**decision, FEATURES: member})
        if self.description.input.crop:
            return {CROP: whole}
        return {CROP: Observation(decision), SCENE: whole}

    def _score_frame(self, frame: Frame) -> Score:
        if frame.face is None:
            return Score(None, frame.no_face or Reason.NO_FACE)
        reading = self.network.read(view_of(frame, self.description))
        raw = self.network.raw(reading)
        scaling = self.description.scaling or AffineScaling(1.0, 0.0)
        ratio = scaling.apply(raw)
        shown = [round(float(one), 6) for one in reading.values[:_SHOWN]]
        details = {"raw": raw, "log_likelihood_ratio": ratio, "output": shown}
        reason = self._context(frame) or (
            Reason.NO_THRESHOLD if self.description.point is None else None
        )
        points = MappingProxyType({BALANCED: self.operating_point})
        return Score(sigmoid(ratio), reason, MappingProxyType(details), points=points)

    def _anchored_frame(self, calibration: Calibration, frame: Frame) -> Score:
        if frame.face is None:
            return Score(None, frame.no_face or Reason.NO_FACE)
        found = calibration.score(self._observed([frame]))
        return Score(found.value, self._context(frame), found.details, points=found.points)

    def _context(self, frame: Frame) -> Reason | None:
        """Return the reason when most of what the network looks at is beyond the picture."""
        covered = coverage(frame, self.description)
        return None if covered >= crops.LEAST_CONTEXT else Reason.NO_CONTEXT

    def _read(self, frame: Frame) -> tuple[float, Vector]:
        reading = self.network.read(view_of(frame, self.description))
        return self.network.raw(reading), unit(reading.features)

    def _no_prior(self) -> CameraPrior:
        """Return the prior that counts as no frame."""
        members = {DECISION: _unknown(0, 1.0)}
        views = {CROP: members}
        if self.description.output.features:
            size = self.description.input.size
            blank = np.full((size, size, 3), 128, np.uint8)
            both = {**members, FEATURES: _unknown(len(self.network.read(blank).features), 0.0)}
            views = {CROP: both} if self.description.input.crop else {**views, SCENE: both}
        sets = {
            name: ViewPrior(members=those, slope=_SLOPE, bias=_BIAS, worth=0)
            for name, those in views.items()
        }
        return CameraPrior({PEOPLE: sets}, self.version)


def view_of(frame: Frame, description: NetworkDescription) -> RgbImage:
    """Return the square that a network sees; the whole frame's middle where it has no crop.

    Args:
        frame: With a face, unless the network sees the whole frame.
        description: Has the crop and the size.
    """
    wanted = description.input
    if frame.face is None or not wanted.crop:
        return crops.whole(frame.image, wanted.size)
    return crops.crop(frame.image, frame.face, wanted.crop, wanted.size)


def coverage(frame: Frame, description: NetworkDescription) -> float:
    """Return the share of the square that the picture covers; the rest repeats its edges."""
    if frame.face is None or not description.input.crop:
        return 1.0
    (width, height), box = frame.size, frame.face.box
    left, top, side = crops.square(frame.image, box, description.input.crop)
    wide = min(width, left + side) - max(0, left)
    high = min(height, top + side) - max(0, top)
    return wide * high / side**2


def unit(features: Vector) -> Vector:
    """Return features with a root mean square of 1, whatever the scale of a network is."""
    size = float(np.sqrt(np.mean(features**2))) if len(features) else 0.0
    return features / size if size > 0.0 else features


def _unknown(width: int, logit_weight: float) -> MemberPrior:
    return MemberPrior(
        spread=np.ones(width),
        logit=1.0,
        distance=1.0,
        distance_scale=1.0,
        logit_weight=logit_weight,
        distance_weight=0.0,
    )
