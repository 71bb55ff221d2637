"""Ten bona fide frames of each camera of a choice column, and its other pictures judged by them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from choosing.recipes import Earlier, Vector, subjects
from facepad.calibration.anchor import ACCUSED, PEOPLE, PERSON, TARGETS
from facepad.calibration.prior import ViewPrior
from facepad.evaluation.ranking import auc
from facepad.faces import crops
from facepad.liveness.face_cnn.heads import CROP, SURROUNDED, Head
from facepad.liveness.face_cnn.test import DECISION
from facepad.training.calibration.fit import (
    MemberTable,
    Unit,
    deviations_from,
    leave_one_out,
    prediction_bound,
)
from facepad.training.face.heads import LabelledFeatures, joined
from facepad.types import Observation

FRAMES, DRAWS = 10, 20
_FEWEST_PEOPLE = 4  # judged beside the frames' own
Rows = NDArray[np.intp]
# Scores of the other pictures, and bounds by operating point; from frames, others and people.
Anchored = Callable[[Rows, Rows, Sequence[str]], tuple[Vector, Mapping[str, float]]]


@dataclass(frozen=True)
class AfterFrames:
    """Errors of one column after ten frames; means over draws and cameras.

    Attributes:
        name: Of the column.
        auc: Area under the ROC curve.
        bpcer: Living people that are not accepted at the balanced point.
        apcer: Accepted attacks of the worst species.
        decided: Share of presentations that are decided, both classes alike.
        draws: Number of draws.
    """

    name: str
    auc: float
    bpcer: float
    apcer: float
    decided: float
    draws: int

    @property
    def hter(self) -> float:
        """Half the sum of both errors."""
        return (self.bpcer + self.apcer) / 2


def after_frames(
    name: str, labelled: LabelledFeatures, make: Callable[[LabelledFeatures], Anchored]
) -> AfterFrames | None:
    """Return the errors of a column; None where no camera has enough frames of both classes."""
    labelled = labelled.part(labelled.usable)
    return _errors(name, labelled, make(labelled), _draws(labelled))


def other_session(
    name: str,
    first: LabelledFeatures,
    second: LabelledFeatures,
    make: Callable[[LabelledFeatures], Anchored],
) -> AfterFrames | None:
    """Return the errors in a second session, with frames of other people in the first one."""
    parts = [part.part(part.usable) for part in (first, second)]
    labelled, border = joined(parts), len(parts[0].samples)
    who, genuine = subjects(labelled.samples), labelled.bona_fide
    later = np.arange(len(who)) >= border
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(DRAWS):
        people = rng.permutation(sorted(set(who[genuine & ~later].tolist())))
        chosen = people[: len(people) // 2]
        own = np.flatnonzero(genuine & ~later & np.isin(who, chosen))
        others = np.flatnonzero(later & ~np.isin(who, chosen))
        draws.append((rng.permutation(own)[:FRAMES], others))
    return _errors(name, labelled, make(labelled), draws)


def _errors(
    name: str,
    labelled: LabelledFeatures,
    anchored: Anchored,
    draws: Iterable[tuple[Rows, Rows]],
) -> AfterFrames | None:
    found = []
    for frames, others in draws:
        people = [str(labelled.samples[row].subject) for row in frames]
        scores, bounds = anchored(frames, others, people)
        labels = labelled.bona_fide[others]
        species = np.array([labelled.samples[row].pai_species or "" for row in others])
        high, low = bounds["balanced"], bounds["accused"]
        passed = {
            one: float((scores[species == one] >= high).mean()) for one in set(species) - {""}
        }
        living, attacks = scores[labels], scores[~labels]
        decided = np.mean([((part >= high) | (part < low)).mean() for part in (living, attacks)])
        bpcer = float((living < high).mean())
        found.append((auc(labels, scores), bpcer, max(passed.values()), float(decided)))
    if not found:
        return None
    area, bpcer, apcer, decided = np.mean(found, axis=0).tolist()
    return AfterFrames(name, area, bpcer, apcer, decided, len(found))


def by_members(
    heads: Sequence[Head], priors: Mapping[str, Mapping[str, ViewPrior]]
) -> Callable[[LabelledFeatures], Anchored]:
    """Anchor each member by a prior, as `facepad calibrate` does.

    Args:
        heads: The heads.
        priors: By kind of calibration, then by set of views.
    """

    def make(labelled: LabelledFeatures) -> Anchored:
        tables = {views: table_of(heads, labelled, views) for views in (CROP, SURROUNDED)}

        def anchored(
            frames: Rows, others: Rows, people: Sequence[str]
        ) -> tuple[Vector, Mapping[str, float]]:
            rest = [labelled.samples[row] for row in others]
            same = {one.subject for one in rest if one.is_bona_fide} == set(people)
            kind = PERSON if same and PERSON in priors else PEOPLE
            wide = bool(labelled.features.has_context[[*frames, *others]].all())
            views = SURROUNDED if wide else CROP
            return _anchored(tables[views], priors[kind][views], frames, others, people)

        return anchored

    return make


def by_readings(
    observed: Mapping[str, Observation], prior: ViewPrior
) -> Callable[[LabelledFeatures], Anchored]:
    """Anchor each member by a prior, for a test of any kind.

    Args:
        observed: Observations by path; without those that the test cannot see.
        prior: The prior of other people.
    """

    def make(labelled: LabelledFeatures) -> Anchored:
        table = MemberTable.of([observed[sample.path] for sample in labelled.samples])
        return partial(_anchored, table, prior)

    return make


def _anchored(
    table: MemberTable, prior: ViewPrior, frames: Rows, others: Rows, people: Sequence[str]
) -> tuple[Vector, Mapping[str, float]]:
    """Return scores of other pictures and bounds, as `facepad calibrate` does."""
    members = prior.members.values()
    spreads = [member.spread for member in members]
    own = leave_one_out(table.rows(frames), spreads, people)
    unit = Unit.of(prior).shrunk(own)
    off = deviations_from(table.rows(frames), table.rows(others), spreads)
    weights = np.array(
        [*(one.logit_weight for one in members), *(one.distance_weight for one in members)]
    )
    scores = own.standardised(unit) @ weights
    bounds = {
        name: prediction_bound(scores, share, prior.score, own.count)
        for name, share in {"balanced": TARGETS["balanced"], "accused": ACCUSED}.items()
    }
    return off.standardised(unit) @ weights, bounds


def table_of(heads: Sequence[Head], labelled: LabelledFeatures, views: str) -> MemberTable:
    """Return what the heads measure on pictures with faces, in one set of views.

    Args:
        heads: All heads; those of the whole frame count for the decision alone.
        labelled: Pictures with faces.
        views: The set of views.
    """
    names, features, groups = [DECISION], [np.empty((len(labelled.samples), 0), np.float32)], [""]
    logits, shares = [], []
    for head in heads:
        as_crop = views == CROP and head.view == crops.CONTEXT
        values = labelled.features.of(crops.TIGHT if as_crop else head.view, head.block)
        units = head.standardised(values).astype(np.float32)
        if head.share > 0.0:
            logits.append(units @ head.weights + head.intercept)
            shares.append(head.share)
        if head.view != crops.FRAME:
            names.append(head.name)
            features.append(units)
            groups.append(head.view)
    decided = np.average(logits, axis=0, weights=shares)
    columns = np.zeros((len(decided), len(names)))
    columns[:, 0] = decided
    decides = (True, *[False] * (len(names) - 1))
    return MemberTable(tuple(names), columns, features, tuple(groups), decides)


def by_one_distance(
    earlier: Earlier, priors: Mapping[str, Sequence[float]]
) -> Callable[[LabelledFeatures], Anchored]:
    """Anchor logit and one pooled distance, as versions 3 and 4 did.

    Args:
        earlier: Heads of these versions.
        priors: Six numbers by set of views, "tight" and "tight+context", from their prior's file:
            deviation of the logit, mean and deviation of the distance, deviation of the score.
    """
    weight, frames_of_prior, share = 0.5, 12, 0.5

    def make(labelled: LabelledFeatures) -> Anchored:
        def anchored(
            frames: Rows, others: Rows, people: Sequence[str]
        ) -> tuple[Vector, Mapping[str, float]]:
            wide = bool(labelled.features.has_context[[*frames, *others]].all())
            used = [head for head in earlier.heads if wide or head.view == crops.TIGHT]
            logit, far, far_scale, deviation = priors["tight+context" if wide else "tight"][:4]
            parts = [
                head.standardised(labelled.features.of(head.view, head.block)) for head in used
            ]
            logits = np.mean(
                [part @ one.weights + one.intercept for part, one in zip(parts, used, strict=True)],
                axis=0,
            )
            values = np.concatenate(parts, axis=1)

            def measure(known: Rows, rows: Rows) -> tuple[Vector, Vector]:
                scale = share + (1 - share) * values[known].std(axis=0)
                units = (values[rows] - values[known].mean(axis=0)) / scale
                by = (logits[rows] - logits[known].mean()) / np.sqrt(1 + 1 / len(known))
                return by, np.sqrt(np.mean(units**2, axis=1))

            names = np.array(people)
            own = []
            for place, row in enumerate(frames):
                other = names != names[place]
                if not other.any():
                    other = np.arange(len(frames)) != place
                own.append(np.concatenate(measure(frames[other], np.array([row]))))
            by, distance = np.array(own).T
            count = len(frames)

            def shrunk(value: float, usual: float) -> float:
                total = frames_of_prior * usual**2 + (count - 1) * value**2
                return float(np.sqrt(total / (frames_of_prior + count - 1)))

            unit = shrunk(by.std(ddof=1), logit)
            mean = (frames_of_prior * far + count * distance.mean()) / (frames_of_prior + count)
            wide_by = shrunk(distance.std(ddof=1), far_scale)
            scores = by / unit - weight * (distance - mean) / wide_by
            bound = prediction_bound(scores, TARGETS["balanced"], deviation)
            to, off = measure(frames, others)
            return to / unit - weight * (off - mean) / wide_by, {
                "balanced": bound,
                "accused": bound,
            }

        return anchored

    return make


def _draws(labelled: LabelledFeatures) -> Iterator[tuple[Rows, Rows]]:
    """Yield frames and other pictures of each camera, as numbers of rows.

    One frame each of other people where a camera has enough; else frames of half of the people; of
    a single person some frames, and the rest of his.
    """
    rng = np.random.default_rng(0)
    cameras = np.array([sample.session or "" for sample in labelled.samples])
    who, genuine = subjects(labelled.samples), labelled.bona_fide
    for camera in sorted(set(cameras.tolist())):
        here = np.flatnonzero(cameras == camera)
        people = sorted(set(who[here][genuine[here]].tolist()))
        for _ in range(DRAWS):
            if len(people) >= FRAMES:
                chosen = rng.permutation(people)[: min(FRAMES, len(people) - _FEWEST_PEOPLE)]
                frames = [_one(rng, here[genuine[here] & (who[here] == one)]) for one in chosen]
                others = here[~np.isin(who[here], chosen)]
            elif len(people) > 1:  # frames of half of the people, the others judged
                chosen = rng.permutation(people)[: len(people) // 2]
                own = here[genuine[here] & np.isin(who[here], chosen)]
                frames = list(rng.permutation(own)[:FRAMES])
                others = here[~np.isin(who[here], chosen)]
            else:
                own = here[genuine[here]]
                frames = list(rng.permutation(own)[:FRAMES])
                others = here[~np.isin(here, frames)]
            labels = genuine[others]
            if len(frames) >= 5 and labels.any() and not labels.all():
                yield np.array(frames), others


def _one(rng: np.random.Generator, rows: Rows) -> int:
    return int(rng.choice(rows))
