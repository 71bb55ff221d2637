"""The report as plain text for a terminal: a few lines per system."""

from facepad.evaluation.assessment import Assessment, AtPoint
from facepad.evaluation.rates import Count
from facepad.evaluation.report.document import Report
from facepad.evaluation.report.formatting import (
    count,
    fraction_span,
    number,
    percent,
    safe_label,
    span,
    threshold,
    undecided_note,
)


def text(report: Report) -> str:
    """Return error rates with intervals, counts, ranking figures and notices."""
    lines = [f"note: {notice}" for notice in report.notices]
    for one in report.assessments:
        lines += ["", *_assessment(one)]
    return "\n".join(lines).strip()


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
    return lines + _ranking(one)


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
