"""Fit a prior over cameras by episodes: each camera is calibrated on paper, many times.

Some bona fide frames of a camera are drawn, and its other pictures, attacks among them, are
compared with these as with a calibration. Logistic regression over all episodes weighs the logit
of the test's own decision and the distances of each group of members; its weights are not below 0
and are pulled towards each other, as strongly as cameras that were held out allow. Few weights hold
in front of other cameras; with one for every member, attacks before recorded cameras pass.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.calibration.anchor import PEOPLE, PERSON, TARGETS, USUAL
from facepad.calibration.prior import MemberPrior, ViewPrior
from facepad.errors import DatasetError
from facepad.evaluation.ranking import auc
from facepad.scores import LOGIT_LIMIT, AffineScaling
from facepad.training.calibration.fit import (
    Deviations,
    Features,
    MemberTable,
    Unit,
    Vector,
    deviations_from,
    leave_one_out,
    prediction_bound,
)
from facepad.training.scaling import LEAST_SLOPE, Mask, nonnegative_weights
from facepad.types import Observation, Sample

FRAMES = 10  # per drawn calibration; fewer where a camera has fewer people
FEWEST = 3  # of them
DRAWS = 5  # per camera, or per person in front of it
_BEYOND = 2  # least number of people (or frames) outside the drawn frames
# Species that are weighed with 0 beside others: masks cost ranks of other attacks.
_LEFT_OUT = "mask"
_LEAST_SPREAD = 0.05  # of a standardised feature; some never vary
_LEAST = 1e-6  # of a deviation
PULLS = (10.0, 3.0, 1.0, 0.3, 0.1)  # of the weights towards each other; weaker ones fit simulation
# Most loss of the strongest pull that is used: over the least loss, and above it.
_AS_GOOD, _NEARLY = 1.01, 0.002
# Per deviation. A simulation that is too easy must not give ratios that only saturate.
_MOST_SLOPE = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Episode:
    """A camera calibrated on paper: some drawn frames, and its other pictures.

    Attributes:
        camera: The camera.
        own: The frames, left out in turn.
        rest: The other pictures.
        rows: Numbers of the other pictures.
    """

    camera: str
    own: Deviations
    rest: Deviations
    rows: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """The other pictures of all episodes, in a row."""

    columns: Vector  # logits and negative distances, in deviations, of the groups
    own: list[Vector]  # those of each episode's frames
    groups: Vector  # share of each member's logit and distance in each column
    labels: Mask
    species: NDArray[np.str_]
    weight: Vector
    episode: NDArray[np.intp]  # number of the episode


def fit_kinds(
    observations: Sequence[Observation], samples: Sequence[Sample]
) -> dict[str, tuple[ViewPrior, str]]:
    """Fit the priors of one set of views, by kind of calibration.

    Args:
        observations: Observations of pictures.
        samples: Their labels, with the attribute ``camera``, in the same order.

    Returns:
        For "people", and for "person" where enough frames show one person: the prior, and what
        it does on cameras that were held out, for people to read.

    Raises:
        DatasetError: No camera has enough people, or there are no attacks.
    """
    found = {PEOPLE: fit_prior(observations, samples)}
    counts = Counter((s.attributes["camera"], s.subject) for s in samples if s.is_bona_fide)
    if max(counts.values()) >= FEWEST + _BEYOND:
        try:
            found[PERSON] = fit_prior(observations, samples, PERSON)
        except DatasetError:  # such people without attacks
            return found
    return found


def fit_prior(
    observations: Sequence[Observation], samples: Sequence[Sample], kind: str = PEOPLE
) -> tuple[ViewPrior, str]:
    """Fit the prior for one set of views and one kind of calibration.

    Args:
        observations: Observations of pictures.
        samples: Their labels, with the attribute ``camera``, in the same order.
        kind: "people": the frames are of other people; "person": of the same person.

    Returns:
        The prior, and what it does on cameras that were held out, for people to read.

    Raises:
        DatasetError: No camera has enough people (or no person enough frames), or there are no
            attacks.
    """
    table = MemberTable.of(observations)
    bona_fide = np.array([sample.is_bona_fide for sample in samples])
    spreads = [
        np.maximum(each[bona_fide].std(axis=0), _LEAST_SPREAD).astype(np.float32)
        for each in table.features
    ]
    episodes = list(_episodes(table, samples, spreads, kind))
    if not episodes:
        raise DatasetError(
            f"the prior over cameras needs a camera with {FEWEST + _BEYOND} people; simulate with "
            "fewer --cameras, or more sources"
        )
    rows, unit = _joined(episodes, bona_fide, samples, _groups(table))
    if not rows.weight[~rows.labels].any() or not rows.weight[rows.labels].any():
        raise DatasetError("the prior over cameras needs attacks, too, to weigh and scale scores")
    pull, scores, bounds = _held_out(rows, [episode.camera for episode in episodes])
    weights = _weights(rows, np.ones(len(rows.labels), bool), pull)
    scaling = _scaling(scores, rows)
    half = len(table.names)
    weights_of_members = rows.groups @ weights
    members = {
        name: MemberPrior(
            spread=spreads[place],
            logit=float(unit.logit[place]),
            distance=float(unit.distance[place]),
            distance_scale=float(unit.distance_scale[place]),
            logit_weight=float(weights_of_members[place]),
            distance_weight=float(weights_of_members[half + place]),
        )
        for place, name in enumerate(table.names)
    }
    cameras = len({episode.camera for episode in episodes})
    deviation = _deviation(rows.columns @ weights, rows.weight * rows.labels)
    prior = ViewPrior(
        members=members,
        score=deviation,
        slope=scaling.slope,
        bias=scaling.bias,
        cameras=cameras,
    )
    return prior, _told(prior, rows, scores, bounds, pull)


def _episodes(
    table: MemberTable, samples: Sequence[Sample], spreads: Features, kind: str
) -> Iterator[Episode]:
    """Draw frames of each camera several times: one of each of several people, or all of one."""
    rng = np.random.default_rng(0)
    bona_fide = np.array([sample.is_bona_fide for sample in samples])
    subjects = np.array([sample.subject for sample in samples])
    cameras = np.array([sample.attributes["camera"] for sample in samples])
    for camera in sorted(set(cameras.tolist())):
        here = np.flatnonzero(cameras == camera)
        genuine = here[bona_fide[here]]
        for _ in range(DRAWS):
            for drawn, rest in _draws(here, genuine, subjects, rng, kind):
                frames, others = table.rows(drawn), table.rows(rest)
                people = [str(row) for row in drawn]  # each frame is left out by itself
                yield Episode(
                    camera,
                    leave_one_out(frames, spreads, people),
                    deviations_from(frames, others, spreads),
                    rest,
                )


def _draws(
    here: NDArray[np.intp],
    genuine: NDArray[np.intp],
    subjects: NDArray[np.str_],
    rng: np.random.Generator,
    kind: str,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield drawn frames and the pictures to compare with them, as numbers of rows."""
    known = sorted(set(subjects[genuine].tolist()))
    if kind == PEOPLE and len(known) >= FEWEST + _BEYOND:
        who = rng.permutation(known)[: min(FRAMES, len(known) - _BEYOND)]
        drawn = [int(rng.choice(genuine[subjects[genuine] == one])) for one in who]
        yield np.array(drawn), here[~np.isin(subjects[here], who)]
    if kind == PERSON:
        for one in known:
            own = genuine[subjects[genuine] == one]
            if len(own) >= FEWEST + _BEYOND:
                chosen = rng.permutation(own)[: min(FRAMES, len(own) - _BEYOND)]
                same = here[subjects[here] == one]
                yield chosen, same[~np.isin(same, chosen)]


