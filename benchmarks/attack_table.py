"""Which liveness test catches which attack in clips, and what each test costs.

    python benchmarks/attack_table.py CLIPS... [--limit N] [--seed 0] [--json OUT.json]
    python benchmarks/attack_table.py --from-json OUT.json

CLIPS are folders of `facepad simulate --clips`, or other folders with a ``dataset.csv`` of the
listing `csv`. Each clip is judged once, by a `Checker` with all tests; a test whose model is not
installed is left out with a line.

For each kind of presentation, a cell has the share of clips in which the test speaks against bona
fide, for it, or neither, in %. A test that decides speaks against where its score is below its band
(its own operating point), and for where it is above. A test that only adds speaks against where its
log-likelihood ratio is -0.1 or less, and for where it is 0.1 or more. The rest is a score within
the band, or a test that cannot tell.

`default` is the decision of `facepad check`: face_cnn, with what the tests over clips say against.
`raised` is the same with what they say for the presentation, too, which counts where a camera is
calibrated; here it is not. `all` is `default` with surroundings: attack, bona fide, or neither.

Costs: seconds of processor time for a second of clip and for each clip, of each test and of the
steps that tests share, on one thread; and the largest resident memory of the process.
"""

import argparse
import json
import resource
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import process_time
from typing import Any
from unittest.mock import patch

import numpy as np

from facepad import Checker, registry, runtime
from facepad.cli.console import progress
from facepad.datasets.opening import list_dataset
from facepad.decision import Decision
from facepad.errors import FacepadError
from facepad.evaluation.answers import LEAST_RATIO
from facepad.fusion import Answer, applied, mean_ratio
from facepad.fusion.supplements import fused
from facepad.media.formats.clips import inspect_clip
from facepad.scores import logit
from facepad.types import OperatingPoint, Sample, Score

DECIDING, ADDING = registry.DEFAULT_TESTS, registry.DEFAULT_CLIP_TESTS
FURTHER = (*registry.DEFAULT_ADVISORY, "voxel", "surroundings")  # where they are installed
TOGETHER = ("default", "raised", "all")
SHARED = ("decode", "faces", "capture")
ANSWERS = ("against", "for", "neither", "cannot tell")
Document = dict[str, Any]  # as JSON


