"""Which splits are evaluated at which thresholds, over systems and datasets.

Each test split is evaluated at the threshold of its own dev split and, with several
datasets, at the threshold of every other dev split. People who are in no other split are
reported a second time by themselves.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from facepad.errors import InputError, counted, suggestion
from facepad.evaluation.aggregation import Scored, of_split, pooled
from facepad.evaluation.answers import added_answers
from facepad.evaluation.assessment import Assessment, GivenPoint, Rule, Sampling, assess
from facepad.evaluation.choices import ScoreDirection
from facepad.evaluation.protocol import shared_notices, subject_disjoint
from facepad.types import Sample, Split

POOL = "all datasets"
CHANCE = 0.5  # AUC of scores that say nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemScores:
    """One system's presentations of one dataset.

    Attributes:
        system: Name of the system.
        dataset: Name of the dataset in texts; "" for scores from a file.
        source: Folder of the data; protocols of the same data give each other no threshold.
        rows: Whole presentations of every split. Those of train need no score; they show
            which people were used for training.
        given: Thresholds that were fixed beforehand.
        higher_is: What a higher score means.
        asks_dev: Whether thresholds are also set on dev; not for a system with a threshold of
            its own.
        only_adds: Whether the scores are only added to those of others, so that there is no
            threshold.
    """

    system: str
    dataset: str
    rows: tuple[Scored, ...]
    source: str = ""
    given: tuple[GivenPoint, ...] = ()
    higher_is: ScoreDirection = ScoreDirection.BONA_FIDE
    asks_dev: bool = True
    only_adds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to evaluate, and how.

    Attributes:
        rule: How a threshold is set on dev.
        threshold_from: Name of the dataset whose dev split sets all thresholds; "dev" for
            each dataset's own and every other's.
        pool: Whether to evaluate all datasets as one, too.
        sampling: How intervals are made.
    """

    rule: Rule = Rule()  # noqa: RUF009 - a frozen value
    threshold_from: str = Split.DEV.value
    pool: bool = False
    sampling: Sampling = Sampling()  # noqa: RUF009 - a frozen value


def assess_all(
    scores: Sequence[SystemScores], plan: Plan, advance: Callable[[], None] = lambda: None
) -> tuple[Assessment, ...]:
    """Assess every system on every dataset's test split.

    Args:
        scores: Per system and dataset.
        plan: What to evaluate, and how.
        advance: Called after each of `count_of` steps.

    Raises:
        InputError: There are no test rows; thresholds are asked from a part or dataset
            that cannot give them.
    """
    _check(scores, plan)
    done = []
    for scores_of_one in _with_pool(scores, plan):
        devs = _devs(scores_of_one, scores, plan)
        for part, rows in parts_of(scores_of_one.rows).items():
            done.append(_assess(scores_of_one, part, rows, devs, plan))
            advance()
    return tuple(done)


def refuse_source(asked: str) -> None:
    """Check that a threshold is not set on test or train.

    Raises:
        InputError: It is; the message says what to do instead.
    """
    if asked in (Split.TEST, Split.TRAIN):
        raise InputError(
            f"a threshold cannot be set on {asked}: error rates are too low if the threshold "
            "was set on the evaluated data or on training data. Set it on dev, or give one; "
            "AUC, EER and BPCER at a fixed APCER are in the report anyway, labelled "
            "'ranking, threshold from test'"
        )


def require_test(samples: Sequence[Sample]) -> None:
    """Check that there is a test part to report on.

    Raises:
        InputError: There is none; the message says what there is, and what to do.
    """
    counts = Counter(sample.split for sample in samples)
    if counts[Split.TEST]:
        return
    there = ", ".join(f"{split} {counts[split]:,}" for split in Split if counts[split])
    people = counted(len({sample.subject for sample in samples}), "person", "people")
    raise InputError(
        f"the report is about test rows, but all {len(samples):,} are of other parts "
        f"({there or 'none'}), of {people}; put people into the part test, and other people into "
        "dev: by folders named test and dev, or by a column split"
    )


def count_of(scores: Sequence[SystemScores], plan: Plan) -> int:
    """Return the number of assessments that `assess_all` makes."""
    return sum(len(parts_of(one.rows)) for one in _with_pool(scores, plan))