def _groups(table: MemberTable) -> Vector:
    """Return the share of each member's logit and distance in each column.

    The first column is the mean of the logits that decide, one more is the mean of the distances
    of each group of members with features.
    """
    half = len(table.names)
    decides = np.array(table.decides) | (not any(table.decides))
    measured = np.array([features.shape[1] > 0 for features in table.features])
    groups = np.where(measured, table.groups, "")
    shares = [np.append(decides / decides.sum(), np.zeros(half))]
    for group in dict.fromkeys(groups[measured].tolist()):
        own = groups == group
        shares.append(np.append(np.zeros(half), own / own.sum()))
    return np.stack(shares, axis=1)


def _joined(
    episodes: Sequence[Episode], bona_fide: Mask, samples: Sequence[Sample], groups: Vector
) -> tuple[_Rows, Unit]:
    """Return the rows of all episodes in deviations, and the deviations of bona fide faces."""
    species = np.array([sample.pai_species or "" for sample in samples])
    numbers = np.concatenate([episode.rows for episode in episodes])
    episode = np.repeat(np.arange(len(episodes)), [len(each.rows) for each in episodes])
    weight = _row_weights(episodes, species)
    labels = bona_fide[numbers]
    logits = np.concatenate([each.rest.logits for each in episodes])[labels]
    distances = np.concatenate([each.rest.distances for each in episodes])[labels]
    share = weight[labels] / weight[labels].sum()
    mean = share @ distances
    unit = Unit(
        np.sqrt(share @ logits**2) + _LEAST,
        mean,
        np.sqrt(share @ (distances - mean) ** 2) + _LEAST,
    )
    own = [unit.shrunk(each.own) for each in episodes]
    pairs = list(zip(episodes, own, strict=True))
    columns = np.concatenate([each.rest.standardised(one) @ groups for each, one in pairs])
    frames = [each.own.standardised(one) @ groups for each, one in pairs]
    return _Rows(columns, frames, groups, labels, species[numbers], weight, episode), unit


