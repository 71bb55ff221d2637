"""The work behind ``facepad check``: inputs in, lines out, an exit code at the end."""

import sys
from collections.abc import Sequence
from contextlib import closing

from facepad import runtime, settings
from facepad.cli.errors import ExitCode
from facepad.cli.options import CheckOptions
from facepad.cli.parallel import ordered_map
from facepad.cli.progress import progress
from facepad.documents import Judged, path_of, to_json
from facepad.errors import InputError
from facepad.media import Input, expand
from facepad.pipeline import Checker
from facepad.scoring.calibrated import choose
from facepad.types import OperatingPoint, Outcome


def run(paths: Sequence[str], options: CheckOptions) -> ExitCode:
    """Judge what the paths name, print it, and say how it went.

    Raises:
        InputError: A path names nothing.
        ModelError: A model is missing or has the wrong hash.
        SettingsError: A test or a calibration that was named does not exist.
    """
    runtime.tune()
    inputs = list(expand(paths, sys.stdin.buffer))
    threads = int(settings.number("threads"))
    # One picture gets all threads; several get one each, which is faster and as exact.
    each = threads if len(inputs) == 1 else 1
    chosen = choose(options.tests, options.calibration, each)
    checker = Checker(
        chosen.deciding,
        beside=chosen.beside,
        operating_point=(
            None if options.threshold is None else OperatingPoint.at(options.threshold)
        ),
        threads=each,
        explain=options.explain,
    )
    checker.load()
    results: list[Judged] = []
    judged = ordered_map(lambda item: judge(checker, item), inputs, min(threads, len(inputs)))
    try:
        with closing(judged), progress("checking", len(inputs)) as advance:
            for result in judged:
                results.append(result)
                if options.json:
                    sys.stdout.write(to_json(result) + "\n")
                    sys.stdout.flush()
                advance()
    finally:  # what is known is shown also when the rest was interrupted
        if results and not options.json:
            _show(results, options)
    return exit_code(results, options)


def judge(checker: Checker, item: Input) -> Judged:
    """What one input comes to; one that cannot be read becomes its error."""
    path = path_of(item)
    try:
        if isinstance(item.source, InputError):
            raise item.source
        return Judged(path, checker.check(item.source, name=item.name))
    except InputError as error:
        return Judged(path, error=str(error))


def exit_code(results: Sequence[Judged], options: CheckOptions) -> ExitCode:
    """How it went; an input that could not be read goes before a policy that failed."""
    outcomes = [result.decision.outcome for result in results if result.decision is not None]
    if len(outcomes) < len(results):
        return ExitCode.INPUT
    if options.fail_on_attack and Outcome.ATTACK in outcomes:
        return ExitCode.POLICY
    if options.require_bona_fide and set(outcomes) != {Outcome.BONA_FIDE}:
        return ExitCode.POLICY
    return ExitCode.OK


def _show(results: Sequence[Judged], options: CheckOptions) -> None:
    from facepad.cli.tables import show

    show(results, explain=options.explain)
