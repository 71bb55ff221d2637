"""A network of one's own from the file to a decision: verify, train cameras, calibrate, check.

Usage: python benchmarks/own_network.py --simulated DIR --cameras DIR --out DIR
           [--pictures 360] [--most-cameras 14]

Makes two networks. ``mobile``: MobileNet v1 (0.25, 96 pixels) with random weights, which ranks
nothing. ``trunk``: the backbone of the face test with a linear head, fitted on the train part of
the simulated pictures of ``--simulated``; its output is two probabilities, its features are those
that the head reads. Then it runs the commands that a user would run, and prints what they print:
`facepad network verify` of both; `facepad train cameras` on ``--cameras``; a calibration to one
camera of that set with and without this prior; `facepad evaluate` on the dev and test parts, and on
the calibrated camera's further people.

References: Howard et al. (2017), MobileNets, arXiv:1704.04861.
"""

import argparse
import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

import tiny_onnx as onnx  # noqa: E402
from facepad.faces import crops  # noqa: E402
from facepad.faces.finder import FaceFinder  # noqa: E402
from facepad.models import store  # noqa: E402
from facepad.models.session import Network  # noqa: E402
from facepad.sources import load  # noqa: E402

BLOCK, SIDE, CROP = "block_13", 224, 1.6  # what the head reads
SCALED = (8, 16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 128, 256, 256)  # channels by 0.25
STRIDES = (2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
TEMPLATE = """\
title = "{title}"
licence = "Apache-2.0"

[model]
file = "{name}.onnx"
sha256 = "{sha256}"

[input]
size = {size}
crop = {crop}
colour = "rgb"
layout = "{layout}"
range = "{range}"
mean = {mean}
std = {std}

[output]
name = "scores"
kind = "probabilities"
bona_fide = 1
features = "{features}"
"""
EVERY = 2  # of the people of dev and test one of so many is evaluated
FRAMES = 10  # of the camera that is calibrated, one of each person

Row = Mapping[str, str]


def main() -> None:
    """Make both networks and run the commands."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--simulated", type=Path, required=True)
    options.add_argument("--cameras", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--pictures", type=int, default=360)
    options.add_argument("--most-cameras", type=int, default=14)
    given = options.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    describe(given.out, "mobile", mobile_net(), title="MobileNet v1 0.25, random weights", size=96)
    weights, bias = fitted(given.simulated, given.pictures)
    describe(
        *(given.out, "trunk", with_head(weights, bias)),
        title="trunk with a linear head, fitted on simulation",
        size=SIDE,
        crop=CROP,
        layout="nhwc",
        range="0..255",
        mean=0.0,
        std=1.0,
        features=BLOCK,
    )
    busiest = choose(given.cameras, given.out, given.most_cameras)
    frames, rest = camera_folders(given.cameras, given.out, busiest)
    for name in ("mobile", "trunk"):
        run(given.out, "network", "verify", f"{name}.toml", "--pictures", str(frames))
        calibrate(given.out, name, f"{name}-alone", frames)
    run(
        *(given.out, "train", "cameras", "--simulated", "cameras", "--test", "network:trunk.toml"),
        *("--out", ".", "--workers", "1"),
    )
    calibrate(given.out, "trunk", "trunk-prior", frames)
    check = [str(path) for path in sorted((ROOT / "examples").glob("*.jpg"))]
    run(given.out, "check", "--tests", "face_cnn,network:trunk.toml", *check)
    for name in ("trunk-alone", "trunk-prior"):
        evaluate(given.out, name, f"csv={rest}", "--calibration", name)
    evaluate(given.out, "both", "simulated=further", "--advisory", "network:mobile.toml")


def mobile_net(size: int = 96) -> bytes:
    """Return MobileNet v1 of width 0.25 with random weights; two classes."""
    rng = np.random.default_rng(0)
    weights: dict[str, NDArray[np.generic]] = {}
    nodes: list[bytes] = []
    last = "picture"

    def convolve(shape: tuple[int, ...], stride: int, group: int = 1) -> None:
        nonlocal last
        name = f"layer{len(weights)}"
        fan = shape[1] * shape[2] * shape[3]
        weights[name] = rng.normal(0.0, np.sqrt(2.0 / fan), shape).astype(np.float32)
        pad = shape[2] // 2
        nodes.append(
            onnx.node(
                *("Conv", [last, name], [f"{name}_sum"]),
                strides=[stride, stride],
                pads=[pad, pad, pad, pad],
                group=group,
            )
        )
        nodes.append(onnx.node("Relu", [f"{name}_sum"], [f"{name}_out"]))
        last = f"{name}_out"

    before = 3
    for place, (channels, stride) in enumerate(zip(SCALED, STRIDES, strict=True)):
        if place:
            convolve((before, 1, 3, 3), stride, before)
            convolve((channels, before, 1, 1), 1)
        else:
            convolve((channels, before, 3, 3), stride)
        before = channels
    weights["matrix"] = rng.normal(0.0, 1.0, (before, 2)).astype(np.float32)
    nodes += [
        onnx.node("GlobalAveragePool", [last], ["pooled"]),
        onnx.node("Flatten", ["pooled"], ["features"], axis=1),
        onnx.node("MatMul", ["features", "matrix"], ["logits"]),
        onnx.node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    outputs = [onnx.value("scores", ("n", 2)), onnx.value("features", ("n", before))]
    inputs = [onnx.value("picture", ("n", 3, size, size))]
    return onnx.model(onnx.graph(nodes, weights, inputs, outputs))


def fitted(root: Path, most: int) -> tuple[NDArray[np.float32], float]:
    """Fit the head by logistic regression on the train part; return its weights and bias."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rows = [row for row in listed(root) if row["split"] == "train"]
    people = list(dict.fromkeys(row["subject"] for row in rows))
    used = people[:: max(1, round(len(rows) / most))]
    rows = [row for row in rows if row["subject"] in used]
    finder, network = FaceFinder(), Network("face_trunk")
    features, labels = [], []
    for row in rows:
        frame = finder.find(load(root / row["path"]).frames[0])
        if frame.face is not None:
            view = crops.crop(frame.image, frame.face, CROP, SIDE)
            features.append(network.run({"crops": view[None]}, [BLOCK])[0][0])
            labels.append(not row["pai_species"])
    scaler = StandardScaler().fit(features)
    head = LogisticRegression(C=0.003, max_iter=2000).fit(scaler.transform(features), labels)
    weights = head.coef_[0] / scaler.scale_
    print(f"head: {len(labels)} pictures, {sum(labels)} bona fide")
    return weights.astype(np.float32), float(head.intercept_[0] - weights @ scaler.mean_)


def with_head(weights: NDArray[np.float32], bias: float) -> bytes:
    """Return the trunk with a linear head behind it: two models in a row are one."""
    both = np.stack([np.zeros_like(weights), weights], axis=1)
    constants = {"head": both, "shift": np.array([0.0, bias], np.float32)}
    nodes = [
        onnx.node("Gemm", [BLOCK, "head", "shift"], ["logits"]),
        onnx.node("Softmax", ["logits"], ["scores"], axis=1),
    ]
    outputs = [onnx.value("scores", ("n", 2))]
    return store.load_bytes("face_trunk") + onnx.text(7, onnx.graph(nodes, constants, [], outputs))


def describe(folder: Path, name: str, data: bytes, **values: object) -> None:
    """Write a network and its description."""
    usual = {"crop": 1.3, "layout": "nchw", "range": "0..1", "features": "features"}
    given = {**usual, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], **values}
    (folder / f"{name}.onnx").write_bytes(data)
    text = TEMPLATE.format(name=name, sha256=hashlib.sha256(data).hexdigest(), **given)
    (folder / f"{name}.toml").write_text(text)


