"""How well the capture of a frame is judged: as it is, and after it was spoilt in known ways.

    python benchmarks/capture.py --nuaa NUAA --faces FACES --field FIELD [--rows ROWS.csv]

Bona fide pictures are judged as they are, and darkened, overexposed, hazed, blurred, moved,
without colour, with a mask, with a turned head. Attacks are spoilt too, since a poor capture
must not help them. Outcomes come from the public ``Checker`` with the network of the face alone.

NUAA: the authors' train lists, every n-th picture of each person (``--every``). FACES: all sets
below the folder, or every n-th picture of them (``--faces-every``); every second one is spoilt.
FIELD: the crops of sites a, c, d; the bona fide frames of sites g to l only as they are. Each
set's bona fide pictures are split into thirds by the brightness of the cheeks as they are, so that
a measure that takes dark skin for poor light is seen. Pictures whose face is not found as they are
count as they are, and are not spoilt.
"""

import argparse
import csv
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.data import astronaut

from capture_scenes import COVERS, draw_mask, turned_head
from facepad.datasets.nuaa import Nuaa
from facepad.faces.capture import assess
from facepad.faces.finder import FaceFinder
from facepad.media.reading import read
from facepad.pipeline import Checker
from facepad.types import Frame, Landmarks, Reason, RgbImage, Split

GOAL_MS = 1.5
TEST = "face_cnn"
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
CHOOSING_CROPS = ("site_a", "site_c", "site_d")
CAPTURE = frozenset(
    {
        Reason.FACE_TOO_FAR, Reason.FACE_OFF_CENTER, Reason.FACE_TURNED, Reason.OBSCURED_FACE,
        Reason.TOO_DARK, Reason.TOO_BRIGHT, Reason.LOW_CONTRAST, Reason.TOO_BLURRED,
        Reason.TOO_MUCH_MOVEMENT, Reason.NO_COLOUR,
    }
)  # fmt: skip
AS_IT_IS = "as it is"
CHEEKS = (50, 280)  # landmarks in the middle of both cheeks
THIRDS = ("dark", "middle", "bright")
CALLS = 200


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture before it is judged.

    Attributes:
        group: The set it belongs to.
        path: Its file.
        bona_fide: Whether it shows a living person.
        is_spoilt: Whether it is also judged after each treatment.
    """

    group: str
    path: Path
    bona_fide: bool
    is_spoilt: bool = True


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture whose face was found.

    Attributes:
        image: The picture.
        width: Width of the face's box, pixels.
        landmarks: Landmarks of the face.
        number: Number of the picture; seeds what is random, and goes through directions.
    """

    image: RgbImage
    width: int
    landmarks: Landmarks
    number: int

    @property
    def random(self) -> np.random.Generator:
        """Random numbers for this picture, always the same."""
        return np.random.default_rng(self.number)


@dataclass(frozen=True, slots=True)
class Row:
    """What was found for one picture after one treatment.

    Attributes:
        group: The set.
        path: The picture.
        bona_fide: Whether it shows a living person.
        cheeks: Mean brightness of the cheeks of the picture as it is, 0 to 255; -1: no face.
        treatment: Name of the treatment.
        outcome: Outcome of the check.
        reasons: Reasons of the check, separated by blanks.
        score: Score; -1 for none.
    """

    group: str
    path: str
    bona_fide: bool
    cheeks: float
    treatment: str
    outcome: str
    reasons: str
    score: float

    @property
    def capture(self) -> set[str]:
        """The reasons that are about the capture, without ``no_context`` and ``no_face``."""
        return set(self.reasons.split()) & CAPTURE


# --- treatments ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Treatment:
    """A way to spoil a picture.

    Attributes:
        reason: The reason that names it.
        share: Share of spoilt bona fide pictures that the reason must name.
        apply: Spoils a picture.
    """

    reason: Reason
    share: float
    apply: Callable[[Scene], RgbImage]


def _scaled(factor: float, offset: float = 0.0) -> Callable[[Scene], RgbImage]:
    """Return what multiplies all values and adds to them; 255 clips, fractions are cut off."""
    return lambda scene: _bytes(scene.image * np.float32(factor) + np.float32(offset))


def _blurred(share: float) -> Callable[[Scene], RgbImage]:
    """Return what blurs by a gaussian whose sigma is a share of the face's width."""
    return lambda scene: _smooth(scene.image, share * scene.width)


