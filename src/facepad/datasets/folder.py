"""A plain folder of pictures and videos: one's own data without writing a listing.

Layout:     <root>/[PART/]bona_fide/[SUBJECT/]* and <root>/[PART/]attack/SPECIES/[SUBJECT/]*;
            PART is train, dev (or devel, val, validation) or test. A file outside a folder of a
            subject is named SUBJECT_*; names that cameras give (IMG_0001) name no subject
Reference:  none
Licence:    that of the data
Apply to:   nobody
Checked:    on made-up data
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from facepad.datasets import (
    PICTURE_SUFFIXES,
    VIDEO_SUFFIXES,
    check_root,
    name_surplus,
    part_notices,
    split_by_subject,
)
from facepad.errors import DatasetError, counted
from facepad.jobs.csv_rows import check_species
from facepad.types import Sample, Split

TITLE = "folder"
BONA_FIDE, ATTACK = "bona_fide", "attack"
PARTS: Mapping[str, Split] = MappingProxyType(
    {
        "train": Split.TRAIN,
        "dev": Split.DEV,
        "devel": Split.DEV,
        "val": Split.DEV,
        "validation": Split.DEV,
        "test": Split.TEST,
    }
)
SUFFIXES = (*PICTURE_SUFFIXES, *VIDEO_SUFFIXES)

# Beginnings of names that cameras, phones and programs give to files.
_NAMELESS = frozenset(
    {
        *("img", "imgp", "imag", "dsc", "dscf", "dscn", "mg", "mvi", "pxl", "vid", "cimg", "hpim"),
        *("gopr", "gh", "gx", "dji", "pict", "fb", "whatsapp", "signal", "mmexport", "inshot"),
        *("screenshot", "screen", "screencast", "snapchat", "received", "scan", "download"),
        *("image", "photo", "picture", "video", "selfie", "face", "frame", "still", "crop", "clip"),
        *("capture", "snapshot", "webcam", "camera", "file", "sample", "untitled", "unnamed"),
        *("bonafide", "bona", "real", "live", "genuine", "fake", "spoof", "attack"),
    }
)
_COUNTER = re.compile(
    r"_*(?:"
    r"p\d{7}|c\d{4}$|(?:sam|win|wp|mov|pic|cam|wa)[-_ ]?\d{4}"  # fewer digits: people
    r"|\d+$|(?:19|20)\d{6}[-_ t.]\d{4}|(?:19|20)\d\d-\d\d-\d\d"  # numbers and dates
    r"|[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{16,}$"  # random names
    r")",
    re.IGNORECASE,
)
_WORD = re.compile(r"_*([a-z]+)(?![a-z])", re.IGNORECASE)
_CAMERA_FOLDER = re.compile(
    r"dcim|\d{3}(?!\d+$)\w{5}|(?:camera|camera roll|images|pictures|photos|videos|frames|stills)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Folder:
    """Lists the pictures and videos below a folder; each file is one presentation.

    The subject is the first folder below the class. A file without one belongs to the
    subject named by its own name up to the first "_" ("anna_01.jpg" is anna). The names of
    cameras (folder "DCIM", file "IMG_0001.jpg") name nobody: such a file is a subject of its own.
    Without parts, a hash of the subject's name decides the part:
    `facepad.datasets.split_by_subject`.

    Attributes:
        root: Folder that holds ``bona_fide`` and ``attack``, or parts that hold these.
    """

    root: Path
    name = "folder"

    def samples(self) -> Iterator[Sample]:
        """Yield every picture and video, sorted by path.

        Hidden files and folders are left out. ``attributes`` is empty.

        Raises:
            DatasetError: The folder is missing, holds neither parts nor classes or both,
                no picture of any kind, or a file of an attack without a species.
        """
        for path in self._files():
            if path.suffix.lower() in SUFFIXES:
                yield self._sample(path)

    def notices(self) -> tuple[str, ...]:
        """Return what a reader of results should know: how it was split, and surplus files.

        Raises:
            DatasetError: As `samples`.
        """
        listed = list(self.samples())
        others = [path for path in self._files() if path.suffix.lower() not in SUFFIXES]
        return (
            *part_notices(listed),
            *self._rules(listed),
            *name_surplus(self.root, others, "kind of picture or video"),
        )

    def _rules(self, listed: list[Sample]) -> Iterator[str]:
        people = counted(len({sample.subject for sample in listed}), "subject")
        if not self._parts():
            yield f"split: by a hash of the subject's name, without parts; {people}"
        places = [_folders_and_name(self._below_part(Path(sample.path))) for sample in listed]
        yield from subject_notices(places)
        if not self._parts() and any(subject_of(*place) is None for place in places):
            yield (
                "shared: files that name nobody are split one by one, so that parts may have "
                "people in common; use folders train, dev and test"
            )

    def _sample(self, path: Path) -> Sample:
        below = self._below_part(path)
        if below[0] == ATTACK and len(below) < 3:
            raise DatasetError(f"{TITLE}: {path} must lie in a folder named by its species")
        if below[0] == ATTACK:
            self._check_species(path, below[1])
        relative = path.relative_to(self.root)
        subject = subject_of(*_folders_and_name(below)) or relative.as_posix()
        given = self._parts().get(relative.parts[0])
        return Sample(
            key=f"{self.name}/{relative.as_posix()}",  # with the suffix: 1.jpg is not 1.png
            path=str(path),
            subject=subject,
            split=split_by_subject(subject) if given is None else given,
            pai_species=None if below[0] == BONA_FIDE else below[1],
        )

    def _check_species(self, path: Path, species: str) -> None:
        try:
            check_species(species)
        except DatasetError:
            raise DatasetError(
                f"{TITLE}: {path} is in {ATTACK}/{species}/, but {species!r} means bona fide; "
                f"folders in {ATTACK}/ are named by the kind of attack, such as print"
            ) from None

    def _below_part(self, path: Path) -> tuple[str, ...]:
        """Return class, species and so on, down to the file's name."""
        parts = path.relative_to(self.root).parts
        return parts[1:] if parts[0] in self._parts() else parts

    def _parts(self) -> dict[str, Split]:
        return {name: split for name, split in PARTS.items() if (self.root / name).is_dir()}

    def _files(self) -> list[Path]:
        """Return every visible file of a class, sorted by path."""
        paths = [path for folder in self._classes() for path in folder.rglob("*")]
        visible = [p for p in paths if p.is_file() and not _hidden(p.relative_to(self.root))]
        if not any(path.suffix.lower() in SUFFIXES for path in visible):
            raise DatasetError(f"{TITLE}: {self.root} holds no picture or video of any class")
        return sorted(visible)

    def _classes(self) -> list[Path]:
        check_root(TITLE, self.root, f"{BONA_FIDE}/ and {ATTACK}/SPECIES/")
        parts = [self.root / name for name in self._parts()]
        plain = _classes_in(self.root)
        if parts and plain:
            raise DatasetError(
                f"{TITLE}: {self.root} holds both {plain[0].name}/ and {parts[0].name}/; "
                "either all files lie in parts or none"
            )
        folders = plain or [folder for part in parts for folder in _classes_in(part)]
        if not folders:
            raise DatasetError(
                f"{TITLE}: {self.root} must hold {BONA_FIDE}/ and {ATTACK}/SPECIES/, at once or "
                f"in train/, dev/ and test/"
            )
        return folders


