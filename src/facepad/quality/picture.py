"""One picture and all that several metrics need of it: gray, blurred copy, difference."""

import math
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from facepad.errors import InputError
from facepad.opencv import cv2
from facepad.quality.filters import gaussian, separable
from facepad.quality.workspace import Workspace, aligned
from facepad.types import GrayImage

BLUR = gaussian(3, 0.5)
_UINT16_STEP = 257  # 65535 / 255

T = TypeVar("T")


def to_gray(
    image: NDArray[Any], value_range: float | None = None
) -> tuple[NDArray[np.uint8], GrayImage]:
    """Convert a picture of any supported type to gray values.

    Args:
        image: Shape (H, W), (H, W, 1), (H, W, 3) in the order R, G, B, or (H, W, 4), whose
            alpha is ignored. uint8 is taken as it is, uint16 divided by 257, bool is 0 or
            255; floating point needs ``value_range`` and is clipped to it.
        value_range: 1 or 255, the value of white; for floating point only. It is never
            guessed: a nearly black picture would be misread.

    Returns:
        The gray values rounded to uint8, and as float32 in [0, 255]; shape (H, W).

    Raises:
        InputError: Another type or shape, an empty picture, a missing or other value
            range, NaN or infinity.
    """
    image = _checked(image)
    kind = image.dtype.newbyteorder("=")
    if kind == np.bool_:
        image = image.astype(np.uint8) * np.uint8(255)
    elif kind == np.uint16:
        image = image.astype(np.float32) / np.float32(_UINT16_STEP)
    elif kind in (np.float32, np.float64):
        image = _from_float(image, value_range)
    elif kind != np.uint8:
        raise InputError(
            f"picture has elements of type {image.dtype}, "
            "expected uint8, uint16, bool, float32 or float64"
        )
    image = np.ascontiguousarray(image[..., :3] if image.ndim == 3 else image)
    gray: NDArray[Any] = image
    if image.ndim == 3:
        gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    rounded = gray if gray.dtype == np.uint8 else np.rint(gray).astype(np.uint8)
    result = _map(gray.shape)
    np.copyto(result, gray)
    return rounded, result


def _map(shape: tuple[int, ...]) -> GrayImage:
    return cast(GrayImage, aligned(math.prod(shape), np.float32).reshape(shape))


def _checked(image: NDArray[Any]) -> NDArray[Any]:
    image = np.asarray(image)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (3, 4)):
        raise InputError(
            f"picture has shape {image.shape}, expected (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"
        )
    if image.size == 0:
        raise InputError(f"picture has shape {image.shape}, expected at least one pixel")
    return image


def _from_float(image: NDArray[Any], value_range: float | None) -> GrayImage:
    if value_range not in (1, 255):
        raise InputError(
            f"a picture of type {image.dtype} needs value_range 1 or 255, got {value_range!r}"
        )
    if not np.isfinite(image).all():
        raise InputError("picture holds NaN or infinity, expected finite values")
    clipped = np.asarray(np.clip(image, 0, value_range), np.float32)
    if value_range == 1:
        clipped *= np.float32(255)
    return clipped


class Picture:
    """A gray picture with the intermediates that metrics share; nothing is computed twice.

    Safe to use from several threads: each gets its own scratch memory, and whatever is
    computed by two of them at once has the same value.

    Attributes:
        rounded: Gray values as uint8, shape (H, W).
        gray: Gray values as float32 in [0, 255], not rounded.
    """

    def __init__(self, rounded: NDArray[np.uint8], gray: GrayImage) -> None:
        self.rounded = rounded
        self.gray = gray
        self._results: dict[Callable[[Picture], Any], Any] = {}
        self._thread = threading.local()

    @classmethod
    def of(cls, image: NDArray[Any], value_range: float | None = None) -> "Picture":
        """Read a picture as `to_gray` does.

        Raises:
            InputError: As for `to_gray`.
        """
        return cls(*to_gray(image, value_range))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.gray.shape[0], self.gray.shape[1]

    @property
    def size(self) -> int:
        """Number of pixels."""
        return self.gray.size

    @cached_property
    def blurred(self) -> GrayImage:
        """The copy that full-reference metrics compare with: 3x3 Gaussian, not rounded."""
        return separable(self.gray, BLUR, _map(self.shape))

    @cached_property
    def difference(self) -> GrayImage:
        """Difference of `gray` and `blurred`, in gray values."""
        return np.subtract(self.gray, self.blurred, out=_map(self.shape))

    @property
    def workspace(self) -> Workspace:
        """Scratch memory of the calling thread."""
        if not hasattr(self._thread, "workspace"):
            self._thread.workspace = Workspace()
        return cast(Workspace, self._thread.workspace)

    def once(self, compute: Callable[["Picture"], T]) -> T:
        """Return ``compute(self)``, computed only once."""
        if compute not in self._results:
            self._results[compute] = compute(self)
        return cast(T, self._results[compute])


class Metric(Protocol):
    """A quality metric: a pure function of a picture, safe to call from several threads."""

    def __call__(self, picture: Picture, /) -> float:
        """Return a finite value."""
