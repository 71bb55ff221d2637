"""A packed file of the plain folder's miniature: stills and a clip of each person."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from facepad.datasets.folder import Folder
from facepad.datasets.packed import FILE
from facepad.packing import Packing, PackOptions, Source


def write_packed(root: Path, write_folder: Callable[[Path], None]) -> None:
    """Pack a miniature into ``dataset.h5``.

    Args:
        root: Where to write.
        write_folder: Writes the miniature of the plain folder.
    """
    with TemporaryDirectory() as source:
        write_folder(Path(source))
        samples = tuple(Folder(Path(source)).samples())
        with Packing(Source(Folder.name, samples), PackOptions(), root / FILE) as packing:
            packing.decode(workers=0)
            packing.merge()
