"""The report as text: numbers, intervals and names, and all of it for a terminal."""

import math
from collections.abc import Sequence

from facepad.evaluation.assessment import Assessment, AtPoint
from facepad.evaluation.differences import Difference, PairedDifferences
from facepad.evaluation.intervals import MIN_SUBJECTS, Interval
from facepad.evaluation.rates import Count, Rates
from facepad.evaluation.report.document import Report
from facepad.evaluation.report.plot_style import safe_label

NOT_KNOWN = "n/a"
FIGURES = {
    "auc": "AUC",
    "eer": "EER",
    "apcer_worst": "APCER, worst",
    "bpcer": "BPCER",
    "hter": "HTER",
}


def percent(rate: float) -> str:
    """Return a share in %.

    Example:
        >>> percent(0.1234), percent(float("nan"))
        ('12.3 %', 'n/a')
    """
    return NOT_KNOWN if math.isnan(rate) else f"{100.0 * rate:.1f} %"


def span(interval: Interval) -> str:
    """Return an interval in %, marked when it is only an indication.

    Example:
        >>> span(Interval(0.02, 0.31, 0.95, "bootstrap", 7))
        '2.0 to 31.0, indicative'
    """
    if math.isnan(interval.low):
        return "no interval"
    ends = f"{100.0 * interval.low:.1f} to {100.0 * interval.high:.1f}"
    return f"{ends}, indicative" if interval.indicative else ends


def fraction_span(interval: Interval) -> str:
    """Return an interval of a figure that is not a share, such as an area."""
    if math.isnan(interval.low):
        return "no interval"
    ends = f"{interval.low:.3f} to {interval.high:.3f}"
    return f"{ends}, indicative" if interval.indicative else ends


def number(value: float) -> str:
    """Return a score or threshold on any scale.

    Example:
        >>> number(0.4375), number(-1234567.0), number(float("nan"))
        ('0.4375', '-1.235e+06', 'n/a')
    """
    return NOT_KNOWN if math.isnan(value) else f"{value:.4g}"


def count(counted: Count) -> str:
    """Return the number of presentations and people behind a rate.

    Example:
        >>> count(Count(3362, 9))
        '3,362 presentations, 9 people'
    """
    people = "1 person" if counted.subjects == 1 else f"{counted.subjects:,} people"
    return f"{counted.presentations:,} presentations, {people}"


def difference(one: Difference, name: str) -> str:
    """Return a difference of a figure, in percentage points but for an area.

    Example:
        >>> difference(Difference(-0.021, Interval(-0.04, 0.0, 0.95, "bootstrap", 12)), "bpcer")
        '-2.1 points'
    """
    if math.isnan(one.value):
        return NOT_KNOWN
    return f"{one.value:+.3f}" if name == "auc" else f"{100.0 * one.value:+.1f} points"


def difference_span(one: Difference, name: str) -> str:
    """Return the paired interval of a difference, marked where it leaves out 0 or is uncertain.

    Example:
        >>> difference_span(Difference(0.1, Interval(0.02, 0.31, 0.95, "bootstrap", 7)), "eer")
        '+2.0 to +31.0, indicative'
    """
    if math.isnan(one.interval.low):
        return "no interval"
    low, high = one.interval.low, one.interval.high
    ends = (
        f"{low:+.3f} to {high:+.3f}"
        if name == "auc"
        else f"{100.0 * low:+.1f} to {100.0 * high:+.1f}"
    )
    if one.interval.subjects < MIN_SUBJECTS:
        return f"{ends}, indicative"
    return f"{ends}, clear" if one.is_clear else ends


def threshold(point: AtPoint) -> str:
    """Return the threshold of an operating point and its origin."""
    at = f"threshold {number(point.threshold)}"
    if point.low != point.high:
        at += f", uncertain from {number(point.low)} to {number(point.high)}"
    return f"{safe_label(point.name)}: {at}, {safe_label(point.origin)}"


def in_words(one: Assessment, point: AtPoint) -> str:
    """Return the error rates at an operating point as a sentence."""
    rates, sure = point.rates, point.intervals
    parts = []
    if rates.worst_species is not None:
        parts.append(
            f"accepted {percent(rates.apcer_worst)} of {safe_label(rates.worst_species)} attacks "
            f"({_level(sure.apcer_worst)})"
        )
    if not math.isnan(rates.bpcer):
        parts.append(f"rejected {percent(rates.bpcer)} of genuine users ({_level(sure.bpcer)})")
    return (
        f"{safe_label(one.system)} on {safe_label(one.part)}, at a threshold "
        f"{safe_label(point.origin)}, {' and '.join(parts) or 'had nothing to judge'}."
    )


def undecided_note(rates: Rates) -> str:
    """Return the shares of presentations without a decision; "" when all have one."""
    shares = {
        "bona fide without a response": rates.bpnrr,
        "bona fide uncertain": rates.bona_fide_uncertain,
        "attacks without a response": max(rates.apnrr.values(), default=0.0),
        "attacks uncertain": rates.attack_uncertain,
    }
    shown = [f"{what} {percent(share)}" for what, share in shares.items() if share > 0.0]
    return "; ".join(shown)


