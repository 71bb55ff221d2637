"""Heat maps: which parts of a picture moved the decision, found by covering one after the other.

Beside them, drawings of what tests judged, by the tests themselves.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad import sources
from facepad.documents import limits
from facepad.errors import InputError, SettingsError, printable
from facepad.explaining.chart_drawing import MISSING, can_draw, drawn
from facepad.explaining.clip_charts import clip_charts
from facepad.explaining.drawing import PatchMap, encoded
from facepad.faces.crops import CONTEXT, MARGINS, square
from facepad.finders import chosen_frames, side_information, with_faces
from facepad.jobs.files import write_file
from facepad.jobs.progress import Advance, ignore
from facepad.jobs.threads import ordered_map
from facepad.media.thumbnail import png
from facepad.needs import judged_frames, missing_reason, needs_of
from facepad.opencv import cv2
from facepad.pipeline import Checker
from facepad.reasons import REASONS
from facepad.registry import DEFAULT_TESTS
from facepad.scores import logit
from facepad.selected_tests.loaded import Evidence, LoadedTests
from facepad.sources import Channels, Source
from facepad.types import (
    Box,
    Depicting,
    Frame,
    LivenessTest,
    OperatingPoint,
    Presentation,
    Reason,
    RgbImage,
)

PATCHES = 10  # along the square of the face and its surroundings
MOST = PATCHES**2  # patches of a heat map; fewer where the picture ends
WORKERS = 4  # most patches side by side that are worth their memory: a copy of the picture each
# A patch is larger than its cell of the grid by this share of the cell at each side, so that what
# lies between two cells is covered as a whole, too.
_GROWN = 0.25
_FEATHER = 0.2  # width of a patch's soft edge, share of a cell; a hard edge looks like a border
_SMALL = 64  # pixels of the surroundings' longer side, in which they are blurred
_BLUR = 0.055  # deviation of the Gaussian, share of the surroundings' side: an eighth of a face
_LONGEST_STEM = 80  # characters


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """What each patch of a picture adds to the log-likelihood ratio of the decision.

    Attributes:
        values: Log-likelihood ratio of the frame minus that with the patch blurred, natural
            logarithm, shape (rows, columns); above 0 where the patch raises the score.
            NaN where the blurred frame has no score. The values of patches do not sum to the
            ratio.
        region: What the patches cover, in the frame's pixels.
        frame: The frame with its face: the still, or the first judged frame of a clip.
        log_likelihood_ratio: Of the frame.
        operating_point: Threshold and band of the decision about the frame.
        tests: Names of the tests that were asked: those that decide and judge stills.
        source: Where the presentation came from.
    """

    values: NDArray[np.float64]
    region: Box
    frame: Frame
    log_likelihood_ratio: float
    operating_point: OperatingPoint
    tests: tuple[str, ...]
    source: str = ""

    def drawn(self) -> bytes:
        """Return the face and its surroundings, without and with the map, as a JPEG."""
        number, ratio = self.frame.number, self.log_likelihood_ratio
        which = "" if number is None else f", frame {number}"
        name = f"{printable(Path(self.source).name)}{which}: {', '.join(self.tests)}"
        title = f"{name}, log-likelihood ratio {ratio:+.2f}{limits(self.operating_point)}"
        box = self.region if self.frame.face is None else self.frame.face.box
        return encoded(self.frame.image, PatchMap(self.values, self.region, box, title))


def heat_map(
    checker: Checker,
    source: Source,
    *,
    channels: Channels | None = None,
    name: str = "",
    workers: int = 1,
    advance: Advance = ignore,
) -> HeatMap | Reason:
    """Return what each part of a face and its surroundings adds to a decision.

    Patches of the picture are blurred one after the other, and each of these pictures is scored
    with the same face. Of a clip, the first judged frame with a face is used, and tests of
    whole clips are left out.

    Args:
        checker: Its deciding tests, calibration and fusion are used.
        source: As `Checker.check`, like ``channels`` and ``name``.
        channels: Order of an array's channels.
        name: Name of the source in messages and in the map.
        workers: Patches that are scored side by side. More than one is worth it for a checker
            with one thread.
        advance: Called after each patch; at most `MOST` times.

    Returns:
        The map; or why there is none: no face, or no score.

    Raises:
        InputError: The source cannot be read, or is over a limit.
        ModelError: A model file is missing or has the wrong hash.
        SettingsError: All deciding tests are for clips.
    """
    parts = checker.parts()
    still = _still(checker, source, channels, name)
    frame = still.frames[0]
    if frame.face is None:
        return frame.no_face or Reason.NO_FACE
    deciding = parts.tests[: parts.deciding]
    tests = [test for test in deciding if missing_reason(test, still, None) is None]
    if not can_map(checker):
        names = ", ".join(test.name for test in deciding)
        raise SettingsError(
            f"a heat map needs a deciding test of single frames, got {names}, of clips; name "
            f"another one, such as {DEFAULT_TESTS[0]}"
        )
    if not tests:
        return Reason.NO_DEPTH
    evidence = _evidence(parts, tests, frame)
    ratio = _ratio(evidence)
    if math.isnan(ratio):
        return next(iter(evidence.fused.reasons), Reason.NO_FACE)
    region, shape = _grid(frame)

    def ratio_without(patched: RgbImage) -> float:
        found = _ratio(_evidence(parts, tests, replace(frame, image=patched)))
        advance()
        return found

    without = list(ordered_map(ratio_without, _patched(frame.image, region, shape), workers))
    return HeatMap(
        values=ratio - np.reshape(without, shape),
        region=region,
        frame=frame,
        log_likelihood_ratio=ratio,
        operating_point=evidence.operating_point,
        tests=tuple(test.name for test in tests),
        source=still.source,
    )


def can_map(checker: Checker) -> bool:
    """Return whether a deciding test judges single frames, as a heat map needs it."""
    parts = checker.parts()
    return not all(needs_of(test).is_clip for test in parts.tests[: parts.deciding])


class HeatMapFolder:
    """Writes heat maps, drawings of tests and figures of clips into a folder, each to a new file.

    Args:
        folder: Made if it is missing.

    Raises:
        SettingsError: The folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"{folder}: the folder for heat maps cannot be made ({error.strerror}); "
                "name a folder that you can write to"
            ) from error

    def draw(
        self,
        checker: Checker,
        source: Source,
        *,
        name: str = "",
        workers: int = 1,
        advance: Advance = ignore,
    ) -> Path | str:
        """Write the heat map of a source, with the arguments of `heat_map`.

        Returns:
            The file; or why there is none, in words.

        Raises:
            ModelError: As `heat_map`.
            SettingsError: As `heat_map`, or the file cannot be written.
        """
        try:
            found = heat_map(checker, source, name=name, workers=workers, advance=advance)
        except InputError as error:  # as of a pipe, which cannot be read a second time
            return str(error)
        return REASONS[found].words if isinstance(found, Reason) else self.write(found)

    def depict(self, checker: Checker, source: Source, *, name: str = "") -> dict[str, Path]:
        """Write what tests judged of a source, for those that can draw it.

        Args:
            checker: Its tests are asked, deciding and advisory ones.
            source: As `Checker.check`, like ``name``; of a clip, the frame of the heat map counts.
            name: Name of the source in messages.

        Returns:
            Files ``STEM.TEST.png`` by name of the test, each new; none without a face.

        Raises:
            InputError: The source cannot be read.
            ModelError: A model file is missing or has the wrong hash.
            SettingsError: A file cannot be written.
        """
        parts, still = checker.parts(), None
        drawings: dict[str, Path] = {}
        for test in (test for test in parts.tests if isinstance(test, Depicting)):
            still = still or _still(checker, source, None, name)
            if still.frames[0].face and missing_reason(test, still, None) is None:
                path = self._free(still.source, f"{test.name}.png")
                write_file(path, png(test.depicted(still.frames[0])), error=SettingsError)
                drawings[test.name] = path
        return drawings

    def chart(self, checker: Checker, source: Source, *, name: str = "") -> Path | str | None:
        """Write what tests measure over a clip as ``STEM.clip.png``, with a number as `write`.

        Args:
            checker: As `facepad.explaining.clip_charts.clip_charts`, like ``source`` and ``name``.
            source: The clip.
            name: Name of the source in messages.

        Returns:
            The file; None for a still; or why there is none, in words.

        Raises:
            ModelError: A model file is missing or has the wrong hash.
            SettingsError: The file cannot be written.
        """
        try:
            if not can_draw():
                with sources.settled(source, name=name) as (settled, _):
                    return None if sources.clip_path(settled) is None else MISSING
            found = clip_charts(checker, source, name=name)
        except InputError as error:  # as of a pipe, which cannot be read a second time
            return str(error)
        if found is None:
            return None
        path = self._free(found.source, "clip.png")
        title = printable(Path(found.source).name)
        write_file(path, drawn(found.charts, title), error=SettingsError)
        return path

    def write(self, found: HeatMap) -> Path:
        """Write one map as ``STEM.heat-map.jpg``, with a number where that file exists.

        Raises:
            SettingsError: The file cannot be written.
        """
        path = self._free(found.source, "heat-map.jpg")
        write_file(path, found.drawn(), error=SettingsError)
        return path

    def _free(self, source: str, ending: str) -> Path:
        """Return the first path for a source that does not exist."""
        return next(path for path in self._names(source, ending) if not path.exists())

    def _names(self, source: str, ending: str) -> Iterator[Path]:
        stem = re.sub(r"[^\w.-]+", "-", Path(source).stem)[:_LONGEST_STEM].strip("-.")
        for number in count(1):
            which = "" if number == 1 else f"-{number}"
            yield self._folder / f"{stem or 'picture'}{which}.{ending}"


