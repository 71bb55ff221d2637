"""Judge the frames that were followed, in a thread of its own."""

import os
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Event, Lock, Thread

from facepad import registry, settings
from facepad.annotating.overlay import Moment
from facepad.errors import FacepadError, SettingsError, unknown_name
from facepad.faces.capture import assess
from facepad.pipeline import Checker
from facepad.selected_tests import name_of
from facepad.types import CaptureQuality, Frame
from facepad.webcam.state import LiveOptions
from facepad.webcam.streams import GivesPictures, GivesWindows, wait_for_end

STEP_S = 0.5  # from one decision to the next, or as quick as the machine allows
SPAN_S = 20.0  # of decisions that are kept, to be drawn
_ASSESSED = 512  # captures that are remembered; more than a window has frames
_JOIN_S = 5.0


class AssessedFrames:
    """Judges the capture of each frame of a live view once, though windows overlap."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, CaptureQuality] = OrderedDict()
        self._lock = Lock()

    def __call__(self, frame: Frame) -> CaptureQuality:
        """Return the quality of the capture of a frame with a face, known by its number."""
        if frame.number is None:
            return assess(frame)
        with self._lock:
            known = self._known.get(frame.number)
        if known is None:
            known = assess(frame)
            with self._lock:
                self._known[frame.number] = known
                while len(self._known) > _ASSESSED:
                    self._known.popitem(last=False)
        return known


@dataclass(frozen=True, slots=True)
class Choice:
    """Tests to judge by.

    Attributes:
        tests: Those that decide; None for the default ones.
        advisory: Those that are only shown; None for the default ones.
        calibration: Name of the camera's calibration; None for none.
    """

    tests: tuple[str, ...] | None
    advisory: tuple[str, ...] | None
    calibration: str | None

    def checker(self, options: LiveOptions) -> Checker:
        """Return what judges by these tests; its models are not loaded yet.

        Raises:
            ModelError: The calibration's file is damaged.
            SettingsError: A test or the calibration does not exist.
        """
        spare = max(1, (os.cpu_count() or 1) - 1)
        return Checker(
            self.tests,
            advisory=self.advisory,
            calibration=self.calibration,
            operating_point=options.operating_point,
            fusion=options.fusion,
            faces=options.faces,
            threads=min(int(settings.number("threads")), spare),
            assess=AssessedFrames(),
        )


class SelectableTests:
    """Which tests there are, and what a selection of them means.

    Args:
        options: How the view judges at first.
        checker: Made of the options.
    """

    def __init__(self, options: LiveOptions, checker: Checker) -> None:
        given = (*(options.tests or ()), *(options.advisory or ()))
        known = dict.fromkeys((*checker.of_clips.names, *registry.names("liveness_tests")))
        places = {name_of(name): name for name in given}
        self._given = {name: places.get(name, name) for name in known}
        self._advisory = frozenset(map(name_of, checker.of_clips.advisory))

    @property
    def available(self) -> tuple[str, ...]:
        """Names of all tests that can be selected; those of the options first."""
        return tuple(self._given)

    def place(self, name: str) -> str:
        """Return what `facepad.registry` finds a test by, as it was named in the options."""
        return self._given.get(name, name)

    def chosen(self, tests: Sequence[str], calibration: str | None) -> Choice:
        """Return what a selection means: tests that were advisory stay so beside others.

        Raises:
            SettingsError: There is no such test, or none was named.
        """
        names = tuple(dict.fromkeys(tests))
        for name in names:
            if name not in self._given:
                raise SettingsError(unknown_name("test", name, self.available))
        if not names:
            raise SettingsError("expected one test or more, got none")
        deciding = [name for name in names if name not in self._advisory] or names
        advisory = [name for name in names if name not in deciding]
        return Choice(
            tuple(self._given[name] for name in deciding),
            tuple(self._given[name] for name in advisory),
            calibration,
        )


class LiveJudge:
    """Makes decisions about the frames that were followed, in a thread of its own.

    Args:
        options: How to judge.
        feed: The camera.
        follower: Gives the frames.
        loaded: How to judge at first, and the loaded checker of it.
        notify: Called with what happened, in words.
    """

    def __init__(
        self,
        options: LiveOptions,
        feed: GivesPictures,
        follower: GivesWindows,
        loaded: tuple[Choice, Checker],
        notify: Callable[[str], None],
    ) -> None:
        self._options, self._feed, self._follower, self._notify = options, feed, follower, notify
        self._choice, self.checker = loaded
        self._selected = self.checker.of_clips.names
        self.decisions = 0
        self._wanted: Choice | None = None
        self._moments: deque[Moment] = deque()
        self._lock, self._stop = Lock(), Event()
        self._failure: BaseException | None = None
        # No daemon: a thread that is in a library when the interpreter ends takes the process down.
        self._thread = Thread(target=self._run, name="facepad-judge")

    def start(self) -> None:
        """Begin to judge."""
        self._thread.start()

    def moments(self) -> tuple[Moment, ...]:
        """Return the decisions of the last seconds, in order.

        Those before the camera was lost or paused are left out.

        Raises:
            BaseException: What ended the thread unexpectedly.
        """
        if self._failure is not None:
            raise self._failure
        with self._lock:
            since_s = self._feed.since_s
            return tuple(moment for moment in self._moments if moment.time_s > since_s)

    @property
    def calibration(self) -> str | None:
        """Name of the calibration that decisions use."""
        return self._choice.calibration

    @property
    def is_loading(self) -> bool:
        """Whether newly selected tests are not in use yet."""
        return self._wanted is not None

    @property
    def selected(self) -> tuple[str, ...]:
        """Names of the tests that were selected last, in use or not yet."""
        with self._lock:
            return self._selected

    def select(self, tests: SelectableTests, names: Sequence[str]) -> None:
        """Judge by other tests as soon as they are loaded.

        Raises:
            SettingsError: There is no such test, or none was named.
        """
        with self._lock:
            calibration = (self._wanted or self._choice).calibration
            self._wanted = tests.chosen(names, calibration)
            self._selected = tuple(dict.fromkeys(names))

    def use_calibration(self, name: str) -> None:
        """Judge by a calibration as soon as it is loaded."""
        with self._lock:
            self._wanted = replace(self._wanted or self._choice, calibration=name)

    def stop(self) -> None:
        """Let the thread end, without waiting for it."""
        self._stop.set()

    def close(self) -> None:
        """End the thread; a decision that is being made is waited for."""
        self.stop()
        wait_for_end(self._thread, _JOIN_S)

    def _run(self) -> None:
        last_s = 0.0
        try:
            while not self._stop.is_set():
                self._change()
                last_s = self._decide(last_s)
        except BaseException as error:  # noqa: BLE001 - raised again where decisions are asked for
            self._failure = error

    def _decide(self, last_s: float) -> float:
        """Make a decision when it is time; return the time of the last one."""
        window = self._follower.next_window(last_s + STEP_S)
        if window is None:
            return last_s
        moment = Moment(window.end_s, self.checker.check_presentation(window.presentation))
        with self._lock:
            self.decisions += 1
            self._moments.append(moment)
            while self._moments[0].time_s < window.end_s - SPAN_S:
                self._moments.popleft()
        return window.end_s

    def _change(self) -> None:
        """Use the tests that were selected last; keep the former ones where they do not load."""
        with self._lock:
            wanted = self._wanted
        if wanted is None:
            return
        try:
            checker = wanted.checker(self._options)
            checker.load()
            checker.parts(is_clip=True)
        except FacepadError as error:
            self._notify(f"the tests were not changed: {error}")
        else:
            self._follower.use(checker)
            self.checker, self._choice = checker, wanted
        with self._lock:
            if self._wanted is wanted:  # and nothing else was selected since
                self._wanted, self._selected = None, self.checker.of_clips.names
