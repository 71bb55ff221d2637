"""The figures of the thesis's Tables 1 and 2, the same figures of facepad, and both side by side.

`benchmarks/thesis.py` keeps the figures of its runs in ``docs/lab/thesis.json``; the tables in
``docs/thesis.md`` are made from that file by ``scripts/generate_docs.py``.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[1] / "docs" / "lab" / "thesis.json"
ERRORS, TIMES = "errors", "times"  # tables in the file
NONE = "n/a"
PACKAGED, SHIPPED, FITTED = "as packaged", "as shipped", "set in its fit"

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A confusion matrix in % of all presentations, as in the thesis; positive is bona fide.

    Attributes:
        true_negative: Attacks that are not accepted.
        false_positive: Attacks that are accepted.
        false_negative: Bona fide that is not accepted.
        true_positive: Bona fide that is accepted.
    """

    true_negative: float
    false_positive: float
    false_negative: float
    true_positive: float

    @property
    def accuracy(self) -> float:
        """Top-1 accuracy in %, as the cells give it."""
        return self.true_negative + self.true_positive

    @property
    def apcer(self) -> float:
        """Attacks that are accepted, in % of the attacks of all species together."""
        return 100.0 * self.false_positive / (self.false_positive + self.true_negative)

    @property
    def bpcer(self) -> float:
        """Bona fide that is not accepted, in % of bona fide."""
        return 100.0 * self.false_negative / (self.false_negative + self.true_positive)

    @property
    def hter(self) -> float:
        """Mean of both errors in %."""
        return (self.apcer + self.bpcer) / 2.0

    @property
    def always_attack(self) -> float:
        """Accuracy in % of a test that calls everything an attack."""
        return self.true_negative + self.false_positive


