"""Options with named values; imported by the command line, so no library is needed."""

from enum import StrEnum


class ScoreDirection(StrEnum):
    """What a higher score of a system means."""

    BONA_FIDE = "bona_fide"
    ATTACK = "attack"


class FrameAggregation(StrEnum):
    """How the scores of a video's frames become one score.

    ``MIN`` takes the frame that looks least like bona fide, ``MAX`` the one that looks
    most like it, whichever way the scale runs.
    """

    MEAN = "mean"
    MEDIAN = "median"
    MIN = "min"
    MAX = "max"
