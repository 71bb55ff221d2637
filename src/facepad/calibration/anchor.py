"""A camera's calibration: statistics of its bona fide frames, and scores relative to them.

Each member of a test (a block of one view, a group of metrics) is compared with those frames by
itself: its raw logit, and the distance of its features. Both are divided by their deviation over
the frames, so that the score no longer depends on the offset of the camera. Fitting is in
`facepad.training.calibration.fit`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.errors import ModelError
from facepad.scores import Breakdown, Contribution, sigmoid
from facepad.types import MemberReading, Observation, OperatingPoint

FORMAT_VERSION = 4
# Share of bona fide presentations below the threshold of each operating point.
TARGETS: Mapping[str, float] = MappingProxyType(
    {"convenience": 0.02, "balanced": 0.05, "strict": 0.10}
)
USUAL = "balanced"  # unless another operating point is asked for
# Share of bona fide presentations of which attack is said. One of fifty, as below `convenience`, is
# far more before recorded cameras, and attacks lie much lower there.
ACCUSED = 0.001
# Whose faces the frames show: other people than those checked later, or the one who is.
PEOPLE, PERSON = "people", "person"
KINDS = (PEOPLE, PERSON)
WHOLE_FRAME = "frame"  # part of the name of a set of views that needs a fixed scene

Vector = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MemberAnchor:
    """Statistics of a camera's bona fide frames, for one member.

    Attributes:
        centre: Mean of the standardised features, shape (F,).
        scale: Scale of each feature, shape (F,), above 0: the mean of its deviation over faces
            in front of other cameras and of that over the frames.
        logit: Mean raw logit of the frames.
        logit_scale: Deviation of the raw logit, with each person left out in turn; above 0.
        distance: Mean distance of a frame to the frames of other people.
        distance_scale: Deviation of that distance; above 0.
        logit_weight: Weight of the logit in the score; 0 or above.
        distance_weight: Weight of the distance; 0 or above.
    """

    centre: Vector
    scale: Vector
    logit: float
    logit_scale: float
    distance: float
    distance_scale: float
    logit_weight: float
    distance_weight: float

    def distance_to(self, features: Vector) -> float:
        """Return the root mean square difference of features to the frames, in units of `scale`.

        0 for a member without features.
        """
        if not len(self.centre):
            return 0.0
        return float(np.sqrt(np.mean(((features - self.centre) / self.scale) ** 2)))

    def deviations(self, reading: MemberReading) -> tuple[float, float]:
        """Return logit and distance of a reading, in deviations of the frames."""
        logit = (reading.logit - self.logit) / self.logit_scale
        return logit, (self.distance_to(reading.features) - self.distance) / self.distance_scale


@dataclass(frozen=True, slots=True, eq=False)
class AnchoredScore:
    """What a calibration says of one observation.

    Attributes:
        value: Score in [0, 1], the sigmoid of the log-likelihood ratio; higher for bona fide.
        points: Operating points of this score, by name.
        details: Numbers behind the value, by name; JSON-friendly.
    """

    value: float
    points: Mapping[str, OperatingPoint]
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Anchor:
    """Statistics of a camera's bona fide frames, for one set of views.

    Attributes:
        members: Those of each member, by its name.
        bounds: Least anchored score that is bona fide, by name of the operating point.
        slope: Maps an anchored score to a log-likelihood ratio, with ``bias``; above 0.
        bias: Natural logarithm.
        accused: Anchored score below which a presentation is an attack; None for the least of
            the bounds.
    """

    members: Mapping[str, MemberAnchor]
    bounds: Mapping[str, float]
    slope: float = 1.0
    bias: float = 0.0
    accused: float | None = None

    def anchored(self, observation: Observation) -> float:
        """Return the score relative to the camera's frames; higher for bona fide.

        The weighted sum of the members' logits minus that of their distances; about 0 for bona
        fide faces, in deviations of their scores in front of other cameras.

        Args:
            observation: Of the anchor's set of views, with all its members.

        Raises:
            ModelError: A member is missing.
        """
        return self._summed(self._found(observation))

    def ratio(self, anchored: float) -> float:
        """Return the log-likelihood ratio of bona fide over attack, natural logarithm."""
        return self.slope * anchored + self.bias

    @property
    def accused_below(self) -> float:
        """Anchored score below which a presentation is an attack at every operating point."""
        return min(self.bounds.values()) if self.accused is None else self.accused

    def points(self) -> Mapping[str, OperatingPoint]:
        """Return the operating points by name, in units of the score.

        Scores at or above the bound of a point are bona fide; those below `accused_below` are
        attacks; those between are uncertain.
        """
        scores = {name: sigmoid(self.ratio(bound)) for name, bound in self.bounds.items()}
        lowest = sigmoid(self.ratio(self.accused_below))
        found = {
            name: OperatingPoint(name, high, min(lowest, high), high)
            for name, high in scores.items()
        }
        return MappingProxyType(found)

    def score(self, observation: Observation) -> AnchoredScore:
        """Return the score of an observation, with its operating points.

        Args:
            observation: Of the anchor's set of views, with all its members.

        Returns:
            The score; in its details the log-likelihood ratio, the deviations above the usual
            threshold, and each member's logit and distance in deviations of the frames.

        Raises:
            ModelError: A member is missing.
        """
        found = self._found(observation)
        anchored = self._summed(found)
        ratio = self.ratio(anchored)
        details = {
            "log_likelihood_ratio": ratio,
            "deviations": anchored - self.bounds[USUAL],
            "members": {
                name: {"logit": logit, "distance": distance}
                for name, (logit, distance) in found.items()
            },
        }
        return AnchoredScore(sigmoid(ratio), self.points(), MappingProxyType(details))

    def contributions(self, deviations: Mapping[str, Mapping[str, float]]) -> Breakdown:
        """Return what logit and distance of each member add to the log-likelihood ratio.

        Args:
            deviations: By member, as `score` returns them in ``details["members"]``; those
                without a member are left out.
        """
        parts = [
            Contribution(f"{name} {part}", self.slope * weight * deviations[name][part], name)
            for name, one in self.members.items()
            for part, weight in (("logit", one.logit_weight), ("distance", -one.distance_weight))
            if weight and name in deviations
        ]
        return Breakdown(tuple(parts), self.bias)

    def _found(self, observation: Observation) -> dict[str, tuple[float, float]]:
        readings = observation.members
        if missing := [name for name in self.members if name not in readings]:
            raise ModelError(f"an observation lacks the members {', '.join(missing)}")
        return {name: one.deviations(readings[name]) for name, one in self.members.items()}

    def _summed(self, found: Mapping[str, tuple[float, float]]) -> float:
        return math.fsum(
            member.logit_weight * found[name][0] - member.distance_weight * found[name][1]
            for name, member in self.members.items()
        )


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The calibration of one camera for one liveness test.

    Attributes:
        name: Name given by the user ("kiosk-7").
        test: Name of the liveness test.
        version: Version of the test's model.
        frames: Number of bona fide frames.
        anchors: Anchors by set of views that all frames have, the largest last; at least one.
        kind: "people" when the frames show others than those who are checked; "person" when
            they show the one who is.
        fixed_scene: Whether the whole frame is compared, too: neither the camera nor what is
            around the people may move.
    """

    name: str
    test: str
    version: str
    frames: int
    anchors: Mapping[str, Anchor]
    kind: str = PEOPLE
    fixed_scene: bool = False

    @property
    def operating_point(self) -> OperatingPoint:
        """The usual operating point of the largest set of views, named after the calibration."""
        *_, anchor = self.anchors.values()
        point = anchor.points()[USUAL]
        return OperatingPoint(f"calibration {self.name}", point.threshold, point.low, point.high)

    @property
    def operating_points(self) -> Mapping[str, OperatingPoint]:
        """Operating points of the largest set of views, by name."""
        *_, anchor = self.anchors.values()
        return anchor.points()

    def score(self, observations: Mapping[str, Observation]) -> AnchoredScore:
        """Return the score under the largest set of views that was observed and calibrated.

        Args:
            observations: By set of views, as `facepad.types.Calibratable.observe` returns them.

        Returns:
            The score; its details name the set of views, too.

        Raises:
            ModelError: None of the sets was calibrated.
        """
        common = [views for views in observations if views in self.anchors]
        if not common:
            raise ModelError(
                f"calibration {self.name!r} is for {', '.join(self.anchors)}, not for "
                f"{', '.join(observations)}"
            )
        found = self.anchors[common[-1]].score(observations[common[-1]])
        details = MappingProxyType({**found.details, "calibrated_views": common[-1]})
        return AnchoredScore(found.value, found.points, details)

    def contributions(self, details: Mapping[str, Any]) -> Breakdown:
        """Return what adds to the log-likelihood ratio of a score of this calibration.

        Args:
            details: Those of the score. Of a clip they are means over its frames; what frames
                with other sets of views add is a part of its own.
        """
        anchor = self.anchors[details["calibrated_views"]]
        found = anchor.contributions(details["members"])
        return found.adding_up_to(details["log_likelihood_ratio"], "frames with other views")

    def check_for(self, test: str, version: str) -> None:
        """Check that it was made with a test.

        Args:
            test: Name of the test.
            version: Version of its model.

        Raises:
            ModelError: It was made with another test or another version.
        """
        if (self.test, self.version) != (test, version):
            raise ModelError(
                f"calibration {self.name!r} was made with {self.test} {self.version}, but this is "
                f"{test} {version}; calibrate the camera again with `facepad calibrate "
                f"--bona-fide DIR --name {self.name} --test {test} --force`"
            )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return arrays for `facepad.models.store.save_arrays`."""
        stored: dict[str, NDArray[Any]] = {
            "format_version": np.array(FORMAT_VERSION),
            "test": np.array(self.test),
            "version": np.array(self.version),
            "frames": np.array(self.frames),
            "kind": np.array(self.kind),
            "fixed_scene": np.array(self.fixed_scene),
            "anchors": np.array(list(self.anchors)),
        }
        for views, anchor in self.anchors.items():
            members = anchor.members.values()
            stored[f"{views} members"] = np.array(list(anchor.members))
            stored[f"{views} widths"] = np.array([len(one.centre) for one in members])
            stored[f"{views} centre"] = np.concatenate([one.centre for one in members])
            stored[f"{views} scale"] = np.concatenate([one.scale for one in members])
            stored[f"{views} numbers"] = np.array([_numbers(one) for one in members])
            stored[f"{views} points"] = np.array(list(anchor.bounds))
            stored[f"{views} bounds"] = np.array(list(anchor.bounds.values()))
            stored[f"{views} ratio"] = np.array([anchor.slope, anchor.bias, anchor.accused_below])
        return stored


def _numbers(member: MemberAnchor) -> tuple[float, ...]:
    return (
        *(member.logit, member.logit_scale, member.distance, member.distance_scale),
        *(member.logit_weight, member.distance_weight),
    )
