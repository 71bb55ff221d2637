"""Which frames of a clip are used: all, every k-th, n evenly spaced, or one."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from facepad.errors import SettingsError

_RULE = re.compile(r"(?P<kind>every|even|at):(?P<number>[0-9]{1,9})")
_ENDLESS = sys.maxsize  # up to the end of the clip


@dataclass(frozen=True, slots=True)
class FrameSelection:
    """Selects frames of a clip; the same frames of the same clip each time.

    Attributes:
        kind: "all"; "every" (frames 0, k, 2k ...); "even" (n frames, each in the middle of
            one of n equal parts, or all of a shorter video); "at" (one frame, from 0).
        number: k, n, or the frame's number.
    """

    kind: str = "all"
    number: int = 1

    def __post_init__(self) -> None:
        if self.kind not in ("all", "every", "even", "at"):
            raise SettingsError(f"a frame selection is all, every, even or at, got {self.kind!r}")
        if self.number < (self.kind != "at"):
            raise SettingsError(f"frame selection '{self.kind}' needs a number of 1 or more, got 0")

    @classmethod
    def parse(cls, text: str) -> "FrameSelection":
        """Read a selection as people write it: "all", "every:5", "even:10", "at:0".

        Raises:
            SettingsError: It is none of these.

        Example:
            >>> FrameSelection.parse("every:5")
            FrameSelection(kind='every', number=5)
        """
        if text == "all":
            return cls()
        match = _RULE.fullmatch(text)
        if match is None:
            raise SettingsError(
                f"a frame selection is 'all', 'every:5', 'even:10' or 'at:0', got {text!r}"
            )
        return cls(match["kind"], int(match["number"]))

    def __str__(self) -> str:
        return self.kind if self.kind == "all" else f"{self.kind}:{self.number}"

    def chosen(self, count: int) -> Sequence[int]:
        """Return the numbers of the selected frames, in order.

        Args:
            count: How many frames the video has; only "even" needs it.

        Example:
            >>> list(FrameSelection("even", 3).chosen(9))
            [1, 4, 7]
        """
        if self.kind == "all":
            return range(_ENDLESS)
        if self.kind == "every":
            return range(0, _ENDLESS, self.number)
        if self.kind == "at":
            return range(self.number, self.number + 1)
        n = min(self.number, count)
        return tuple((2 * part + 1) * count // (2 * n) for part in range(n))
