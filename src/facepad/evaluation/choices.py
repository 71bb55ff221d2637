"""Choices that people make by name; no library is needed to offer them."""

from enum import StrEnum


class ScoreDirection(StrEnum):
    """What a higher score of a system speaks for."""

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
