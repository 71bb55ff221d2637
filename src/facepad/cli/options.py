"""What several commands ask for, in the same words."""

from dataclasses import dataclass

PATHS_HELP = "Pictures, folders, globs (quoted ones too), or - for standard input."
TESTS_HELP = "Names of liveness tests, by commas; the first decides, the others are shown."

CALIBRATION_HELP = "Calibration of the camera, by `facepad calibrate`; its test decides."


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What was asked for, beside the paths.

    Attributes:
        tests: Names of the liveness tests.
        threshold: Decide by this score; None for the test's own operating point.
        json: Documents instead of a table.
        explain: Tell what moved the score.
        fail_on_attack: The policy: no attack among the outcomes.
        require_bona_fide: The policy: every outcome is bona fide.
        calibration: Name of the camera's calibration, whose test then decides; None for none.
    """

    tests: tuple[str, ...]
    threshold: float | None
    json: bool
    explain: bool
    fail_on_attack: bool
    require_bona_fide: bool
    calibration: str | None = None


def split_names(text: str) -> tuple[str, ...]:
    """Names out of a list with commas.

    Example:
        >>> split_names("quality, quality_whole")
        ('quality', 'quality_whole')
    """
    return tuple(name for part in text.split(",") if (name := part.strip()))
