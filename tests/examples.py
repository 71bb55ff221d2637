"""How many made-up examples a property is tried on, where each of them takes long."""

from hypothesis import settings

FEWEST = 5
USUAL = 100  # unless the profile has another number


def at_most(count: int) -> settings:
    """So many examples, or, with a profile of few, fewer in proportion; without a deadline."""
    found = count * settings().max_examples // USUAL
    return settings(max_examples=min(count, max(FEWEST, found)), deadline=None)
