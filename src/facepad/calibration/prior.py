"""The prior over cameras: how bona fide faces vary in front of one camera.

Fitted on many cameras by `facepad.training.calibration.prior`. A calibration combines it with
its own frames; the fewer those are, the more the prior counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facepad.calibration.anchor import KINDS, PEOPLE, Calibration, Vector
from facepad.errors import ModelError
from facepad.models import store
from facepad.models.npz import reading
from facepad.types import Calibratable

FORMAT_VERSION = 2
# Frames that a prior counts as. Selected among 4, 8, 12 and 20 on two people of NUAA against
# seven others and on simulated cameras, all of them outside the test sets.
PRIOR_FRAMES = 12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MemberPrior:
    """The prior of one member; means over cameras.

    Attributes:
        spread: Deviation of each standardised feature over bona fide faces in front of many
            cameras, shape (F,); above 0. Empty for a member without features.
        logit: Deviation of the raw logit from the mean of the camera's other faces; above 0.
        distance: Mean distance of a face's features to those of the camera's other faces.
        distance_scale: Deviation of that distance; above 0.
        logit_weight: Weight of the logit in the score, in deviations; 0 or above.
        distance_weight: Weight of the distance, in deviations; 0 or above.
    """

    spread: Vector
    logit: float
    distance: float
    distance_scale: float
    logit_weight: float
    distance_weight: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ViewPrior:
    """The prior for one set of views and one kind of calibration.

    Attributes:
        members: Priors of the members by name; at least one.
        score: Deviation of the anchored score of bona fide faces; above 0.
        slope: Maps an anchored score to a log-likelihood ratio, with ``bias``; above 0.
        bias: Natural logarithm.
        cameras: Number of cameras that it was fitted on.
        worth: Frames that it counts as beside those of a camera; 0 where nothing is known of
            other cameras, so that a calibration rests on its own frames alone.
    """

    members: Mapping[str, MemberPrior]
    score: float = 1.0
    slope: float = 1.0
    bias: float = 0.0
    cameras: int = 0
    worth: int = PRIOR_FRAMES


@dataclass(frozen=True, slots=True, eq=False)
class CameraPrior:
    """The prior of one liveness test.

    Attributes:
        by_kind: Priors by kind of calibration ("people"; "person" where there was data for it),
            then by set of views.
        version: Version of the test's model.
    """

    by_kind: Mapping[str, Mapping[str, ViewPrior]]
    version: str

    @property
    def worth(self) -> int:
        """Frames that it counts as; 0 where nothing is known of other cameras."""
        return min(one.worth for views in self.by_kind.values() for one in views.values())

    def of(self, views: str, kind: str = PEOPLE) -> ViewPrior:
        """Return the prior of a set of views; that of other people where there is no other.

        Raises:
            ModelError: There is none for this set of views.
        """
        for known in (kind, PEOPLE):
            if found := self.by_kind.get(known, {}).get(views):
                return found
        raise ModelError(f"the prior over cameras of {self.version} has no views {views!r}")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return arrays for `facepad.models.store.save_arrays`."""
        sets = [(kind, views) for kind, those in self.by_kind.items() for views in those]
        stored: dict[str, NDArray[Any]] = {
            "format_version": np.array(FORMAT_VERSION),
            "heads": np.array(self.version),
            "sets": np.array(sets).reshape(-1, 2),
        }
        for kind, views in sets:
            prior, start = self.by_kind[kind][views], f"{kind} {views}"
            members = prior.members.values()
            stored[f"{start} members"] = np.array(list(prior.members))
            stored[f"{start} widths"] = np.array([len(one.spread) for one in members])
            stored[f"{start} spread"] = np.concatenate([one.spread for one in members])
            stored[f"{start} numbers"] = np.array([_numbers(one) for one in members])
            stored[start] = np.array([prior.score, prior.slope, prior.bias, prior.cameras])
        return stored

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], source: str) -> "CameraPrior":
        """Read what `arrays` wrote.

        Args:
            arrays: Arrays of a model file.
            source: Name of the file in errors.

        Raises:
            ModelError: An array is missing, has another format version or shape, or a number
                is out of range.
        """
        if arrays.get("format_version", FORMAT_VERSION) != FORMAT_VERSION:
            raise ModelError(
                f"{source} has format {arrays['format_version']}, expected {FORMAT_VERSION}; make "
                "it again with `facepad train cameras --simulated DIR --test NAME`"
            )
        with reading(arrays, FORMAT_VERSION, source, "holds no prior over cameras"):
            found: dict[str, dict[str, ViewPrior]] = {}
            for kind, views in arrays["sets"].tolist():
                found.setdefault(kind, {})[views] = _prior(arrays, f"{kind} {views}", source)
            if not set(found) <= set(KINDS) or PEOPLE not in found:
                raise ModelError(f"{source} needs priors of {PEOPLE}, got {', '.join(found)}")
            return cls(found, str(arrays["heads"]))