def text(report: Report) -> str:
    """Return error rates with intervals, counts, ranking figures and notices."""
    lines = [f"note: {notice}" for notice in report.notices]
    for one in report.assessments:
        lines += ["", *_assessment(one)]
    if report.differences:
        lines += ["", *_differences(report.differences)]
    return "\n".join(lines).strip()


def _level(interval: Interval) -> str:
    if math.isnan(interval.low):
        return "no interval"
    return f"{100.0 * interval.level:g} % interval {span(interval)}"


def _assessment(one: Assessment) -> list[str]:
    table = one.table
    counts = [
        count(Count(int(rows.sum()), table.subject_count(rows)))
        for rows in (table.bona_fide, table.attack)
    ]
    lines = [
        f"{safe_label(one.system)} on {safe_label(one.part)}: bona fide {counts[0]}; "
        f"attacks {counts[1]}"
    ]
    for point in one.points:
        lines += _point(point)
    if one.remark:
        lines.append(f"  {one.remark}")
    return [*lines, *_added(one), *_ranking(one), *_ratios(one)]


def _added(one: Assessment) -> list[str]:
    """Return how a test that only adds to others answered each kind."""
    if (found := one.added) is None:
        return []
    total = found.total
    lines = [
        f"  only adds to others: judged {total.judged:,} of {total.presentations:,} presentations, "
        f"AUC among these {number(found.auc)}"
    ]
    for kind in found.kinds:
        lines.append(
            f"    {safe_label(kind.kind):<22} towards bona fide {kind.towards:,}, against "
            f"{kind.against:,}, neither {kind.neither:,}, cannot tell {kind.silent:,} of "
            f"{kind.presentations:,}"
        )
    return lines


def _ratios(one: Assessment) -> list[str]:
    if (found := one.ratios) is None:
        return []
    return [
        f"  log-likelihood ratios (logit of the score): Cllr {found.cllr:.3f} "
        f"[{fraction_span(found.cllr_interval)}], at best scaling {found.cllr_min:.3f} "
        f"[{fraction_span(found.cllr_min_interval)}]"
    ]


def _differences(found: Sequence[PairedDifferences]) -> list[str]:
    lines = ["differences, with paired intervals over people (clear: 0 is outside):"]
    for one in found:
        lines.append(
            f"  {safe_label(one.system)} minus {safe_label(one.reference)} on "
            f"{safe_label(one.part)}"
        )
        figures = {"at ranking thresholds": one.ranking}
        for at in one.points:
            same = at.point == at.reference_point
            figures[at.point if same else f"{at.point} / {at.reference_point}"] = at.rates
        lines += [
            f"    {safe_label(where)}: {'; '.join(_named(n, each) for n, each in some.items())}"
            for where, some in figures.items()
            if some
        ]
    return lines


def _named(name: str, one: Difference) -> str:
    return f"{FIGURES[name]} {difference(one, name)} [{difference_span(one, name)}]"


def _point(point: AtPoint) -> list[str]:
    rates, sure, matrix = point.rates, point.intervals, point.rates.confusion
    lines = [f"  {threshold(point)}"]
    for name, rate in rates.apcer.items():
        what = f"APCER {safe_label(name)}"
        lines.append(
            f"    {what:<16} {percent(rate):>7} [{span(sure.apcer[name])}] "
            f"{count(rates.species[name])}"
        )
    lines += [
        f"    {'BPCER':<16} {percent(rates.bpcer):>7} [{span(sure.bpcer)}] "
        f"{count(rates.bona_fide)}",
        f"    {'ACER':<16} {percent(rates.acer):>7} [{span(sure.acer)}]; "
        f"HTER {percent(rates.hter)} [{span(sure.hter)}]",
        f"    confusion, % of all: true positives {matrix.true_positive:.1f}, false negatives "
        f"{matrix.false_negative:.1f}, false positives {matrix.false_positive:.1f}, true "
        f"negatives {matrix.true_negative:.1f}; top-1 accuracy {percent(rates.accuracy)}",
    ]
    if open_ones := undecided_note(rates):
        decided = point.decided
        lines.append(
            f"    no decision: {open_ones}. Of those decided: APCER "
            f"{percent(decided.apcer_worst)}, BPCER {percent(decided.bpcer)}"
        )
    return lines


def _ranking(one: Assessment) -> list[str]:
    if one.ranking is None or one.ranking_intervals is None:
        return ["  no ranking figures: a class has no score"]
    ranking, sure = one.ranking, one.ranking_intervals.intervals
    at = "/".join(percent(rate) for rate in (ranking.bpcer10, ranking.bpcer20, ranking.bpcer100))
    return [
        f"  {ranking.label}: AUC {number(ranking.auc)} [{fraction_span(sure['auc'])}], EER "
        f"{percent(ranking.eer)} [{span(sure['eer'])}], BPCER at APCER 10/5/1 %: {at}"
    ]
