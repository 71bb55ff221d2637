"""The thesis's tables, with facepad's figures beside its own, on the same kind of data.

    python benchmarks/thesis.py evaluate --nuaa NUAA --part dev --tests quality,face_cnn --out out
    python benchmarks/thesis.py cross --nuaa NUAA --replay REPLAY --judge OPENINGS.csv \
        --tests quality --out out
    python benchmarks/thesis.py cross --nuaa NUAA --replay REPLAY --judge OPENINGS.csv \
        --tests quality,face_cnn --fusion lda --out out
    python benchmarks/thesis.py times --tests quality,face_cnn
    python benchmarks/thesis.py miniature --out miniatures
    python benchmarks/thesis.py table

`evaluate` judges one part of NUAA: of dev, one person sets the threshold and the other is judged,
and of test everybody at the threshold of dev. ``--part test`` needs ``--judge OPENINGS.csv``, which
gets a row first. With ``--fit-quality`` the test ``quality`` is first fitted on NUAA's train part:
of the whole picture as in the thesis, or of the face.

`cross` is the thesis's protocol: fit on NUAA, set the threshold on Replay-Attack devel, count
errors on Replay-Attack test, for which it needs ``--judge``, too. ``quality`` is fitted on NUAA's
train part; packaged weights are judged as they are, and a network of one's own
(``network:FILE.toml``) by the weights that it has.
The consolidation ``lda`` is fitted on the tests' scores of Replay-Attack devel: NUAA has too few
people for it outside of its test part.

`times` judges one picture of 640x480 in turns with a reference, on one thread; the least times of
the processor count. The reference is a product of two matrices with as many multiplications as a
ResNet-50 has for one picture of 224x224 (4.1e9). `miniature` writes small made-up copies of both
databases to try the commands on, and an empty list of openings. ``--keep docs/lab/thesis.json``
keeps the figures for the tables in docs/thesis.md; ``table`` prints these.

Each command of facepad that is run is printed first.
"""

import argparse
import csv
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import thesis_figures as figures
import thesis_scores
from facepad.datasets.nuaa import Nuaa
from facepad.errors import FacepadError
from facepad.registry import short_name
from facepad.testing.miniatures import made_up_dataset, write_replay_attack
from facepad.training.run import OPENINGS, record_opening
from facepad.types import Sample, Split