# Table 1 of the thesis: cells and the accuracy beside them. The cells of the CNN add up to 100.06.
THESIS_ERRORS: Mapping[str, tuple[Matrix, float]] = {
    "W-IQA": (Matrix(37.5, 12.5, 0.5, 49.5), 87.0),
    "2D CNN": (Matrix(71.5, 1.37, 22.5, 4.69), 71.2),
}
# Table 2 and section IV D: seconds to load and to classify (to reconstruct).
THESIS_TIMES: Mapping[str, tuple[float | None, float]] = {
    "W-IQA": (0.00104, 1.40),
    "2D CNN": (7.44, 1.04),
    "VRN, reconstruction only": (None, 5.39),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Errors of one test or fusion at one threshold.

    Attributes:
        data: What was judged ("NUAA dev").
        test: Name of the test, or of the fusion.
        fitted: What it was fitted on.
        threshold: Where the threshold comes from.
        bona_fide: Number of bona fide presentations.
        attacks: Number of attacks.
        people: Number of subjects of the bona fide class.
        matrix: The confusion matrix in %.
        apcer: APCER of each PAI species in %, with the ends of its interval.
        bpcer: BPCER in %, with the ends of its interval.
        hter: HTER in %, with the ends of its interval.
        undecided: Bona fide without a decision, in %; part of the BPCER.
        auc: Area under the curve with its interval; None where a class has no score.
        models: Version of each model, by name.
        command: What was run, without the places of folders.
    """

    data: str
    test: str
    fitted: str
    threshold: str
    bona_fide: int
    attacks: int
    people: int
    matrix: Matrix
    apcer: Mapping[str, Sequence[float | None]]
    bpcer: Sequence[float | None]
    hter: Sequence[float | None]
    undecided: float
    auc: Sequence[float | None] | None
    models: Mapping[str, str]
    command: str

    @property
    def key(self) -> tuple[str, ...]:
        """What another run of the same kind replaces."""
        return (self.data, self.test, self.fitted, self.threshold)

    @classmethod
    def of(cls, values: Values) -> "Errors":
        """Return the row of a document."""
        return cls(**{**values, "matrix": Matrix(**values["matrix"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long one test takes.

    Attributes:
        test: Name of the test.
        load_s: Seconds of the processor from the start of the imports until the models are
            loaded; least.
        classify_s: Seconds of the processor from the file to the decision, all steps; least.
        reference_s: The same of the reference in this process, in turns; least.
        runs: Number of classifications.
        threads: Threads that both may use.
        processor: Name of the processor.
    """

    test: str
    load_s: float
    classify_s: float
    reference_s: float
    runs: int
    threads: int
    processor: str

    @property
    def key(self) -> tuple[str, ...]:
        """What another run of the same kind replaces."""
        return (self.test, str(self.threads))

    @classmethod
    def of(cls, values: Values) -> "Times":
        """Return the row of a document."""
        return cls(**values)


def rows_of(
    report: Values, words: Mapping[str, str], fitted: Mapping[str, str]
) -> Iterator[Errors]:
    """Yield the rows of a report that `facepad evaluate` wrote.

    Args:
        report: The document.
        words: What parts and origins of thresholds are called here, by their words in the report;
            other thresholds are left out.
        fitted: What each system was fitted on; systems that are not named are as packaged.
    """
    for one in report["assessments"]:
        for point in one["points"]:
            rates = point["all_presentations"]
            confusion = rates["confusion_percent"]
            own = fitted.get(one["system"], PACKAGED)
            origin = words.get(point["origin"])
            if origin is None:
                continue
            yield Errors(
                data=words.get(one["part"], one["part"]),
                test=one["system"],
                fitted=own,
                threshold=FITTED if origin == SHIPPED and own != PACKAGED else origin,
                bona_fide=rates["bona_fide"]["presentations"],
                attacks=rates["attack"]["presentations"],
                people=rates["bona_fide"]["subjects"],
                matrix=Matrix(**{name: round(confusion[name], 2) for name in confusion}),
                apcer={each["name"]: _percent(each["apcer"]) for each in rates["species"]},
                bpcer=_percent(rates["bpcer"]),
                hter=_percent(rates["hter"]),
                undecided=round(100.0 * (rates["bona_fide_uncertain"] + rates["bpnrr"]), 2),
                auc=None if one["ranking"] is None else _ends(one["ranking"]["auc"], 1.0, 4),
                models=report["models"],
                command="; ".join(report["commands"]),
            )


def _percent(known: Values) -> list[float | None]:
    return _ends(known, 100.0, 2)


def _ends(known: Values, factor: float, digits: int) -> list[float | None]:
    values = (known["value"], known["low"], known["high"])
    return [None if value is None else round(factor * value, digits) for value in values]


# --- the file -----------------------------------------------------------------------------


def read(file: Path = FILE) -> tuple[list[Errors], list[Times]]:
    """Return the rows of both tables; none where there is no file."""
    if not file.exists():
        return [], []
    kept = json.loads(file.read_text(encoding="utf-8"))
    return [Errors.of(row) for row in kept[ERRORS]], [Times.of(row) for row in kept[TIMES]]


def keep(file: Path, errors: Sequence[Errors] = (), times: Sequence[Times] = ()) -> None:
    """Add rows to a file; a row of the same data, test and threshold is replaced in its place."""
    old_errors, old_times = read(file)
    rows = {
        ERRORS: list({one.key: asdict(one) for one in (*old_errors, *errors)}.values()),
        TIMES: list({one.key: asdict(one) for one in (*old_times, *times)}.values()),
    }
    file.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


# --- tables in Markdown -------------------------------------------------------------------


def errors_table(rows: Sequence[Errors]) -> str:
    """Return the thesis's Table 1 with the rates that it implies, and rows of facepad below."""
    lines = [
        "| test, fitted on | data: bona fide + attacks | threshold | accuracy | TN | FP | FN | TP "
        "| APCER | BPCER | HTER | AUC | all called attacks |",
        f"|{'---|' * 13}",
    ]
    for name, (matrix, accuracy) in THESIS_ERRORS.items():
        rates = f"{matrix.apcer:.1f} | {matrix.bpcer:.1f} | {matrix.hter:.1f}"
        lines.append(
            f"| thesis: {name} | Replay-Attack test, counts not given | not given | {accuracy:.1f} "
            f"| {_cells(matrix)} | {rates} | | {matrix.always_attack:.1f} |"
        )
    for row in rows:
        worst = max(row.apcer.values(), key=lambda rate: rate[0] or 0.0)
        auc = NONE if row.auc is None else _area(row.auc)
        people = "1 person" if row.people == 1 else f"{row.people} people"
        rates = f"{_rate(worst)} | {_rate(row.bpcer)} | {_rate(row.hter)} | {auc}"
        lines.append(
            f"| {row.test}, {row.fitted} | {row.data}: {row.bona_fide:,} + {row.attacks:,}, "
            f"{people} | {row.threshold} | {row.matrix.accuracy:.1f} "
            f"| {_cells(row.matrix)} | {rates} | {row.matrix.always_attack:.1f} |"
        )
    return "\n".join(lines) + "\n"


def times_table(rows: Sequence[Times]) -> str:
    """Return the thesis's Table 2, and rows of facepad below."""
    lines = [
        "| test | measured on | load, s | classify one picture, s | of the reference |",
        f"|{'---|' * 5}",
    ]
    for name, (load, classify) in THESIS_TIMES.items():
        first = NONE if load is None else f"{load:g}"
        lines.append(f"| thesis: {name} | i7-7700K, wall clock | {first} | {classify:.2f} | |")
    for row in rows:
        lines.append(
            f"| {row.test} | {row.processor}; {row.threads} used | {row.load_s:.2f} "
            f"| {row.classify_s:.3f} | {row.classify_s / row.reference_s:.2f} times |"
        )
    return "\n".join(lines) + "\n"


def _cells(matrix: Matrix) -> str:
    cells = (
        matrix.true_negative,
        matrix.false_positive,
        matrix.false_negative,
        matrix.true_positive,
    )
    return " | ".join(f"{cell:.1f}" for cell in cells)


def _rate(ends: Sequence[float | None]) -> str:
    return _ended(ends, 1)


def _area(ends: Sequence[float | None]) -> str:
    return _ended(ends, 3)


def _ended(ends: Sequence[float | None], digits: int) -> str:
    value, low, high = ends
    if value is None:
        return NONE
    if low is None or high is None:
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
