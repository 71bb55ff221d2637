r"""How well the pulse test measures known pulses, and what it takes for one.

    python benchmarks/pulse.py CLIP... [--seconds 6.2] [--amounts 0.01,0.015,0.02] [--seed 0]

Each clip is cut into windows, one after the other. To every window a pulse of a known rate, 48 to
130 beats a minute, is added in linear light to the skin, with the relative changes of red, green
and blue that blood makes; the amount is that of green from the mean to the peak. The sum is rounded
with a random part, as the noise of a camera does; a clip that was compressed has hardly any left.
Rows without a pulse: the windows as recorded, with the flicker of a coloured lamp, and one frame of
each that moves and shines like a print in a hand. Faces are searched once a window.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facepad.faces.finder import FaceFinder
from facepad.faces.landmarks import OVAL
from facepad.liveness.pulse.regions import traces_of
from facepad.liveness.pulse.test import Pulse, measured
from facepad.media.video import read_video
from facepad.types import Frame, Presentation, RgbImage

Floats = NDArray[np.float64]
BLOOD = np.array([0.33, 0.77, 0.53]) / 0.77
GAMMA = 2.2
SLOWEST, FASTEST = 48.0, 130.0  # beats a minute
Change = Callable[[Presentation, float, np.random.Generator], Presentation]


def main() -> None:
    """Print one row for each kind of window."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("clips", nargs="+", type=Path)
    options.add_argument("--seconds", type=float, default=6.2, help="of a window")
    options.add_argument("--amounts", default="0.01,0.015,0.02")
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    amounts = [float(one) for one in given.amounts.split(",")]
    changes: dict[str, Change] = {f"pulse of {one:.1%}": added(one) for one in amounts}
    none: dict[str, Change] = {
        "as recorded": lambda window, *_: window,
        "lamp": lamp,
        "print": held_print,
    }
    rng = np.random.default_rng(given.seed)
    rows: dict[str, list[tuple[float, Pulse | None]]] = {name: [] for name in (*changes, *none)}
    for clip in given.clips:
        for window in windows(clip, given.seconds):
            for name, change in {**changes, **none}.items():
                bpm = float(rng.uniform(SLOWEST, FASTEST))
                rows[name].append((bpm, measured(traces_of(change(window, bpm, rng)))))
    print(
        f"{'window':14} {'count':>6} {'pulse':>6} {'none':>6}  error, beats a minute: median, most"
    )
    for name, found in rows.items():
        print(line(name, found, known=name in changes))


def line(name: str, found: list[tuple[float, Pulse | None]], *, known: bool) -> str:
    """Return a row: windows, those with a pulse, those without, and errors of the former."""
    pulses = [(bpm, one) for bpm, one in found if one is not None and one.found]
    errors = [abs(one.beats_per_minute - bpm) for bpm, one in pulses]
    words = f"{np.median(errors):.1f}, {max(errors):.1f}" if known and errors else ""
    none = len(found) - len(pulses)
    return f"{name:14} {len(found):6} {len(pulses):6} {none:6}  {words}".rstrip()


def windows(clip: Path, seconds: float) -> Iterator[Presentation]:
    """Yield the windows of a clip in which every frame has a face."""
    finder, frames = FaceFinder(landmarks=True), list[Frame]()
    for frame in read_video(clip):
        frames.append(finder.find(frame))
        if frames[-1].time_s - frames[0].time_s >= seconds:
            if all(one.face for one in frames):
                yield Presentation(tuple(frames), source=str(clip))
            frames = []


def added(amount: float) -> Change:
    """Return what adds a pulse to the skin; its rate sways by 2 %, and it has one overtone."""

    def change(window: Presentation, bpm: float, rng: np.random.Generator) -> Presentation:
        time_s = np.array([frame.time_s for frame in window.frames])
        sway = 1.0 + 0.02 * np.sin(2 * np.pi * 0.2 * time_s + rng.uniform(0, 2 * np.pi))
        phase = 2 * np.pi * np.cumsum(np.gradient(time_s) * bpm / 60.0 * sway)
        wave = amount * (np.sin(phase) + 0.3 * np.sin(2.0 * phase + 0.6))
        frames = [
            replace(frame, image=lit(frame.image, 1.0 + one * skin(frame)[..., None] * BLOOD, rng))
            for frame, one in zip(window.frames, wave, strict=True)
        ]
        return replace(window, frames=tuple(frames))

    return change


def lamp(window: Presentation, bpm: float, rng: np.random.Generator) -> Presentation:
    """Return the window under a lamp of some colour that flickers, on everything."""
    colour = np.array([1.0, 0.9, rng.uniform(0.4, 0.9)]) * rng.uniform(0.005, 0.04)
    frames = [
        replace(frame, image=lit(frame.image, 1.0 + colour * wave(frame.time_s, bpm), rng))
        for frame in window.frames
    ]
    return replace(window, frames=tuple(frames))


def held_print(window: Presentation, bpm: float, rng: np.random.Generator) -> Presentation:
    """Return one frame that moves, grows and shines, all at the rate of a pulse."""
    frame = window.frames[int(rng.integers(len(window.frames)))]
    (wide, high), growth = rng.uniform(0, 8, 2), rng.uniform(0, 0.05)
    frames = []
    for one in window.frames:
        now, quarter = wave(one.time_s, bpm), wave(one.time_s + 15.0 / bpm, bpm)
        zoom = 1.0 + growth * wave(one.time_s, bpm / 2.0)
        matrix = np.array([[zoom, 0.0, wide * now], [0.0, zoom, high * quarter]])
        size = frame.size
        image = cv2.warpAffine(frame.image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        shine = 1.0 + 0.03 * now * np.array([1.0, 1.0, 0.95])
        noise = rng.normal(0.0, 1.5, image.shape)
        pixels = np.clip(image * shine + noise + 0.5, 0, 255).astype(np.uint8)
        frames.append(replace(moved(frame, matrix), image=pixels, time_s=one.time_s))
    return replace(window, frames=tuple(frames))


def moved(frame: Frame, matrix: Floats) -> Frame:
    """Return a frame whose face lies where the matrix moves it."""
    face = frame.face
    if face is None or face.landmarks is None:
        return frame
    marks = face.landmarks.copy()
    marks[:, :2] = marks[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    corners = np.rint(np.reshape(face.box, (2, 2)) @ matrix[:, :2].T + matrix[:, 2]).astype(int)
    left, top, right, bottom = (int(value) for value in corners.ravel())
    return replace(frame, face=replace(face, landmarks=marks, box=(left, top, right, bottom)))


def wave(time_s: float, bpm: float) -> float:
    """Return a sine of so many beats a minute."""
    return float(np.sin(2 * np.pi * bpm / 60.0 * time_s))


def skin(frame: Frame) -> NDArray[np.float32]:
    """Return where the face is, 0 to 1, with a soft edge."""
    mask = np.zeros(frame.image.shape[:2], np.float32)
    if frame.face is not None and frame.face.landmarks is not None:
        ring = np.rint(frame.face.landmarks[list(OVAL), :2]).astype(np.int32)
        cv2.fillPoly(mask, [ring], (1.0,))
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 3.0), np.float32)


def lit(image: RgbImage, factor: Floats, rng: np.random.Generator) -> RgbImage:
    """Return a picture whose linear light is multiplied, rounded with a random part."""
    light = (image / 255.0) ** GAMMA * factor
    values = 255.0 * np.clip(light, 0.0, 1.0) ** (1.0 / GAMMA)
    return np.asarray(np.clip(values + rng.random(values.shape), 0, 255), np.uint8)


if __name__ == "__main__":
    main()
