"""Time of finding a face with its landmarks, and how often faces are found.

Usage: python benchmarks/faces.py [--root FOLDER_OF_PICTURES] [--per-set 200] [--repeat 200]
           [--turned]

The picture that is timed is NASA's portrait of an astronaut (public domain, from
scikit-image) in 640x480. With ``--root`` the rates are told for every folder that holds
pictures, and for every video (20 frames each), spread evenly. ``--turned`` turns them instead
and prints, by angle, how far the log-likelihood ratio of `face_cnn` moves from the upright one.
"""

import argparse
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from skimage.data import astronaut

from facepad.faces.detector import Detector, Mesh, letterbox
from facepad.faces.finder import FaceFinder
from facepad.liveness.face_cnn.test import free as face_cnn
from facepad.types import Frame, LivenessTest, Presentation, RgbImage, Score

GOAL_MS = 8.0
ANGLES = (12, 15, 30, 45, 90, 135, 180, 270)
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
VIDEOS = {".mp4", ".webm", ".avi"}

Item = TypeVar("Item", Path, RgbImage)


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--root", type=Path)
    options.add_argument("--per-set", type=int, default=200)
    options.add_argument("--repeat", type=int, default=200)
    options.add_argument("--turned", action="store_true")
    chosen = options.parse_args()
    if chosen.root is not None and chosen.turned:
        _turned(chosen.root, chosen.per_set)
        return
    _times(chosen.repeat)
    if chosen.root is not None:
        _rates(chosen.root, chosen.per_set)


def _times(repeat: int) -> None:
    frame = Frame(_portrait())
    load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if os.name == "posix" else "?"
    print(f"OpenCV {cv2.__version__}, {frame.size[0]}x{frame.size[1]}, {repeat} runs, load {load}")
    print(f"{'threads':>7} {'step':<22} {'median ms':>9} {'min ms':>7} {'share':>6}")
    for threads in (1, 2):
        cv2.setNumThreads(threads)
        rows = {name: _timed(step, repeat) for name, step in _steps(frame).items()}
        whole = statistics.median(rows["find with landmarks"])
        for name, times in rows.items():
            median = statistics.median(times)
            share = f"{median / whole:6.0%}"
            print(f"{threads:>7} {name:<22} {median:>9.2f} {min(times):>7.2f} {share}")
        verdict = "met" if whole <= GOAL_MS else "missed"
        print(f"        goal of {GOAL_MS:g} ms (median, with landmarks): {verdict}")


def _steps(frame: Frame) -> dict[str, Callable[[], object]]:
    detector, mesh, image = Detector(), Mesh(), frame.image
    face = detector.detect(image)[0]
    with_landmarks, without = FaceFinder(), FaceFinder(landmarks=False)
    return {
        "find with landmarks": lambda: with_landmarks.find(frame),
        "find, no landmarks": lambda: without.find(frame),
        "detector": lambda: detector.detect(image),
        "  of it: shrinking": lambda: letterbox(image),
        "mesh": lambda: mesh.landmarks(image, face),
    }


def _timed(step: Callable[[], object], repeat: int) -> list[float]:
    step()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return times


def _portrait() -> RgbImage:
    image = np.zeros((480, 640, 3), np.uint8)
    portrait = np.asarray(astronaut(), np.uint8)  # type: ignore[no-untyped-call]
    image[:, 80:560] = cv2.resize(portrait, (480, 480))
    return image


def _rates(root: Path, per_set: int) -> None:
    finder = FaceFinder()
    print(f"\n{'set':<44} {'pictures':>8} {'found':>7} {'others':>6} {'ms':>6}  not found")
    for name, images in _sets(root, per_set):
        results: Counter[str] = Counter()
        times = []
        for image in images:
            start = time.perf_counter()
            frame = finder.find(Frame(image))
            times.append((time.perf_counter() - start) * 1e3)
            results[str(frame.no_face or "found")] += 1
            results["others"] += bool(frame.face and frame.face.others)
        found, others, count = results.pop("found", 0), results.pop("others"), len(times)
        rest = ", ".join(f"{reason} {number}" for reason, number in results.items())
        median = statistics.median(times)
        print(f"{name:<44} {count:>8} {found / count:>7.1%} {others:>6} {median:>6.1f}  {rest}")


def _turned(root: Path, per_set: int) -> None:
    finder, test = FaceFinder(landmarks=False), face_cnn()
    print(f"{'set':<32} {'degrees':>7} {'found':>7} {'median':>7} {'worst':>7}  outcomes changed")
    for name, images in _sets(root, per_set):
        moved: dict[int, list[float]] = {angle: [] for angle in ANGLES}
        changed, count = Counter[int](), 0
        for image in images:
            upright = test.score(Presentation((finder.find(Frame(image)),)))
            if upright.value is None:
                continue
            count += 1
            for angle in ANGLES:
                frame = finder.find(Frame(_turn(image, angle)))
                score = test.score(Presentation((frame,)))
                if score.value is not None:
                    moved[angle].append(abs(_ratio(score) - _ratio(upright)))
                    changed[angle] += _side(test, score) != _side(test, upright)
        for angle, values in moved.items():
            median, worst = statistics.median(values), max(values)
            share = f"{changed[angle] / len(values):.0%}"
            found = f"{len(values) / count:.1%}"
            print(f"{name:<32} {angle:>7} {found:>7} {median:>7.2f} {worst:>7.2f}  {share}")


def _ratio(score: Score) -> float:
    return float(score.details["log_likelihood_ratio"])


def _side(test: LivenessTest, score: Score) -> int:
    """Attack, uncertain or bona fide."""
    point, value = test.operating_point, score.value or 0.0
    return int(value >= point.low) + int(value >= point.high)


def _turn(image: RgbImage, degrees: int) -> RgbImage:
    """Turn a picture clockwise onto a canvas that holds all of it; edge pixels are repeated."""
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(image, -degrees // 90))
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    size = (round(width * cos + height * sin), round(width * sin + height * cos))
    turn[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    method, edge = cv2.INTER_LANCZOS4, cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(image, turn, size, flags=method, borderMode=edge), np.uint8)


def _sets(root: Path, per_set: int) -> Iterator[tuple[str, Iterator[RgbImage]]]:
    files = sorted(path for path in root.rglob("*") if path.suffix.lower() in PICTURES)
    folders: dict[str, list[Path]] = {}
    for path in files:
        folders.setdefault(_set_of(path.relative_to(root)), []).append(path)
    for name, paths in folders.items():
        yield name, (image for path in _spread(paths, per_set) for image in _picture(path))
    for path in sorted(path for path in root.rglob("*") if path.suffix.lower() in VIDEOS):
        yield path.relative_to(root).as_posix(), iter(_spread(list(_video(path)), 20))


def _set_of(path: Path) -> str:
    """At most three folders make a set: a person's own folder joins its set."""
    parts = [part for part in path.parent.parts if not part.isdigit()]
    return "/".join(parts[:3]) or "."


def _spread(items: list[Item], count: int) -> list[Item]:
    step = max(1.0, len(items) / count)
    return [items[int(index * step)] for index in range(min(count, len(items)))]


def _picture(path: Path) -> Iterator[RgbImage]:
    image = cv2.imread(str(path))
    if image is not None:
        yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _video(path: Path) -> Iterator[RgbImage]:
    capture = cv2.VideoCapture(str(path))
    while True:
        there, image = capture.read()
        if not there:
            return
        yield np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


if __name__ == "__main__":
    main()
