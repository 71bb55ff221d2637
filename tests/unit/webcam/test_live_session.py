"""The live view in a made-up world: pictures, decisions, tests that are switched, what is saved."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from threading import enumerate as threads

import pytest
from PIL import Image

from clip_samples import write_clip
from facepad.errors import InputError, ModelError, SettingsError
from facepad.registry import DEFAULT_ADVISORY, DEFAULT_CLIP_TESTS, DEFAULT_TESTS
from facepad.types import Outcome
from facepad.webcam.session import LiveSession
from facepad.webcam.state import CameraStatus, LiveOptions, LiveState
from live_doubles import ScriptedCameras, be_quick, gray, until

pytestmark = pytest.mark.usefixtures("_made_up")
WAIT_S = 30.0
Use = Callable[[ScriptedCameras], None]
INTERRUPTED = """
import _thread, signal, threading
from facepad.webcam.streams import wait_for_end
signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in background jobs
begun, goes_on = threading.Event(), threading.Event()
def work():
    goes_on.wait(60.0)
    print("ended")
def interrupt():
    begun.wait(60.0)
    _thread.interrupt_main()
thread = threading.Thread(target=work)
thread.start()
threading.Thread(target=interrupt).start()
try:
    begun.set()
    wait_for_end(thread, 60.0)
except KeyboardInterrupt:
    print(thread.is_alive())
    goes_on.set()
"""


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Makes views use these cameras."""

    def set_cameras(cameras: ScriptedCameras) -> None:
        opened = "camera 0", cameras.open
        monkeypatch.setattr("facepad.webcam.session.opener_of", lambda *_: opened)
        be_quick(monkeypatch)

    return set_cameras


@contextmanager
def live(**options: object) -> Iterator[LiveSession]:
    with LiveSession(LiveOptions(**options)) as session:  # type: ignore[arg-type]
        yield session


def decided(session: LiveSession, outcome: Outcome) -> LiveState:
    """The state as soon as the newest decision has that outcome."""

    def state() -> LiveState | None:
        now = session.state()
        return now if now.newest and now.newest.decision.outcome is outcome else None

    return until(state)


