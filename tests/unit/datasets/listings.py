"""What the tests of listings share: how one is opened, and counts of its samples."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from facepad.types import Sample

# Takes the name of a database and options of its listing; gives the listing of a miniature.
Opener = Callable[..., Any]


def by_part(samples: Iterable[Sample]) -> dict[str, int]:
    """How many samples each part has of each species ("train bona_fide": 4)."""
    return dict(Counter(f"{s.split} {s.pai_species or 'bona_fide'}" for s in samples))


def people(samples: Iterable[Sample]) -> dict[str, set[str]]:
    """Subjects of each part."""
    found: dict[str, set[str]] = {}
    for sample in samples:
        found.setdefault(str(sample.split), set()).add(sample.subject)
    return found