def _moved(scene: Scene) -> RgbImage:
    """Blur along a line of 8 % of the face's width, in a direction that varies by picture."""
    return along_line(scene.image, 0.08 * scene.width, float(scene.random.uniform(0.0, 180.0)))


def along_line(image: RgbImage, length: float, angle_deg: float) -> RgbImage:
    """Return the mean of a picture over a straight movement.

    Args:
        image: RGB picture.
        length: Length of the movement, pixels.
        angle_deg: Its direction.
    """
    half = int(np.ceil(length / 2)) + 1
    angle = np.deg2rad(angle_deg)
    steps = np.linspace(-length / 2, length / 2, 16 * half)
    kernel: NDArray[np.float32] = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    for x, y in zip(half + steps * np.cos(angle), half + steps * np.sin(angle), strict=True):
        column, row = int(x), int(y)
        right, below = x - column, y - row
        kernel[row : row + 2, column : column + 2] += np.outer(
            (1 - below, below), (1 - right, right)
        ).astype(np.float32)
    moved = cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.uint8)


def _gray(scene: Scene) -> RgbImage:
    gray = cv2.cvtColor(scene.image, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB), np.uint8)


def _gray_jpeg(scene: Scene) -> RgbImage:
    """Return the picture without colour, as a camera that compresses strongly writes it."""
    _, data = cv2.imencode(".jpg", _gray(scene), [cv2.IMWRITE_JPEG_QUALITY, 70])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def _masked(scene: Scene) -> RgbImage:
    kinds = sorted(COVERS)
    kind = kinds[scene.number % len(kinds)]
    return draw_mask(scene.image, scene.landmarks, kind, scene.random)


def _turned(scene: Scene) -> RgbImage:
    yaw = (45.0, -45.0, 60.0, -60.0)[scene.number % 4]
    return turned_head(scene.image, scene.landmarks, yaw)


TREATMENTS: Mapping[str, Treatment] = {
    "light x 0.1": Treatment(Reason.TOO_DARK, 0.8, _scaled(0.1)),
    "overexposed x 2.5": Treatment(Reason.TOO_BRIGHT, 0.8, _scaled(2.5)),
    "haze x 0.2 + 180": Treatment(Reason.LOW_CONTRAST, 0.8, _scaled(0.2, 180.0)),
    "haze x 0.2 + 60": Treatment(Reason.LOW_CONTRAST, 0.8, _scaled(0.2, 60.0)),
    "blur of 2 %": Treatment(Reason.TOO_BLURRED, 0.8, _blurred(0.02)),
    "blur of 3 %": Treatment(Reason.TOO_BLURRED, 0.8, _blurred(0.03)),
    "motion of 8 %": Treatment(Reason.TOO_MUCH_MOVEMENT, 0.8, _moved),
    "gray": Treatment(Reason.NO_COLOUR, 0.99, _gray),
    "gray, JPEG 70": Treatment(Reason.NO_COLOUR, 0.99, _gray_jpeg),
    "drawn mask": Treatment(Reason.OBSCURED_FACE, 0.8, _masked),
    "yaw of 45 or 60": Treatment(Reason.FACE_TURNED, 0.9, _turned),
}


def _smooth(image: RgbImage, sigma: float) -> RgbImage:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def _bytes(values: NDArray[np.float32]) -> RgbImage:
    return np.clip(values, 0, 255).astype(np.uint8)


# --- pictures -----------------------------------------------------------------------------


def _pictures(chosen: argparse.Namespace) -> Iterator[Picture]:
    if chosen.nuaa is not None:
        yield from _of_nuaa(chosen.nuaa, chosen.every)
    if chosen.faces is not None:
        yield from _of_faces(chosen.faces, chosen.faces_every)
    if chosen.field is not None:
        yield from _of_field(chosen.field)


def _of_nuaa(root: Path, every: int) -> Iterator[Picture]:
    counts: Counter[tuple[str, bool]] = Counter()
    for sample in Nuaa(root).samples():
        person = sample.subject, sample.is_bona_fide
        counts[person] += sample.split is not Split.TEST
        step = every if sample.is_bona_fide else 2 * every
        if sample.split is not Split.TEST and counts[person] % step == 1:
            yield Picture("nuaa", Path(sample.path), sample.is_bona_fide)


