"""What Hypothesis reads or computes once per process, seconds in a fresh checkout, left out.

There is no setting for either; a version without these names does what it always does.
"""

from functools import cache

from hypothesis.internal import charmap
from hypothesis.internal.conjecture import providers
from hypothesis.internal.intervalsets import IntervalSet

# All characters but the surrogates, of which each is itself again when it is read.
UTF_8 = IntervalSet([(0x0, 0xD7FF), (0xE000, 0x10FFFF)]), IntervalSet()


def know_the_characters_of_utf_8() -> None:
    """Give what Hypothesis finds by encoding each of a million characters."""
    found_by = charmap.intervals_from_codec

    @cache
    def known(codec_name: str) -> tuple[IntervalSet, IntervalSet]:
        return UTF_8 if codec_name == "utf-8" else found_by(codec_name)

    if found_by.__annotations__.get("return") == tuple[IntervalSet, IntervalSet]:
        charmap.intervals_from_codec = known


def read_no_constants() -> None:
    """Draw no example from the numbers and words that stand in the code, so that none is parsed."""
    if (found := getattr(providers, "_local_constants", None)) is not None:  # empty so far
        providers._get_local_constants = lambda: found
