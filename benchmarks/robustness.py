r"""What changes of a picture do to the decision, and what the size of a face does to its logit.

    python benchmarks/robustness.py --choice choice/choice.csv --phone frl_phone

Pictures of the choice columns of NUAA's dev people and of the webcam sites i to l are judged as
they are, with the surroundings of the face cut off, with more and less light, after strong
compression and at half their size: living people and attacks that are accepted at the default
point, in percent, and the change against the untouched pictures. Then, for bona fide pictures of
one person, the rank correlation between the width of the face in pixels and the raw logit, and the
decisions of the series of --phone, which shows one person from 15 to 60 cm.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

sys.path.insert(0, str(Path(__file__).parent))

from choosing.columns import listed
from facepad.decision import decide
from facepad.faces.finder import FaceFinder
from facepad.liveness.face_cnn.test import FaceTest
from facepad.media.reading import read
from facepad.opencv import cv2
from facepad.registry import resolve
from facepad.types import Frame, Outcome, Presentation, RgbImage, Sample, Score

COLUMNS = ("nuaa, dev people", "field frames")  # beginnings of names
POINT = "balanced"
GAIN, QUALITY, CUT = 0.4, 50, 1.3
_FEW = 8  # pictures of a person; fewer have no correlation
Change = Callable[[RgbImage], RgbImage]


def main() -> None:
    """Judge and print."""
    given = _arguments()
    test: FaceTest = resolve("liveness_tests", given.test)()
    finder = FaceFinder(landmarks=False)
    samples = [one.sample for one in listed(given.choice) if one.column.startswith(COLUMNS)][
        :: given.every
    ]
    frames = [finder.find(Frame(read(sample.path).image)) for sample in samples]
    kept = [(s, f) for s, f in zip(samples, frames, strict=True) if f.face is not None]
    print(f"{test.version}: {len(kept)} of {len(samples)} pictures with a face, point {POINT}")
    _changes(test, finder, kept)
    _sizes(test, kept)
    if given.phone:
        _series(test, finder, given.phone)


def _changes(test: FaceTest, finder: FaceFinder, kept: Sequence[tuple[Sample, Frame]]) -> None:
    changes: dict[str, Change | None] = {
        "untouched": None,
        "context cut off": None,
        "light + 40 %": lambda image: _lit(image, 1.0 + GAIN),
        "light - 40 %": lambda image: _lit(image, 1.0 - GAIN),
        f"JPEG {QUALITY}": _compressed,
        "half size": _halved,
    }
    print(f"{'':16} {'living accepted':>15} {'accused':>8} {'attacks accepted':>17} {'found':>6}")
    for name, change in changes.items():
        outcomes: dict[bool, list[Outcome]] = {True: [], False: []}
        for sample, frame in kept:
            if name == "context cut off":
                frame = finder.find(Frame(_cut(frame)))
            elif change is not None:
                frame = finder.find(Frame(np.ascontiguousarray(change(frame.image))))
            outcomes[sample.is_bona_fide].append(_outcome(test, frame))
        shares = [
            100 * np.mean([one is wanted for one in outcomes[kind]])
            for kind in (True, False)
            for wanted in (Outcome.BONA_FIDE, Outcome.ATTACK)
        ]
        print(
            f"{name:16} {shares[0]:>15.1f} {shares[1]:>8.1f} {shares[2]:>17.1f} {shares[3]:>6.1f}"
        )


def _sizes(test: FaceTest, kept: Sequence[tuple[Sample, Frame]]) -> None:
    print("\nwidth of the face against the raw logit, bona fide pictures of one person")
    people = sorted({sample.subject for sample, _ in kept if sample.is_bona_fide})
    for who in people:
        own = [f for sample, f in kept if sample.subject == who and sample.is_bona_fide]
        if len(own) < _FEW:
            continue
        widths = [frame.face.box[2] - frame.face.box[0] for frame in own if frame.face]
        logits = [test.score(Presentation((frame,))).details["raw"] for frame in own]
        print(
            f"  {who:12} {len(own):3} pictures, {min(widths)} to {max(widths)} px: rank "
            f"correlation {spearmanr(widths, logits).statistic:+.2f}"
        )


def _series(test: FaceTest, finder: FaceFinder, folder: Path) -> None:
    print("\nthe series of a phone")
    for path in sorted(folder.glob("zoom_*")):
        frame = finder.find(Frame(read(path).image))
        score = test.score(Presentation((frame,)))
        width = frame.face.box[2] - frame.face.box[0] if frame.face else 0
        raw = score.details.get("raw", float("nan"))
        print(f"  {path.stem:16} face {width:4} px: logit {raw:+.2f}, {_said(score, test)}")


def _outcome(test: FaceTest, frame: Frame) -> Outcome:
    return _said(test.score(Presentation((frame,))), test)


def _said(score: Score, test: FaceTest) -> Outcome:
    return decide(score, score.points.get(POINT, test.operating_point))[0]


def _lit(image: RgbImage, gain: float) -> RgbImage:
    return np.asarray(np.clip(image * gain + 0.5, 0, 255), np.uint8)


def _halved(image: RgbImage) -> RgbImage:
    size = (image.shape[1] // 2, image.shape[0] // 2)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _compressed(image: RgbImage) -> RgbImage:
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]


def _cut(frame: Frame) -> RgbImage:
    """Return the square of 1.3 faces about the face, as far as the picture goes."""
    assert frame.face is not None  # noqa: S101 - pictures with a face only
    left, top, right, bottom = frame.face.box
    half = CUT * max(right - left, bottom - top) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    rows = slice(max(0, int(y - half)), int(y + half))
    return np.ascontiguousarray(frame.image[rows, max(0, int(x - half)) : int(x + half)])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--choice", type=Path, required=True)
    parser.add_argument("--phone", type=Path)
    parser.add_argument("--test", default="face_cnn")
    parser.add_argument("--every", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
