"""The contract of a dataset: a listing that can be relied on."""

from collections.abc import Mapping, Sequence
from itertools import islice

from facepad.packed.address import file_of
from facepad.testing.contract_error import called, require
from facepad.types import Dataset, Sample, Split


def check_dataset(dataset: Dataset, name: str | None = None) -> None:
    """Check that a dataset lists its samples as facepad relies on.

    Each listing is the same, in the same order, also while another one is under way; keys
    are unique and begin with the dataset's name; files exist and are listed once.

    Args:
        dataset: Made with a root that holds (a part of) the database.
        name: Its name in the registry, when it is registered.

    Raises:
        ContractError: Says what is broken, and for which sample.
    """
    require(
        isinstance(dataset.name, str) and dataset.name != "",
        f"a dataset needs a name, got {dataset.name!r}",
    )
    require(
        name in (None, dataset.name), f"registered as {name!r} but its name is {dataset.name!r}"
    )
    first = called(lambda: list(dataset.samples()), "samples()")
    require(len(first) > 0, f"{dataset.name} lists no samples")
    for sample in first:
        _check_sample(sample, dataset.name)
    _check_once(first)
    _check_order(dataset, first)
    _check_notices(dataset)


def _check_sample(sample: Sample, name: str) -> None:
    require(isinstance(sample, Sample), f"{name} lists {sample!r}, which is no Sample")
    key = sample.key
    require(key.startswith(f"{name}/"), f"key {key!r} must begin with {name + '/'!r}")
    require(file_of(sample.path).is_file(), f"{key}: {sample.path} is listed but is no file")
    require(
        isinstance(sample.subject, str) and sample.subject != "",
        f"{key}: the subject must be a name, got {sample.subject!r}",
    )
    require(isinstance(sample.split, Split), f"{key}: split must be a Split, got {sample.split!r}")
    require(
        sample.pai_species != "",
        f"{key}: pai_species names an attack or is None for bona fide, got ''",
    )
    require(
        sample.frame is None or sample.frame >= 0,
        f"{key}: a frame number is 0 or more, got {sample.frame}",
    )
    _check_attributes(sample.attributes, key)


def _check_attributes(attributes: Mapping[str, str], key: str) -> None:
    words = all(isinstance(word, str) for pair in attributes.items() for word in pair)
    require(words, f"{key}: attributes must be text by name, got {dict(attributes)!r}")


def _check_notices(dataset: Dataset) -> None:
    """Notices are optional; where there are some, they are text for people."""
    notices = getattr(dataset, "notices", None)
    if notices is not None:
        found = called(lambda: list(notices()), "notices()")
        require(
            all(isinstance(notice, str) and notice for notice in found),
            f"{dataset.name}: notices() must give lines of text, got {found!r}",
        )


def _check_once(samples: Sequence[Sample]) -> None:
    keys: set[str] = set()
    places: dict[tuple[str, int | None], str] = {}
    for sample in samples:
        require(sample.key not in keys, f"key {sample.key!r} is listed twice")
        keys.add(sample.key)
        place = (sample.path, sample.frame)
        require(
            place not in places,
            f"{sample.path} is listed as {places.get(place)!r} and as {sample.key!r}",
        )
        places[place] = sample.key


def _check_order(dataset: Dataset, first: Sequence[Sample]) -> None:
    def listed_again() -> list[Sample]:
        under_way = dataset.samples()
        begun = list(islice(under_way, 1))
        again = list(dataset.samples())
        require(
            [*begun, *under_way] == again,
            f"{dataset.name}: two listings at the same time disturb each other",
        )
        return again

    again = called(listed_again, "a second listing")
    require(len(again) == len(first), f"first {len(first)} samples, then {len(again)}")
    for number, (one, other) in enumerate(zip(first, again, strict=True)):
        require(
            one == other,
            f"the order differs between two listings: sample {number} is {one.key!r}, "
            f"then {other.key!r}",
        )
