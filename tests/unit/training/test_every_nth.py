"""Every Nth picture, for trials: no class, species or person is lost with its neighbours."""

from collections import Counter

from facepad.training.sources import every_nth
from facepad.types import Sample, Split

SPECIES = (None, "print", "screen")


def sample(subject: str, species: str | None, number: int = 0) -> Sample:
    key = f"made/{subject}{species}{number}"
    return Sample(key, f"{key}.jpg", subject, Split.TRAIN, species)


def test_attacks_that_follow_their_source_are_thinned_like_it() -> None:
    listed = [sample(f"p{place}", species) for place in range(8) for species in SPECIES]
    kept = [listed[place] for place in every_nth(listed, 3)]
    assert Counter(one.pai_species for one in kept) == dict.fromkeys(SPECIES, 3)


def test_people_whose_pictures_alternate_are_thinned_alike() -> None:
    listed = [sample(who, None, number) for number in range(8) for who in "ab"]
    kept = [listed[place] for place in every_nth(listed, 2)]
    assert Counter(one.subject for one in kept) == {"a": 4, "b": 4}


def test_the_order_is_kept_and_a_step_of_one_keeps_all() -> None:
    listed = [sample(who, kind, n) for n in range(4) for who in "ab" for kind in SPECIES]
    assert every_nth(listed, 1) == list(range(len(listed)))
    places = every_nth(listed, 3)
    assert places == sorted(places)