def listed(root: Path) -> list[Row]:
    """Return the rows of a simulation."""
    with (root / "dataset.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def choose(root: Path, out: Path, most: int) -> str:
    """Write the train pictures of the cameras of most people, and those of dev and test.

    Returns:
        The busiest camera, which is calibrated, so that the prior does not see it.
    """
    rows = listed(root)
    people = defaultdict(set)
    for row in rows:
        people[row["camera"]].add(row["subject"])
    busiest, *others = sorted(people, key=lambda camera: -len(people[camera]))[: most + 1]
    further = [row for row in rows if row["split"] != "train" and row["camera"] != busiest]
    kept = set(list(dict.fromkeys(row["subject"] for row in further))[::EVERY])
    part_of(root, out / "cameras", [row for row in rows if row["camera"] in others])
    part_of(root, out / "further", [row for row in further if row["subject"] in kept])
    return busiest


def part_of(root: Path, folder: Path, rows: Sequence[Row]) -> None:
    """Write a part of a simulation, with links to its pictures."""
    folder.mkdir(exist_ok=True)
    write(folder / "dataset.csv", rows)
    for part in ("train", "dev", "test"):
        (folder / part).unlink(missing_ok=True)
        (folder / part).symlink_to((root / part).resolve())


def camera_folders(root: Path, out: Path, camera: str) -> tuple[Path, Path]:
    """Copy one camera's frames to calibrate with, and the pictures of its other people."""
    rows = [row for row in listed(root) if row["camera"] == camera]
    people = list(dict.fromkeys(row["subject"] for row in rows))
    frames, rest = out / "frames", out / "rest"
    for folder in (frames, rest):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    left = []
    for number, row in enumerate(rows):
        if row["subject"] in people[:FRAMES]:
            own = frames / row["subject"]
            own.mkdir(exist_ok=True)
            if not row["pai_species"] and not any(own.iterdir()):
                shutil.copy(root / row["path"], own)
            continue
        file = f"{number}.jpg"
        shutil.copy(root / row["path"], rest / file)
        split = "dev" if row["subject"] in people[FRAMES : FRAMES + 2] else "test"
        about = {key: row[key] for key in ("subject", "pai_species")}
        left.append({"path": file, **about, "split": split})
    write(rest / "dataset.csv", left)
    print(f"camera: {len(people)} people; {Counter(row['pai_species'] for row in left)} left")
    return frames.absolute(), rest.absolute()


def write(file: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV."""
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def calibrate(folder: Path, name: str, calibration: str, frames: Path) -> None:
    """Calibrate a network to the frames."""
    run(
        *(folder, "calibrate", "--bona-fide", str(frames), "--name", calibration, "--force"),
        *("--test", f"network:{name}.toml"),
    )


def evaluate(folder: Path, name: str, dataset: str, *more: str) -> None:
    """Evaluate the trunk with its head; print the error rates and the versions."""
    run(
        *(folder, "evaluate", "--datasets", dataset, "--tests", "network:trunk.toml"),
        *("--out", f"report-{name}", "--no-page", "--workers", "1", "--repeats", "200", "--force"),
        *more,
    )
    report = json.loads((folder / f"report-{name}" / "report.json").read_text())
    print(json.dumps(report["models"], indent=1))


def run(folder: Path, *words: str) -> None:
    """Run a command of facepad in a folder; print it and its output."""
    print(f"\n$ facepad {' '.join(words)}", flush=True)
    own = {"FACEPAD_CALIBRATION_DIR": "calibrations", "FACEPAD_CACHE_DIR": "cache"}
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "facepad", *words],
        cwd=folder,
        env={**os.environ, **own, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    print("\n".join(line for line in done.stderr.splitlines() if "left" not in line))
    print(f"exit {done.returncode}", flush=True)


if __name__ == "__main__":
    main()
