"""Packs datasets for tests, in this process unless told otherwise."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from facepad.hdf5.pool import Piece
from facepad.packing import Packing, PackOptions, Result, Source
from facepad.testing.made_up import made_up_picture
from facepad.types import Sample, Split

ENCODED = PackOptions()


def pack(
    samples: Sequence[Sample],
    out: Path,
    options: PackOptions = ENCODED,
    *,
    workers: int = 0,
    resume: bool = False,
    force: bool = False,
) -> Result:
    """Pack samples from beginning to end."""
    source = Source("made_up", tuple(samples))
    with Packing(source, options, out, resume=resume, force=force) as packing:
        packing.decode(workers)
        return packing.merge()


def pictures(folder: Path, count: int, size: tuple[int, int] = (48, 32)) -> list[Sample]:
    """Made-up pictures of three people, bona fide and attacks in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number in range(count):
        path = folder / f"{number}.jpg"
        picture = made_up_picture(size=size, seed=number % 3, attack=number % 2 == 1, moved=number)
        Image.fromarray(picture).save(path, quality=90)
        sample = Sample(
            f"made_up/{number}",
            str(path),
            subject=f"{number % 3}",
            split=list(Split)[number % 3],
            pai_species="print" if number % 2 else None,
            session=f"{number % 2}" if number % 3 else None,
            attributes={"light": "ä \\ \n"} if number % 4 == 0 else {},
        )
        found.append(sample)
    return found


def originals(samples: Sequence[Sample], packed: Sequence[Sample]) -> list[Sample]:
    """Packed samples with the keys and paths of the samples that they were packed from."""
    both = zip(samples, packed, strict=True)
    return [
        replace(p, key=p.key.removeprefix("packed/"), path=s.path, attributes=dict(p.attributes))
        for s, p in both
    ]


def flipped(path: Path, position: int) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[position] ^= 1 << position % 8
    path.write_bytes(data)


def keys(piece: Piece) -> list[str]:
    """Work for processes: the keys of a piece; one sample takes its process down."""
    if any(sample.subject == "deadly" for sample in piece.samples):
        os._exit(9)
    if any(sample.subject == "wrong" for sample in piece.samples):
        raise ValueError("a fault in the work")
    return [sample.key for sample in piece.samples]
