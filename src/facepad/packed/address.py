"""How one picture of a packed file is named: ``file.h5#bona_fide/17``.

``file.h5#attack/20-29`` names ten rows, the frames of one clip.
"""

import re
from dataclasses import dataclass
from pathlib import Path

BONA_FIDE, ATTACK = "bona_fide", "attack"
GROUPS = (BONA_FIDE, ATTACK)
SUFFIXES = (".h5", ".hdf5")

# A path may have passed through a system that writes "\" for "/".
_ADDRESS = re.compile(
    r"(?P<file>.+\.(?:h5|hdf5))#(?P<group>bona_fide|attack)[/\\]"
    r"(?P<first>[0-9]{1,12})(?:-(?P<last>[0-9]{1,12}))?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Address:
    """Rows of one group of a packed file.

    Attributes:
        file: The packed file.
        group: "bona_fide" or "attack".
        first: Number of the first row, from 0.
        last: Number of the last row, which is included.
    """

    file: Path
    group: str
    first: int
    last: int

    def __str__(self) -> str:
        rows = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.file}#{self.group}/{rows}"


def parse(path: str | Path) -> Address | None:
    """Return the address that a path stands for; None for the path of a plain file.

    Example:
        >>> parse("nuaa.h5#attack/20-29")
        Address(file=PosixPath('nuaa.h5'), group='attack', first=20, last=29)
        >>> parse("nuaa.h5") is None
        True
    """
    match = _ADDRESS.fullmatch(str(path))
    if match is None:
        return None
    first = int(match["first"])
    return Address(Path(match["file"]), match["group"], first, int(match["last"] or first))


def file_of(path: str | Path) -> Path:
    """Return the file that holds what a path or an address stands for.

    Example:
        >>> str(file_of("nuaa.h5#attack/20-29")), str(file_of("a.jpg"))
        ('nuaa.h5', 'a.jpg')
    """
    address = parse(path)
    return Path(path) if address is None else address.file