def _row_weights(episodes: Sequence[Episode], species: NDArray[np.str_]) -> Vector:
    """Return weights: cameras alike, then both classes, then species; masks have none."""
    draws = Counter(episode.camera for episode in episodes)
    counted = _counted(set(species.tolist()) - {""})
    found = []
    for episode in episodes:
        kinds = species[episode.rows]
        attacks = counted & set(kinds.tolist())
        weight = np.zeros(len(kinds))
        for one in (*attacks, ""):
            cell = kinds == one
            weight[cell] = (1.0 / len(attacks) if one else 1.0) / max(1, cell.sum())
        found.append(weight / draws[episode.camera])
    return np.concatenate(found)


def _counted(attacks: set[str]) -> set[str]:
    """Return the species that count: without masks, unless there is nothing else."""
    return {one for one in attacks if not one.startswith(_LEFT_OUT)} or attacks


def _balanced(rows: _Rows, used: Mask) -> Vector:
    """Return weights of the used rows with both classes alike."""
    weight = np.where(used, rows.weight, 0.0)
    for labels in (rows.labels, ~rows.labels):
        weight[labels] /= weight[labels].sum() or 1.0
    return np.asarray(weight[used], np.float64)


def _weights(rows: _Rows, used: Mask, pull: float) -> Vector:
    """Return weights of the columns, with which bona fide scores deviate by 1."""
    columns, labels = rows.columns[used], rows.labels[used]
    found, _ = nonnegative_weights(columns, labels, _balanced(rows, used), pull)
    deviation = _deviation(columns @ found, rows.weight[used] * labels)
    return np.asarray(found / deviation, np.float64)


def _held_out(rows: _Rows, cameras: Sequence[str]) -> tuple[float, Vector, list[dict[str, float]]]:
    """Weigh on half of the cameras, score the other half, and the other way round.

    Returns:
        The strongest pull that does about as well as the best, the scores with it, and the
        bounds of each episode by operating point.
    """
    known = sorted(set(cameras))
    halves = np.random.default_rng(0).permutation(len(known)) % 2
    half = dict(zip(known, halves.tolist(), strict=True))
    episode_half = np.array([half[camera] for camera in cameras])
    found = {pull: _crossed(rows, episode_half, pull) for pull in PULLS}
    losses = {pull: _loss(scores, rows) for pull, (scores, _) in found.items()}
    enough = _AS_GOOD * min(losses.values()) + _NEARLY
    pull = max(pull for pull in PULLS if losses[pull] <= enough)
    return pull, *found[pull]