def test_a_clip_is_shown_and_judged_as_a_camera(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", 40 * [gray(200)], rate=20.0)
    with live(camera=str(clip)) as session:
        state = decided(session, Outcome.BONA_FIDE)
        shown = session.wait_for(0, WAIT_S)
        assert shown is not None
        assert session.wait_for(shown.number, WAIT_S) is not None
        assert shown.picture.shape == (48, 64, 3)
        assert shown.overlay.box == (0, 0, 64, 48)
        assert shown.overlay.decision is not None
        assert state.camera.name == "clip clip.avi, used as a camera"
        assert state.camera.status is CameraStatus.RUNNING
        assert state.deciding == (*DEFAULT_TESTS, *DEFAULT_CLIP_TESTS)
        assert state.advisory == DEFAULT_ADVISORY
        assert state.decisions >= 1
        assert until(lambda: session.state().rate) > 0.0
    assert not any(thread.name.startswith("facepad-") for thread in threads())
    assert session.wait_for(0, WAIT_S) is None


def test_the_picture_goes_on_while_a_test_takes_its_time(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(ScriptedCameras([[gray(200)]]))
    held, goes_on = Event(), Event()

    def slow(*_: object) -> None:
        held.set()
        goes_on.wait(WAIT_S)

    monkeypatch.setattr("facepad.pipeline.Checker.check_presentation", slow)
    with live() as session:
        try:
            assert held.wait(WAIT_S)
            shown = session.wait_for(0, WAIT_S)
            for _ in range(5):
                assert shown is not None
                shown = session.wait_for(shown.number, WAIT_S)
            assert shown is not None
            assert session.state().decisions == 0
        finally:
            monkeypatch.undo()
            goes_on.set()


def test_the_process_waits_for_a_decision_that_is_being_made(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(ScriptedCameras([[gray(200)]]))
    held, goes_on = Event(), Event()

    def slow(*_: object) -> None:
        held.set()
        goes_on.wait(WAIT_S)

    monkeypatch.setattr("facepad.pipeline.Checker.check_presentation", slow)
    monkeypatch.setattr("facepad.webcam.judging._JOIN_S", 0.01)
    with live():
        assert held.wait(WAIT_S)
    judge = next(thread for thread in threads() if thread.name == "facepad-judge")
    assert not judge.daemon  # the interpreter joins it before it ends
    goes_on.set()
    judge.join(WAIT_S)
    assert not judge.is_alive()


def test_threads_end_although_closing_is_interrupted(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    use(ScriptedCameras([[gray(200)]]))
    session = LiveSession(LiveOptions())
    with session:
        decided(session, Outcome.BONA_FIDE)
        with monkeypatch.context() as patch:
            patch.setattr("facepad.webcam.judging.LiveJudge.close", interrupted)
            with pytest.raises(KeyboardInterrupt):
                session.close()
        begun = [thread for thread in threads() if thread.name.startswith("facepad-")]
        for thread in begun:
            thread.join(WAIT_S)
        assert not any(thread.is_alive() for thread in begun)


def test_an_interrupted_wait_leaves_a_thread_to_the_interpreter() -> None:
    result = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, check=True)
    assert result.stdout.split() == [b"True", b"ended"]


def test_a_lost_camera_has_no_decision_until_it_is_back(use: Use) -> None:
    use(ScriptedCameras([30 * [gray(200)], [], [gray(20)]]))
    with live() as session:
        decided(session, Outcome.BONA_FIDE)
        until(lambda: session.state().newest is None)
        decided(session, Outcome.ATTACK)
        shown = session.wait_for(0, WAIT_S)
        assert shown is not None
        assert {moment.decision.outcome for moment in shown.overlay.moments} == {Outcome.ATTACK}


def test_a_pause_stops_pictures_and_decisions(use: Use) -> None:
    use(ScriptedCameras([[gray(200)]]))
    with live() as session:
        decided(session, Outcome.BONA_FIDE)
        session.pause(True)
        shown = session.wait_for(0, WAIT_S)
        assert shown is not None
        assert session.wait_for(shown.number, 0.1) is None
        state = session.state()
        assert (state.camera.status, state.newest) == (CameraStatus.PAUSED, None)
        session.pause(False)
        decided(session, Outcome.BONA_FIDE)


def test_tests_are_switched_and_advisory_ones_stay_so(use: Use) -> None:
    use(ScriptedCameras([[gray(200)]]))
    with live(tests=("blink",), advisory=("pulse",)) as session:
        assert session.state().available[:2] == ("blink", "pulse")
        session.select(["parallax", "pulse"])
        assert session.state().selected == ("parallax", "pulse")
        state = until(lambda: s if not (s := session.state()).is_loading else None)
        assert (state.deciding, state.advisory) == (("parallax",), ("pulse",))
        session.select(["pulse"])
        until(lambda: session.state().deciding == ("pulse",))
        until(lambda: "pulse" in s.newest.decision.scores if (s := session.state()).newest else 0)


def test_a_selection_that_cannot_be_used_is_refused(use: Use) -> None:
    use(ScriptedCameras([[gray(200)]]))
    with live() as session:
        with pytest.raises(SettingsError, match="unknown test 'blnk'; did you mean blink"):
            session.select(["blnk"])
        with pytest.raises(SettingsError, match="expected one test or more, got none"):
            session.select([])
        assert session.state().selected == (*DEFAULT_TESTS, *DEFAULT_CLIP_TESTS, *DEFAULT_ADVISORY)


def test_tests_that_do_not_load_leave_the_former_ones(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(ScriptedCameras([[gray(200)]]))
    with live() as session:
        decided(session, Outcome.BONA_FIDE)

        def missing(*_: object) -> None:
            raise ModelError("voxel: its file is missing")

        monkeypatch.setattr("facepad.pipeline.Checker.load", missing)
        session.select(["voxel"])
        notice = until(lambda: session.state().notice)
        assert notice == "the tests were not changed: voxel: its file is missing"
        state = until(lambda: s if not (s := session.state()).is_loading else None)
        assert state.selected == (*DEFAULT_TESTS, *DEFAULT_CLIP_TESTS, *DEFAULT_ADVISORY)


def test_what_is_saved_is_the_picture_and_the_decision(use: Use, tmp_path: Path) -> None:
    use(ScriptedCameras([[gray(200, (320, 240))]]))
    with live(save_dir=tmp_path / "saved") as session:
        with pytest.raises(SettingsError, match="no picture was shown yet"):
            session.save()
        decided(session, Outcome.BONA_FIDE)
        until(lambda: s.overlay.moments if (s := session.wait_for(0, WAIT_S)) else None)
        first, second = session.save(), session.save()
        state = session.state()
    assert first.parent == tmp_path / "saved"
    assert (state.saved, state.notice) == (second, f"saved {second}")
    with Image.open(first) as picture:
        assert picture.size == (320, 240)
    document = json.loads(second.with_suffix(".json").read_text())
    assert (document["path"], document["outcome"]) == ("camera 0", "bona_fide")
    assert len(list(first.parent.iterdir())) == 4
    if os.name == "posix":
        assert all(file.stat().st_mode & 0o777 == 0o600 for file in first.parent.iterdir())


def test_pictures_that_are_saved_at_the_same_time_have_names_of_their_own(
    use: Use, tmp_path: Path
) -> None:
    use(ScriptedCameras([[gray(200, (320, 240))]]))
    with live(save_dir=tmp_path) as session, ThreadPoolExecutor(8) as pool:
        assert session.wait_for(0, WAIT_S) is not None
        saved = [future.result() for future in [pool.submit(session.save) for _ in range(8)]]
    assert len(set(saved)) == 8


@pytest.mark.skipif(os.name != "posix", reason="files have other rights there")
def test_a_saved_picture_is_at_no_time_readable_by_others(
    use: Use, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(ScriptedCameras([[gray(200)]]))
    modes: list[int] = []
    replace = Path.replace

    def watched(part: Path, target: Path) -> Path:
        modes.append(part.stat().st_mode & 0o777)
        return replace(part, target)

    monkeypatch.setattr(Path, "replace", watched)
    with live(save_dir=tmp_path) as session:
        assert session.wait_for(0, WAIT_S) is not None
        session.save()
    assert modes
    assert set(modes) == {0o600}


def test_a_folder_that_cannot_be_written_to_is_named(use: Use, tmp_path: Path) -> None:
    use(ScriptedCameras([[gray(200)]]))
    (tmp_path / "file").touch()
    with live(save_dir=tmp_path / "file") as session:
        session.wait_for(0, WAIT_S)
        with pytest.raises(SettingsError, match="file"):
            session.save()


def test_what_ends_a_thread_is_raised_to_the_viewer(
    use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(ScriptedCameras([[gray(200)]]))

    def broken(*_: object) -> None:
        raise ModelError("face_cnn: its file is gone")

    monkeypatch.setattr("facepad.pipeline.Checker.check_presentation", broken)
    with live() as session:

        def shows() -> bool:
            session.wait_for(0, WAIT_S)
            time.sleep(0.01)
            return False

        with pytest.raises(ModelError, match="its file is gone"):
            until(shows)


def test_options_that_cannot_be_used_are_errors_before_the_view_begins() -> None:
    with pytest.raises(InputError, match="a camera is a number"):
        LiveSession(LiveOptions(camera="none.mp4"))
    with pytest.raises(SettingsError, match="no calibration"):
        LiveSession(LiveOptions(calibration="none"))


def test_a_longer_window_is_kept_where_a_test_needs_one(use: Use) -> None:
    from facepad.liveness.pulse.test import of_skin
    from facepad.pipeline import Checker
    from facepad.webcam.following import Window

    use(ScriptedCameras([[gray(200)]]))
    assert Window.of(Checker()).seconds == 3.0
    window = Window.of(Checker([of_skin()]))
    assert (window.seconds, window.rate) == (6.5, 20.0)
