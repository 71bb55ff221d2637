"""Listings of databases, one file each; none imports another. What they share is here.

A listing with several protocols takes one at construction, ``Listing(root, protocol=...)``,
and names them in ``protocols``, the one used by default first. ``notices()`` returns what a
reader of results should know of a copy: subset, surplus, unused, or how it was split.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from facepad.datasets.opening import open_dataset as open_dataset
from facepad.errors import DatasetError, SettingsError, suggestion
from facepad.evaluation.protocol import shared_notices
from facepad.types import Sample, Split

PICTURE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
VIDEO_SUFFIXES = (
    *(".3gp", ".avi", ".gif", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg"),
    *(".webm", ".y4m"),
)
MOST_NAMED = 3  # files that one notice names
# Shares of subjects, for data that comes without a split.
TRAIN_SHARE, DEV_SHARE = 0.6, 0.2


def check_protocol(database: str, protocol: str, protocols: Sequence[str]) -> None:
    """Refuse a protocol that the listing does not have.

    Raises:
        SettingsError: The message names those it has.
    """
    if protocol not in protocols:
        raise SettingsError(
            f"{database} has no protocol {protocol!r}; {suggestion(protocol, protocols)}known: "
            f"{', '.join(protocols)}"
        )


def check_root(database: str, root: Path, holds: str) -> None:
    """Refuse a root that is no folder.

    Raises:
        DatasetError: The message says what the folder must hold.
    """
    if not root.is_dir():
        raise DatasetError(f"{database}: {root} is not a folder; it must hold {holds}")


def read_list(database: str, path: Path) -> tuple[str, ...]:
    """Return the lines of a list that are not blank, without the white space around them.

    Raises:
        DatasetError: The list is missing, no plain text, or empty; the message names it.
    """
    try:
        lines = path.read_text(encoding="ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise DatasetError(f"{database}: list {path} cannot be read: {why}") from error
    entries = tuple(line.strip() for line in lines if line.strip())
    if not entries:
        raise DatasetError(f"{database}: list {path} is empty; expected one item a line")
    return entries


def walk_lists(database: str, folder: Path, names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield every line of several lists, in order.

    Yields:
        The list's name, the line, and words for where it stands ("real-train.txt line 3").

    Raises:
        DatasetError: As `read_list`, or a line stands there a second time, in any list.
    """
    earlier: set[str] = set()
    for name in names:
        for number, line in enumerate(read_list(database, folder / name), start=1):
            where = f"{name} line {number}"
            if line in earlier:
                raise DatasetError(f"{database}: {where} lists {line!r} a second time")
            earlier.add(line)
            yield name, line, where


def check_file(database: str, path: Path, where: str) -> Path:
    """Refuse a file that is listed but missing; returns its path.

    Raises:
        DatasetError: The message names the file and what lists it.
    """
    if not path.is_file():
        raise DatasetError(f"{database}: {path} is listed in {where} but missing")
    return path


def count_notices(counts: Mapping[str, tuple[int, int]], items: str) -> tuple[str, ...]:
    """Return one notice for each part of a copy that is smaller or larger than the official one.

    Args:
        counts: Items found and official number of them, by name of the list or part.
        items: What is counted ("videos").
    """
    return tuple(
        f"{'subset' if counted < official else 'surplus'}: {name} lists {counted} of the official "
        f"{official} {items}"
        for name, (counted, official) in counts.items()
        if counted != official
    )


def surplus_notices(
    root: Path, listed: Iterable[str], suffixes: Sequence[str], source: str = "list"
) -> tuple[str, ...]:
    """Return a notice of files beside the listed ones that nothing lists.

    Args:
        root: Folder that the names in the notice are relative to.
        listed: Paths of the samples; only their folders are looked into.
        suffixes: Which files count, lower case.
        source: What did not list them.
    """
    known = {Path(path) for path in listed}
    beside = (file for folder in sorted({path.parent for path in known}) for file in _in(folder))
    more = [file for file in beside if file.suffix.lower() in suffixes and file not in known]
    return name_surplus(root, more, source)


def name_surplus(root: Path, files: Sequence[Path], source: str = "list") -> tuple[str, ...]:
    """Return the notice of files that nothing lists; none when there are none."""
    if not files:
        return ()
    named = ", ".join(file.relative_to(root).as_posix() for file in files[:MOST_NAMED])
    rest = f" and {len(files) - MOST_NAMED} more" if len(files) > MOST_NAMED else ""
    return (f"surplus: no {source} names {named}{rest}",)


def part_notices(samples: Sequence[Sample]) -> tuple[str, ...]:
    """Return notices of a bad split: a part without a class, or a subject in two parts."""
    notices = [
        f"empty: the part {split} has no {'bona fide' if bona_fide else 'attack'} item"
        for split in Split
        for bona_fide in (True, False)
        if not any(s.split is split and s.is_bona_fide == bona_fide for s in samples)
    ]
    return (*notices, *shared_notices(samples))


def split_by_subject(subject: str) -> Split:
    """Return the part of a subject in data without a split; it never changes.

    A hash of the subject's name decides: about 60 % of the subjects are train, 20 % dev and
    20 % test. No subject is in two parts, and further subjects change nothing.

    Example:
        >>> [str(split_by_subject(name)) for name in ("anna", "fred", "ida")]
        ['train', 'test', 'dev']
    """
    share = int.from_bytes(sha256(subject.encode()).digest()[:8], "big") / 2.0**64
    if share < TRAIN_SHARE:
        return Split.TRAIN
    return Split.DEV if share < TRAIN_SHARE + DEV_SHARE else Split.TEST


def _in(folder: Path) -> list[Path]:
    if not folder.is_dir():  # listed, but missing with all that was in it
        return []
    return sorted(file for file in folder.iterdir() if not file.name.startswith("."))