ROOT = Path(__file__).resolve().parents[1]
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
QUALITY = "quality"  # the test that can be fitted on NUAA
NUAA, REPLAY = "nuaa", "replay_attack"
LOADS = 3  # processes whose loading is timed
MINIATURE_SIZE = (240, 180)  # in which a made-up face is large enough to be judged
MINIATURE_PEOPLE = {
    "train": ("001",),
    "devel": tuple(f"1{number:02d}" for number in range(10)),
    "test": tuple(f"2{number:02d}" for number in range(4)),
}
SETS, JUDGED = "0005", "0009"  # NUAA's dev people: one sets the threshold, the other is judged
DEVEL = "Replay-Attack devel"
EACH = ", every score decides"
SHIPPED = {"fixed beforehand": figures.SHIPPED, "as shipped": figures.SHIPPED}
# Parts and thresholds as they stand in a report, and as they are written here.
WORDS_OF_DEV = {
    "csv test": f"NUAA dev, subject {JUDGED}",
    "test": f"NUAA dev, subject {JUDGED}",
    "chosen on dev": f"NUAA dev, subject {SETS}{EACH}",
    **SHIPPED,
}
WORDS_OF_TEST = {
    "nuaa test": "NUAA test",
    "nuaa test, subject-disjoint": "NUAA test, subject-disjoint",
    "test": "NUAA test",
    "test, subject-disjoint": "NUAA test, subject-disjoint",
    "chosen on dev": f"NUAA dev{EACH}",
    **SHIPPED,
}
WORDS_OF_CROSS = {
    "replay_attack test": "Replay-Attack test",
    "test": "Replay-Attack test",
    "chosen on dev": f"{DEVEL}{EACH}",
    **SHIPPED,
}
COLUMNS = ("path", "subject", "pai_species", "split", "session")  # of a list of NUAA


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command that the arguments name."""
    given = _arguments().parse_args(arguments)
    commands: Mapping[str, Callable[[argparse.Namespace], None]] = {
        "evaluate": evaluate,
        "cross": cross,
        "times": times,
        "miniature": lambda given: miniature(given.out),
        "table": lambda given: show(*figures.read(given.keep)),
    }
    try:
        commands[given.command](given)
    except FacepadError as error:
        sys.exit(f"error: {error}")


def show(errors: Sequence[figures.Errors], times: Sequence[figures.Times]) -> None:
    """Print both tables; one without rows of facepad is left out."""
    if errors:
        print(figures.errors_table(errors))
    if times:
        print(figures.times_table(times))


# --- error rates --------------------------------------------------------------------------


def evaluate(given: argparse.Namespace) -> None:
    """Judge one part of NUAA, and print the table."""
    tests = given.tests.split(",")
    if given.part == Split.TEST:
        if given.judge is None or given.every > 1:
            sys.exit("--part test needs --judge OPENINGS.csv, and every picture")
        open_test(given, tests, ("NUAA test (official and subject-disjoint)",))
    elif given.judge is not None:
        sys.exit("--judge is for --part test")
    own = {} if given.fit_quality is None else fit_quality(given)
    data, words = f"{NUAA}={given.nuaa}", WORDS_OF_TEST
    if given.part == Split.DEV:
        data, words = f"csv={write_dev(given.nuaa, given.out, given.every)}", WORDS_OF_DEV
    given.fusion = given.fusion or ("mean" if own else "lda")
    report = judge(given, tests, data, own)
    (file,) = (given.out / "report").glob("scores-*.csv")
    people = tuple(Nuaa(given.nuaa).samples()) if given.part == Split.TEST else ()
    each = judge_scores(given, thesis_scores.read(file), people)
    finish(given, (report, each), words, {QUALITY: given.fit_quality} if own else {})


def cross(given: argparse.Namespace) -> None:
    """Fit on NUAA, set thresholds on Replay-Attack devel, judge Replay-Attack test."""
    if given.judge is None:
        sys.exit("cross judges Replay-Attack test, and needs --judge OPENINGS.csv")
    tests = given.tests.split(",")
    given.fit_quality = given.fit_quality or "whole"
    for test in tests:
        told = f"fitted on NUAA ({given.fit_quality})" if test == QUALITY else "by its own weights"
        print(f"{test}: {told}")
    open_test(given, tests, ("Replay-Attack test",))
    own = fit_quality(given) if QUALITY in tests else {}
    given.fusion = given.fusion or "mean"
    report = judge(given, tests, f"{REPLAY}={given.replay}", own)
    rows = thesis_scores.read(given.out / "report" / f"scores-{REPLAY}.csv")
    each = judge_scores(given, rows, ())
    fitted = {QUALITY: given.fit_quality} if own else {}
    finish(given, (report, each), WORDS_OF_CROSS, {**fitted, thesis_scores.CONSOLIDATION: ""})


def open_test(given: argparse.Namespace, tests: Sequence[str], sets: Sequence[str]) -> None:
    """Add a row to the list of evaluations of test sets, before anything is judged."""
    names = ",".join(map(short_name, tests))
    command = f"benchmarks/thesis.py {given.command} --tests {names} --judge FILE"
    record_opening(given.judge, names.replace(",", ", "), sets, command, "the thesis's tables")


def fit_quality(given: argparse.Namespace) -> dict[str, str]:
    """Fit the quality test on NUAA's train part; its dev part gives scaling and threshold.

    Returns:
        The setting that puts the model in the place of the packaged one.
    """
    folder = given.out / f"quality-{given.fit_quality}"
    file = write_train(given.nuaa, given.out, given.every)
    facepad(
        *("train", "quality", "--dataset", "csv", "--root", str(file)),
        *("--view", given.fit_quality, "--out", str(folder), "--workers", str(given.workers)),
    )
    (model,) = folder.glob("*_real.npz")
    return {"FACEPAD_QUALITY_MODEL": str(model.resolve())}


def judge(
    given: argparse.Namespace, tests: Sequence[str], data: str, own: Mapping[str, str]
) -> figures.Values:
    """Run `facepad evaluate` on a dataset, as the tests decide; return its report."""
    folder = given.out / "report"
    fusion = ["--fusion", given.fusion] if len(tests) > 1 else []
    page = ["--no-page"] if given.no_page else []
    facepad(
        *("evaluate", "--tests", ",".join(tests), *fusion, "--datasets", data),
        *("--out", str(folder), "--frames", given.frames, "--workers", str(given.workers), *page),
        **own,
    )
    if not given.no_page and len(tests) > 1:
        print(f"scatter plot of the first two tests (Figure 10 of the thesis): {folder / 'plots'}")
    return read_report(folder)


def judge_scores(
    given: argparse.Namespace, rows: Sequence[thesis_scores.Row], people: Sequence[Sample]
) -> figures.Values:
    """Run `facepad evaluate` on the scores of each test, where every score decides.

    Args:
        given: The arguments; across datasets several tests are consolidated, too.
        rows: Scores of all tests.
        people: Samples of all parts, to find people who are in the test part only.
    """
    folder = given.out / "every-score"
    folder.mkdir(parents=True, exist_ok=True)
    tests = list(map(short_name, given.tests.split(",")))
    files = thesis_scores.write_scores(rows, tests, folder)
    if len(tests) > 1 and given.command == "cross":
        files.append(thesis_scores.write_consolidation(rows, tests, folder))
    labels = thesis_scores.write_labels(rows, people, folder / "labels.csv")
    page = ["--no-page"] if given.no_page else []
    scores = [word for file in files for word in ("--scores", str(file))]
    words = ["--labels", str(labels), "--out", str(folder / "report"), *page]
    facepad("evaluate", *scores, *words)
    return read_report(folder / "report")


def read_report(folder: Path) -> figures.Values:
    """Return the report in a folder."""
    found: figures.Values = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found


def finish(
    given: argparse.Namespace,
    reports: tuple[figures.Values, figures.Values],
    words: Mapping[str, str],
    fitted: Mapping[str, str],
) -> None:
    """Print the table of the reports, and keep it where that is asked for.

    Args:
        given: The arguments.
        reports: As the tests decide; and where every score decides.
        words: Parts and origins of thresholds by their words in a report; others are left out.
        fitted: Systems that were fitted here: the view of the picture, or "" for the consolidation.
    """
    every = f" --every {given.every}" if given.every > 1 else ""
    part = f" --part {given.part}" if given.command == "evaluate" else ""
    fit = f" --fit-quality {given.fit_quality}" if QUALITY in fitted else ""
    names = ",".join(map(short_name, given.tests.split(",")))
    command = f"benchmarks/thesis.py {given.command}{part} --tests {names}{fit}{every}"
    told = {name: f"NUAA train, {view}" if view else DEVEL for name, view in fitted.items()}
    told |= {f"mean of {names.replace(',', ', ')}": "of the tests"} if told else {}
    rows: list[figures.Errors] = []
    for report in reports[::-1]:
        models = {**report, "commands": [command], "models": reports[0]["models"]}
        rows += figures.rows_of(models, words, told)
    print()
    show(rows, [])
    if given.keep is not None:
        figures.keep(given.keep, errors=rows)


def write_train(root: Path, folder: Path, every: int) -> Path:
    """Write a list of NUAA's train and dev parts, each Nth picture; return its path."""
    listed = [sample for sample in Nuaa(root).samples() if sample.split is not Split.TEST]
    return write_list(folder / "nuaa-train.csv", listed[::every])


