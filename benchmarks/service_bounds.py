"""What workers of the service need: processor time to decode, time of tests, address space.

Usage: python benchmarks/service_bounds.py [--clip-frames N] [--calibration-frames N]

The media are the largest that the service takes: pictures of 1920 x 1920 pixels with noise, a clip
of 1920 x 1080. One process with the environment of a worker judges them one after the other.
"""

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PORTRAIT = ROOT / "examples" / "astronaut.jpg"
SIDE = 1920
TESTS = ("quality", "quality_whole", "face_cnn", "face_mask", "voxel")
_INSIDE = "FACEPAD_BENCHMARK_FOLDER"  # set in the process that measures
_REPEATS = 5


def main() -> None:
    """Measure in a process with the environment of a worker."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--clip-frames", type=int, default=590)
    options.add_argument("--calibration-frames", type=int, default=12, help="at least 3")
    given = options.parse_args()
    if folder := os.environ.get(_INSIDE):
        measure(Path(folder))
        return
    from facepad.service.config import ServiceConfig
    from facepad.service.workers import process

    with tempfile.TemporaryDirectory() as made:
        write_media(Path(made), given)
        inside = {_INSIDE: made, "FACEPAD_CALIBRATION_DIR": f"{made}/calibrations"}
        variables = {**process._environment(ServiceConfig()), **inside}
        subprocess.run([sys.executable, *sys.argv], env=variables, check=True)


def write_media(folder: Path, given: argparse.Namespace) -> None:
    """Write pictures, a clip, and the frames of a calibration."""
    for name, data in pictures().items():
        (folder / f"image {name}").write_bytes(data)
    (folder / "clip.webm").write_bytes(clip(folder / "made.webm", given.clip_frames))
    for number in range(given.calibration_frames):
        (folder / f"frame {number}").write_bytes(encoded(turned(number), "JPEG"))


def measure(folder: Path) -> None:
    """Print what each kind of media takes."""
    from facepad import runtime
    from facepad.service.workers.worker import Judge

    runtime.tune()
    media = {path.name.partition(" ")[2]: path.read_bytes() for path in folder.glob("image *")}
    media["clip"] = (folder / "clip.webm").read_bytes()
    judge = Judge()
    judge.warm()
    row("warm", 0.0)
    for name, data in media.items():
        kind = "video" if name == "clip" else "image"
        print(f"{name}, {len(data) / 1e6:.1f} MB: {1e3 * decoding_s(kind, data, folder):.0f} ms")
        ask(judge, name, kind, [data], tests=TESTS)
    print(f"clip for tests over clips: {1e3 * clip_tests_decoding_s(judge, folder):.0f} ms")
    ask(judge, "clip, default tests", "video", [media["clip"]])
    ask(judge, "metrics of the PNG", "metrics", [media["PNG"]])
    ask(
        judge,
        "16 frames",
        "frames",
        [media["PNG"]] * 16,
        tests=TESTS,
        times_s=[0.1 * number for number in range(16)],
    )
    asked = {"name": "made-up", "overwrite": True, "persons": None, "test": "face_cnn"}
    rest = {"fixed_scene": False, "target_bpcer": None, "self_attacks": True}
    frames = [path.read_bytes() for path in sorted(folder.glob("frame *"))]
    ask(judge, f"calibration, {len(frames)} frames", "calibrate", frames, **asked, **rest)


def ask(judge: Any, label: str, kind: str, media: Sequence[bytes], **asked: Any) -> None:  # noqa: ANN401
    """Let a judge answer; print what it took."""
    began = time.process_time()
    answer = judge.answer({"kind": kind, **asked}, media)
    if "code" in answer:
        sys.exit(f"{label}: {answer}")
    row(label, time.process_time() - began, answer.get("document", {}).get("timings_ms"))


def row(name: str, cpu_s: float, times: Mapping[str, float] | None = None) -> None:
    """Print processor time, the peaks of memory so far, and the longest time of a test."""
    lines = Path("/proc/self/status").read_text().splitlines()
    values = {one.split(":")[0]: one.split()[1] for one in lines if one.startswith("Vm")}
    peak, resident = (int(values[key]) / 1024 for key in ("VmPeak", "VmHWM"))
    tests = {name: ms for name, ms in (times or {}).items() if name in TESTS}
    slowest = max(tests, key=tests.__getitem__, default=None)
    shown = f"; slowest test {slowest} {tests[slowest]:.0f} ms" if slowest else ""
    print(f"  {name}: {cpu_s:.2f} s of processor time{shown}")
    print(f"  peaks so far: address space {peak:.0f} MiB, resident {resident:.0f} MiB", flush=True)


def clip_tests_decoding_s(judge: Any, folder: Path) -> float:  # noqa: ANN401
    """Return the processor time to read the frames that tests over clips get."""
    from facepad import sources

    needs = judge._checker({}, is_clip=True).parts().clip_needs
    began = time.process_time()
    sources.load_dense(folder / "clip.webm", needs, name="clip")
    return time.process_time() - began


def decoding_s(kind: str, data: bytes, folder: Path) -> float:
    """Return the processor time to read all of a picture or clip, the least of some runs."""
    from facepad import sources
    from facepad.service.workers.media import ClipBounds, PictureBounds

    path, took = folder / "media", []
    path.write_bytes(data)
    for _ in range(_REPEATS if kind == "image" else 1):
        began = time.process_time()
        if kind == "image":
            PictureBounds().check(data)
            sources.load(data)
        else:
            ClipBounds().check(path)
            sources.load(path)
        took.append(time.process_time() - began)
    return min(took)


def turned(number: int = 0) -> Image.Image:
    """Return the portrait in the largest size, a little larger with each number."""
    cut = 4 * number
    with Image.open(PORTRAIT) as picture:
        part = picture.convert("RGB").crop((cut, cut, 512 - cut // 2, 512 - cut // 2))
        return part.resize((SIDE, SIDE), Image.Resampling.BICUBIC)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:  # noqa: ANN401
    """Return a picture as a file."""
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()


def pictures() -> dict[str, bytes]:
    """Return pictures that are slow to decode, each below the 8 MB of a request."""
    plain = np.asarray(turned(), np.int16)
    noise = np.random.default_rng(0).integers(-20, 20, plain.shape)
    noisy = np.clip(plain + noise, 0, 255).astype(np.uint8)
    half = noisy.copy()
    half[SIDE // 2 :] = plain[SIDE // 2 :]
    progressive = {"quality": 100, "progressive": True, "subsampling": 0}
    return {
        "JPEG, quality 90": encoded(turned(), "JPEG", quality=90),
        "JPEG, progressive, quality 100": encoded(Image.fromarray(noisy), "JPEG", **progressive),
        "PNG": encoded(Image.fromarray(half), "PNG"),
        "WebP, lossless": encoded(Image.fromarray(half), "WEBP", lossless=True, method=1),
        "WebP, quality 95": encoded(Image.fromarray(noisy), "WEBP", quality=95, method=1),
    }


def clip(path: Path, frames: int) -> bytes:
    """Return a clip in VP8 of 1920 x 1080 pixels."""
    from facepad.opencv import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"VP80"), 30.0, (SIDE, 1080))
    picture = np.asarray(turned())[200:1280, :, ::-1]
    for number in range(frames):
        writer.write(np.roll(picture, 3 * (number % 20), axis=1))
    writer.release()
    return path.read_bytes()


if __name__ == "__main__":
    main()