def parts_of(rows: Sequence[Scored]) -> dict[str, tuple[Scored, ...]]:
    """Return the test rows, and those of people who are in no other split if they are fewer.

    Raises:
        InputError: There are no test rows.
    """
    samples = [row.sample for row in rows]
    require_test(samples)
    test = of_split(rows, Split.TEST)
    apart = {sample.key for sample in subject_disjoint(samples)}
    alone = tuple(row for row in test if row.sample.key in apart)
    if not 0 < len(alone) < len(test):
        return {"test": test}
    return {"test": test, "test, subject-disjoint": alone}


def notices_of(
    scores: Sequence[SystemScores], assessments: Sequence[Assessment]
) -> tuple[str, ...]:
    """Return what is suspicious about the data, in sentences.

    People in several parts of a file of scores (listings of datasets say so themselves), scores
    that are higher for attacks, and classes with one person only.
    """
    files = [one for one in scores if not one.dataset]
    shared = (
        notice for one in files for notice in shared_notices([row.sample for row in one.rows])
    )
    upside_down = (_upside_down(one, of_file=bool(files)) for one in assessments)
    alone = (_alone(one) for one in assessments)
    return tuple(dict.fromkeys(filter(None, (*shared, *upside_down, *alone))))


def _upside_down(one: Assessment, *, of_file: bool) -> str:
    """Return a sentence where the AUC is below 1/2 by its whole interval; else ""."""
    if one.ranking is None or one.ranking_intervals is None:
        return ""
    sure = one.ranking_intervals.intervals["auc"]
    if not sure.high < CHANCE:
        return ""
    other = next(way for way in ScoreDirection if way is not one.scale.higher_is)
    ask = f"did you mean `--higher-is {other}`?" if of_file else "are the labels right?"
    return (
        f"{one.system} on {one.part}: the AUC is {one.ranking.auc:.3f} ({sure.low:.3f} to "
        f"{sure.high:.3f}), below {CHANCE}: attacks are ranked above bona fide; {ask}"
    )


def _alone(one: Assessment) -> str:
    """Return a sentence where a class has one person only; else ""."""
    classes = {"bona fide": one.table.bona_fide, "attacks": one.table.attack}
    alone = [name for name, rows in classes.items() if one.table.subject_count(rows) == 1]
    if not alone:
        return ""
    return (
        f"{one.part}: {' and '.join(alone)} of 1 person only, so that there are no intervals, and "
        "the error rates say nothing about other people; add people"
    )


def _assess(
    one: SystemScores,
    part: str,
    rows: tuple[Scored, ...],
    devs: Mapping[str, Sequence[Scored]],
    plan: Plan,
) -> Assessment:
    found = assess(
        rows,
        devs,
        rule=plan.rule,
        given=one.given,
        higher_is=one.higher_is,
        system=one.system,
        part=f"{one.dataset} {part}".strip(),
        sampling=plan.sampling,
    )
    return replace(found, remark="", added=added_answers(rows)) if one.only_adds else found


def _check(scores: Sequence[SystemScores], plan: Plan) -> None:
    refuse_source(plan.threshold_from)
    asked, names = plan.threshold_from, sorted({one.dataset for one in scores})
    if asked != Split.DEV and asked not in names:
        known = ", ".join(name for name in names if name) or "none is named"
        hint = suggestion(asked, [Split.DEV, *names]).rstrip()
        raise InputError(
            "a threshold comes from 'dev' or from the dev part of one of the datasets "
            f"({known}), got {asked!r}{'; ' if hint else ''}{hint}"
        )


def _devs(
    one: SystemScores, scores: Iterable[SystemScores], plan: Plan
) -> dict[str, tuple[Scored, ...]]:
    """Return dev splits of the same system by name; the dataset's own first."""
    if one.only_adds or not one.asks_dev:
        return {}
    same = [other for other in scores if other.system == one.system]
    if plan.threshold_from != Split.DEV:
        same = [other for other in same if other.dataset == plan.threshold_from]
    elif one.dataset == POOL:
        same = [one]
    else:
        same = [other for other in same if other is one or other.source != one.source]
    same.sort(key=lambda other: other.dataset != one.dataset)
    parts = {f"{o.dataset} dev".strip(): of_split(o.rows, Split.DEV) for o in same}
    return {name: rows for name, rows in parts.items() if rows}


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
                only_adds=same[0].only_adds,
            )
        )
    return [*scores, *more]
