"""Find out whether the description of a network is right, from what the network gives.

A wrong description rarely fails: a network that expects BGR, 0 to 255 or another crop gives numbers
all the same. The findings compare these numbers with what the description says of them, over
pictures with faces or, without any, over made-up ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import fmean, pstdev

import numpy as np

from facepad.errors import ITEM_ERRORS, InputError, ModelError, counted
from facepad.faces.crops import LEAST_CONTEXT
from facepad.faces.finder import FaceFinder
from facepad.liveness.network.description import LOGITS, NetworkInput
from facepad.liveness.network.model import (
    DescribedNetwork,
    NetworkReading,
    is_probability,
)
from facepad.liveness.network.test import NetworkTest, coverage, view_of
from facepad.media.inputs import expand
from facepad.opencv import cv2
from facepad.scores import AffineScaling, sigmoid
from facepad.sources import MIDDLE, load
from facepad.types import Face, Frame, RgbImage

SHIFT = 0.1  # of the face's longer side
LEAST_VARIATION = 1e-4  # deviation of the raw logit over pictures; below it the output is constant
_LITTLE_VARIATION = 0.05
_SUM_ROUNDING = 0.01  # of probabilities
MOST_CHANGE = 0.1  # mean change of the score under a shift; more is a warning
_BETTER = 1.0  # mean rise of the raw logit with another input; more is a warning
_SATURATED = 15.0  # of a raw logit
_MOST_OF_ONES = 2.0  # of a mean or a deviation of numbers up to 1
_SHIFTS = ((SHIFT, 0.0), (-SHIFT, 0.0), (0.0, SHIFT), (0.0, -SHIFT))
_MADE_UP, _MADE_UP_SIDE = 8, 480  # pictures, and pixels
_FEW, MOST_PICTURES = 5, 100


class FindingState(StrEnum):
    """What a finding means."""

    OK = "pass"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class NetworkFinding:
    """One thing that was looked at.

    Attributes:
        what: A few words.
        state: Whether it is as the description says.
        words: What was found, and what to do where it is not.
    """

    what: str
    state: FindingState
    words: str


def verify_network(test: NetworkTest, frames: Sequence[Frame] = ()) -> list[NetworkFinding]:
    """Compare what a network gives with its description.

    Args:
        test: Loaded, so that hash, operators and the shape of the input are right.
        frames: Frames with a face each, best bona fide ones of the camera; made-up ones if empty.

    Raises:
        ModelError: The network cannot be run.
    """
    network, given = test.network, list(frames) or made_up_frames()
    description = network.description
    wanted = "x".join(map(str, description.input.shape))
    views = [view_of(frame, description) for frame in given]
    readings = [network.read(view) for view in views]
    found = [
        NetworkFinding("file", FindingState.OK, f"sha256 as described, version {test.version}"),
        NetworkFinding("input", FindingState.OK, f"{wanted}, {description.input.colour}"),
        _pictures(given, made_up=not frames),
        _shape(network, readings[0]),
        _numbers(readings),
    ]
    if found[-1].state is FindingState.OK:
        found.append(_kind(network, readings))
    if found[-1].state is not FindingState.FAIL:
        raws = [network.raw(reading) for reading in readings]
        found += [
            _variation(raws),
            _steadiness(test, given, raws),
            _colour(network, views, raws),
            _range(description.input),
            _crop(test, given),
            *_features(network, readings),
        ]
    return [*found, _threshold(test), _prior(test)]


def frames_with_faces(paths: Sequence[str]) -> list[Frame]:
    """Return the frames of pictures that show a face; the middle one of a clip.

    Of many pictures, `MOST_PICTURES` at equal steps are read.

    Args:
        paths: Pictures, clips, folders of them, or patterns.

    Raises:
        InputError: None of them shows a face.
    """
    items = list(expand(paths))
    finder, found, why = FaceFinder(), [], ""
    for item in items[:: max(1, -(-len(items) // MOST_PICTURES))]:
        if isinstance(item.source, InputError):
            raise item.source
        try:
            frame = load(item.source, selection=MIDDLE).frames[0]
        except ITEM_ERRORS as error:  # a folder may hold notes and lists beside its pictures
            why = f"; {error}"
            continue
        found.append(finder.find(frame))
    with_face = [frame for frame in found if frame.face is not None]
    if not with_face:
        read = counted(len(found), "picture")
        raise InputError(f"none of {read} in {', '.join(paths)} shows a face{why}")
    return with_face


def made_up_frames() -> list[Frame]:
    """Return pictures of random surfaces, coarse to fine, with a box in the middle of each."""
    side, third = _MADE_UP_SIDE, _MADE_UP_SIDE // 3
    box = (third, third, side - third, side - third)
    frames = []
    for number in range(_MADE_UP):
        rng = np.random.default_rng(number)
        cells = 4 * 2 ** (number % 5)
        noise = rng.integers(0, 256, (cells, cells, 3)).astype(np.uint8)
        image = cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
        frames.append(Frame(np.asarray(image, np.uint8), face=Face(box, 1.0)))
    return frames


def _pictures(frames: Sequence[Frame], *, made_up: bool) -> NetworkFinding:
    if made_up:
        words = (
            f"{len(frames)} made-up pictures, which show no face: give --pictures a folder of "
            "bona fide pictures to judge the findings below"
        )
        return NetworkFinding("pictures", FindingState.WARN, words)
    state = FindingState.OK if len(frames) >= _FEW else FindingState.WARN
    few = "" if len(frames) >= _FEW else f", {_FEW} or more are better"
    return NetworkFinding("pictures", state, f"{counted(len(frames), 'face')}{few}")


def _shape(network: DescribedNetwork, reading: NetworkReading) -> NetworkFinding:
    output = network.description.output
    which = f"bona fide is {output.bona_fide}"
    words = f"{output.name}: {counted(len(reading.values), 'number')}, {which}"
    return NetworkFinding("output", FindingState.OK, words)


def _numbers(readings: Sequence[NetworkReading]) -> NetworkFinding:
    bad = sum(not np.isfinite([*one.values, *one.features]).all() for one in readings)
    if bad:
        words = f"not finite on {bad} of {counted(len(readings), 'picture')}"
        return NetworkFinding(
            "finite", FindingState.FAIL, f"{words}; see input.range, mean and std"
        )
    return NetworkFinding("finite", FindingState.OK, "all numbers")


def _kind(network: DescribedNetwork, readings: Sequence[NetworkReading]) -> NetworkFinding:
    """Compare the numbers with ``output.kind``."""
    output = network.description.output
    values = np.stack([reading.values for reading in readings])
    span = f"from {values.min():.3g} to {values.max():.3g}"
    sums = values.sum(axis=1)
    sums_to_one = bool(values.shape[1] > 1 and (abs(sums - 1.0) <= _SUM_ROUNDING).all())
    inside = is_probability(values)
    if output.kind == LOGITS:
        if inside and sums_to_one:
            words = f'{span}, sum 1: these are probabilities; set output.kind = "probabilities"'
            return NetworkFinding("kind", FindingState.FAIL, words)
        if inside:
            words = f'{span}: if these are probabilities, set output.kind = "probabilities"'
            return NetworkFinding("kind", FindingState.WARN, words)
        return NetworkFinding("kind", FindingState.OK, f"logits, {span}")
    if not inside:
        words = f'{span}, expected 0 to 1: set output.kind = "logits"'
        return NetworkFinding("kind", FindingState.FAIL, words)
    if values.shape[1] > 1 and not sums_to_one:
        words = f"{span}, sums from {sums.min():.3g} to {sums.max():.3g}: each class by itself"
        return NetworkFinding("kind", FindingState.WARN, words)
    return NetworkFinding("kind", FindingState.OK, f"probabilities, {span}")


def _variation(raws: Sequence[float]) -> NetworkFinding:
    deviation = pstdev(raws)
    words = f"raw logit {fmean(raws):.2f}, deviation {deviation:.3f} over the pictures"
    if min(abs(raw) for raw in raws) >= _SATURATED:
        words += ": the output is saturated; see input.range, mean and std"
        return NetworkFinding("varies", FindingState.WARN, words)
    if deviation < LEAST_VARIATION:
        words += ": the output does not depend on the picture; see output.name and input.range"
        return NetworkFinding("varies", FindingState.FAIL, words)
    if deviation < _LITTLE_VARIATION:
        words += ": hardly depends on the picture; see input.range, mean and std"
        return NetworkFinding("varies", FindingState.WARN, words)
    return NetworkFinding("varies", FindingState.OK, words)


def _steadiness(
    test: NetworkTest, frames: Sequence[Frame], raws: Sequence[float]
) -> NetworkFinding:
    """Measure how far the score moves with the crop."""
    if not test.description.input.crop:
        words = "the network sees the whole frame, so no crop was moved"
        return NetworkFinding("steady", FindingState.OK, words)
    scaling = test.description.scaling or AffineScaling(1.0, 0.0)
    changes = [
        (abs(moved - raw), abs(sigmoid(scaling.apply(moved)) - sigmoid(scaling.apply(raw))))
        for frame, raw in zip(frames, raws, strict=True)
        for moved in (_raw(test, moved_face(frame, by)) for by in _SHIFTS)
    ]
    logit, score = (fmean(column) for column in zip(*changes, strict=True))
    words = (
        f"moved by {SHIFT:.0%} of the face, the score changes by {score:.3f} and the raw logit by "
        f"{logit:.2f} (means)"
    )
    if score <= MOST_CHANGE:
        return NetworkFinding("steady", FindingState.OK, words)
    return NetworkFinding("steady", FindingState.WARN, f"{words}: see input.crop and input.size")


def moved_face(frame: Frame, by: tuple[float, float]) -> Frame:
    """Return a frame whose face's box is moved by shares of its longer side."""
    if frame.face is None:
        return frame
    left, top, right, bottom = frame.face.box
    longer = max(right - left, bottom - top)
    x, y = (round(longer * share) for share in by)
    return replace(frame, face=replace(frame.face, box=(left + x, top + y, right + x, bottom + y)))


