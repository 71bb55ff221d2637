"""Contracts of metrics, fusions and datasets, and the error that says which one is broken."""

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, product
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from facepad import registry
from facepad.errors import FacepadError
from facepad.fusion import Answer, Fused, Fusion
from facepad.jobs.csv_rows import check_species
from facepad.packed.address import file_of
from facepad.packing.verify import problems_of
from facepad.quality import Metric, Picture
from facepad.testing.made_up import made_up_picture
from facepad.types import Dataset, OperatingPoint, Reason, RgbImage, Sample, Score, Split

TOLERANCE = 1e-6  # relative; sums may be taken in another order in another thread
THREADS = 4
VALUES = (0.0, 0.2, 0.5, 0.9, 1.0)  # scores that fusions are tried on

Result = TypeVar("Result")


class ContractError(FacepadError, AssertionError):
    """A plug-in does not do what facepad relies on; the message says what."""


def require(kept: bool, broken: str) -> None:
    """Raise unless the contract is kept.

    Raises:
        ContractError: With the words in ``broken``.
    """
    if not kept:
        raise ContractError(broken)


def called(function: Callable[[], Result], what: str) -> Result:
    """Call a plug-in; whatever it raises breaks the contract.

    Raises:
        ContractError: Names the exception and what was asked.
    """
    try:
        return function()
    except ContractError:
        raise
    except Exception as error:
        raise ContractError(f"{what} raised {type(error).__name__}: {error}") from error


# --- metrics -----------------------------------------------------------------------------


