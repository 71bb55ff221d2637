"""The live view without a display: its decisions, its file, and how it ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from facepad.annotating.overlay import Moment
from facepad.errors import InputError, SettingsError
from facepad.media.formats.clips import inspect_clip
from facepad.media.video import read_video
from facepad.types import Outcome
from facepad.webcam.headless import check_out, run_headless
from facepad.webcam.session import LiveSession
from facepad.webcam.state import CameraState, CameraStatus, LiveOptions
from live_doubles import STEP_S, ScriptedCameras, be_quick, gray

pytestmark = pytest.mark.usefixtures("_made_up")


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> ScriptedCameras:
    made = ScriptedCameras([[gray(200)]])
    monkeypatch.setattr("facepad.webcam.session.opener_of", lambda *_: ("camera 0", made.open))
    be_quick(monkeypatch, pause_s=0.3)
    return made


@pytest.fixture
def session(cameras: ScriptedCameras) -> Iterator[LiveSession]:
    with LiveSession(LiveOptions()) as made:
        yield made
    assert cameras.released == cameras.opened


class Interrupt:
    """Presses Ctrl-C at the second decision."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []

    def __call__(self, moment: Moment) -> None:
        self.moments.append(moment)
        if len(self.moments) == 2:
            raise KeyboardInterrupt


def test_decisions_are_reported_until_it_is_interrupted(session: LiveSession) -> None:
    interrupt = Interrupt()
    run = run_headless(session, decided=interrupt)
    assert run.outcomes == {Outcome.BONA_FIDE: 2}
    assert run.pictures > 0
    first, second = interrupt.moments
    assert second.time_s - first.time_s >= STEP_S


def test_the_file_is_complete_also_after_an_interrupt(session: LiveSession, tmp_path: Path) -> None:
    out = tmp_path / "overlay.webm"
    run = run_headless(session, out=out, decided=Interrupt())
    header = inspect_clip(out)
    assert (header.kind, header.video.codec) == ("WebM", "vp8")
    frames = list(read_video(out))
    assert frames[0].size == (64, 48)
    assert frames[-1].time_s == pytest.approx(run.seconds, abs=0.2)
    assert [file.name for file in tmp_path.iterdir()] == ["overlay.webm"]


def test_it_ends_after_its_seconds(session: LiveSession) -> None:
    run = run_headless(session, seconds=session.now_s + 0.3)
    assert 0.0 < run.seconds <= 0.5


def test_a_camera_that_comes_back_with_another_size_is_written_in_the_first_one(
    cameras: ScriptedCameras, tmp_path: Path
) -> None:
    cameras.scripts = [30 * [gray(200)], [], [gray(20, (96, 72))]]
    seen: list[CameraState] = []
    interrupt = Interrupt()

    def decided(moment: Moment) -> None:
        if moment.decision.outcome is Outcome.ATTACK:
            interrupt(moment)

    with LiveSession(LiveOptions()) as session:
        out = tmp_path / "overlay.webm"
        run_headless(session, out=out, decided=decided, camera_changed=seen.append)
    assert [camera.status for camera in seen][:3] == [
        CameraStatus.RUNNING,
        CameraStatus.RETRYING,
        CameraStatus.RUNNING,
    ]
    assert seen[1].words.startswith("camera 0: ")
    assert {frame.size for frame in read_video(out)} == {(64, 48)}


def test_a_camera_that_gives_nothing_is_an_error_at_the_end(
    cameras: ScriptedCameras, tmp_path: Path
) -> None:
    cameras.scripts = [[]]
    out = tmp_path / "overlay.webm"
    with (
        LiveSession(LiveOptions()) as session,
        pytest.raises(InputError, match="no picture came: camera 0: another program uses it"),
    ):
        run_headless(session, seconds=session.now_s + 0.1, out=out)
    assert not list(tmp_path.iterdir())


def test_the_name_of_the_file_is_checked_before(tmp_path: Path) -> None:
    check_out(None, force=False)
    with pytest.raises(SettingsError, match=r"ends in \.webm .*, got clip\.mp4"):
        check_out(Path("clip.mp4"), force=False)
    out = tmp_path / "overlay.webm"
    out.touch()
    with pytest.raises(SettingsError, match="exists already; overwrite it with --force"):
        check_out(out, force=False)
    check_out(out, force=True)