def _still(checker: Checker, source: Source, channels: Channels | None, name: str) -> Presentation:
    """Return the first judged frame with a face, or the first frame where there is none."""
    parts = checker.parts()
    with sources.settled(source, name=name) as (settled, name):
        given = sources.load(
            *(settled,),
            selection=checker.frames,
            channels=channels,
            name=name,
            depth=parts.stills_need_depth,
        )
    single = checker.faces == "single"
    stills, _ = with_faces(given, None, parts.finder, single=single)
    chosen = chosen_frames(stills or given, checker.frames.best, parts.assess, parts.finder)
    judged = judged_frames(chosen, parts.assess).presentation
    frame = next((frame for frame in judged.frames if frame.face), judged.frames[0])
    return replace(judged, frames=(frame,))


def _evidence(parts: LoadedTests, tests: Sequence[LivenessTest], frame: Frame) -> Evidence:
    scores = {test.name: test.score(Presentation((frame,))) for test in tests}
    side = side_information(frame.face, frame.size, frame.capture)
    return parts.evidence(scores, {}, side=side)


def _ratio(evidence: Evidence) -> float:
    """Return the log-likelihood ratio of a decision; NaN without a score."""
    value = evidence.fused.value
    if value is None:
        return math.nan
    first, *others = (answer.score for answer in evidence.answers.values())
    if others or first.value != value:
        return logit(value)
    # The score of the only test is that of the decision; the ratio in its details has no limits.
    return float(first.details.get("log_likelihood_ratio", logit(value)))


