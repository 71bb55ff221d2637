"""A packed file: any dataset that `facepad dataset pack` put into one HDF5 file.

Layout:     <root> is the file, or a folder that holds ``dataset.h5``; in it /bona_fide and
            /attack with one row a picture, in arrays ``images``, ``key``, ``subject``,
            ``split``, ``species`` and so on
Reference:  that of the dataset that was packed, kept in the file's attribute ``header``
Licence:    that of the dataset that was packed
Apply to:   those whose dataset was packed
Checked:    on made-up data, and on a packed copy of NUAA
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from facepad.errors import DatasetError
from facepad.packed.address import Address
from facepad.packed.checksums import Digest
from facepad.packed.layout import About, Row
from facepad.packed.reader import PackedFile
from facepad.types import Sample, Split

FILE = "dataset.h5"
MOST_NAMED = 3  # skipped samples that a notice names


@dataclass(frozen=True, slots=True)
class Packed:
    """Lists what a packed file holds, as the dataset that was packed listed it.

    Keys are those of that dataset behind "packed/"; paths are addresses such as
    ``nuaa.h5#attack/17``, which `facepad.sources` reads. A clip is
    one sample, whose address names the rows of its frames. Reads a block of rows at a time,
    whatever the size of the file.

    Attributes:
        root: The packed file, or the folder that holds ``dataset.h5``.
    """

    root: Path
    name = "packed"

    @property
    def file(self) -> Path:
        """The packed file."""
        return self.root / FILE if self.root.is_dir() else self.root

    def samples(self) -> Iterator[Sample]:
        """Yield every sample that could be read, in the order of the listing.

        Raises:
            DatasetError: The file is missing, cut off, damaged or no packed file.
            SettingsError: h5py is not installed.
        """
        with PackedFile(self.file) as file:
            for _, rows in groupby(file.in_order(), key=lambda numbered: numbered[2].sample):
                yield self._sample(list(rows))

    def notices(self) -> tuple[str, ...]:
        """Return what a reader of results should know: where it comes from and what is missing.

        Raises:
            DatasetError: As `samples`.
        """
        with PackedFile(self.file) as file:
            about, skipped = file.about, file.skipped()
        named = "; ".join(error for _, _, error in skipped[:MOST_NAMED])
        more = f"; and {len(skipped) - MOST_NAMED} more" if len(skipped) > MOST_NAMED else ""
        return (
            _origin(about),
            *about.notices,
            *((f"skipped: {len(skipped)} of {about.samples}: {named}{more}",) if skipped else ()),
        )

    def about(self) -> About:
        """Return what the file says of itself.

        Raises:
            DatasetError: As `samples`.
        """
        with PackedFile(self.file) as file:
            return file.about

    def problems(self) -> tuple[str, ...]:
        """Return what is wrong with the file as a whole; empty if every byte is as written.

        Raises:
            DatasetError: As `samples`.
        """
        with PackedFile(self.file) as file:
            file.verify()
            digest = str(Digest(row for _, _, row in file.in_order()))
            if digest != file.about.digest:
                return (f"{self.file}: its rows have digest {digest}, not {file.about.digest}",)
        return ()

    def _sample(self, rows: list[tuple[str, int, Row]]) -> Sample:
        (group, first, row), (_, last, _) = rows[0], rows[-1]
        if row.split not in set(Split):
            raise DatasetError(f"{self.file}: {group}/{first} has split {row.split!r}")
        return Sample(
            key=f"{self.name}/{row.key.removeprefix(f'{self.name}/')}",
            path=str(Address(self.file, group, first, last)),
            subject=row.subject,
            split=Split(row.split),
            pai_species=row.species or None,
            session=row.session or None,
            frame=None if row.of_clip or row.frame < 0 else row.frame,
            attributes=row.attributes,
        )


def _origin(about: About) -> str:
    size = "" if about.store == "encoded" else f" {about.size[0]}x{about.size[1]}"
    protocol = f", protocol {about.protocol}" if about.protocol else ""
    return (
        f"packed: {about.dataset}{protocol} by {about.made_by}, store {about.store}{size}, "
        f"frames {about.frames}, digest {about.digest}"
    )
