"""A plain folder of pictures and videos: one's own data without writing a listing.

Layout:     <root>/[PART/]bona_fide/[SUBJECT/]* and <root>/[PART/]attack/SPECIES/[SUBJECT/]*;
            PART is train, dev (or devel, val, validation) or test
Reference:  none
Licence:    that of the data
Apply to:   nobody
Checked:    on made-up data
"""

from collections.abc import Iterator, Mapping
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


@dataclass(frozen=True, slots=True)
class Folder:
    """Lists the pictures and videos below a folder; each file is one presentation.

    The subject is the first folder below the class. A file without one belongs to the
    subject named by its own name up to the first "_" ("anna_01.jpg" is anna). Without parts,
    a hash of the subject's name decides the part: `facepad.datasets.split_by_subject`.

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
        loose = sum(_folder_of_subject(self._below_part(Path(s.path))) is None for s in listed)
        if loose:
            yield (
                f"subjects: of {counted(loose, 'file')} by their names up to the first '_', as no "
                "folder names the subject"
            )

    def _sample(self, path: Path) -> Sample:
        below = self._below_part(path)
        if below[0] == ATTACK and len(below) < 3:
            raise DatasetError(f"{TITLE}: {path} must lie in a folder named by its species")
        if below[0] == ATTACK:
            self._check_species(path, below[1])
        subject = _folder_of_subject(below) or path.stem.partition("_")[0] or path.stem
        relative = path.relative_to(self.root)
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


def _folder_of_subject(below: tuple[str, ...]) -> str | None:
    folders = below[1:-1] if below[0] == BONA_FIDE else below[2:-1]
    return folders[0] if folders else None


def _hidden(relative: Path) -> bool:
    return any(part.startswith(".") for part in relative.parts)
