"""Time all 25 image-quality metrics against the prototype, scikit-image and sewar.

    python benchmarks/quality_metrics.py [--repeat 20] [--prototype FILE]

Runs of the compared programs take turns, so that a busy machine slows all of them alike;
judge by the ratios of CPU time. Every condition runs in a process of its own, because the
setting of the allocator cannot be taken back. The prototype is looked for beside the
repository and left out where it is absent.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
PROTOTYPE = ROOT.parent / "shared" / "prototypes" / "quality_metrics_prototype.py"
RRED_FILTERS = ROOT.parent / "shared" / "golden" / "rred_filters.json"
SIZES = ((480, 640), (720, 1280))
GROUPS = {
    "12 of pixels": "mse psnr snr sc md ad nae ramd lmse nxc mas mams",
    "4 of gradients": "ted tcd gme gpe",
    "3 of spectra": "sme spe hlfi",
    "ssim": "ssim",
    "vif": "vif",
    "rred": "rred",
    "jqi": "jqi",
    "biqi": "biqi",
    "niqe": "niqe",
}

Pixels = NDArray[np.uint8]
Call = Callable[[Pixels], object]
Row = dict[str, Any]


def picture(height: int, width: int) -> Pixels:
    """A golden photograph, reflected to the size that is wanted."""
    with np.load(ROOT / "tests/reference/iqa_golden_images.npz", allow_pickle=False) as archive:
        image = archive["astronaut_640x480"]
    more = [
        (0, max(0, want - have)) for want, have in zip((height, width), image.shape, strict=True)
    ]
    return np.ascontiguousarray(np.pad(image, more, mode="reflect")[:height, :width])


def take_turns(calls: dict[str, Call], image: Pixels, repeat: int) -> list[Row]:
    """Wall and CPU milliseconds of every call, run one after the other ``repeat`` times."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for turn in range(repeat + 3):
        for name, call in calls.items():
            wall, cpu = time.perf_counter(), time.process_time()
            call(image)
            spent = time.perf_counter() - wall, time.process_time() - cpu
            if turn >= 3:  # the first ones warm up
                times[name].append(spent)
    return [_row(name, times[name]) for name in calls]


def _row(name: str, times: list[tuple[float, float]]) -> Row:
    wall, cpu = ([1e3 * spent[i] for spent in times] for i in (0, 1))
    return {
        "name": name,
        "wall": statistics.median(wall),
        "wall_min": min(wall),
        "cpu": statistics.median(cpu),
        "cpu_min": min(cpu),
    }


def load_prototype(path: Path) -> ModuleType:
    """The module at a path."""
    spec = spec_from_file_location("prototype", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python module")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _BiqiOfBoth:
    """The models of facepad in the place of the prototype's, whose own files do not ship."""

    def __init__(self) -> None:
        from facepad.quality import no_reference
        from facepad.quality.biqi_model import BiqiModel

        self._natural = no_reference
        self._model = BiqiModel.packaged()

    def __call__(self, features: NDArray[np.float64], jpeg_score: float) -> tuple[float]:
        return (self._natural.biqi(features, jpeg_score, self._model),)


def prototype_calls(module: ModuleType, threads: int) -> Call:
    """All 25 metrics of the prototype, with the model parameters of facepad."""
    from facepad.quality.niqe_model import NiqeModel

    niqe = NiqeModel.packaged()
    measure: Call = module.QualityMetrics(
        module.load_rred_filters(RRED_FILTERS),
        (niqe.mean, niqe.covariance),
        _BiqiOfBoth(),
        threads=threads,
    )
    return measure


def run_condition(tuned: bool, threads: int, repeat: int, prototype: Path) -> Row:
    """Everything under one condition, in this process."""
    import cv2

    from facepad import runtime
    from facepad.quality import measure

    cv2.setNumThreads(1)
    if tuned:
        runtime.tune()
    calls: dict[str, Call] = {"facepad": lambda image: measure(image, threads=threads)}
    if prototype.is_file():
        calls["prototype"] = prototype_calls(load_prototype(prototype), threads)
    sizes = {
        f"{width}x{height}": take_turns(calls, picture(height, width), repeat)
        for height, width in SIZES
    }
    return {"tuned": tuned, "threads": threads, "sizes": sizes}


def _only(names: list[str]) -> Call:
    from facepad.quality import measure

    return lambda image: measure(image, names=names)


def run_groups(repeat: int) -> list[Row]:
    """Facepad's groups of metrics alone, one thread, tuned."""
    from facepad import runtime

    runtime.tune()
    calls = {title: _only(names.split()) for title, names in GROUPS.items()}
    return take_turns(calls, picture(*SIZES[0]), repeat)


def run_libraries(repeat: int) -> list[Row]:
    """The metrics that scikit-image and sewar have, beside facepad's."""
    import sewar.full_ref

    from facepad import runtime
    from facepad.quality import Picture

    metrics: Any = import_module("skimage.metrics")  # without types
    runtime.tune()
    image = picture(*SIZES[0])
    both = Picture.of(image)
    pair = both.gray.astype(np.float64), both.blurred.astype(np.float64)
    gaussian = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 255}
    calls: dict[str, Call] = {
        **{f"{name}, facepad": _only([name]) for name in ("mse", "psnr", "ssim", "vif")},
        "mse, scikit-image": lambda _: metrics.mean_squared_error(*pair),
        "psnr, scikit-image": lambda _: metrics.peak_signal_noise_ratio(*pair, data_range=255),
        "ssim, scikit-image": lambda _: metrics.structural_similarity(*pair, **gaussian),
        "mse, sewar": lambda _: sewar.full_ref.mse(*pair),
        "psnr, sewar": lambda _: sewar.full_ref.psnr(*pair, MAX=255),
        "ssim, sewar": lambda _: sewar.full_ref.ssim(*pair, MAX=255),
        "vif, sewar": lambda _: sewar.full_ref.vifp(*pair),
    }
    return take_turns(calls, image, repeat)


