"""Numbers and intervals in the words of a report, the same on the page and in a terminal."""

import math

from facepad.evaluation.assessment import Assessment, AtPoint
from facepad.evaluation.intervals import Interval
from facepad.evaluation.rates import Count, Rates
from facepad.evaluation.report.palette import shown

NOT_KNOWN = "n/a"


def percent(rate: float) -> str:
    """A share in %.

    Example:
        >>> percent(0.1234), percent(float("nan"))
        ('12.3 %', 'n/a')
    """
    return NOT_KNOWN if math.isnan(rate) else f"{100.0 * rate:.1f} %"


def span(interval: Interval) -> str:
    """An interval in %, and a word when it is only an indication.

    Example:
        >>> span(Interval(0.02, 0.31, 0.95, "bootstrap", 7))
        '2.0 to 31.0, indicative'
    """
    if math.isnan(interval.low):
        return "no interval"
    ends = f"{100.0 * interval.low:.1f} to {100.0 * interval.high:.1f}"
    return f"{ends}, indicative" if interval.indicative else ends


def fraction_span(interval: Interval) -> str:
    """An interval of a figure that is no share, such as an area."""
    if math.isnan(interval.low):
        return "no interval"
    ends = f"{interval.low:.3f} to {interval.high:.3f}"
    return f"{ends}, indicative" if interval.indicative else ends


def number(value: float) -> str:
    """A score or threshold on any scale.

    Example:
        >>> number(0.4375), number(-1234567.0), number(float("nan"))
        ('0.4375', '-1.235e+06', 'n/a')
    """
    return NOT_KNOWN if math.isnan(value) else f"{value:.4g}"


def count(found: Count) -> str:
    """How much a rate rests on.

    Example:
        >>> count(Count(3362, 9))
        '3,362 presentations, 9 people'
    """
    people = "1 person" if found.subjects == 1 else f"{found.subjects:,} people"
    return f"{found.presentations:,} presentations, {people}"


def threshold(point: AtPoint) -> str:
    """Where a point's threshold is and comes from."""
    at = f"threshold {number(point.threshold)}"
    if point.low != point.high:
        at += f", uncertain from {number(point.low)} to {number(point.high)}"
    return f"{shown(point.name)}: {at}, {shown(point.origin)}"


def in_words(one: Assessment, point: AtPoint) -> str:
    """What an operating point came to, in a sentence for people."""
    rates, sure = point.rates, point.intervals
    parts = []
    if rates.worst_species is not None:
        parts.append(
            f"let {percent(rates.apcer_worst)} of {shown(rates.worst_species)} attacks pass "
            f"({_level(sure.apcer_worst)})"
        )
    if not math.isnan(rates.bpcer):
        parts.append(f"turned away {percent(rates.bpcer)} of living people ({_level(sure.bpcer)})")
    return (
        f"{shown(one.system)} on {shown(one.part)}, at a threshold {shown(point.origin)}, "
        f"{' and '.join(parts) or 'judged nothing'}."
    )


def caveat(rates: Rates) -> str:
    """What part of the presentations got no decision; "" when all did."""
    shares = {
        "living people without a response": rates.bpnrr,
        "living people uncertain": rates.bona_fide_uncertain,
        "attacks without a response": max(rates.apnrr.values(), default=0.0),
        "attacks uncertain": rates.attack_uncertain,
    }
    told = [f"{what} {percent(share)}" for what, share in shares.items() if share > 0.0]
    return "; ".join(told)


def _level(interval: Interval) -> str:
    if math.isnan(interval.low):
        return "no interval"
    return f"{100.0 * interval.level:g} % interval {span(interval)}"