def _classes_in(folder: Path) -> list[Path]:
    return [folder / name for name in (BONA_FIDE, ATTACK) if (folder / name).is_dir()]


def subject_of(folders: Sequence[str], name: str) -> str | None:
    """Return the person whom a file shows, by its place and name; None if these name nobody.

    Args:
        folders: Names of the folders between the class and the file.
        name: Name of the file.

    Example:
        >>> subject_of(["anna", "monday"], "IMG_0001.jpg"), subject_of([], "anna_01.jpg")
        ('anna', 'anna')
        >>> subject_of(["DCIM", "100APPLE"], "IMG_0001.jpg")
    """
    stem, word = Path(name).stem, _WORD.match(name)
    for folder in folders:
        if not _CAMERA_FOLDER.match(folder):
            return folder
    if _COUNTER.match(stem) or (word is not None and word[1].lower() in _NAMELESS):
        return None
    return stem.partition("_")[0] or stem


def subject_notices(places: Sequence[tuple[Sequence[str], str]]) -> Iterator[str]:
    """Yield what a reader should know of how subjects were found.

    Args:
        places: Of each file, what `subject_of` takes.
    """
    nameless = [name for folders, name in places if subject_of(folders, name) is None]
    loose = sum(all(map(_CAMERA_FOLDER.match, folders)) for folders, _ in places) - len(nameless)
    if loose:
        yield (
            f"subjects: of {counted(loose, 'file')} by their names up to the first '_', as no "
            "folder names the subject"
        )
    if nameless:
        yield (
            f"subjects: nobody is named by {counted(len(nameless), 'file')} such as {nameless[0]}, "
            "so that each counts as a subject of its own. Intervals then count files, not "
            "people, and are too narrow; put the files of each person into a folder"
        )