def _crossed(
    rows: _Rows, half: NDArray[np.intp], pull: float
) -> tuple[Vector, list[dict[str, float]]]:
    scores = np.zeros(len(rows.labels))
    bounds: list[dict[str, float]] = [{} for _ in half]
    for part in sorted(set(half.tolist())):
        judged = half[rows.episode] == part
        used = ~judged
        if not all(rows.weight[used & labels].any() for labels in (rows.labels, ~rows.labels)):
            used = np.ones_like(judged)  # a single camera, or a half without attacks
        weights = _weights(rows, used, pull)
        scores[judged] = rows.columns[judged] @ weights
        for number in np.flatnonzero(half == part):
            own = rows.own[number] @ weights
            bounds[number] = {
                name: prediction_bound(own, share, 1.0) for name, share in TARGETS.items()
            }
    return scores, bounds


def _loss(scores: Vector, rows: _Rows) -> float:
    """Return the weighted logistic loss of scores after their own scaling."""
    scaling = _scaling(scores, rows)
    ratios = scaling.slope * scores + scaling.bias
    weight = _balanced(rows, np.ones(len(rows.labels), bool))
    losses = np.logaddexp(0.0, np.where(rows.labels, -ratios, ratios))
    return float(weight @ losses / weight.sum())


def _scaling(scores: Vector, rows: _Rows) -> AffineScaling:
    """Return the scaling of scores to log-likelihood ratios, within what a ratio may be."""
    weight = _balanced(rows, np.ones(len(rows.labels), bool))
    slopes, bias = nonnegative_weights(scores[:, None], rows.labels, weight, 0.0)
    slope = max(float(slopes[0]), LEAST_SLOPE)
    smaller = min(1.0, _MOST_SLOPE / slope)
    return AffineScaling(slope * smaller, float(np.clip(bias * smaller, -LOGIT_LIMIT, LOGIT_LIMIT)))


def _told(
    prior: ViewPrior, rows: _Rows, scores: Vector, bounds: Sequence[dict[str, float]], pull: float
) -> str:
    """Return lines about cameras that were held out, and the weights of the members."""
    genuine, lines = rows.labels, []
    areas, accepted = {}, {}
    for one in sorted(set(rows.species[~genuine].tolist())):
        chosen = genuine | (rows.species == one)
        areas[one] = auc(genuine[chosen], scores[chosen])
    for name in TARGETS:
        over = scores >= np.array([bound[name] for bound in bounds])[rows.episode]
        rejected = 1.0 - float(np.average(over[genuine], weights=rows.weight[genuine]))
        accepted = {one: float(over[rows.species == one].mean()) for one in areas}
        seen = [accepted[one] for one in _counted(set(accepted))]
        lines.append(
            f"{name}: BPCER {rejected:.1%}, APCER "
            + ", ".join(f"{one} {share:.1%}" for one, share in accepted.items())
            + f"; HTER {(rejected + float(np.mean(seen))) / 2:.1%}" * (name == USUAL)
        )
    shown = ", ".join(f"{one} {area:.3f}" for one, area in areas.items())
    weights = ", ".join(
        f"{name} {one.logit_weight:.3f} / {one.distance_weight:.3f}"
        for name, one in prior.members.items()
    )
    return "\n".join(
        (
            f"{prior.cameras} cameras, {len(bounds)} episodes; pull {pull:g}, ratio "
            f"{prior.slope:.2f} a deviation + {prior.bias:.2f}",
            f"held-out AUC: {shown}",
            *lines,
            f"weights of logit / distance: {weights}",
        )
    )


def _deviation(scores: Vector, weight: Vector) -> float:
    """Return the weighted standard deviation."""
    share = weight / weight.sum()
    mean = share @ scores
    return float(np.sqrt(share @ (scores - mean) ** 2)) + _LEAST
