"""The work behind ``facepad evaluate``: scores in, report, page and plots out."""

import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from facepad.cli.console import progress
from facepad.cli.errors import ExitCode, say
from facepad.cli.evaluation_order import Gathered, Order
from facepad.errors import SettingsError, counted
from facepad.evaluation.aggregation import combined
from facepad.evaluation.assessment import Assessment, GivenPoint, Rule, Sampling
from facepad.evaluation.plan import Plan, SystemScores, assess_all, count_of, refuse_source
from facepad.evaluation.report import terminal
from facepad.evaluation.report.document import Picture, Report, to_json
from facepad.evaluation.report.environment import environment
from facepad.evaluation.report.gallery import worth_a_look
from facepad.evaluation.scores_csv import match

REPORT, PAGE, PLOTS = "report.json", "report.html", "plots"


def run(order: Order) -> ExitCode:
    """Gather scores, judge them, write the report, and say what it came to.

    Raises:
        InputError: Scores, a rule or a threshold cannot be used.
        DatasetError: A dataset or a file of scores or labels cannot be used.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: A name is not known, a library is missing, or what is kept in the
            folder was made with other settings.
    """
    if order.page:
        from facepad.evaluation.report.page import require_libraries

        require_libraries()  # before anything slow
    plan = _plan(order)
    gathered = _from_files(order) if order.scores is not None else _from_datasets(order)
    with progress("judging", count_of(gathered.systems, plan)) as advance:
        found = assess_all(gathered.systems, plan, advance)
    report = _report(order, gathered, found)
    written = _write(order, report)  # first: whoever reads the text may go away
    sys.stdout.write(terminal.text(report) + "\n")
    for file in written:
        say(f"wrote {file}")
    return ExitCode.INPUT if gathered.unread else ExitCode.OK


def _plan(order: Order) -> Plan:
    refuse_source(order.threshold_from)  # before anything slow
    return Plan(
        rule=Rule.parse(order.rule),
        threshold_from=order.threshold_from,
        pool=order.pool,
        sampling=Sampling(repeats=order.repeats, seed=order.seed),
    )


def _from_files(order: Order) -> Gathered:
    if order.scores is None or order.labels is None:
        raise SettingsError("--scores and --labels go together")
    matched = match(order.scores, order.labels, key=order.key, score_column=order.score_column)
    notices = list(matched.notices)
    if matched.missing:
        notices.append(f"{counted(matched.missing, 'row')} without a score: non-responses")
    rows = combined(matched.rows, order.combine, order.higher_is)
    if len(rows) < len(matched.rows):
        notices.append(
            f"{len(matched.rows):,} rows are frames of {len(rows):,} presentations; their scores "
            f"are combined by {order.combine}"
        )
    system = SystemScores(
        system=order.scores.stem,
        dataset="",
        rows=rows,
        given=_given(order),
        higher_is=order.higher_is,
    )
    return Gathered(
        title=f"Evaluation of {order.scores.name}", systems=(system,), notices=tuple(notices)
    )


def _from_datasets(order: Order) -> Gathered:
    from facepad.cli.evaluating_datasets import gather

    return gather(order, _given(order))


def _given(order: Order) -> tuple[GivenPoint, ...]:
    return () if order.threshold is None else (GivenPoint("given", order.threshold),)


def _report(order: Order, gathered: Gathered, found: Sequence[Assessment]) -> Report:
    pictures: dict[str, tuple[Picture, ...]] = {}
    if order.thumbnails:
        looked = ((f"{a.system} on {a.part}", worth_a_look(a, order.thumbnails)) for a in found)
        pictures = {name: chosen for name, chosen in looked if chosen}
    return Report(
        title=gathered.title,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        commands=(shlex.join(["facepad", *sys.argv[1:]]),),
        assessments=tuple(found),
        notices=gathered.notices,
        timings=gathered.timings,
        timings_note=gathered.timings_note,
        models=gathered.models,
        environment=environment(),
        pictures=pictures,
    )


def _write(order: Order, report: Report) -> list[Path]:
    try:
        order.out.mkdir(parents=True, exist_ok=True)
        (order.out / REPORT).write_text(to_json(report), encoding="utf-8")
        files = [order.out / REPORT]
        return [*files, *(_write_page(order.out, report) if order.page else ())]
    except OSError as error:
        raise SettingsError(f"{order.out}: cannot be written: {error.strerror}") from error


def _write_page(out: Path, report: Report) -> list[Path]:
    from facepad.evaluation.report.page import render
    from facepad.evaluation.report.plots import element, plots_of, save

    (out / PLOTS).mkdir(exist_ok=True)
    drawn = {}
    plots = plots_of(report.assessments)
    with progress("drawing", len(plots)) as advance:
        for plot in plots:
            drawn[plot] = element(plot)
            save(plot, out / PLOTS, drawn[plot])
            advance()
    (out / PAGE).write_text(render(report, drawn), encoding="utf-8")
    return [out / PAGE, out / PLOTS]
