"""What training the face test came to, for people, for the card and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facepad.evaluation.ranking import rank
from facepad.evaluation.rates import Rates, rates_at
from facepad.faces import crops
from facepad.liveness.face_cnn.heads import FaceHeads, Vector
from facepad.scores import AffineScaling
from facepad.training.face.heads import Seen, context_logits, logits
from facepad.types import OperatingPoint


@dataclass(frozen=True, slots=True)
class Part:
    """Errors on one set.

    Attributes:
        name: Of the set.
        pictures: With a face that can be judged.
        without_face: Other pictures.
        rates: At the operating point's single threshold.
        auc: Over all pictures, pooled.
        auc_by_site: Mean over subjects or sites that have both classes; NaN where none has.
        sites: How many have.
        context_alone: AUC of the context heads; NaN without context.
        background_alone: The same with the face blacked out.
    """

    name: str
    pictures: int
    without_face: int
    rates: Rates
    auc: float
    auc_by_site: float
    sites: int
    context_alone: float
    background_alone: float


def part_of(name: str, heads: FaceHeads, seen: Seen) -> Part:
    """Judge one set."""
    usable = seen.part(seen.usable)
    raw = logits(heads.heads, usable)
    ratios = _ratios(heads, usable, raw)
    table = usable.table(ratios, AffineScaling(1.0, 0.0))
    by_site = _by_site(usable, ratios)
    context = [head for head in heads.heads if head.view == crops.CONTEXT]
    deep = bool(context) and bool(usable.features.has_context.all())
    nan = float("nan")
    return Part(
        name,
        len(usable.samples),
        len(seen.samples) - len(usable.samples),
        rates_at(table, OperatingPoint.at(heads.operating_point.threshold)),
        rank(table).auc,
        float(np.mean(by_site)) if by_site else nan,
        len(by_site),
        auc(usable.bona_fide, context_logits(context, usable)) if deep else nan,
        auc(usable.bona_fide, context_logits(context, usable, blacked_out=True)) if deep else nan,
    )


def auc(labels: NDArray[np.bool_], values: Vector) -> float:
    """Probability that a bona fide picture scores above an attack; ties count half."""
    from scipy.stats import rankdata

    ranks = rankdata(values)
    many, few = int(labels.sum()), int((~labels).sum())
    return float((ranks[labels].sum() - many * (many + 1) / 2) / (many * few))


def text(parts: Sequence[Part], point: OperatingPoint) -> str:
    """The report for people."""
    lines = [
        f"threshold {point.threshold:.4f} ({point.name}); uncertain from {point.low:.4f} to "
        f"{point.high:.4f}"
    ]
    for part in parts:
        lines += ["", *_of(part)]
    return "\n".join(lines)


def _of(part: Part) -> list[str]:
    rates = part.rates
    lines = [
        f"{part.name}: {rates.bona_fide.presentations} bona fide of {rates.bona_fide.subjects} "
        f"subjects, {rates.attack.presentations} attacks of {rates.attack.subjects}; "
        f"{part.without_face} without a face",
        f"  AUC {part.auc:.3f} pooled, {part.auc_by_site:.3f} mean over {part.sites} subjects or "
        f"sites; at the threshold APCER {_percent(rates.apcer_worst)}, BPCER "
        f"{_percent(rates.bpcer)}, HTER {_percent(rates.hter)}",
    ]
    if not np.isnan(part.context_alone):
        lines.append(
            f"  context heads alone: AUC {part.context_alone:.3f}; with the face blacked out "
            f"{part.background_alone:.3f}"
        )
    return lines


def _ratios(heads: FaceHeads, seen: Seen, raw: Vector) -> Vector:
    wide = seen.features.has_context
    both, tight = heads.all_views, heads.tight_only
    return np.asarray(
        np.where(wide, both.slope * raw + both.bias, tight.slope * raw + tight.bias), np.float64
    )


def _by_site(seen: Seen, values: Vector) -> list[float]:
    names = np.array([sample.subject for sample in seen.samples])
    labels = seen.bona_fide
    found = []
    for name in sorted(set(names)):
        rows = names == name
        if labels[rows].any() and not labels[rows].all():
            found.append(auc(labels[rows], values[rows]))
    return found


def _percent(rate: float) -> str:
    return "n/a" if np.isnan(rate) else f"{100.0 * rate:.1f} %"