def write_dev(root: Path, folder: Path, every: int) -> Path:
    """Write a list of NUAA's dev part with one person as dev and one as test; return its path."""
    listed = [sample for sample in Nuaa(root).samples() if sample.split is Split.DEV][::every]
    moved = [replace(s, split=Split.DEV if s.subject == SETS else Split.TEST) for s in listed]
    return write_list(folder / "nuaa-dev.csv", moved)


def write_list(file: Path, samples: Sequence[Sample]) -> Path:
    """Write a list of samples; return its absolute path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(_row, samples))
    return file.resolve()


def _row(sample: Sample) -> tuple[str, ...]:
    path = str(Path(sample.path).resolve())
    species, session = sample.pai_species or "", sample.session or ""
    return path, sample.subject, species, sample.split.value, session


def facepad(*words: str, **settings: str) -> None:
    """Print a command of facepad, and run it; its output is passed on."""
    shown = [*(f"{name}={shlex.quote(value)}" for name, value in settings.items()), "facepad"]
    print(f"\n$ {' '.join(shown)} {shlex.join(words)}", flush=True)
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, **settings, "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-m", "facepad", *words], env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def miniature(folder: Path) -> None:
    """Write small made-up copies of NUAA and Replay-Attack, and a list of openings for them."""
    made_up_dataset(folder / NUAA, NUAA, size=MINIATURE_SIZE)
    write_replay_attack(folder / REPLAY, MINIATURE_PEOPLE, MINIATURE_SIZE)
    _thin_out(folder / REPLAY)
    (folder / "openings.csv").write_text(f"{','.join(OPENINGS)}\n")
    print(f"wrote {folder / NUAA} and {folder / REPLAY}: drawn faces, which show nothing about how "
          "well a test works; and the list openings.csv for --judge")  # fmt: skip


def _thin_out(replay: Path) -> None:
    """Keep one light, take and holder, and of devel's attacks two kinds: one scene, few clips."""
    for lines in (replay / "protocols").glob("*.txt"):
        kept = list(filter(_is_kept, lines.read_text().split()))
        lines.write_text("".join(f"{line}\n" for line in kept))
    for clip in replay.rglob("*.mov"):
        if not _is_kept(clip.relative_to(replay).as_posix()):
            clip.unlink()