def check_metric(metric: Metric, name: str | None = None) -> None:
    """Check that a metric is a finite, deterministic function that changes nothing.

    Args:
        metric: The function, as it is registered.
        name: Name in the registry, when it is registered.

    Raises:
        ContractError: Says what is broken, and on which picture.
    """
    what = name or str(getattr(metric, "__name__", type(metric).__name__))
    if name is not None:
        _check_entry(metric, name)
    images = _images()
    values = [
        _checked_value(metric, f"{what} on {shown}", image) for shown, image in images.items()
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        together = called(
            lambda: list(pool.map(lambda image: metric(Picture.of(image)), images.values())),
            f"{what} in threads",
        )
    for kind, one, other in zip(images, values, together, strict=True):
        differs = f"{what} on {kind} differs beside other threads: {_then(one, other)}"
        require(_same(one, other), differs)


def _check_entry(metric: Metric, name: str) -> None:
    known = registry.names("metrics")
    require(name in known, f"no metric named {name!r}; known: {', '.join(known)}")
    registered = called(lambda: registry.resolve("metrics", name), f"loading {name}")
    require(registered is metric, f"{name!r} is registered for {registered!r}, not for {metric!r}")
    called(lambda: registry.metric_entry(name), f"reading group, version and models of {name}")


def _images() -> dict[str, RgbImage]:
    draw = np.random.default_rng(0)
    board = (np.indices((96, 128)).sum(axis=0) % 2 * 255).astype(np.uint8)
    return {
        "an ordinary picture": made_up_picture(size=(160, 120), seed=1),
        "a soft picture": made_up_picture(size=(160, 120), seed=2, attack=True),
        "an odd size": made_up_picture(size=(133, 101), seed=3),
        "a black picture": np.zeros((96, 128, 3), np.uint8),
        "a grey picture": np.full((96, 128, 3), 128, np.uint8),
        "a white picture": np.full((96, 128, 3), 255, np.uint8),
        "a chessboard of pixels": np.repeat(board[..., None], 3, axis=2),
        "noise": draw.integers(0, 256, (96, 128, 3), dtype=np.uint8),
        "a small picture": made_up_picture(size=(64, 48), seed=4),
    }


def _checked_value(metric: Metric, what: str, image: RgbImage) -> float:
    picture = Picture.of(image)
    parts: list[NDArray[Any]] = [picture.gray, picture.rounded, picture.blurred]
    before = [part.copy() for part in parts]
    value = called(lambda: metric(picture), what)
    require(
        isinstance(value, float) and math.isfinite(value),
        f"{what} must be a finite float, got {value!r}",
    )
    kept = all(np.array_equal(*pair) for pair in zip(before, parts, strict=True))
    require(kept, f"{what} changed the picture")
    for when, again in (("a second time", picture), ("on a copy", Picture.of(image))):
        other = called(lambda again=again: metric(again), what)  # type: ignore[misc]
        require(_same(value, other), f"{what} differs {when}: {_then(value, other)}")
    return value


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _then(one: object, other: object) -> str:
    return f"{one!r}, then {other!r}"


# --- fusions -----------------------------------------------------------------------------


def check_fusion(
    fusion: Fusion, name: str | None = None, *, tests: Sequence[str] = ("a", "b", "c")
) -> None:
    """Check that a fusion makes one score of several as facepad relies on.

    A value in [0, 1] whenever a test has one, else None with reasons; never an exception; the
    same each time, from several threads and for any order of the tests; and no lower when
    every test's score rises.

    Args:
        fusion: The function, as it is registered.
        name: Name in the registry, when it is registered.
        tests: Names of liveness tests that it can fuse.

    Raises:
        ContractError: Says what is broken, and for which scores.
    """
    what = name or str(getattr(fusion, "__name__", type(fusion).__name__))
    if name is not None:
        registered = called(lambda: registry.resolve("fusions", name), f"loading {name}")
        require(registered is fusion, f"{name!r} is registered for {registered!r}")
    tried = _answers(tests)
    fused = [_checked_fused(fusion, what, answers) for answers in tried]
    with ThreadPoolExecutor(THREADS) as pool:
        together = called(lambda: list(pool.map(fusion, tried)), f"{what} in threads")
    for answers, one, other in zip(tried, fused, together, strict=True):
        differs = f"{what} of {_shown(answers)} differs beside other threads"
        require(one == other, f"{differs}: {_then(one, other)}")
    _check_rising(fusion, what, tests)


def _answers(tests: Sequence[str]) -> list[Mapping[str, Answer]]:
    """Return answers of one to three tests: scores that decide, must not decide, are missing."""
    point = OperatingPoint("made up", 0.5, 0.4, 0.7)
    scores = [
        *(Score(value) for value in VALUES),
        Score(0.6, Reason.UNFAMILIAR_CAMERA),
        Score(None, Reason.NO_FACE),
        Score(None, Reason.CLIP_TOO_SHORT),
    ]
    return [
        {test: Answer(score, point) for test, score in zip(tests, chosen, strict=False)}
        for many in range(1, min(len(tests), 3) + 1)
        for chosen in product(scores, repeat=many)
    ]


def _checked_fused(fusion: Fusion, what: str, answers: Mapping[str, Answer]) -> Fused:
    what = f"{what} of {_shown(answers)}"
    fused = called(lambda: fusion(answers), what)
    require(isinstance(fused, Fused), f"{what} returned {fused!r}, which is no Fused")
    if all(answer.score.value is None for answer in answers.values()):
        require(fused.value is None, f"{what}: no test has a value, got {fused.value!r}")
        require(bool(fused.reasons), f"{what}: a missing value needs a reason")
    else:
        require(
            isinstance(fused.value, float) and 0.0 <= fused.value <= 1.0,
            f"{what}: a score lies in [0, 1], got {fused.value!r}",
        )
    require(
        all(isinstance(reason, Reason) for reason in fused.reasons),
        f"{what}: reasons must be Reasons, got {fused.reasons!r}",
    )
    require(
        isinstance(fused.operating_point, OperatingPoint),
        f"{what}: operating_point must be an OperatingPoint, got {fused.operating_point!r}",
    )
    turned = called(lambda: fusion(dict(reversed(list(answers.items())))), what)
    require(turned == fused, f"{what} depends on the order of the tests: {_then(fused, turned)}")
    return fused


def _check_rising(fusion: Fusion, what: str, tests: Sequence[str]) -> None:
    point = OperatingPoint.at(0.5)
    values = [
        fusion({test: Answer(Score(value), point) for test in tests}).value for value in VALUES
    ]
    known = [value for value in values if value is not None]
    require(known == sorted(known), f"{what} falls when every test's score rises: {values}")


def _shown(answers: Mapping[str, Answer]) -> str:
    return ", ".join(f"{a.score.value} ({a.score.reason})" for a in answers.values())


# --- datasets ----------------------------------------------------------------------------


def check_dataset(dataset: Dataset, name: str | None = None) -> None:
    """Check that a dataset lists its samples as facepad relies on.

    Each listing is the same, in the same order, also while another one is under way; keys
    are unique and begin with the dataset's name; files exist and are listed once.

    Args:
        dataset: Made with a root that holds (a part of) the database.
        name: Name in the registry, when it is registered.

    Raises:
        ContractError: Says what is broken, and for which sample.
    """
    require(
        isinstance(dataset.name, str) and dataset.name != "",
        f"a dataset needs a name, got {dataset.name!r}",
    )
    require(
        name in (None, dataset.name), f"registered as {name!r} but its name is {dataset.name!r}"
    )
    first = called(lambda: list(dataset.samples()), "samples()")
    require(len(first) > 0, f"{dataset.name} lists no samples")
    for sample in first:
        _check_sample(sample, dataset.name)
    _check_once(first)
    _check_order(dataset, first)
    _check_notices(dataset)


def _check_sample(sample: Sample, name: str) -> None:
    require(isinstance(sample, Sample), f"{name} lists {sample!r}, which is no Sample")
    key = sample.key
    require(key.startswith(f"{name}/"), f"key {key!r} must begin with {name + '/'!r}")
    require(file_of(sample.path).is_file(), f"{key}: {sample.path} is listed but is no file")
    require(
        isinstance(sample.subject, str) and sample.subject != "",
        f"{key}: the subject must be a name, got {sample.subject!r}",
    )
    require(isinstance(sample.split, Split), f"{key}: split must be a Split, got {sample.split!r}")
    require(
        sample.pai_species != "",
        f"{key}: pai_species names an attack or is None for bona fide, got ''",
    )
    called(lambda: check_species(sample.pai_species or ""), f"{key}: checking its kind of attack")
    require(
        sample.frame is None or sample.frame >= 0,
        f"{key}: a frame number is 0 or more, got {sample.frame}",
    )
    _check_attributes(sample.attributes, key)


def _check_attributes(attributes: Mapping[str, str], key: str) -> None:
    words = all(isinstance(word, str) for pair in attributes.items() for word in pair)
    require(words, f"{key}: attributes must be text by name, got {dict(attributes)!r}")


def _check_notices(dataset: Dataset) -> None:
    """Notices and problems are optional; where there are some, they are text for people."""
    notices = getattr(dataset, "notices", tuple)
    for name, texts in (
        ("notices", called(lambda: list(notices()), "notices()")),
        ("problems", called(lambda: list(problems_of(dataset)), "problems()")),
    ):
        require(
            all(isinstance(text, str) and text for text in texts),
            f"{dataset.name}: {name}() must give lines of text, got {texts!r}",
        )


def _check_once(samples: Sequence[Sample]) -> None:
    keys: set[str] = set()
    places: dict[tuple[str, int | None], str] = {}
    for sample in samples:
        require(sample.key not in keys, f"key {sample.key!r} is listed twice")
        keys.add(sample.key)
        place = (sample.path, sample.frame)
        require(
            place not in places,
            f"{sample.path} is listed as {places.get(place)!r} and as {sample.key!r}",
        )
        places[place] = sample.key


def _check_order(dataset: Dataset, first: Sequence[Sample]) -> None:
    def listed_again() -> list[Sample]:
        under_way = dataset.samples()
        begun = list(islice(under_way, 1))
        again = list(dataset.samples())
        require(
            [*begun, *under_way] == again,
            f"{dataset.name}: two listings at the same time disturb each other",
        )
        return again

    again = called(listed_again, "a second listing")
    require(len(again) == len(first), f"first {len(first)} samples, then {len(again)}")
    for number, (one, other) in enumerate(zip(first, again, strict=True)):
        require(
            one == other,
            f"the order differs between two listings: sample {number} is {one.key!r}, "
            f"then {other.key!r}",
        )