def _raw(test: NetworkTest, frame: Frame) -> float:
    return test.network.raw(test.network.read(view_of(frame, test.description)))


def _colour(
    network: DescribedNetwork, views: Sequence[RgbImage], raws: Sequence[float]
) -> NetworkFinding:
    wanted = network.description.input
    if wanted.colour == "gray":
        return NetworkFinding("colour", FindingState.OK, "gray")
    other = "bgr" if wanted.colour == "rgb" else "rgb"
    swapped = [network.raw(network.read(np.ascontiguousarray(view[:, :, ::-1]))) for view in views]
    rise = fmean(swapped) - fmean(raws)
    words = f"as {other} the raw logit would be {fmean(swapped):.2f}, not {fmean(raws):.2f}"
    if rise > _BETTER:
        words += f': on bona fide pictures this suggests input.colour = "{other}"'
        return NetworkFinding("colour", FindingState.WARN, words)
    return NetworkFinding("colour", FindingState.OK, words)


def _range(wanted: NetworkInput) -> NetworkFinding:
    """Compare range, mean and deviation with each other."""
    words = f"{wanted.range}, mean {_listed(wanted.mean)}, std {_listed(wanted.std)}"
    largest = max(*wanted.mean, *wanted.std)
    is_of_ones = wanted.range == "0..255" and max(map(abs, wanted.mean)) > 0.0 and largest <= 1.0
    is_of_bytes = wanted.range == "0..1" and largest > _MOST_OF_ONES
    if is_of_ones or is_of_bytes:
        other = "0..1" if is_of_ones else "0..255"
        words += f': mean and std look like those of input.range = "{other}"'
        return NetworkFinding("range", FindingState.WARN, words)
    return NetworkFinding("range", FindingState.OK, words)