def load_prior(model: str, version: str) -> CameraPrior:
    """Load the prior of a test from a listed model file.

    Args:
        model: Name of the model file; "" for none.
        version: Version of the test's model.

    Raises:
        ModelError: There is none, or it is for another version.
    """
    if model:
        prior = CameraPrior.from_arrays(store.load_arrays(model), f"model {model!r}")
        if prior.version == version:
            return prior
    raise ModelError(
        f"{version} has no prior over cameras to calibrate with; estimate it with "
        "`facepad train cameras`"
    )


CalibratableTest = Calibratable[Calibration, CameraPrior]


def parts(joined: Vector, widths: NDArray[Any]) -> list[Vector]:
    """Return the features of each member, from those of all in a row.

    Args:
        joined: Of all members, shape (sum of ``widths``,).
        widths: Number of features of each member, shape (M,).

    Raises:
        ValueError: They do not fit, or a number is not finite.
    """
    if joined.shape != (int(widths.sum()),) or not np.isfinite(joined).all():
        raise ValueError(f"{joined.shape} features are not finite, or not of widths {widths}")
    return np.split(joined, np.cumsum(widths)[:-1])


def _numbers(member: MemberPrior) -> tuple[float, ...]:
    deviations = (member.logit, member.distance, member.distance_scale)
    return *deviations, member.logit_weight, member.distance_weight


def _prior(arrays: Mapping[str, NDArray[Any]], start: str, source: str) -> ViewPrior:
    names, numbers = arrays[f"{start} members"].tolist(), arrays[f"{start} numbers"]
    spreads = parts(arrays[f"{start} spread"], arrays[f"{start} widths"])
    whole = arrays[start]
    fits = numbers.shape == (len(names), 5) and whole.shape == (4,) and len(spreads) == len(names)
    if not (fits and names and np.isfinite(numbers).all() and np.isfinite(whole).all()):
        raise ModelError(f"{source} needs finite numbers of each member for {start}")
    deviations = (
        numbers[:, [0, 2]].min(),
        whole[:2].min(),
        *(one.min(initial=1.0) for one in spreads),
    )
    if min(deviations) <= 0.0 or numbers[:, 3:].min() < 0.0:
        raise ModelError(f"{source}: deviations and slopes are above 0, weights 0 or above")
    members = {}
    for name, spread, row in zip(names, spreads, numbers.tolist(), strict=True):
        logit, distance, distance_scale, logit_weight, distance_weight = row
        members[name] = MemberPrior(
            spread=spread,
            logit=logit,
            distance=distance,
            distance_scale=distance_scale,
            logit_weight=logit_weight,
            distance_weight=distance_weight,
        )
    score, slope, bias, cameras = whole.tolist()
    return ViewPrior(members=members, score=score, slope=slope, bias=bias, cameras=int(cameras))
