"""The one place where the steps meet: a source in, a `Decision` out.

    source -> media -> Frame -> faces -> Presentation -> liveness tests -> fusion -> Decision

How several scores become one, and at which threshold, is for the fusion to say.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from inspect import signature
from threading import Lock
from time import perf_counter
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import numpy as np

from facepad import registry, settings, sources
from facepad.errors import SettingsError
from facepad.fusion import Answer, Fused, Fusion
from facepad.registry import DEFAULT_FUSION, DEFAULT_TESTS
from facepad.sources import Channels, Source
from facepad.types import (
    Decision,
    Face,
    Frame,
    LivenessTest,
    OperatingPoint,
    Outcome,
    Presentation,
    Reason,
    Score,
)

BLANK_SIDE = 64  # pixels; of the picture that is looked at to load the face networks


class Finder(Protocol):
    """Finds faces; implementations are safe to share between threads."""

    @property
    def models(self) -> Mapping[str, str]:
        """Version of each model it uses, by model name."""

    def find(self, frame: Frame) -> Frame:
        """The same frame with its face, or with the reason why there is none."""


@runtime_checkable
class Explains(Protocol):
    """What a liveness test may offer beside `LivenessTest`."""

    def explain(self, presentation: Presentation) -> Mapping[str, float]:
        """What each group of measurements did to the score, by the group's name.

        The score as it is, minus the score with that group replaced by its mean in
        training; in [-1, 1], above 0 where the group speaks for bona fide.
        """


class Checker:
    """Judges pictures; holds loaded models and is safe to share between threads.

    Nothing is loaded before the first check.

    Args:
        tests: Names of liveness tests, or tests themselves; together they decide.
        beside: The same for tests that are only shown beside the decision.
        fusion: Makes one score of those of ``tests``; a name, or the function itself.
        operating_point: Threshold and band for the fused score; None for those that the
            fusion makes of the tests' own.
        landmarks: Whether to find the 468 landmarks of the face too.
        threads: How many threads one check may use; the setting ``threads`` if None.
        explain: Whether to add ``details["explained"]`` to the score of tests that can
            (see `Explains`); costs a little time.
        finder: Finds faces in place of the built-in finder.

    Raises:
        SettingsError: No test is named, one is named twice, or ``threads`` is below 1.

    Example:
        >>> Checker().check("me.jpg").outcome  # doctest: +SKIP
        <Outcome.BONA_FIDE: 'bona_fide'>
    """

    def __init__(
        self,
        tests: Sequence[str | LivenessTest] = DEFAULT_TESTS,
        *,
        beside: Sequence[str | LivenessTest] = (),
        fusion: str | Fusion = DEFAULT_FUSION,
        operating_point: OperatingPoint | None = None,
        landmarks: bool = False,
        threads: int | None = None,
        explain: bool = False,
        finder: Finder | None = None,
    ) -> None:
        _check_names(tests, beside)
        self._threads = int(settings.number("threads")) if threads is None else threads
        if self._threads < 1:
            raise SettingsError(f"threads must be 1 or more, got {self._threads}")
        self._named = tuple(tests)
        self._beside = tuple(beside)
        self._fusion = fusion
        self._operating_point = operating_point
        self._landmarks = landmarks
        self._explain = explain
        self._finder = finder
        self._loaded: _Loaded | None = None
        self._lock = Lock()

    def check(
        self, source: Source, *, channels: Channels | None = None, name: str = ""
    ) -> Decision:
        """Judge one picture.

        Args:
            source: A path, a picture file's bytes, or pixels: uint8, shape (H, W, 3) or
                (H, W).
            channels: Order of an array's channels; arrays need it, files must not have it.
            name: What messages and the decision call the source; its path by default.

        Returns:
            The decision; "no face" and "attack" are outcomes, never errors.

        Raises:
            InputError: The source is no picture, or over a limit.
            ModelError: A model file is missing or has the wrong hash.
            SettingsError: A test that was named does not exist.
        """
        clock = _Clock()
        with clock.step("decode"):
            presentation = sources.load(source, channels=channels, name=name)
        return self._judge(presentation, clock)

    def check_presentation(self, presentation: Presentation) -> Decision:
        """Judge frames that are in memory; faces are looked for where that was not done.

        Raises:
            ModelError: A model file is missing or has the wrong hash.
            SettingsError: A test that was named does not exist.
        """
        return self._judge(presentation, _Clock())

    @property
    def models(self) -> Mapping[str, str]:
        """Version of each model that takes part, by model name; loads them.

        Raises:
            ModelError: A model file is missing or has the wrong hash.
            SettingsError: A test or a fusion that was named does not exist.
        """
        return self._parts().models

    def load(self) -> None:
        """Load models now rather than at the first check.

        Raises:
            ModelError: A model file is missing or has the wrong hash.
            SettingsError: A test that was named does not exist.
        """
        blank = np.zeros((BLANK_SIDE, BLANK_SIDE, 3), np.uint8)
        self._parts().finder.find(Frame(blank))  # a finder loads its networks when it looks

    def _parts(self) -> "_Loaded":
        with self._lock:
            if self._loaded is None:
                fuse = _make_fusion(self._fusion)
                deciding = tuple(self._make(test) for test in self._named)
                tests = (*deciding, *(self._make(test) for test in self._beside))
                finder = self._finder or _make_finder(self._landmarks)
                models = dict(finder.models)
                for test in tests:
                    models.update(test.models)
                self._loaded = _Loaded(tests, len(deciding), fuse, finder, MappingProxyType(models))
            return self._loaded

    def _make(self, test: str | LivenessTest) -> LivenessTest:
        if not isinstance(test, str):
            return test
        factory: Callable[..., LivenessTest] = registry.resolve("liveness_tests", test)
        # A factory needs no argument; one that can use threads says so by its parameter.
        if "threads" in signature(factory).parameters:
            return factory(threads=self._threads)
        return factory()

    def _judge(self, presentation: Presentation, clock: "_Clock") -> Decision:
        parts = self._loaded
        if parts is None:
            with clock.step("load"):
                parts = self._parts()
        with clock.step("faces"):
            presentation = _with_faces(presentation, parts.finder)
        scores = {}
        for test in parts.tests:
            with clock.step(test.name):
                scores[test.name] = self._score(test, presentation)
        fused = parts.fused(scores)
        point = self._operating_point or fused.operating_point
        first = presentation.frames[0]
        outcome, reasons = _conclude(fused, first, point)
        return Decision(
            outcome=outcome,
            score=fused.value,
            reasons=reasons,
            scores=MappingProxyType(scores),
            operating_point=point,
            face=first.face,
            source=presentation.source,
            source_size=first.size,
            notes=(*first.notes, *_others(first.face)),
            models=parts.models,
            timings_ms=clock.read(),
        )

    def _score(self, test: LivenessTest, presentation: Presentation) -> Score:
        score = test.score(presentation)
        if not self._explain or score.value is None or not isinstance(test, Explains):
            return score
        explained = dict(test.explain(presentation))
        return replace(score, details={**score.details, "explained": explained})


def check(source: Source, *, channels: Channels | None = None, **options: Any) -> Decision:  # noqa: ANN401 - as Checker takes them
    """Judge one picture with a new `Checker`; for many pictures make one and keep it.

    Args:
        source: A path, a picture file's bytes, or pixels (which need ``channels``).
        channels: Order of an array's channels: "rgb", "bgr" or "gray".
        **options: As `Checker` takes them.

    Raises:
        InputError: The source is no picture, or over a limit.
        ModelError: A model file is missing or has the wrong hash.
        SettingsError: An option cannot be used.
    """
    return Checker(**options).check(source, channels=channels)


@dataclass(frozen=True, slots=True)
class _Loaded:
    tests: tuple[LivenessTest, ...]
    deciding: int  # how many of the tests decide; they come first
    fuse: Fusion
    finder: Finder
    models: Mapping[str, str]

    def fused(self, scores: Mapping[str, Score]) -> Fused:
        tests = self.tests[: self.deciding]
        return self.fuse(
            {test.name: Answer(scores[test.name], test.operating_point) for test in tests}
        )


@dataclass(slots=True)
class _Clock:
    began: float = field(default_factory=perf_counter)
    steps: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self.steps[name] = 1000.0 * (perf_counter() - began)

    def read(self) -> Mapping[str, float]:
        total = 1000.0 * (perf_counter() - self.began)
        return MappingProxyType({**self.steps, "total": total})


def _check_names(tests: Sequence[str | LivenessTest], beside: Sequence[str | LivenessTest]) -> None:
    for given in (tests, beside):
        if isinstance(given, str):
            raise SettingsError(f"tests must be a list of at least one name, got {given!r}")
    if not tests:
        raise SettingsError(f"tests must be a list of at least one name, got {tests!r}")
    names = [test if isinstance(test, str) else test.name for test in (*tests, *beside)]
    if len(set(names)) < len(names):
        raise SettingsError(f"each test is named once, got {', '.join(names)}")


def _make_fusion(fusion: str | Fusion) -> Fusion:
    if not isinstance(fusion, str):
        return fusion
    found: Fusion = registry.resolve("fusions", fusion)
    return found


def _make_finder(landmarks: bool) -> Finder:
    from facepad.faces.finder import FaceFinder

    finder: Finder = FaceFinder(landmarks=landmarks)
    return finder


def _with_faces(presentation: Presentation, finder: Finder) -> Presentation:
    frames = tuple(
        frame if frame.face or frame.no_face else finder.find(frame)
        for frame in presentation.frames
    )
    return replace(presentation, frames=frames)


def _conclude(
    fused: Fused, frame: Frame, point: OperatingPoint
) -> tuple[Outcome, tuple[Reason, ...]]:
    """Outcome and reasons; without a face there is no response, whatever the score says."""
    from facepad.evaluation.protocol import decide

    if frame.face is None:
        missing = frame.no_face or Reason.NO_FACE
        return Outcome.NON_RESPONSE, (missing, *(r for r in fused.reasons if r is not missing))
    outcome, told = decide(Score(fused.value, next(iter(fused.reasons), None)), point)
    return outcome, (*fused.reasons, *(reason for reason in told if reason not in fused.reasons))


def _others(face: Face | None) -> tuple[str, ...]:
    if face is None or not face.others:
        return ()
    return (f"{face.others} other face{'s' if face.others > 1 else ''} in the picture",)
