"""The one place where the steps meet: a source in, a `Decision` out.

    source -> Presentation -> faces -> liveness tests, side by side -> fusion -> Decision

A clip is one presentation. Frame-wise tests get a few selected frames of it, clip tests all
frames that they need (`facepad.needs.Needs`).
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, Literal, overload

from facepad import __version__, finders, settings, sources
from facepad.decision import Decision, conclude
from facepad.errors import (
    DatasetError,
    InputError,
    as_item_error,
    require,
    require_count,
    source_name,
)
from facepad.finders import Faces, Finder, all_faces, check_finder, joined, notes_of, with_faces
from facepad.fusion import Fusion, check_fusion, fusion_name
from facepad.jobs.threads import ordered_map
from facepad.media.frame_selection import FrameSelection
from facepad.media.reading import named_errors
from facepad.needs import Assess, judged_frames, missing_reason
from facepad.packed.pictures import PackedFiles
from facepad.registry import DEFAULT_FUSION, DEFAULT_POINT
from facepad.scorer import Scorer, StepClock, contributions_of, frames_used, is_settled
from facepad.selected_tests import LoadsOnce, SelectedTests, name_of
from facepad.selected_tests.loaded import LoadedTests
from facepad.sources import BEST, Channels, Settled, Source
from facepad.types import LivenessTest, OperatingPoint, Presentation, Reason, Score


class Checker:
    """Judges pictures and clips; holds loaded models and is safe to share between threads.

    Models are loaded at the first check. A calibration is read at once. A checker can be pickled
    and sent to a process that was spawned; there it loads its models anew.

    Args:
        tests: Names of liveness tests, or tests themselves; together they decide. None for
            the default: `face_cnn`, and for clips also `blink`, `pulse` and `parallax`.
            "network:my.toml" is a network that this file describes.
        advisory: More tests, whose scores do not affect the decision. None for the default:
            `face_mask` and `quality` beside the default tests, and none beside others.
        calibration: Name of a camera's calibration, from `facepad calibrate`. Then only its test
            decides, anchored to it; clip tests add to it, and all other tests are advisory.
        fusion: Makes one score of those of the deciding tests: a name, the path of a file that
            `facepad train fusion` wrote, or the function itself.
        operating_point: "convenience", "balanced" or "strict", the one that rejects the most; a
            test without it uses its own. Or an `OperatingPoint` for the fused score.
        frames: Which frames of a clip tests get: "even:8" or "best:8", until it is settled.
        threads: How many threads one check may use; the setting ``threads`` if None. At most so
            many tests run side by side, and each gets its part of them.
        explain: Whether to add what tests and their members contributed; costs a little time.
        deadline_s: Seconds that the tests of one check have together; decoding and the search
            for faces are not counted. A late test counts as missing, with the reason
            ``timed_out``. It cannot be stopped, and it is late in further checks until it
            ends. None to wait for every test, so that no score depends on load.
        test_deadline_s: Seconds that each test has from its turn on; a late one counts as
            above and does not delay the others. None for no limit of its own.
        faces: Which face is judged where there are several: the "largest"; or "single", for a
            gate: then a source with several faces is a non-response, ``multiple_faces``. Every
            face that the finder confirms counts, in a clip in any frame.
        finder: Finds faces in place of the built-in finder.
        assess: Judges the capture of a frame with a face, in place of the built-in rules.

    Raises:
        SettingsError: No test is named, one is named twice, an option has a value that cannot
            be used, or there is no such calibration.
        ModelError: The calibration's file is damaged.

    Example:
        >>> Checker().check("me.jpg").outcome  # doctest: +SKIP
        <Outcome.BONA_FIDE: 'bona_fide'>
    """

    def __init__(
        self,
        tests: Sequence[str | LivenessTest] | None = None,
        *,
        advisory: Sequence[str | LivenessTest] | None = None,
        calibration: str | None = None,
        fusion: str | Fusion = DEFAULT_FUSION,
        operating_point: str | OperatingPoint = DEFAULT_POINT,
        frames: str | FrameSelection = BEST,
        threads: int | None = None,
        explain: bool = False,
        deadline_s: float | None = None,
        test_deadline_s: float | None = None,
        faces: Faces = "largest",
        finder: Finder | None = None,
        assess: Assess | None = None,
    ) -> None:
        check_finder(finder, faces)
        check_fusion(fusion, operating_point)
        require(assess is None or callable(assess), "assess", "a function or None", assess)
        self._selected = SelectedTests.of(tests, advisory, calibration)
        own = threads if threads is not None else int(settings.number("threads"))
        self._threads = require_count("threads", own)
        self._fusion = fusion
        self._operating_point = operating_point
        self.frames = FrameSelection.parse(frames) if isinstance(frames, str) else frames
        self._explain = explain
        self._deadlines_s = deadline_s, test_deadline_s
        self._finder = finder
        self._assess = assess
        self.faces = faces
        self._begin()

    def _begin(self) -> None:
        """Make what a copy in another process makes anew."""
        self._scorer = Scorer(self._threads, *self._deadlines_s, explain=self._explain)
        self._packed = PackedFiles()
        own = (self._fusion, self._threads, self._operating_point, self._finder, self._assess)
        self._loaded = LoadsOnce(self._selected, *own)

    def __getstate__(self) -> dict[str, Any]:
        anew = ("_scorer", "_packed", "_loaded")
        return {name: value for name, value in vars(self).items() if name not in anew}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self._begin()

    def check(
        self, source: Source, *, channels: Channels | None = None, name: str = ""
    ) -> Decision:
        """Judge one picture or clip.

        Args:
            source: A path of a picture or clip, an address in a packed file, the bytes of a
                file, a file that is open for reading bytes, an upload of FastAPI or Flask, a
                Pillow image, pixels (uint8, shape (H, W, 3) or (H, W)), or a sample of a
                dataset. An open file is read from its beginning where it can seek, and then
                put back to where it was.
            channels: Order of an array's channels; arrays need it, files must not have it.
            name: What messages and the decision call the source; its path by default.

        Returns:
            The decision; "no face" and "attack" are outcomes, never errors.

        Raises:
            InputError: The source cannot be read, or is over a limit.
            DatasetError: A sample lies in a packed file that is damaged.
            ModelError: A model file is missing or has the wrong hash.
            SettingsError: A test that was named does not exist, or a library is missing.
        """
        with sources.settled(source, name=name) as (settled, name):
            return self._checked(settled, {"channels": channels, "name": name})

    def check_faces(
        self, source: Source, *, channels: Channels | None = None, name: str = ""
    ) -> tuple[Decision, ...]:
        """Judge every face of a still, each by itself.

        Args:
            source: As `check`, but no clip.
            channels: As `check`.
            name: As `check`.

        Returns:
            One decision for each face, the largest face first; where there is no face, one
            decision that is a non-response. Never empty.

        Raises:
            InputError: As `check`; or the source is a clip.
            DatasetError: As `check`.
            ModelError: As `check`.
            SettingsError: As `check`; or the finder that was given finds one face only.
        """
        clock = StepClock()
        with sources.settled(source, name=name) as (settled, name), clock.step("decode"):
            if sources.clip_path(settled) is not None:
                shown = source_name(name or str(settled))
                raise InputError(f"{shown}: this is a clip; check_faces judges stills only")
            files = self._packed
            still = sources.load(settled, channels=channels, name=name, depth=True, packed=files)
        parts = self.parts(clock)
        with clock.step("faces"):
            frames = all_faces(still.frames[0], parts.finder)
        stills = (replace(still, frames=(frame,)) for frame in frames)
        return tuple(self._judge(one, None, clock.copy()) for one in stills)

    @overload
    def check_many(
        self,
        sources: Iterable[Source],
        *,
        channels: Channels | None = None,
        workers: int | None = None,
        errors: Literal["raise"] = "raise",
    ) -> Iterator[Decision]: ...

    @overload
    def check_many(
        self,
        sources: Iterable[Source],
        *,
        channels: Channels | None = None,
        workers: int | None = None,
        errors: Literal["return"],
    ) -> Iterator[Decision | InputError | DatasetError]: ...

    def check_many(
        self,
        sources: Iterable[Source],
        *,
        channels: Channels | None = None,
        workers: int | None = None,
        errors: Literal["raise", "return"] = "raise",
    ) -> Iterator[Decision | InputError | DatasetError]:
        """Judge many pictures and clips in threads; yield their decisions in order.

        Sources are taken when they are needed, at most two for each worker, so memory is bounded.
        ``Checker(threads=1)`` with a worker for each core is the fastest.

        Args:
            sources: As `check` takes them; may be endless.
            channels: Order of an array's channels.
            workers: Checks side by side; as many as the checker has threads if None.
            errors: What becomes of a source that cannot be read. "raise": its error ends the run;
                "return": it is yielded in its place, also an unexpected one, as an `InputError`.

        Raises:
            InputError: As `check`, like `DatasetError`, with ``errors="raise"``.
            ModelError: As `check`.
            SettingsError: As `check`; or an argument cannot be used.
        """
        is_many = not isinstance(sources, str | bytes | os.PathLike)
        require(is_many, "sources", "a list of sources; use check for a single one", sources)
        require(errors in ("raise", "return"), "errors", "'raise' or 'return'", errors)
        threads = require_count("workers", self._threads if workers is None else workers)
        judge = self.check if errors == "raise" else self._decision_or_error
        return ordered_map(partial(judge, channels=channels), sources, threads)

    def check_presentation(self, presentation: Presentation) -> Decision:
        """Judge frames that are in memory; faces are looked for where that was not done.

        Several frames are a clip: clip tests get all, others those that ``frames`` selects.

        Raises:
            InputError: ``frames`` selects none of them.
            ModelError: A model file is missing or has the wrong hash.
            SettingsError: A test that was named does not exist.
        """
        count = len(presentation.frames)
        if count == 1:
            return self._judge(presentation, None, StepClock())
        if not self.parts(is_clip=True).has_frame_wise:
            return self._judge(None, presentation, StepClock())
        with named_errors(presentation.source):
            numbers = self.frames.candidates.within(count)
        selected = tuple(presentation.frames[number] for number in numbers)
        return self._judge(replace(presentation, frames=selected), presentation, StepClock())

    @property
    def tests(self) -> tuple[str, ...]:
        """Names of all tests of a still, those that decide first."""
        return self._selected.names

    @property
    def deciding(self) -> tuple[str, ...]:
        """Names of the tests that decide."""
        return tuple(map(name_of, self._selected.deciding))

    @property
    def of_clips(self) -> SelectedTests:
        """The tests of clips, which may be more than those of stills."""
        return self._selected.for_clips()

    @property
    def models(self) -> Mapping[str, str]:
        """Version of each model that takes part, by model name; loads them, as `load` does.

        Raises:
            ModelError: As `load`, like `SettingsError`.
        """
        return self.parts().models

    @property
    def operating_points(self) -> Mapping[str, OperatingPoint]:
        """Threshold and band of each test alone in the usual case, by test name; loads them.

        Raises:
            ModelError: A model file is missing or has the wrong hash.
            SettingsError: A test or a fusion that was named does not exist.
        """
        return self.parts().points

    def load(self) -> None:
        """Load models now rather than at the first check.

        Raises:
            ModelError: A model file is missing or has the wrong hash.
            SettingsError: A test that was named does not exist.
        """
        finders.load(self.parts().finder)

    def parts(self, clock: StepClock | None = None, *, is_clip: bool = False) -> LoadedTests:
        """Return tests, fusion and finder for stills or clips; load them at the first call."""
        if self._loaded.is_ready(is_clip=is_clip):
            return self._loaded.get(is_clip=is_clip)
        with (clock or StepClock()).step("load"):
            return self._loaded.get(is_clip=is_clip)

    def _decision_or_error(
        self, source: Source, channels: Channels | None
    ) -> Decision | InputError | DatasetError:
        try:
            return self.check(source, channels=channels)
        except Exception as error:  # noqa: BLE001 - raised again where it is not the item's own
            shown = str(source) if isinstance(source, str | os.PathLike) else type(source).__name__
            return as_item_error(source_name(shown), error)

    def _checked(self, source: Settled, given: dict[str, Any]) -> Decision:
        clock, is_clip = StepClock(), sources.clip_path(source) is not None
        given["packed"] = self._packed
        load = partial(sources.load, source, selection=self.frames, **given)
        stills = clip = None
        if not is_clip:  # an unreadable still is an error before models are loaded
            with clock.step("decode"):
                stills = load()
        parts = self.parts(clock, is_clip=is_clip)
        with clock.step("decode"):
            if is_clip and parts.clip_needs is not None:
                clip = sources.load_dense(source, parts.clip_needs, **given)
            if parts.stills_need_depth or (is_clip and (clip is None or parts.has_frame_wise)):
                stills = load(depth=parts.stills_need_depth)
        return self._judge(*joined(stills, clip), clock)

    def _judge(
        self, stills: Presentation | None, clip: Presentation | None, clock: StepClock
    ) -> Decision:
        parts = self.parts(clock, is_clip=clip is not None)
        with clock.step("faces"):
            single = self.faces == "single"
            stills, clip = with_faces(stills, clip, parts.finder, single=single)
        with clock.step("capture"):
            if stills is not None:
                stills = finders.chosen_frames(stills, self.frames.best, parts.assess, parts.finder)
            given = [one for one in (stills, clip) if one is not None]
            frames = [frame for one in given for frame in one.frames]
            assessed = next((g for g in given if any(f.face for f in g.frames)), given[0])
            changed = finders.interruptions(clip, parts.finder)
            judged = judged_frames(assessed, parts.assess, changed)
        if assessed is stills:
            stills = judged.presentation
        reasons_out = {test.name: missing_reason(test, stills, clip) for test in parts.tests}
        left_out = {name: reason for name, reason in reasons_out.items() if reason is not None}
        asked = {test.name: test for test in parts.tests if test.name not in left_out}
        shown = next((frame for frame in judged.presentation.frames if frame.face), frames[0])
        no_face = None if shown.face else shown.no_face or Reason.NO_FACE
        side = finders.side_information(shown.face, shown.size, shown.capture)

        def settled(so_far: Mapping[str, Score]) -> bool:
            found = parts.evidence(parts.on_scale(so_far), left_out, judged.reasons, side)
            ends = self.frames.best > 0 and not judged.reasons
            return ends and is_settled(found.fused, found.operating_point)

        scores = {name: Score(None, judged.reasons[0]) for name in asked if not judged.judgeable}
        if judged.judgeable:
            own = self._scorer.scores([*asked.values()], stills, clip, clock, settled)
            scores = parts.on_scale(own)
        found = parts.evidence(scores, left_out, judged.reasons, side)
        fused, point, capture = found.fused, found.operating_point, found.capture
        outcome, reasons = conclude(fused, point, no_face=no_face, capture=capture, near=found.near)
        own_notes = (*(judged.notes if assessed is not clip else ()), *found.notes)
        return Decision(
            outcome=outcome,
            score=fused.value,
            reasons=reasons,
            scores=MappingProxyType(scores),
            operating_point=point,
            operating_points=found.operating_points,
            face=shown.face,
            source=given[0].source,
            source_size=shown.size,
            frames=frames_used(scores, stills or given[0]),
            notes=(*notes_of(frames, shown), *own_notes),
            models=parts.models,
            timings_ms=clock.read(last=tuple(scores)),
            interval=fused.interval,
            left_out=MappingProxyType(left_out),
            capture=shown.capture and replace(shown.capture, reasons=capture),
            advisory=tuple(test.name for test in parts.tests[parts.deciding :]),
            fusion=fusion_name(self._fusion),
            calibration=self._selected.calibration_version,
            version=__version__,
            contributions=(
                contributions_of(parts.fuse, found.answers, fused.value) if self._explain else None
            ),
        )