def _listed(numbers: Sequence[float]) -> str:
    return ", ".join(f"{one:g}" for one in dict.fromkeys(numbers))


def _crop(test: NetworkTest, frames: Sequence[Frame]) -> NetworkFinding:
    shares = [coverage(frame, test.description) for frame in frames]
    cut = sum(share < 1.0 for share in shares)
    if not cut:
        return NetworkFinding("crop", FindingState.OK, "within the picture")
    words = (
        f"larger than {cut} of {counted(len(frames), 'picture')}, whose edges are then repeated; "
        f"{min(shares):.0%} of it or more is covered"
    )
    if min(shares) < LEAST_CONTEXT:
        words += f"; below {LEAST_CONTEXT:.0%} a score does not decide (no_context)"
        return NetworkFinding("crop", FindingState.WARN, words)
    return NetworkFinding("crop", FindingState.OK, words)


def _features(
    network: DescribedNetwork, readings: Sequence[NetworkReading]
) -> list[NetworkFinding]:
    name = network.description.output.features
    if not name:
        return []
    features = np.stack([reading.features for reading in readings])
    constant = int((features.std(axis=0) == 0.0).sum())
    words = f"{name}: {features.shape[1]}, of which {constant} are the same for all pictures"
    state = FindingState.WARN if 2 * constant > features.shape[1] else FindingState.OK
    if constant == features.shape[1]:
        state = FindingState.FAIL
    return [NetworkFinding("features", state, words)]


def _threshold(test: NetworkTest) -> NetworkFinding:
    if test.description.point is not None:
        return NetworkFinding("threshold", FindingState.OK, test.description.decision)
    words = "none, so the score does not decide before `facepad calibrate`"
    return NetworkFinding("threshold", FindingState.WARN, words)


def _prior(test: NetworkTest) -> NetworkFinding:
    try:
        worth = test.prior().worth
    except ModelError as error:
        return NetworkFinding("prior", FindingState.FAIL, str(error))
    if worth:
        return NetworkFinding("prior", FindingState.OK, f"{test.prior_model}.npz")
    words = "no prior over cameras: a calibration needs 10 frames, see `facepad train cameras`"
    return NetworkFinding("prior", FindingState.WARN, words)
