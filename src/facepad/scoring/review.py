"""A page of the pictures that a person should look at: thumbnails, outcomes, reasons, filters."""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from heapq import nsmallest
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from facepad import __version__
from facepad.documents import OUTCOMES, Judged, Tally, why
from facepad.errors import SettingsError, printable
from facepad.evaluation.report.plot_style import DARK, LIGHT
from facepad.jobs.files import write_file
from facepad.jobs.progress import Progress
from facepad.jobs.threads import ordered_map
from facepad.packed.pictures import PackedFiles
from facepad.reasons import REASONS, Explanation
from facepad.sources import Place
from facepad.types import Outcome

if TYPE_CHECKING:
    from jinja2 import Environment

MOST = 500  # thumbnails on a page
MOST_POINTS = 4  # operating points that are listed; a fitted fusion has one for each picture
SIDE = 256  # pixels of a thumbnail's longer side
SUFFIXES = (".html", ".htm")
UNREADABLE, NO_REASON = "unreadable", "none"
KINDS: Mapping[str, str] = MappingProxyType(  # in the order in which they are looked at
    {
        **{kind.value: OUTCOMES[kind] for kind in (Outcome.ATTACK, Outcome.UNCERTAIN)},
        Outcome.NON_RESPONSE.value: OUTCOMES[Outcome.NON_RESPONSE],
        UNREADABLE: UNREADABLE,
        Outcome.BONA_FIDE.value: OUTCOMES[Outcome.BONA_FIDE],
    }
)

Result = tuple[Place, Judged]  # where the picture lies, and its result


@dataclass(frozen=True, slots=True)
class ReviewCard:
    """One picture on the page.

    Attributes:
        name: As in the table of scores; safe to print.
        kind: One of ``KINDS``.
        score: With two decimals; "" where there is none.
        reasons: In words, each with advice.
        codes: Codes of the reasons, for the filter.
        remarks: How the score compares with the operating point, notes, or the error.
        tests: Score of each test, by name.
        data: The thumbnail as a ``data:`` URL; None where the picture cannot be read.
    """

    name: str
    kind: str
    score: str
    reasons: tuple[Explanation, ...]
    codes: tuple[str, ...]
    remarks: tuple[str, ...]
    tests: Mapping[str, float]
    data: str | None


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """What a page shows.

    Attributes:
        scores: Name of the file of scores.
        tally: Counts of all results, also of those that are not shown.
        results: The results that are shown, in order.
        deciding: Names of the tests that decide.
        advisory: Names of the tests whose scores are only shown.
        skipped: Number of files that were left out.
    """

    scores: str
    tally: Tally
    results: Sequence[Result]
    deciding: tuple[str, ...]
    advisory: tuple[str, ...] = ()
    skipped: int = 0


def check_possible(page: Path, scores: Path) -> None:
    """Check that a page can be made, before anything slow.

    Raises:
        SettingsError: A library is missing, or the name is not that of a page.
    """
    from importlib.util import find_spec

    if find_spec("jinja2") is None:
        raise SettingsError(
            "--review needs jinja2, which is not installed: `pip install 'facepad[report]'`, or "
            "leave out --review"
        )
    if page.suffix.lower() not in SUFFIXES or page == scores:
        raise SettingsError(f"--review takes the name of a page, such as review.html, got {page}")


def first_to_look_at(results: Iterable[Result], most: int = MOST) -> list[Result]:
    """Return the results to look at first.

    Those that are refused or uncertain come first, then those without a response or unreadable,
    then bona fide; within each the lowest scores first.
    """
    return nsmallest(most, results, key=_urgency)


def write(file: Path, page: ReviewPage, *, workers: int, progress: Progress) -> None:
    """Write the page.

    Args:
        file: The page.
        page: What it shows.
        workers: Number of pictures that are read at a time.
        progress: Shows progress.

    Raises:
        SettingsError: The file cannot be written.
    """
    packed, cards = PackedFiles(), []
    with progress("drawing", len(page.results), lines=True) as advance:
        for card in ordered_map(lambda result: _card(result, packed), page.results, workers):
            cards.append(card)
            advance()
    write_file(file, render(page, cards), error=SettingsError)