def _of_faces(root: Path, every: int) -> Iterator[Picture]:
    paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in PICTURES)
    for number, path in enumerate(paths[::every]):
        yield Picture("faces", path, bona_fide=True, is_spoilt=number % 2 == 0)


def _of_field(root: Path) -> Iterator[Picture]:
    with (root / "manifest.csv").open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        path, bona_fide = root / row["path"], row["label"] == "bona_fide"
        if row["path"].startswith("crops") and row["site"] in CHOOSING_CROPS:
            yield Picture("field a, c, d", path, bona_fide)
        elif row["path"].startswith("frames") and bona_fide:
            yield Picture("field g to l", path, bona_fide, is_spoilt=False)


# --- judging ------------------------------------------------------------------------------


def _judged(pictures: Iterable[Picture], only: Sequence[str]) -> Iterator[Row]:
    checker = Checker((TEST,), advisory=(), threads=1)
    finder = FaceFinder()
    for number, picture in enumerate(pictures):
        frame = finder.find(read(picture.path))
        face, cheeks = frame.face, -1.0
        spoilt = {AS_IT_IS: frame.image}
        if face is not None and face.landmarks is not None:
            scene = Scene(frame.image, face.box[2] - face.box[0], face.landmarks, number)
            cheeks = _cheeks(scene)
            names = [name for name in only if picture.is_spoilt]
            spoilt |= {name: TREATMENTS[name].apply(scene) for name in names}
        for name, image in spoilt.items():
            decision = checker.check(image, channels="rgb")
            score = -1.0 if decision.score is None else round(decision.score, 4)
            reasons = " ".join(decision.reasons)
            yield Row(
                picture.group, str(picture.path), picture.bona_fide, cheeks,
                name, decision.outcome.value, reasons, score,
            )  # fmt: skip