def _is_kept(clip: str) -> bool:
    if "adverse" not in clip or "/hand/" in clip or clip.endswith("_2.mov"):
        return False
    return not clip.startswith("devel/attack/") or "_print_" in clip or "_mobile_video_" in clip


# --- times --------------------------------------------------------------------------------


def times(given: argparse.Namespace) -> None:
    """Time every test in processes of its own, and print the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        picture = picture_640x480(Path(folder))
        for test in given.tests.split(","):
            runs = [_timed(given, test, picture, 1) for _ in range(LOADS - 1)]
            last = _timed(given, test, picture, given.repeat)
            loads = [run["load_s"] for run in (*runs, last)]
            rows.append(figures.Times(**{**last, "load_s": min(loads)}))
    show([], rows)
    if given.keep is not None:
        figures.keep(given.keep, times=rows)


def _timed(given: argparse.Namespace, test: str, picture: Path, repeat: int) -> figures.Values:
    """Time a test in a process of its own, in which it and the reference have so many threads."""
    script = str(Path(__file__).with_name("thesis_times.py"))
    words = [test, str(picture), str(given.threads), str(repeat)]
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(given.threads))
    done = subprocess.run(
        [sys.executable, script, *words],
        env={**os.environ, **limits},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: figures.Values = json.loads(done.stdout.splitlines()[-1])
    return found


def picture_640x480(folder: Path) -> Path:
    """Write the portrait of the examples in 640x480; return its path."""
    from PIL import Image

    path = folder / "portrait.jpg"
    with Image.open(PORTRAIT) as portrait:
        width = portrait.width
        portrait.crop((0, 0, width, width * 3 // 4)).resize((640, 480)).save(path, quality=95)
    return path


# --- arguments ----------------------------------------------------------------------------


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    steps = parser.add_subparsers(dest="command", required=True)
    tables = [steps.add_parser(name) for name in ("evaluate", "cross")]
    for one in tables:
        one.add_argument("--nuaa", type=Path, required=True)
        one.add_argument("--tests", default="quality,face_cnn", help="names, by commas")
        one.add_argument("--fusion", help="name, or file of facepad train fusion; default: lda")
        one.add_argument("--fit-quality", choices=["whole", "face"])
        one.add_argument("--every", type=int, default=1, help="use each Nth picture of NUAA")
        one.add_argument("--frames", default="even:8", help="as in facepad evaluate")
        one.add_argument("--judge", type=Path, metavar="OPENINGS.csv")
        one.add_argument("--out", type=Path, required=True)
        one.add_argument("--no-page", action="store_true")
        one.add_argument("--workers", type=int, default=1)
    tables[0].add_argument("--part", choices=["dev", "test"], required=True)
    tables[1].add_argument("--replay", type=Path, required=True)
    timing = steps.add_parser("times")
    timing.add_argument("--tests", default="quality,quality_whole,face_cnn,face_mask")
    timing.add_argument("--threads", type=int, default=1)
    timing.add_argument("--repeat", type=int, default=20)
    for one in (*tables, timing):
        one.add_argument("--keep", type=Path, help="file that gets the figures")
    steps.add_parser("miniature").add_argument("--out", type=Path, required=True)
    steps.add_parser("table").add_argument("--keep", type=Path, default=figures.FILE)
    return parser


if __name__ == "__main__":
    main()
