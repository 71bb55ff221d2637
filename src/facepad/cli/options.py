"""What several commands ask for, in the same words."""

from dataclasses import dataclass

from facepad.registry import DEFAULT_TESTS

PATHS_HELP = "Pictures, folders, globs (quoted ones too), or - for standard input."
TESTS_HELP = (
    "Names of liveness tests, by commas; the mean of their log-likelihood ratios decides. One "
    "that abstains (a camera unlike all that it learned from) is shown and does not count."
)
TESTS_DEFAULT = ",".join(DEFAULT_TESTS)
CALIBRATION_HELP = (
    "Calibration of the camera, by `facepad calibrate`. The test that it anchors to the camera "
    "decides alone; the others are not anchored and only shown."
)


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What was asked for, beside the paths.

    Attributes:
        tests: Names of the liveness tests.
        threshold: Decide by this score; None for the tests' own operating points.
        json: Documents instead of a table.
        explain: Tell what moved the score.
        fail_on_attack: The policy: no attack among the outcomes.
        require_bona_fide: The policy: every outcome is bona fide.
        calibration: Name of the camera's calibration, whose test then decides alone; None
            for none.
    """

    tests: tuple[str, ...]
    threshold: float | None
    json: bool
    explain: bool
    fail_on_attack: bool
    require_bona_fide: bool
    calibration: str | None = None


@dataclass(frozen=True, slots=True)
class ScoreOptions:
    """What was asked for, beside the files.

    Attributes:
        tests: Names of the liveness tests.
        workers: Processes.
        resume: Go on with a file that is there.
        force: Begin again over a file that is there.
        calibration: As for `CheckOptions`.
    """

    tests: tuple[str, ...]
    workers: int
    resume: bool = False
    force: bool = False
    calibration: str | None = None


def split_names(text: str) -> tuple[str, ...]:
    """Names out of a list with commas.

    Example:
        >>> split_names("quality, quality_whole")
        ('quality', 'quality_whole')
    """
    return tuple(name for part in text.split(",") if (name := part.strip()))
