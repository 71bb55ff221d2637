"""Options that several commands have, with one help text each."""

from enum import StrEnum

from facepad.registry import DEFAULT_ADVISORY, DEFAULT_POINT, DEFAULT_TESTS

PATHS_HELP = "Pictures, folders, globs (may be quoted), or - for standard input."
TESTS_HELP = (
    f"Comma-separated names of the tests that decide. Default: {','.join(DEFAULT_TESTS)}. Of "
    "several, the mean of their log-likelihood ratios decides. A test that has never seen a "
    "camera like this one abstains; its score is shown and ignored. network:FILE.toml is a network "
    "of your own, see docs/how-to-use-your-own-network.md."
)
ADVISORY_HELP = (
    "Comma-separated names of tests whose scores are shown but do not affect the decision. "
    f"Default: {','.join(DEFAULT_ADVISORY)}, or none with --tests."
)
CALIBRATION_HELP = (
    "Calibration of the camera, made by `facepad calibrate`. The calibrated test decides alone; "
    "the scores of other tests are shown but do not affect the decision."
)
POINT_HELP = (
    "How cautious to be: 'strict' accepts the fewest attacks and asks the most genuine users "
    "again, 'convenience' the fewest. A test without this operating point uses its own. Default: "
    f"{DEFAULT_POINT}. See docs/operating-points.md."
)
FACES_HELP = (
    "Which face is judged where there are several: the largest; or, for a gate, none: then "
    "several faces are no response, with the reason multiple_faces."
)


class FacesName(StrEnum):
    """Which face of several is judged."""

    LARGEST = "largest"
    SINGLE = "single"


class PointName(StrEnum):
    """Name of an operating point, as `facepad.registry.POINT_NAMES`."""

    CONVENIENCE = "convenience"
    BALANCED = "balanced"
    STRICT = "strict"


def split_names(text: str) -> tuple[str, ...]:
    """Return the names in a comma-separated list.

    Example:
        >>> split_names("quality, quality_whole")
        ('quality', 'quality_whole')
    """
    return tuple(name for part in text.split(",") if (name := part.strip()))


def names_given(text: str | None) -> tuple[str, ...] | None:
    """Return the names in a comma-separated list; None where the option was not given."""
    return None if text is None else split_names(text)
