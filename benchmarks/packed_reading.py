"""Memory and time of iterating a packed set of made-up pictures, in a process of its own.

Usage: python benchmarks/packed_reading.py [--pictures 12600] [--size 640x480] [--goal-mb 300]
       [--folder DIR]

The pictures are drawn; of each few there are many copies that differ in a comment. Each store
is packed, then every picture is read and its mean taken, as training would. The exit code
is 1 when the reading process grew beyond the goal.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from facepad.datasets.packed import Packed
from facepad.packed.pictures import PackedFiles
from facepad.packing.pack import Packing, PackSource
from facepad.packing.rows import PackOptions, parse_size
from facepad.sources import read_picture
from facepad.testing.made_up import made_up_picture
from facepad.types import Sample, Split

GOAL_MB = 300.0
DRAWN = 24  # pictures; all others are copies of these
SUBJECTS = 50
STORES = (("encoded", None), ("pixels", (224, 224)))


def main() -> None:
    """Pack, read in new processes, print, and judge."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--pictures", type=int, default=12_600)
    options.add_argument("--size", default="640x480")
    options.add_argument("--goal-mb", type=float, default=GOAL_MB, help="peak resident size")
    options.add_argument("--folder", type=Path, help="for the pictures; a temporary one if none")
    options.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.read is not None:
        _read(chosen.read)
        return
    with TemporaryDirectory(dir=chosen.folder) as folder:
        samples = _write(Path(folder), chosen.pictures, parse_size(chosen.size))
        print(f"{chosen.pictures:,} pictures of {chosen.size}, made up; {os.cpu_count()} cores")
        peaks = [_measured(samples, PackOptions(*store), Path(folder)) for store in STORES]
    met = max(peaks) < chosen.goal_mb
    print(f"goal of {chosen.goal_mb:g} MB: {'met' if met else 'missed'}")
    sys.exit(0 if met else 1)


def _measured(samples: list[Sample], options: PackOptions, folder: Path) -> float:
    out = folder / f"{options.store}.h5"
    began = time.perf_counter()
    with Packing(PackSource("made_up", tuple(samples)), options, out) as packing:
        packing.decode(os.cpu_count() or 1)
        packing.merge()
    packed_s = time.perf_counter() - began
    command = [sys.executable, __file__, "--read", str(out)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    count, seconds, peak_mb = (float(word) for word in result.stdout.split())
    print(
        f"{options.store:<8} packed in {packed_s:5.1f} s, {out.stat().st_size / 1e6:7.1f} MB; "
        f"{count:,.0f} read in {seconds:5.1f} s ({count / seconds:5.0f}/s), "
        f"peak resident {peak_mb:5.1f} MB"
    )
    return peak_mb


def _read(file: Path) -> None:
    count, total, began = 0, 0.0, time.perf_counter()
    packed = PackedFiles()  # keeps the file open from one picture to the next
    for sample in Packed(file).samples():
        total += float(read_picture(sample.path, packed=packed).image.mean())
        count += 1
    if not np.isfinite(total):
        sys.exit("the pictures have no mean")
    print(count, time.perf_counter() - began, _peak_mb())


def _peak_mb() -> float:
    """Most memory that this process had resident at any time."""
    status = Path("/proc/self/status")
    if status.exists():  # unlike getrusage, it leaves out the process that started this one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) * 1024.0 / 1e6
    import resource

    unit = 1.0 if sys.platform == "darwin" else 1024.0  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def _write(folder: Path, count: int, size: tuple[int, int]) -> list[Sample]:
    drawn = [_drawn(seed, size) for seed in range(min(DRAWN, count))]
    samples = []
    for number in range(count):
        path = folder / f"{number}.jpg"
        data = drawn[number % DRAWN]
        comment = f"{number}".encode()
        marker = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
        path.write_bytes(data[:2] + marker + data[2:])
        species = "print" if number % 2 else None
        subject, split = f"{number % SUBJECTS}", list(Split)[number % SUBJECTS % 3]
        samples.append(Sample(f"made_up/{number}", str(path), subject, split, species))
    return samples


def _drawn(seed: int, size: tuple[int, int]) -> bytes:
    from io import BytesIO

    from PIL import Image

    data = BytesIO()
    picture = made_up_picture(size=size, seed=seed, attack=seed % 2 == 1)
    Image.fromarray(picture).save(data, "JPEG", quality=90)
    return data.getvalue()


if __name__ == "__main__":
    main()
