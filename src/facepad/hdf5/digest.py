"""One number for what a packed file holds, however it was packed."""

import json
from collections.abc import Iterable
from hashlib import sha256

from facepad.media.packed.layout import Row


class Digest:
    """SHA-256 over keys, labels and pixels, row after row in the order of the listing.

    It is the same for any number of processes, after any interruption, and for store
    "pixels" of the same size as the pictures and store "encoded".
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._found = sha256()
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Take in the next row."""
        labels = (row.key, row.split, row.subject, row.species, row.session, row.frame)
        self._found.update(f"{json.dumps((*labels, row.pixels_sha256))}\n".encode())

    def __str__(self) -> str:
        return self._found.hexdigest()
