"""Sources of a simulation: bona fide pictures and clips with their subjects, backgrounds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from facepad.datasets import PICTURE_SUFFIXES, VIDEO_SUFFIXES, split_by_subject
from facepad.errors import DatasetError, InputError
from facepad.jobs.csv_rows import path_of_cell, read_csv
from facepad.media.frame_selection import FrameSelection
from facepad.media.video import chosen_numbers
from facepad.types import Sample, Split

FRAMES = 5  # of each clip
MANIFEST = "manifest.csv"
_PERSON = ("identity", "subject")  # columns of a manifest that name the person
_KEPT = ("licence", "set")  # columns that go on to the output


def bona_fide(folders: Sequence[Path], frames: int = FRAMES) -> tuple[Sample, ...]:
    """List bona fide pictures and frames of clips, sorted by path.

    The person comes from ``manifest.csv`` (columns ``path`` and ``identity`` or ``subject``)
    in the folder or the one that holds it; else from the subfolder that holds the picture;
    else from the file's name up to the first "_". A hash of the person's name decides the
    part (`facepad.datasets.split_by_subject`), so nobody is in two parts.

    Args:
        folders: Where to look, with their subfolders; their names must differ.
        frames: Number of evenly spaced frames of each clip; a frame's key ends in "#" and its
            number. 0: clips as they are.

    Raises:
        DatasetError: A folder is missing, two have one name, there is nothing in it, or a
            manifest cannot be read.
    """
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        raise DatasetError(f"folders of bona fide pictures need different names, got {names}")
    samples: list[Sample] = []
    for folder, name in zip(folders, names, strict=True):
        known = _manifest(folder)
        for path in _files(folder, (*PICTURE_SUFFIXES, *VIDEO_SUFFIXES)):
            relative = path.relative_to(folder).as_posix()
            key = relative if len(folders) == 1 else f"{name}/{relative}"
            sample = _sample(path, relative, key, known.get(relative, {}))
            is_clip = frames and path.suffix.lower() in VIDEO_SUFFIXES
            samples += _frames(sample, frames) if is_clip else [sample]
    return tuple(samples)


def backgrounds(folder: Path) -> tuple[Sample, ...]:
    """List background pictures; a hash of the name decides the part, as for people.

    Raises:
        DatasetError: The folder is missing or holds no picture.
    """
    names = [
        (path, path.relative_to(folder).as_posix()) for path in _files(folder, PICTURE_SUFFIXES)
    ]
    return tuple(Sample(name, str(path), name, split_by_subject(name)) for path, name in names)


def digest(path: str | Path) -> str:
    """Return a hash of a file's content.

    Raises:
        DatasetError: It cannot be read.
    """
    try:
        return sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error


def of_part(samples: Sequence[Sample], part: Split) -> tuple[Sample, ...]:
    """Return the samples of one part."""
    return tuple(sample for sample in samples if sample.split is part)


def _sample(path: Path, relative: str, key: str, row: Mapping[str, str]) -> Sample:
    folder = Path(relative).parent.as_posix()
    by_name = path.stem.partition("_")[0] if folder == "." else folder
    subject = next((row[column] for column in _PERSON if row.get(column)), by_name)
    kept = {name: row[name] for name in _KEPT if row.get(name)}
    return Sample(key, str(path), subject, split_by_subject(subject), attributes=kept)


def _frames(clip: Sample, count: int) -> Iterator[Sample]:
    """Yield one sample per frame; a clip that cannot be read gives an error when it is used."""
    try:
        numbers = chosen_numbers(clip.path, FrameSelection("even", count))
    except InputError:
        numbers = (0,)
    for number in numbers:
        yield replace(clip, key=f"{clip.key}#{number}", frame=number)


def _files(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder; it must hold pictures")
    paths = sorted(
        (path for path in folder.rglob("*") if _is_one(path.relative_to(folder), suffixes)),
        key=lambda path: path.relative_to(folder).as_posix(),
    )
    if not paths:
        raise DatasetError(f"{folder} holds no picture ({', '.join(suffixes)})")
    return paths


def _is_one(relative: Path, suffixes: Sequence[str]) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return relative.suffix.lower() in suffixes and not hidden


def _manifest(folder: Path) -> dict[str, dict[str, str]]:
    """Return rows by path relative to the folder; none without a manifest."""
    for home, start in ((folder, ""), (folder.resolve().parent, f"{folder.resolve().name}/")):
        file = home / MANIFEST
        if file.is_file():
            rows = {path_of_cell(home, row["path"]): row for row in _rows(file)}
            return {
                path.removeprefix(start): row
                for path, row in rows.items()
                if path.startswith(start)
            }
    return {}


def _rows(file: Path) -> list[dict[str, str]]:
    table = read_csv(file, fill=True, may_be_empty=True)
    if table.cells and ("path" not in table.columns or not set(_PERSON) & set(table.columns)):
        raise DatasetError(
            f"{file}: expected the columns path and {' or '.join(_PERSON)}, "
            f"got {', '.join(table.columns)}"
        )
    return [row for _, row in table.rows()]
