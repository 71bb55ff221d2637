"""Liveness test: do the volume of a face and what is painted on it belong to a living person?

The volume is reconstructed from one picture, so that it is what a network takes the shape for:
flat media become planes, but a rigid mask has the shape of a face. What gives a mask away is on its
surface: colour and fine detail, which the network sees where the surface is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from facepad.calibration.anchor import Calibration
from facepad.calibration.prior import CameraPrior, load_prior
from facepad.errors import ModelError
from facepad.faces import crops
from facepad.fusion import mean_over_frames
from facepad.liveness.voxel.decision import BALANCED, VoxelDecision
from facepad.liveness.voxel.reconstructor import NAME as VOLUME_NAME
from facepad.liveness.voxel.reconstructor import Reconstructor
from facepad.liveness.voxel.surface import turntable
from facepad.liveness.voxel.volume import CENTRE_RADIUS, GRID, SIDE, Volume, crop_of
from facepad.models import store
from facepad.models.session import Network
from facepad.scores import Breakdown, Contribution, sigmoid
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
VIEWS = "face"  # the one set of views
_DIGITS = 3  # of facts in the details


@dataclass(frozen=True, slots=True)
class VoxelTestFactory:
    """Makes the voxel test; a `facepad.types.ThreadedFactory`.

    Attributes:
        name: Name of the test in the registry.
        network: Name of the model file with the network over volumes.
        decision: Name of the model file with its scaling and operating points.
        cameras: Name of the model file with the prior over cameras.
    """

    name: str
    network: str
    decision: str
    cameras: str

    def __call__(self, threads: int = 1) -> "VoxelTest":
        """Load the networks.

        Raises:
            ModelError: A model file is missing or wrong, or they don't fit each other.
        """
        arrays = store.load_arrays(self.decision)
        decision = VoxelDecision.from_arrays(arrays, f"model {self.decision!r}")
        reconstructor, network = Reconstructor(threads), Network(self.network, threads)
        version = store.version(self.decision)
        return VoxelTest(self.name, reconstructor, network, decision, version, self.cameras)

    def with_threads(self, threads: int) -> "VoxelTest":
        """Load the test for so many threads."""
        return self(threads)


# Weights from freely licensed faces and simulated attacks alone.
free = VoxelTestFactory("voxel", "voxel_net_free", "voxel_free", "voxel_cameras_free")


@dataclass(frozen=True, slots=True, eq=False)
class VoxelTest:
    """Scores a face by its volume; frames of a clip by their mean log-likelihood ratio.

    Attributes:
        name: Name in the registry and in results.
        reconstructor: Makes volumes of crops.
        network: The network over volumes and crops.
        decision: Its scaling and operating points.
        version: Version of the decision's file.
        prior_model: Name of the model file with the prior over cameras.
        calibration: Calibration of the camera, when there is one.

    Raises:
        ModelError: The models were made for each other's earlier versions.
    """

    by_frame: ClassVar[bool] = True  # frames of a clip may be scored one after the other
    name: str
    reconstructor: Reconstructor
    network: Network
    decision: VoxelDecision
    version: str
    prior_model: str = ""
    calibration: Calibration | None = field(default=None)

    def __post_init__(self) -> None:
        volumes = self.reconstructor.version
        for expected, got in (
            (self.decision.network, self.network.version),
            (self.decision.volumes, volumes.rpartition("+")[2]),
        ):
            if expected != got:
                raise ModelError(
                    f"{self.version} was trained for {expected} and volumes of "
                    f"{self.decision.volumes}, but this facepad has {self.network.version} and "
                    f"{volumes}; train it again"
                )

    @property
    def anchored(self) -> bool:
        """Whether its scores are relative to the frames of one camera."""
        return self.calibration is not None

    @property
    def operating_point(self) -> OperatingPoint:
        """The balanced point, of the camera when there is a calibration."""
        if self.calibration is not None:
            return self.calibration.operating_point
        return self.decision.points[BALANCED]

    @property
    def operating_points(self) -> Mapping[str, OperatingPoint]:
        """Operating points by name."""
        if self.calibration is not None:
            return self.calibration.operating_points
        return self.decision.points

    @property
    def models(self) -> Mapping[str, str]:
        """Version of the decision and of both networks."""
        volumes = {VOLUME_NAME: self.reconstructor.version}
        own = {self.name: self.version, self.network.name: self.network.version}
        return MappingProxyType({**own, **volumes})

    def prior(self) -> CameraPrior:
        """Return how bona fide faces vary in front of one camera.

        Raises:
            ModelError: There is no prior for this network.
        """
        return load_prior(self.prior_model, self.version)

    def calibrated(self, calibration: Calibration) -> "VoxelTest":
        """Return the test for the camera of a calibration.

        Raises:
            ModelError: The calibration was made with another test or another network.
        """
        calibration.check_for(self.name, self.version)
        return replace(self, calibration=calibration)

    def score(self, presentation: Presentation) -> Score:
        """Score one presentation.

        Args:
            presentation: Frames that were searched for faces; those without one are left out.

        Returns:
            A value, higher for bona fide; in ``details`` the raw logit, its log-likelihood ratio
            and facts of the volume, see `facts_of`. A picture that shows little around the face has
            no operating points. Calibrated, value and points are those of the
            camera. Without a value when no frame has a face. Frames are combined by
            `facepad.fusion.mean_over_frames`.

        Raises:
            ModelError: A network's output has another form than expected.
        """
        if self.calibration is None:
            return mean_over_frames(presentation, self._score_frame)
        return mean_over_frames(presentation, partial(self._anchored_frame, self.calibration))

    def contributions(self, score: Score) -> Breakdown:
        """Return what adds up to the log-likelihood ratio of a score: the network's logit.

        Args:
            score: Of this test, with a value. Calibrated, the parts are deviations from the
                camera's frames: of the logit, and of the distance of the features.
        """
        if self.calibration is not None:
            return self.calibration.contributions(score.details)
        part = Contribution("logit", self.decision.scaling.slope * score.details["raw"])
        return Breakdown((part,), self.decision.scaling.bias)

    def depicted(self, frame: Frame) -> RgbImage:
        """Return views all round the volume of a frame with a face."""
        crop = crop_of(frame)
        (volume,) = self.reconstructor.volumes([crop])
        return turntable(volume, crop)

    def observe(self, presentation: Presentation) -> Mapping[str, Observation] | Reason:
        """Return the raw logit and the features, for calibration.

        Args:
            presentation: As for `score`.

        Returns:
            Of the one set of views. Or the reason why there is none.
        """
        frames = [frame for frame in presentation.frames if frame.face is not None]
        if not frames:
            return presentation.frames[0].no_face or Reason.NO_FACE
        return {VIEWS: _observation([self._read(crop_of(frame))[1:] for frame in frames])}

    def _score_frame(self, frame: Frame) -> Score:
        if frame.face is None:
            return Score(None, frame.no_face or Reason.NO_FACE)
        volume, raw, _ = self._read(crop_of(frame))
        ratio = self.decision.scaling.apply(raw)
        details = {"raw": raw, "log_likelihood_ratio": ratio, "volume": facts_of(volume)}
        # None of them are for pictures whose edges are repeated around the face.
        points = self.decision.points if crops.has_context(frame) else {}
        return Score(sigmoid(ratio), details=MappingProxyType(details), points=points)

    def _anchored_frame(self, calibration: Calibration, frame: Frame) -> Score:
        if frame.face is None:
            return Score(None, frame.no_face or Reason.NO_FACE)
        observed = _observation([self._read(crop_of(frame))[1:]])
        found = calibration.score({VIEWS: observed})
        return Score(found.value, details=found.details, points=found.points)

    def _read(self, crop: RgbImage) -> tuple[Volume, float, NDArray[np.float64]]:
        """Return the volume of one crop, its raw logit and its features."""
        seen = self.reconstructor.seen(crop)
        given: dict[str, NDArray[Any]] = {
            "occupancy": seen.volume.occupancy[None], "crops": crop[None], **seen.maps
        }  # fmt: skip
        missing = [name for name in self.network.inputs if name not in given]
        if missing:
            raise ModelError(
                f"model {self.network.name!r} wants {', '.join(missing)}, which "
                f"{VOLUME_NAME!r} does not give; train it again"
            )
        inputs = {name: given[name] for name in self.network.inputs}
        logits, features = self.network.run(inputs, ["logit", "features"])
        if logits.shape != (1,) or features.ndim != 2 or len(features) != 1:
            raise ModelError(
                f"model {self.network.name!r} must give a logit (N,) and features (N, K), got "
                f"{logits.shape} and {features.shape}"
            )
        return seen.volume, float(logits[0]), features[0].astype(np.float64)


def facts_of(volume: Volume) -> dict[str, Any]:
    """Return what the volume is like, for people to read.

    Returns:
        ``surface_share``: share of the crop with a surface. ``relief_px``: root mean square
        distance of the middle of the face from the plane that fits it best, in pixels of the
        192-pixel crop; smaller for flat media as a rule, None without a surface there.
    """
    present, depth = volume.present, volume.depth
    away = (np.arange(GRID) + 0.5) * (SIDE / GRID) - SIDE / 2
    y, x = np.nonzero(present & (np.hypot(away[:, None], away) <= CENTRE_RADIUS))
    facts = {"surface_share": round(float(present.mean()), _DIGITS), "relief_px": None}
    if len(x) > 3:  # a plane fits three points
        plane = np.column_stack([x, y, np.ones(len(x))])
        values = depth[y, x].astype(np.float64)
        rest = values - plane @ np.linalg.lstsq(plane, values, rcond=None)[0]
        facts["relief_px"] = round(float(np.sqrt(np.mean(rest**2))), _DIGITS)
    return facts


def _observation(seen: Sequence[tuple[float, NDArray[np.float64]]]) -> Observation:
    logit = float(np.mean([raw for raw, _ in seen]))
    features = np.mean([one for _, one in seen], axis=0)
    return Observation(
        {
            DECISION: MemberReading(logit, np.empty(0)),
            FEATURES: MemberReading(logit, features, FEATURES, decides=False),
        }
    )
