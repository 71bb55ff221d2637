"""Which parts are judged at which thresholds, over systems and datasets.

Each dataset's test part is judged at the threshold of its own dev part, and, when there are
several datasets, at the threshold of each other one's dev part. People whom no other part
has are reported a second time by themselves.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from facepad.errors import InputError
from facepad.evaluation.aggregation import Scored, of_split, pooled
from facepad.evaluation.assessment import Assessment, GivenPoint, Rule, Sampling, assess
from facepad.evaluation.choices import ScoreDirection
from facepad.evaluation.protocol import subject_disjoint
from facepad.types import Split

POOL = "all datasets"


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemScores:
    """One system's presentations of one dataset.

    Attributes:
        system: Name of the system.
        dataset: Name of the dataset, for people; "" for scores from a file.
        source: Where its data lie; protocols of the same data give each other no threshold.
        rows: Whole presentations of every part. Those of train need no score; they tell
            which people were learned from.
        given: Thresholds that were fixed beforehand.
        higher_is: What a higher score speaks for.
        asks_dev: Whether thresholds are chosen on dev, too; not for a system that brings the
            one threshold it is used with.
    """

    system: str
    dataset: str
    rows: tuple[Scored, ...]
    source: str = ""
    given: tuple[GivenPoint, ...] = ()
    higher_is: ScoreDirection = ScoreDirection.BONA_FIDE
    asks_dev: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to judge, and how.

    Attributes:
        rule: How a threshold is chosen on dev.
        threshold_from: Name of the dataset whose dev part chooses for all; "dev" for each
            dataset's own and every other's.
        pool: Whether to judge all datasets as one, too.
        sampling: How intervals are made.
    """

    rule: Rule = Rule()  # noqa: RUF009 - a frozen value
    threshold_from: str = Split.DEV.value
    pool: bool = False
    sampling: Sampling = Sampling()  # noqa: RUF009 - a frozen value


def assess_all(
    scores: Sequence[SystemScores], plan: Plan, advance: Callable[[], None] = lambda: None
) -> tuple[Assessment, ...]:
    """Judge every system on every dataset's test part.

    Args:
        scores: Per system and dataset.
        plan: What to judge, and how.
        advance: Called after each of `count_of` steps.

    Raises:
        InputError: There are no test rows; thresholds are asked from a part or dataset
            that cannot give them.
    """
    _check(scores, plan)
    done = []
    for one in _with_pool(scores, plan):
        devs = _devs(one, scores, plan)
        for part, rows in parts_of(one.rows).items():
            done.append(_assess(one, part, rows, devs, plan))
            advance()
    return tuple(done)


def refuse_source(asked: str) -> None:
    """Refuse to choose a threshold on data that errors are counted on or learned from.

    Raises:
        InputError: Says why, and what to do instead.
    """
    if asked in (Split.TEST, Split.TRAIN):
        raise InputError(
            f"a threshold cannot be chosen on {asked}: error rates at a threshold that saw the "
            "data it is judged on (or that the system learned from) are too good, and nobody "
            "will meet them. Choose it on dev, or give one; AUC, EER and BPCER at a fixed "
            "APCER are in the report anyway, labelled 'ranking, threshold from test'"
        )


def count_of(scores: Sequence[SystemScores], plan: Plan) -> int:
    """How many assessments `assess_all` will make."""
    return sum(len(parts_of(one.rows)) for one in _with_pool(scores, plan))


def parts_of(rows: Sequence[Scored]) -> dict[str, tuple[Scored, ...]]:
    """The test rows, and those of people whom no other part has, when these are fewer.

    Raises:
        InputError: There are no test rows.
    """
    test = of_split(rows, Split.TEST)
    if not test:
        raise InputError(f"the report is about test rows, but all {len(rows):,} are of other parts")
    apart = {sample.key for sample in subject_disjoint([row.sample for row in rows])}
    alone = tuple(row for row in test if row.sample.key in apart)
    if not 0 < len(alone) < len(test):
        return {"test": test}
    return {"test": test, "test, subject-disjoint": alone}


def _assess(
    one: SystemScores,
    part: str,
    rows: tuple[Scored, ...],
    devs: Mapping[str, Sequence[Scored]],
    plan: Plan,
) -> Assessment:
    return assess(
        rows,
        devs,
        rule=plan.rule,
        given=one.given,
        higher_is=one.higher_is,
        system=one.system,
        part=f"{one.dataset} {part}".strip(),
        sampling=plan.sampling,
    )


def _check(scores: Sequence[SystemScores], plan: Plan) -> None:
    refuse_source(plan.threshold_from)
    asked, names = plan.threshold_from, sorted({one.dataset for one in scores})
    if asked != Split.DEV and asked not in names:
        known = ", ".join(name for name in names if name)
        raise InputError(
            f"a threshold comes from 'dev' or from the dev part of one of the datasets "
            f"({known or 'none is named'}), got {asked!r}"
        )


def _devs(
    one: SystemScores, scores: Iterable[SystemScores], plan: Plan
) -> dict[str, tuple[Scored, ...]]:
    """Dev parts of the same system by name; the dataset's own first."""
    if not one.asks_dev:
        return {}
    same = [other for other in scores if other.system == one.system]
    if plan.threshold_from != Split.DEV:
        same = [other for other in same if other.dataset == plan.threshold_from]
    elif one.dataset == POOL:
        same = [one]
    else:
        same = [other for other in same if other is one or other.source != one.source]
    same.sort(key=lambda other: other.dataset != one.dataset)
    found = {f"{o.dataset} dev".strip(): of_split(o.rows, Split.DEV) for o in same}
    return {name: rows for name, rows in found.items() if rows}


def _with_pool(scores: Sequence[SystemScores], plan: Plan) -> list[SystemScores]:
    if not plan.pool or len({one.dataset for one in scores}) < 2:
        return list(scores)
    more = []
    for system in dict.fromkeys(one.system for one in scores):
        same = [one for one in scores if one.system == system]
        more.append(
            SystemScores(
                system=system,
                dataset=POOL,
                rows=pooled({one.dataset: one.rows for one in same}),
                given=same[0].given,
                higher_is=same[0].higher_is,
                asks_dev=same[0].asks_dev,
            )
        )
    return [*scores, *more]