def _cheeks(scene: Scene) -> float:
    """Return the mean brightness of both cheeks."""
    gray = cv2.cvtColor(scene.image, cv2.COLOR_RGB2GRAY)
    smooth = cv2.blur(gray, (max(1, scene.width // 10),) * 2)
    places = np.rint(scene.landmarks[list(CHEEKS), :2]).astype(int)
    x, y = np.clip(places, 0, np.array(gray.shape[::-1]) - 1).T
    return float(smooth[y, x].mean())


# --- tables -------------------------------------------------------------------------------


def _by_group(rows: Iterable[Row]) -> dict[str, list[Row]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.group].append(row)
    return dict(groups)


def _thirds(rows: Sequence[Row]) -> dict[str, str]:
    """Return the third of each bona fide picture by its path; each set is split by itself."""
    thirds: dict[str, str] = {}
    for own in _by_group(row for row in rows if row.treatment == AS_IT_IS).values():
        seen = sorted((row for row in own if row.bona_fide and row.cheeks >= 0), key=_brightness)
        thirds |= {row.path: THIRDS[3 * i // len(seen)] for i, row in enumerate(seen)}
    return thirds


def _brightness(row: Row) -> float:
    return row.cheeks


def _percent(rows: Sequence[Row], holds: Callable[[Row], bool]) -> str:
    return f"{100 * sum(map(holds, rows)) / len(rows):6.1f}" if rows else "     -"


def _in_thirds(rows: Sequence[Row], thirds: Mapping[str, str], holds: Callable[[Row], bool]) -> str:
    parts = [[row for row in rows if thirds.get(row.path) == third] for third in THIRDS]
    return _percent(rows, holds) + " |" + "".join(_percent(part, holds) for part in parts)


def _is_attack(row: Row) -> bool:
    return row.outcome == "attack"


def _passes(row: Row) -> bool:
    return row.outcome == "bona_fide"


def _is_poor(row: Row) -> bool:
    return bool(row.capture)


def _print_as_they_are(rows: Sequence[Row], thirds: Mapping[str, str]) -> None:
    print("\nPictures as they are: share with a reason of the capture, %")
    print(f"{'set':<16} {'':<9} {'number':>6} {'all':>6} | " + "".join(f"{t:>6}" for t in THIRDS))
    for group, own in _by_group(row for row in rows if row.treatment == AS_IT_IS).items():
        for kind, bona_fide in (("bona fide", True), ("attack", False)):
            part = [row for row in own if row.bona_fide == bona_fide]
            if not part:
                continue
            counts = Counter(reason for row in part for reason in row.capture)
            named = ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items()))
            shares = _in_thirds(part, thirds, _is_poor)
            print(f"{group:<16} {kind:<9} {len(part):>6} {shares}  {named}")


def _print_spoilt(rows: Sequence[Row], thirds: Mapping[str, str]) -> None:
    heading = f"{'all':>6} |" + "".join(f"{third:>6}" for third in THIRDS)
    print(f"\nSpoilt bona fide pictures, %\n{'':<33} {'named rightly':<26} {'end as attack':<26}")
    print(f"{'treatment':<18} {'set':<14} {'number':>6} {heading}   {heading}")
    for name, treatment in TREATMENTS.items():
        own = [row for row in rows if row.treatment == name and row.bona_fide]
        groups = {**_by_group(own), "all": own}
        for group, part in groups.items() if own else ():
            right = _in_thirds(part, thirds, lambda row, t=treatment: t.reason in row.capture)  # type: ignore[misc]
            wrong = _in_thirds(part, thirds, _is_attack)
            print(f"{name:<18} {group:<14} {len(part):>6} {right}   {wrong}")


def _print_attacks(rows: Sequence[Row]) -> None:
    print("\nAttacks that pass (bona_fide), %")
    attacks = _by_group(row for row in rows if not row.bona_fide)
    print(f"{'treatment':<18}" + "".join(f"{group:>16}" for group in attacks))
    for name in (AS_IT_IS, *TREATMENTS):
        parts = [[row for row in own if row.treatment == name] for own in attacks.values()]
        if any(parts):
            print(f"{name:<18}" + "".join(f"{_percent(part, _passes):>16}" for part in parts))


def _print_times() -> None:
    cv2.setNumThreads(1)
    print(f"\nTime of one frame, one thread, {CALLS} calls; goal {GOAL_MS} ms")
    portrait = np.asarray(astronaut(), np.uint8)  # type: ignore[no-untyped-call]
    for width, height in ((640, 480), (1920, 1080)):
        image = np.zeros((height, width, 3), np.uint8)
        left = (width - height) // 2
        image[:, left : left + height] = cv2.resize(portrait, (height, height))
        frame = FaceFinder().find(Frame(image))
        times = []
        for _ in range(CALLS):
            start = time.perf_counter()
            assess(frame)
            times.append((time.perf_counter() - start) * 1e3)
        median = statistics.median(times)
        print(f"{width}x{height}: median {median:.2f} ms, fastest {min(times):.2f} ms")


# --- command ------------------------------------------------------------------------------


def main() -> None:
    """Judge the pictures and print all tables."""
    chosen = _options()
    if chosen.read is not None:
        rows = _read(chosen.read)
    else:
        rows = list(_kept(_judged(_pictures(chosen), chosen.only or list(TREATMENTS)), chosen.rows))
    thirds = _thirds(rows)
    _print_as_they_are(rows, thirds)
    _print_spoilt(rows, thirds)
    _print_attacks(rows)
    _print_times()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("nuaa", "faces", "field"):
        parser.add_argument(f"--{name}", type=Path, help=f"folder of the set {name}")
    parser.add_argument("--every", type=int, default=4, help="take every n-th picture of NUAA")
    parser.add_argument("--faces-every", type=int, default=1, help="take every n-th of FACES")
    parser.add_argument("--only", nargs="*", choices=list(TREATMENTS), help="treatments to try")
    parser.add_argument("--rows", type=Path, help="write what was found for each picture, CSV")
    parser.add_argument("--read", type=Path, help="print the tables of rows written before")
    return parser.parse_args()


def _kept(rows: Iterable[Row], path: Path | None) -> Iterator[Row]:
    """Yield rows, and write each to a file as it comes."""
    if path is None:
        yield from rows
        return
    names = [field.name for field in fields(Row)]
    with path.open("w", newline="", encoding="utf-8", buffering=1) as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in rows:
            writer.writerow([getattr(row, name) for name in names])
            yield row


def _read(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Row(
                row["group"], row["path"], row["bona_fide"] == "True", float(row["cheeks"]),
                row["treatment"], row["outcome"], row["reasons"], float(row["score"]),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


if __name__ == "__main__":
    main()
