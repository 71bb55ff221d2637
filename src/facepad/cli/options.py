"""Options that several commands have, with one help text each."""

from facepad.registry import DEFAULT_TESTS

PATHS_HELP = "Pictures, folders, globs (may be quoted), or - for standard input."
TESTS_HELP = (
    "Comma-separated test names; the mean of their log-likelihood ratios decides. A test that "
    "has never seen a camera like this one abstains; its score is shown and ignored."
)
TESTS_DEFAULT = ",".join(DEFAULT_TESTS)
CALIBRATION_HELP = (
    "Calibration of the camera, made by `facepad calibrate`. The calibrated test decides alone; "
    "the scores of other tests are shown but do not affect the decision."
)


def split_names(text: str) -> tuple[str, ...]:
    """Return the names in a comma-separated list.

    Example:
        >>> split_names("quality, quality_whole")
        ('quality', 'quality_whole')
    """
    return tuple(name for part in text.split(",") if (name := part.strip()))