def main() -> None:
    """Judge the clips, or read what was judged, and print both tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("clips", nargs="*", type=Path)
    options.add_argument("--limit", type=int, default=0, help="most clips; 0 for all")
    options.add_argument("--seed", type=int, default=0, help="of the choice with --limit")
    options.add_argument("--json", type=Path, metavar="OUT.json", help="keep what was found")
    options.add_argument("--from-json", type=Path, metavar="OUT.json", help="judge nothing")
    given = options.parse_args()
    if given.from_json:
        found = json.loads(given.from_json.read_text())
    elif given.clips:
        found = judged(chosen(given.clips, given.limit, given.seed))
        if given.json:
            given.json.write_text(json.dumps(found, indent=1) + "\n")
    else:
        options.error("name clips, or --from-json")
    print("\n".join(["", *catches(found), "", *costs(found)]))


def chosen(places: Sequence[Path], limit: int, seed: int) -> list[Sample]:
    """Return the clips; with a limit an equal number of each kind, drawn at random."""
    samples = [sample for place in places for sample in list_dataset("csv", place).samples]
    if not limit or limit >= len(samples):
        return samples
    order = np.random.default_rng(seed).permutation(len(samples))
    kinds: dict[str, list[Sample]] = {}
    for index in order:
        kinds.setdefault(samples[index].pai_species or "", []).append(samples[index])
    turns = max(map(len, kinds.values()))
    turn = [own[number] for number in range(turns) for own in kinds.values() if number < len(own)]
    return turn[:limit]


def judged(samples: Sequence[Sample]) -> Document:
    """Judge each clip once by all tests, and return what was found, for JSON."""
    runtime.tune()
    more = dict(available())
    shown = [name for name, point in more.items() if not point.only_adds]
    adding = [*ADDING, *(name for name in more if name not in shown)]
    checker = Checker([*DECIDING, *adding], advisory=shown, threads=1)
    checker.load()
    clips: list[Document] = []
    with (
        patch("facepad.scorer.perf_counter", process_time),  # other programs do not count
        progress("judged", len(samples), lines=True) as advance,
    ):
        for sample in samples:
            try:
                clips.append(of_clip(checker, sample))
            except FacepadError as error:
                print(f"left out: {error}")
            advance()
    return {
        "tests": [*DECIDING, *shown, *adding],
        "models": dict(checker.models),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "clips": clips,
    }


def available() -> Iterator[tuple[str, OperatingPoint]]:
    """Yield further tests, as far as they are there, with their operating points."""
    for name in FURTHER:
        if name not in registry.names("liveness_tests"):
            continue
        try:
            point = Checker([name], threads=1).operating_points[name]
        except FacepadError as error:
            print(f"without {name}: {error}")
        else:
            yield name, point


def of_clip(checker: Checker, sample: Sample) -> Document:
    """Return the answers and times of one clip."""
    began = process_time()
    decision = checker.check(sample)
    spent_ms = 1e3 * (process_time() - began)
    scores = {name: Score(None, why) for name, why in decision.left_out.items()}
    scores |= dict(decision.scores)
    points = {**checker.operating_points, **decision.operating_points}
    answers = {name: answer(score, points[name]) for name, score in scores.items()}
    answers |= {
        "default": together(decision, points),
        "raised": together(decision, points, is_raised=True),
        "all": of_outcome(decision.outcome.value),
    }
    return {
        "key": sample.key,
        "kind": sample.pai_species or "bona fide",
        "seconds": inspect_clip(Path(sample.path)).video.duration_s or 0.0,
        "answers": answers,
        "ratios": {n: logit(s.value) for n, s in scores.items() if s.value is not None},
        "reasons": {name: s.reason.value for name, s in scores.items() if s.reason is not None},
        "ms": {**decision.timings_ms, "total": spent_ms},
    }


def answer(score: Score, point: OperatingPoint) -> str:
    """Return what a test says alone, as one of ``ANSWERS``."""
    if score.value is None or score.reason is not None:
        return "cannot tell"
    if point.only_adds:
        ratio = logit(score.value)
        return "for" if ratio >= LEAST_RATIO else "against" if ratio <= -LEAST_RATIO else "neither"
    return side(score.value, point)


def side(value: float, point: OperatingPoint) -> str:
    """Return on which side of a band a score is."""
    return "for" if value >= point.high else "against" if value < point.low else "neither"


def together(
    decision: Decision, points: Mapping[str, OperatingPoint], *, is_raised: bool = False
) -> str:
    """Return what the default tests of a decision say together.

    Args:
        decision: Of all tests.
        points: Of each test.
        is_raised: Whether tests that only add count for a presentation, too.
    """
    if decision.capture is not None and decision.capture.reasons:
        return "neither"  # it is not accepted by any test
    scores = [(n, decision.scores[n]) for n in (*DECIDING, *ADDING) if n in decision.scores]
    answers = {n: Answer(score, points[n], is_raised=is_raised) for n, score in scores}
    found = fused(mean_ratio, answers)
    if found.value is None or found.reasons:
        return "cannot tell"
    return side(found.value, applied(found.operating_point, found.margin))


def of_outcome(outcome: str) -> str:
    """Return a decision as one of ``ANSWERS``."""
    names = {"attack": "against", "bona_fide": "for", "uncertain": "neither"}
    return names.get(outcome, "cannot tell")


def catches(found: Document) -> list[str]:
    """Return the first table: a row for each kind, a column for each test."""
    clips, tests = found["clips"], [*found["tests"], *TOGETHER]
    kinds = sorted({clip["kind"] for clip in clips}, key=lambda kind: (kind != "bona fide", kind))
    lines = [
        "Share of clips in %: against / for / neither or cannot tell",
        "",
        f"| kind | clips | {' | '.join(tests)} |",
        f"|---|---|{'---|' * len(tests)}",
    ]
    for kind in kinds:
        own = [clip["answers"] for clip in clips if clip["kind"] == kind]
        cells = []
        for test in tests:
            said = [clip.get(test, "cannot tell") for clip in own]
            against, speaks_for = (100 * said.count(one) / len(said) for one in ("against", "for"))
            cells.append(f"{against:.0f} / {speaks_for:.0f} / {100 - against - speaks_for:.0f}")
        lines.append(f"| {kind} | {len(own)} | {' | '.join(cells)} |")
    return lines


def costs(found: Document) -> list[str]:
    """Return the second table: seconds of each step and test."""
    clips = found["clips"]
    length = sum(clip["seconds"] for clip in clips)
    lines = [
        f"{len(clips)} clips, {length:.0f} s; peak resident memory {found['peak_mb']:.0f} MB",
        "",
        "| step or test | processor s for a second of clip | processor s for each clip |",
        "|---|---|---|",
    ]
    for step in (*SHARED, *found["tests"], "total"):
        spent = sum(clip["ms"].get(step, 0.0) for clip in clips) / 1e3
        lines.append(f"| {step} | {spent / max(length, 1e-9):.3f} | {spent / len(clips):.2f} |")
    return lines


if __name__ == "__main__":
    main()
