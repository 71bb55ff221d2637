r"""Judge clips of one camera: without a calibration, and with one from its living clip.

    python benchmarks/clips_of_a_camera.py LIVING ATTACK... [--window 3]

The first third of LIVING gives the frames of the calibration (`facepad calibrate`, kept in a
temporary folder); the rest of it, and all of each ATTACK, is judged as `facepad check` does: whole,
and in windows one after another. A line for each clip gives the outcome, the score, and every
test's score or why it has none.
"""

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2

from facepad import Checker
from facepad.decision import Decision
from facepad.errors import FacepadError
from facepad.media.video import read_video
from facepad.types import Frame, Presentation

FRAMES = 20  # of the first third, evenly spaced, for the calibration
NAME = "camera"


def main() -> None:
    """Print what is decided without and with a calibration."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("living", type=Path)
    options.add_argument("attacks", type=Path, nargs="+")
    options.add_argument("--window", type=float, default=3.0, help="seconds of a window")
    given = options.parse_args()
    living = list(read_video(given.living))
    third = living[0].time_s + (living[-1].time_s - living[0].time_s) / 3.0
    first = [frame for frame in living if frame.time_s <= third]
    clips = {f"{given.living.name} (rest)": [one for one in living if one.time_s > third]}
    clips |= {path.name: list(read_video(path)) for path in given.attacks}
    print("without a calibration")
    show(Checker(), clips, given.window)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["FACEPAD_CALIBRATION_DIR"] = folder
        try:
            calibrate(first, Path(folder))
        except FacepadError as error:
            print(f"no calibration: {error}")
            return
        show(Checker(calibration=NAME), clips, given.window)


def calibrate(frames: Sequence[Frame], folder: Path) -> None:
    """Calibrate on evenly spaced frames, as `facepad calibrate` does."""
    from facepad import calibration
    from facepad.selected_tests import make_calibratable
    from facepad.training.calibration import run

    for number in range(FRAMES):
        frame = frames[number * (len(frames) - 1) // (FRAMES - 1)]
        cv2.imwrite(str(folder / f"{number:02}.png"), frame.image[:, :, ::-1])
    pictures = run.pictures(folder)
    done = run.fit_calibration(NAME, make_calibratable("face_cnn"), pictures)
    calibration.save(done.calibration, done.card)
    print(f"calibrated: {done.calibration.frames} frames used; {done.grade}")


def show(checker: Checker, clips: dict[str, list[Frame]], window_s: float) -> None:
    """Print a line for each clip, and the outcomes of its windows."""
    for name, frames in clips.items():
        decision = checker.check_presentation(clip_of(frames, name))
        print(f"  {name} ({frames[-1].time_s - frames[0].time_s:.1f} s): {words(decision)}")
        windows = windows_of(frames, window_s)
        outcomes = Counter(
            checker.check_presentation(clip_of(one, name)).outcome.value for one in windows
        )
        counted = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
        print(f"    {len(windows)} windows of {window_s:g} s: {counted}", flush=True)


def clip_of(frames: Sequence[Frame], name: str) -> Presentation:
    """Return frames as a clip that begins at 0 s."""
    begin_s = frames[0].time_s
    return Presentation(tuple(replace(one, time_s=one.time_s - begin_s) for one in frames), name)


def windows_of(frames: Sequence[Frame], window_s: float) -> list[list[Frame]]:
    """Return windows one after another; what is left at the end is no window."""
    begin_s, end_s = frames[0].time_s, frames[-1].time_s
    count = int((end_s - begin_s) / window_s)
    starts = [begin_s + number * window_s for number in range(count)]
    return [[one for one in frames if at <= one.time_s < at + window_s] for at in starts]


def words(decision: Decision) -> str:
    """Return the outcome, the score, and what each test found."""
    why = " ".join(f"({reason.value})" for reason in decision.reasons)
    score = "" if decision.score is None else f" {decision.score:.2f}"
    tests = [
        f"{name} {'-' if one.value is None else f'{one.value:.2f}'}"
        + (f" ({one.reason.value})" if one.reason else "")
        for name, one in decision.scores.items()
    ]
    tests += [f"{name} - ({reason.value})" for name, reason in decision.left_out.items()]
    return f"{decision.outcome.value}{score} {why}; " + ", ".join(tests)


if __name__ == "__main__":
    main()