def render(page: ReviewPage, cards: Sequence[ReviewCard]) -> str:
    """Return the page as HTML: one file with its own style, no script and no request."""
    from markupsafe import Markup

    environment = _environment()
    by_code = Counter(code for card in cards for code in card.codes)
    style = environment.get_template("report.css.j2").render(light=LIGHT, dark=DARK)
    style += environment.get_template("review.css.j2").render(
        codes=by_code, nothing=_combinations_without_cards(cards)
    )
    tally = page.tally
    counts = Counter({kind.value: number for kind, number in tally.outcomes.items()})
    counts[UNREADABLE] = tally.unreadable
    return environment.get_template("review.html.j2").render(
        title=f"Review of {printable(page.scores)}",
        style=Markup(style),  # noqa: S704 - made of constants
        style_hash=b64encode(sha256(style.encode()).digest()).decode(),
        version=__version__,
        kinds=KINDS,
        tally=tally,
        counts=counts,
        shown=Counter(card.kind for card in cards),
        by_code=by_code,
        codes={code: _code_in_words(code) for code, _ in by_code.most_common()},
        most_points=MOST_POINTS,
        points=sorted(tally.points, key=lambda point: (point.name, point.threshold)),
        deciding=page.deciding,
        advisory=page.advisory,
        skipped=page.skipped,
        cards=cards,
    )


def _environment() -> "Environment":
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    folders = ("facepad.scoring", "facepad.evaluation.report")
    return Environment(
        loader=ChoiceLoader([PackageLoader(folder, "templates") for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _kind(judged: Judged) -> str:
    return UNREADABLE if judged.decision is None else judged.decision.outcome.value


def _urgency(result: Result) -> tuple[int, float]:
    judged = result[1]
    score = None if judged.decision is None else judged.decision.score
    return [*KINDS].index(_kind(judged)), 0.0 if score is None else score


def _card(result: Result, packed: PackedFiles) -> ReviewCard:
    path, judged = result
    name, decision = printable(judged.path), judged.decision
    if decision is None:
        error = printable(judged.error or "").removeprefix(f"{name}: ")
        return ReviewCard(name, UNREADABLE, "", (), (NO_REASON,), (error,), {}, None)
    remarks = decision.notes if decision.reasons else (why(decision),)
    return ReviewCard(
        name,
        _kind(judged),
        "" if decision.score is None else f"{decision.score:.2f}",
        tuple(REASONS[reason] for reason in decision.reasons),
        tuple(reason.value for reason in decision.reasons) or (NO_REASON,),
        tuple(printable(remark) for remark in remarks if remark),
        {test: score.value for test, score in decision.scores.items() if score.value is not None},
        _thumbnail(path, judged, packed),
    )


def _thumbnail(path: Place, judged: Judged, packed: PackedFiles) -> str | None:
    """Return the picture with the box of its face; of a clip the middle frame, without a box."""
    from facepad.media.thumbnail import data_url
    from facepad.sources import MIDDLE, read_frames

    face = None if judged.decision is None else judged.decision.face
    try:
        number, frame = next(read_frames(path, MIDDLE, packed=packed))
        box = face.box if face is not None and number is None else None
        return data_url(frame.image, SIDE, box)
    except Exception:  # noqa: BLE001 - a picture that cannot be shown is no error here
        return None


def _code_in_words(code: str) -> str:
    return next((meant.words for reason, meant in REASONS.items() if reason == code), "no reason")


def _combinations_without_cards(cards: Sequence[ReviewCard]) -> list[tuple[str, str]]:
    """Return the outcomes and reasons that no card has together."""
    there = {(card.kind, code) for card in cards for code in card.codes}
    kinds, codes = {kind for kind, _ in there}, {code for _, code in there}
    return sorted(pair for pair in product(kinds, codes) if pair not in there)
