"""The pictures that a simulation starts from: bona fide ones with their people, backgrounds."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from facepad.datasets import PICTURE_SUFFIXES, split_by_subject
from facepad.errors import DatasetError
from facepad.types import Sample, Split

MANIFEST = "manifest.csv"
_PERSON = ("identity", "subject")  # columns of a manifest that name the person
_KEPT = ("licence", "set")  # columns that go on to the output


def bona_fide(folders: Sequence[Path]) -> tuple[Sample, ...]:
    """List bona fide pictures, sorted by path.

    The person comes from ``manifest.csv`` (columns ``path`` and ``identity`` or ``subject``)
    in the folder or the one that holds it; else from the subfolder that holds the picture;
    else from the file's name up to the first "_". A hash of the person's name decides the
    part (`facepad.datasets.split_by_subject`), so nobody is in two parts.

    Args:
        folders: Where to look, with their subfolders; their names must differ.

    Raises:
        DatasetError: A folder is missing, two have one name, there is no picture, or a
            manifest cannot be read.
    """
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        raise DatasetError(f"folders of bona fide pictures need different names, got {names}")
    found = []
    for folder, name in zip(folders, names, strict=True):
        known = _manifest(folder)
        for path in _pictures(folder):
            relative = path.relative_to(folder).as_posix()
            key = relative if len(folders) == 1 else f"{name}/{relative}"
            found.append(_sample(path, relative, key, known.get(relative, {})))
    return tuple(found)


def backgrounds(folder: Path) -> tuple[Sample, ...]:
    """List background pictures; a hash of the name decides the part, as for people.

    Raises:
        DatasetError: The folder is missing or holds no picture.
    """
    names = [(path, path.relative_to(folder).as_posix()) for path in _pictures(folder)]
    return tuple(Sample(name, str(path), name, split_by_subject(name)) for path, name in names)


def of_part(samples: Sequence[Sample], part: Split) -> tuple[Sample, ...]:
    """The samples of one part."""
    return tuple(sample for sample in samples if sample.split is part)


def _sample(path: Path, relative: str, key: str, row: Mapping[str, str]) -> Sample:
    folder = Path(relative).parent.as_posix()
    by_name = path.stem.partition("_")[0] if folder == "." else folder
    subject = next((row[one] for one in _PERSON if row.get(one)), by_name)
    kept = {name: row[name] for name in _KEPT if row.get(name)}
    return Sample(key, str(path), subject, split_by_subject(subject), attributes=kept)


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; it must hold pictures")
    found = sorted(
        (path for path in folder.rglob("*") if _is_picture(path.relative_to(folder))),
        key=lambda path: path.relative_to(folder).as_posix(),
    )
    if not found:
        raise DatasetError(f"{folder} holds no picture ({', '.join(PICTURE_SUFFIXES)})")
    return found


def _is_picture(relative: Path) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return relative.suffix.lower() in PICTURE_SUFFIXES and not hidden


def _manifest(folder: Path) -> dict[str, dict[str, str]]:
    """Rows by path relative to the folder; none without a manifest."""
    for home, start in ((folder, ""), (folder.resolve().parent, f"{folder.resolve().name}/")):
        file = home / MANIFEST
        if file.is_file():
            rows = _rows(file)
            return {
                row["path"].removeprefix(start): row
                for row in rows
                if row["path"].startswith(start)
            }
    return {}


def _rows(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream, strict=True, restval=""))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{file} cannot be read as a manifest: {error}") from error
    if rows and ("path" not in rows[0] or not any(one in rows[0] for one in _PERSON)):
        raise DatasetError(
            f"{file} must have the columns path and {' or '.join(_PERSON)}, "
            f"got {', '.join(str(name) for name in rows[0])}"
        )
    return rows
