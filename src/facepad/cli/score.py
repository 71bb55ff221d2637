"""``facepad score`` and ``facepad annotate``: judge into a table, or over the time of a clip."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facepad.cli.errors import ExitCode, say
from facepad.cli.options import (
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
    from collections.abc import Iterator

    from facepad.documents import Tally
    from facepad.scoring.files import ScoredFiles, ScoreOptions
    from facepad.scoring.review import Result

PATHS_HELP = "Pictures, clips, folders and globs (may be quoted); or give --manifest."
MANIFEST_HELP = "CSV in UTF-8 with a column 'path', relative to the folder of the file."
OUT_HELP = (
    "CSV to write: the column 'path' or the manifest's columns, then score, outcome, reason, ..."
)
REVIEW_HELP = (
    "Page to write, such as review.html: thumbnails with outcomes and reasons, those to look at "
    "first. Needs facepad[report]."
)
CLIP_HELP = "Clip of any kind that `facepad check` reads."
OVERLAY_HELP = "File to write, such as overlay.mp4 or overlay.webm: VP9, which browsers play."
WINDOW_HELP = "Seconds that each decision is about: those before it."
STEP_HELP = "Seconds from one decision to the next."


def score(
    paths: Annotated[list[str] | None, typer.Argument(metavar="PATH", help=PATHS_HELP)] = None,
    *,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", metavar="IN.csv", help=MANIFEST_HELP)
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="SCORES.csv", help=OUT_HELP)],
    tests: Tests = None,
    advisory: Advisory = None,
    fusion: FusionName = DEFAULT_FUSION,
    calibration: CameraName = None,
    operating_point: Annotated[
        PointName | None, typer.Option("--operating-point", help=POINT_HELP)
    ] = None,
    faces: WhichFace = FacesName.LARGEST,
    sequence: SequenceRate = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Number of processes. Default: the setting threads."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output.")] = False,
    review: Annotated[
        Path | None, typer.Option("--review", metavar="PAGE.html", help=REVIEW_HELP)
    ] = None,
) -> None:
    """Score the pictures and clips of folders or of a manifest: each once, in order.

    An input that cannot be read is a row without outcome; its reason begins with "error: ". Of a
    folder or a pattern, hidden files and files that are neither pictures nor clips are skipped and
    counted. The column path is relative to the folder that all inputs are in.

    Resume an interrupted run with --resume: finished rows are kept. Results of different
    models, calibrations or lists of files are never mixed; SCORES.csv.run.json holds their
    versions.

    For example:

    - `facepad score photos --out scores.csv --review review.html`
    - `facepad score photos --out scores.csv --resume`
    - `facepad score --manifest pictures.csv --out scores.csv`
    - `facepad score --sequence 25 takes/1 takes/2 --out scores.csv`

    Exit codes:

    - 0: everything was judged
    - 2: a picture could not be read, or wrong usage
    - 3: a model is missing or broken
    - 4: the manifest, the file of scores or a setting cannot be used
    """
    from facepad import settings
    from facepad.scoring.files import ScoreOptions

    if bool(paths) == (manifest is not None):
        raise typer.BadParameter("give either paths or --manifest")
    if "-" in (paths or ()):
        raise typer.BadParameter("a row names a file; judge standard input with facepad check -")
    if resume and force:
        raise typer.BadParameter("give either --resume or --force")
    options = ScoreOptions(
        tests=names_given(tests),
        advisory=names_given(advisory),
        workers=workers or int(settings.number("threads")),
        resume=resume,
        force=force,
        calibration=calibration,
        faces=faces.value,
        operating_point=str(operating_point or DEFAULT_POINT),
        fusion=fusion,
        sequence=sequence,
    )
    raise typer.Exit(run(manifest or paths or [], out, options, review))


def run(
    source: Path | list[str], out: Path, options: "ScoreOptions", review: Path | None
) -> ExitCode:
    """Score, print a summary, and write the page if one is asked for.

    Args:
        source: The manifest, or the paths that were given.
        out: The file of scores.
        options: How to score.
        review: The page; None for none.

    Raises:
        InputError: A path stands for nothing.
        DatasetError: The manifest, or the file to continue, cannot be used.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: An output cannot be written, or an option cannot be used.
    """
    from facepad.cli.console import progress
    from facepad.documents import Tally
    from facepad.media.inputs import as_sequences, expand, skipped_in_words
    from facepad.scoring.files import score_files, score_manifest

    if review is not None:
        from facepad.scoring.review import check_possible

        check_possible(review, out)
    skipped: list[str] = []
    if isinstance(source, Path):
        scored = score_manifest(source, out, options, say=say, progress=progress)
    else:
        inputs = (
            list(expand(source, skip=skipped.append))
            if options.sequence is None
            else list(as_sequences(source, options.sequence))
        )
        if skipped:
            say(skipped_in_words(skipped))
        scored = score_files(inputs, out, options, say=say, progress=progress)
    tally = Tally()
    if review is None:
        for _, judged in scored.results():
            tally.add(judged)
    else:
        _write_review(review, scored, tally, len(skipped), options.workers)
    from facepad.cli.tables import show_summary

    say(f"wrote {out}")
    if review is not None:
        say(f"wrote {review}")
    show_summary(tally, skipped=len(skipped), reasons=True)
    return ExitCode.INPUT if tally.unreadable else ExitCode.OK


def annotate(
    clip: Annotated[Path, typer.Argument(metavar="CLIP", help=CLIP_HELP)],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="OVERLAY", help=OVERLAY_HELP)],
    window: Annotated[
        float, typer.Option("--window", metavar="S", min=0.1, max=30.0, help=WINDOW_HELP)
    ] = 3.0,
    step: Annotated[float, typer.Option("--step", metavar="S", min=0.1, help=STEP_HELP)] = 0.5,
    tests: Tests = None,
    advisory: Advisory = None,
    fusion: FusionName = DEFAULT_FUSION,
    calibration: CameraName = None,
    operating_point: Annotated[
        PointName | None, typer.Option("--operating-point", help=POINT_HELP)
    ] = None,
    faces: WhichFace = FacesName.LARGEST,
    sequence: SequenceRate = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output.")] = False,
) -> None:
    """Write a clip again with the face, the score of each test and the decision over time.

    Each decision is about the seconds before it, as if they were a clip of their own; `facepad
    check` makes one decision about the whole clip. The strip along the lower edge has a column
    for each decision, as high as its score. A test in parentheses does not count. Sound is left
    out.

    For example:

    - `facepad annotate clip.mp4 --out overlay.mp4`
    - `facepad annotate clip.mp4 --out overlay.webm --tests face_cnn,blink --window 5`
    - `facepad annotate --sequence 25 'frames/%04d.png' --out overlay.webm`

    Exit codes:

    - 0: the clip was written
    - 2: the clip could not be read, or wrong usage
    - 3: a model is missing or broken
    - 4: the output cannot be written, or a setting cannot be used
    """
    from facepad import runtime
    from facepad.annotating import DecisionTimes
    from facepad.annotating import annotate as write_annotated
    from facepad.cli.console import progress
    from facepad.documents import OUTCOMES
    from facepad.media.sequence import ImageSequence
    from facepad.pipeline import Checker

    runtime.tune()
    times = DecisionTimes(window, step)
    checker = Checker(
        names_given(tests),
        advisory=names_given(advisory),
        calibration=calibration,
        fusion=fusion,
        operating_point=str(operating_point or DEFAULT_POINT),
        faces=faces.value,
    )
    source = clip if sequence is None else ImageSequence(clip, sequence)
    done = write_annotated(source, out, checker, times, force=force, progress=progress)
    say(f"wrote {out}: {done.size[0]}x{done.size[1]}, {done.rate:g} frames a second")
    counts = (f"{count} {OUTCOMES[outcome]}" for outcome, count in done.outcomes.most_common())
    typer.echo(f"{len(done.moments)} decisions: {', '.join(counts)}")


def _write_review(
    file: Path, scored: "ScoredFiles", tally: "Tally", skipped: int, workers: int
) -> None:
    """Write the page; the tally is filled on the way, so that no row is read twice."""
    from facepad.cli.console import progress
    from facepad.scoring.review import ReviewPage, first_to_look_at, write

    def counted_results() -> "Iterator[Result]":
        for path, judged in scored.results():
            tally.add(judged)
            yield path, judged

    results = first_to_look_at(counted_results())
    spec = scored.spec
    page = ReviewPage(scored.out.name, tally, results, spec.deciding, spec.advisory, skipped)
    write(file, page, workers=workers, progress=progress)