def _grid(frame: Frame) -> tuple[Box, tuple[int, int]]:
    """Return the part of a frame around its face, and the rows and columns of patches in it."""
    box = frame.face.box if frame.face else (0, 0, *frame.size)
    left, top, side = square(frame.image, box, MARGINS[CONTEXT])
    width, height = frame.size
    region = max(0, left), max(0, top), min(width, left + side), min(height, top + side)
    rows, columns = (
        max(1, round(PATCHES * length / side))
        for length in (region[3] - region[1], region[2] - region[0])
    )
    return region, (rows, columns)


def _patched(image: RgbImage, region: Box, shape: tuple[int, int]) -> Iterator[RgbImage]:
    """Yield the picture with each patch blurred in turn, row by row."""
    left, top, right, bottom = region
    part = image[top:bottom, left:right]
    blurred = _blurred(part)
    rows, columns = (
        [_soft(index, length / number, length) for index in range(number)]
        for number, length in zip(shape, part.shape[:2], strict=True)
    )
    for (down, vertical), (across, horizontal) in product(rows, columns):
        weight = (vertical[:, None] * horizontal[None, :])[..., None]
        change = blurred[down, across] - part[down, across]
        patched = image.copy()
        patch = patched[top:bottom, left:right][down, across]
        patch[:] = np.clip(np.rint(patch + weight * change), 0.0, 255.0)
        yield patched


def _soft(index: int, cell: float, length: int) -> tuple[slice, NDArray[np.float32]]:
    """Return where one row or column of patches lies along a side, and its weights there."""
    middle, half = (index + 0.5) * cell, (0.5 + _GROWN) * cell
    inside = half - np.abs(np.arange(length) + 0.5 - middle)
    weights = np.clip(inside / (_FEATHER * cell) + 0.5, 0.0, 1.0)
    covered = np.flatnonzero(weights)
    where = slice(int(covered[0]), int(covered[-1]) + 1)
    return where, np.asarray(weights[where], np.float32)


def _blurred(part: RgbImage) -> NDArray[np.float32]:
    """Return the face and its surroundings without detail: local means, no edges, no texture."""
    height, width = part.shape[:2]
    shrink = _SMALL / max(height, width)
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    small = cv2.resize(part.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), _BLUR * _SMALL)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
