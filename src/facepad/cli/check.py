"""``facepad check``: judge pictures and clips, a few or many of them."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facepad.cli.errors import DEBUG_VARIABLE, ExitCode, say
from facepad.cli.options import (
    PATHS_HELP,
    POINT_HELP,
    Advisory,
    CameraName,
    FacesName,
    FusionName,
    PointName,
    SequenceRate,
    Tests,
    WhichFace,
    names_given,
)
from facepad.registry import DEFAULT_FUSION, DEFAULT_POINT

if TYPE_CHECKING:
    from facepad.documents import Judged, Tally
    from facepad.explaining import HeatMapFolder
    from facepad.media.inputs import Input
    from facepad.pipeline import Checker

EXPLAIN_DIR_HELP = (
    "Write a heat map of each input that is shown: what each part of the face and its surroundings "
    "added to the decision. Takes several seconds per picture. Drawings of what tests judged are "
    "written beside it, where a test can draw it; and of a clip, a figure of scores and of what "
    "tests measured over time."
)
ONLY_HELP = "Show only what is not bona fide: attack, uncertain, no response, unreadable."
WORKERS_HELP = "Number of inputs judged at a time. Default: the setting threads."
FEW = 20  # inputs that are shown in one table; of more, each has a line as soon as it is decided


class OnlyName(StrEnum):
    """Which inputs are shown."""

    PROBLEMS = "problems"


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """The options of `facepad check`.

    Attributes:
        tests: Names of the tests that decide; None for the default ones.
        threshold: Decide at this score; None for the tests' own operating points.
        operating_point: Name of the tests' operating point, without a threshold.
        only: Which inputs are shown; None for all.
        workers: Number of inputs that are judged at a time; None for the setting ``threads``.
        json: Whether to print documents instead of a table.
        explain: Whether to print what tests and their members added to the decision.
        fail_on_attack: The policy: no outcome is attack.
        require_bona_fide: The policy: every outcome is bona fide.
        calibration: Name of the camera's calibration, whose test then decides alone; None
            for none.
        advisory: Names of tests whose scores are only shown; None for the default ones.
        faces: Which face of several is judged.
        fusion: Name or file of what makes one score of several deciding tests.
        explain_dir: Folder that heat maps are written to; None for no heat maps.
        sequence: Frames a second, where each input is a folder or a pattern of the pictures of
            one clip; None where inputs are files and folders of many.
    """

    tests: tuple[str, ...] | None
    threshold: float | None
    json: bool
    explain: bool
    fail_on_attack: bool
    require_bona_fide: bool
    calibration: str | None = None
    advisory: tuple[str, ...] | None = None
    faces: FacesName = FacesName.LARGEST
    operating_point: str = DEFAULT_POINT
    fusion: str = DEFAULT_FUSION
    only: OnlyName | None = None
    workers: int | None = None
    explain_dir: Path | None = None
    sequence: float | None = None


def check(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help=PATHS_HELP)],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document per line, as results come.")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option("--explain", help="Show what each test and its members added to a decision."),
    ] = False,
    explain_dir: Annotated[
        Path | None, typer.Option("--explain-dir", metavar="DIR", help=EXPLAIN_DIR_HELP)
    ] = None,
    tests: Tests = None,
    advisory: Advisory = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            min=0.0,
            max=1.0,
            help="Lowest score of bona fide, in place of the tests' own thresholds.",
        ),
    ] = None,
    operating_point: Annotated[
        PointName | None, typer.Option("--operating-point", help=POINT_HELP)
    ] = None,
    fusion: FusionName = DEFAULT_FUSION,
    calibration: CameraName = None,
    faces: WhichFace = FacesName.LARGEST,
    only: Annotated[OnlyName | None, typer.Option("--only", help=ONLY_HELP)] = None,
    sequence: SequenceRate = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, help=WORKERS_HELP)] = None,
    fail_on_attack: Annotated[
        bool,
        typer.Option(
            "--fail-on-attack",
            help="Exit 1 if any outcome is attack. No face and uncertain pass: not for a gate.",
        ),
    ] = False,
    require_bona_fide: Annotated[
        bool,
        typer.Option(
            "--require-bona-fide",
            help="Exit 1 unless every outcome is bona_fide. A gate should use this one.",
        ),
    ] = False,
) -> None:
    """Judge pictures and clips: is the face in each one a living person, or a picture of one?

    A clip (AVI, GIF, MJPEG, MKV, MOV, MP4, MPEG, WebM, Y4M) is one presentation with one
    decision. An input that cannot be read is one line with its error; the other inputs are
    judged.

    Of a folder or a pattern, hidden files and files that are neither pictures nor clips are
    skipped and counted. Up to 20 inputs are shown in a table at the end; of more, each has a line
    as soon as it is decided, and the last lines sum up.

    For example:

    - `facepad check me.jpg`
    - `facepad check --json 'photos/*.jpg' clip.mp4 > decisions.jsonl`
    - `facepad check --only problems photos`
    - `facepad check --sequence 25 'frames/%04d.png'`
    - `facepad check --explain --explain-dir maps me.jpg`
    - `facepad check --require-bona-fide --faces single - < upload.jpg`

    Exit codes:

    - 0: everything was judged
    - 1: the policy asked for failed
    - 2: an input could not be read (this goes before 1), or wrong usage
    - 3: a model is missing or broken
    - 4: a setting cannot be used
    """
    if operating_point is not None and threshold is not None:
        raise typer.BadParameter("give either --operating-point or --threshold")
    options = CheckOptions(
        tests=names_given(tests),
        advisory=names_given(advisory),
        threshold=threshold,
        json=as_json,
        explain=explain,
        fail_on_attack=fail_on_attack,
        require_bona_fide=require_bona_fide,
        calibration=calibration,
        faces=faces,
        operating_point=str(operating_point or DEFAULT_POINT),
        fusion=fusion,
        only=only,
        workers=workers,
        explain_dir=explain_dir,
        sequence=sequence,
    )
    raise typer.Exit(run(paths, options))


def run(paths: Sequence[str], options: CheckOptions) -> ExitCode:
    """Judge what the paths name, print it, and return the exit code.

    Raises:
        InputError: A path names nothing.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: A test or a calibration that was named does not exist.
    """
    from facepad import runtime, settings
    from facepad.cli.console import progress
    from facepad.documents import Tally, is_problem
    from facepad.jobs.threads import ordered_map
    from facepad.media.inputs import as_sequences, expand, skipped_in_words

    runtime.tune()
    skipped: list[str] = []
    inputs = (
        list(expand(paths, skip=skipped.append))
        if options.sequence is None
        else list(as_sequences(paths, options.sequence))
    )
    if skipped:
        say(skipped_in_words(skipped))
    threads = int(settings.number("threads"))
    checker = _checker(options, threads if len(inputs) == 1 else 1)
    checker.load()
    heat_maps = _heat_maps(options.explain_dir)
    tally, workers = Tally(), min(options.workers or threads, len(inputs))
    judged = ordered_map(lambda item: judge(checker, item), inputs, workers)
    with (
        _shown(inputs, options, tally, len(skipped)) as show,
        closing(judged),
        progress("checking", len(inputs)) as advance,
    ):
        for item, result in zip(inputs, judged, strict=True):
            tally.add(result)
            if options.only is None or is_problem(result):
                if heat_maps is not None:
                    result = _with_heat_map(heat_maps, checker, item, result, len(inputs) == 1)
                show(result)
            advance()
    return exit_code(tally, options)


@contextmanager
def _shown(
    inputs: "Sequence[Input]", options: CheckOptions, tally: "Tally", skipped: int
) -> "Iterator[Callable[[Judged], None]]":
    """Give the function that shows a result; an interrupted run still shows what is known."""
    if options.json:
        yield _print_document
        return
    from facepad.documents import path_of

    results: list[Judged] = []
    show = results.append
    is_streamed = len(inputs) > FEW and not options.explain
    if is_streamed:
        from facepad.cli.tables import DecisionLines

        show = DecisionLines([path_of(item) for item in inputs]).show
    try:
        yield show
    finally:
        from facepad.cli.tables import show_decisions, show_summary

        if results:
            show_decisions(results, explain=options.explain)
        if tally.total:
            show_summary(tally, skipped=skipped, reasons=is_streamed)


def _print_document(judged: "Judged") -> None:
    from facepad.documents import to_json

    sys.stdout.write(to_json(judged) + "\n")
    sys.stdout.flush()


def judge(checker: "Checker", item: "Input") -> "Judged":
    """Return the decision of one input, or its error when it cannot be read."""
    from facepad.documents import Judged, path_of
    from facepad.errors import ITEM_ERRORS, item_error

    path = path_of(item)
    try:
        return Judged(path, checker.check(item.given(), name=item.name))
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE) and not isinstance(error, ITEM_ERRORS):
            raise
        return Judged(path, error=item_error(path, error))


def _heat_maps(folder: Path | None) -> "HeatMapFolder | None":
    if folder is None:
        return None
    from facepad.explaining import HeatMapFolder  # loads what draws

    return HeatMapFolder(folder)


def _with_heat_map(
    folder: "HeatMapFolder", checker: "Checker", item: "Input", judged: "Judged", is_only: bool
) -> "Judged":
    """Write heat map and figure of a decision; a line on standard error says why one is missing."""
    from facepad import settings
    from facepad.cli.console import progress
    from facepad.errors import InputError
    from facepad.explaining import MOST, WORKERS, can_map

    if judged.decision is None or isinstance(item.source, InputError):
        return judged
    figure = folder.chart(checker, item.given(), name=item.name)
    if isinstance(figure, str):
        say(f"no figure of {item.name}: {figure}")
    elif figure is not None:
        judged = replace(judged, clip_figure=str(figure))
        if not can_map(checker):
            return judged
    workers = min(int(settings.number("threads")), WORKERS)
    with progress("explaining", MOST if is_only else 1, lines=is_only) as advance:
        path = folder.draw(checker, item.given(), name=item.name, workers=workers, advance=advance)
    if isinstance(path, str):
        say(f"no heat map of {item.name}: {path}")
        return judged
    drawings = folder.depict(checker, item.given(), name=item.name)
    named = {test: str(file) for test, file in drawings.items()}
    return replace(judged, heat_map=str(path), drawings=named)


def exit_code(tally: "Tally", options: CheckOptions) -> ExitCode:
    """Return the exit code; an input that could not be read goes before a policy that failed."""
    from facepad.types import Outcome

    if tally.unreadable:
        return ExitCode.INPUT
    if options.fail_on_attack and tally.outcomes[Outcome.ATTACK]:
        return ExitCode.POLICY
    if options.require_bona_fide and tally.outcomes[Outcome.BONA_FIDE] < tally.total:
        return ExitCode.POLICY
    return ExitCode.OK


def _checker(options: CheckOptions, threads: int) -> "Checker":
    """Make the checker; one picture gets all threads, several get one each: faster, same scores."""
    from facepad.pipeline import Checker
    from facepad.types import OperatingPoint

    return Checker(
        options.tests,
        advisory=options.advisory,
        calibration=options.calibration,
        fusion=options.fusion,
        operating_point=(
            options.operating_point
            if options.threshold is None
            else OperatingPoint.at(options.threshold)
        ),
        threads=threads,
        explain=options.explain,
        faces=options.faces.value,
    )
