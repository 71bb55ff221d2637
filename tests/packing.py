"""Packs datasets for tests, in this process unless told otherwise."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from facepad.packing.pack import Packing, PackResult, PackSource
from facepad.packing.rows import PackOptions
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
) -> PackResult:
    """Pack samples from beginning to end."""
    source = PackSource("made_up", tuple(samples))
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