def child(arguments: list[str]) -> Any:  # noqa: ANN401 - what JSON holds
    """What this program prints as JSON when run for one condition in a fresh process."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def show(title: str, rows: list[Row]) -> None:
    """Print one table of milliseconds."""
    print(f"\n{title}")
    print(f"{'':24s} {'wall':>8s} {'min':>8s} {'CPU':>8s} {'min':>8s}   ms")
    for row in rows:
        numbers = " ".join(f"{row[key]:8.2f}" for key in ("wall", "wall_min", "cpu", "cpu_min"))
        print(f"{row['name']:24s} {numbers}")


def ratios(own: Row, other: Row) -> str:
    """Own time over the other's, by median and minimum, wall and CPU."""
    keys = {"wall": "wall", "wall_min": "least wall", "cpu": "CPU", "cpu_min": "least CPU"}
    return ", ".join(f"{own[key] / other[key]:.2f} ({word})" for key, word in keys.items())


def show_condition(found: Row) -> None:
    """Print the tables and ratios of one condition."""
    setting = "with" if found["tuned"] else "without"
    for size, rows in found["sizes"].items():
        show(f"all 25, {size}, {found['threads']} thread(s), {setting} allocator setting", rows)
        if len(rows) > 1:
            print(f"  facepad / prototype: {ratios(rows[0], rows[1])}")
    small, large = (rows[0] for rows in found["sizes"].values())
    print(f"  growth of facepad from {' to '.join(found['sizes'])}: {ratios(large, small)}")


def show_libraries(rows: list[Row]) -> None:
    """Print facepad's metrics beside those of the libraries."""
    show("metrics that libraries have, 640x480, one thread", rows)
    print("  (facepad starts from the 8-bit picture; the others are handed both in float64)")
    own = {row["name"].partition(",")[0]: row for row in rows if row["name"].endswith("facepad")}
    for row in rows:
        metric = row["name"].partition(",")[0]
        if row is not own[metric]:
            print(f"  facepad / {row['name']}: {ratios(own[metric], row)}")


def main() -> None:
    """Run all conditions, or the one that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--prototype", type=Path, default=PROTOTYPE)
    parser.add_argument("--part", choices=["condition", "groups", "libraries"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tuned", action="store_true")
    given = parser.parse_args()
    if given.part == "condition":
        found = run_condition(given.tuned, given.threads, given.repeat, given.prototype)
        print(json.dumps(found))
    elif given.part == "groups":
        print(json.dumps(run_groups(given.repeat)))
    elif given.part == "libraries":
        print(json.dumps(run_libraries(given.repeat)))
    else:
        _all(given)


def _all(given: argparse.Namespace) -> None:
    common = ["--repeat", str(given.repeat), "--prototype", str(given.prototype)]
    print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.2f} before")
    for tuned in (["--tuned"], []):
        for threads in ("1", "2"):
            show_condition(child([*common, "--part", "condition", "--threads", threads, *tuned]))
    show("groups, 640x480, one thread", child([*common, "--part", "groups"]))
    show_libraries(child([*common, "--part", "libraries"]))
    print(f"\nload {os.getloadavg()[0]:.2f} after")


if __name__ == "__main__":
    main()