def _folders_and_name(below: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    return below[1:-1] if below[0] == BONA_FIDE else below[2:-1], below[-1]


def _hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)


@dataclass(frozen=True, slots=True)
class PlainFolders:
    """Lists the pictures and videos below folders as they come; all are of the test part.

    Subjects as `Folder` has them. A key begins with the name of the folder.

    Attributes:
        folders: The PAI species of each folder, None for bona fide; and the folder.
    """

    folders: tuple[tuple[str | None, Path], ...]
    name = "folders"

    def samples(self) -> Iterator[Sample]:
        """Yield every picture and video, folder by folder, sorted by path.

        Raises:
            DatasetError: A folder is missing or holds no picture or video, a file lies in two of
                the folders, or the species of an attack means bona fide.
        """
        listed: set[Path] = set()
        for (species, root), label in zip(self.folders, self._labels(), strict=True):
            self._check_species(species, root)
            files = [path for path in self._visible(root) if path.suffix.lower() in SUFFIXES]
            if not files:
                raise DatasetError(f"{root}: expected a picture or video in this folder, got none")
            for path in files:
                if (real := path.resolve()) in listed:
                    raise DatasetError(
                        f"{path} lies in two of the folders; name folders that do not overlap"
                    )
                listed.add(real)
                relative = path.relative_to(root)
                key = f"{label}/{relative.as_posix()}"
                subject = subject_of(relative.parts[:-1], path.name) or key
                yield Sample(key, str(path), subject, Split.TEST, species)

    def notices(self) -> tuple[str, ...]:
        """Return how subjects were found, and which files are of no known kind.

        Raises:
            DatasetError: As `samples`.
        """
        files = [(root, path) for _, root in self.folders for path in self._visible(root)]
        known = [(root, path) for root, path in files if path.suffix.lower() in SUFFIXES]
        others = [path for _, path in files if path.suffix.lower() not in SUFFIXES]
        places = [(path.relative_to(root).parts[:-1], path.name) for root, path in known]
        notices = list(subject_notices(places))
        if others:
            notices.append(
                f"skipped: {counted(len(others), 'file')} without the suffix of a picture or "
                f"video, such as {others[0].name}"
            )
        return tuple(notices)

    def _check_species(self, species: str | None, root: Path) -> None:
        try:
            check_species(species or "")
        except DatasetError:
            raise DatasetError(
                f"{root}: expected the kind of an attack, such as print, got {species!r}, which "
                "means bona fide; name the folder as one of bona fide"
            ) from None

    def _labels(self) -> list[str]:
        """Return the last part of each folder's path, with a number where another has it, too."""
        names = [root.resolve().name or self.name for _, root in self.folders]
        earlier = (names[:index].count(name) for index, name in enumerate(names))
        return [f"{n} {same + 1}" if same else n for n, same in zip(names, earlier, strict=True)]

    def _visible(self, root: Path) -> list[Path]:
        check_root(self.name, root, "pictures or videos")
        paths = root.rglob("*")
        return sorted(p for p in paths if p.is_file() and not _hidden(p.relative_to(root)))
