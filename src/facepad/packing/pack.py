"""Packs a dataset: decodes it into shards in several processes, then merges them.

The output gets its name when it is whole and on the disk. Until then all work lies in a
folder beside it, from which a later run goes on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from facepad.errors import DatasetError, SettingsError
from facepad.hdf5.pool import Piece, in_processes, pieces
from facepad.packed.address import SUFFIXES, file_of
from facepad.packed.checksums import Digest
from facepad.packed.layout import About
from facepad.packed.reader import PackedFile, library
from facepad.packed.writer import Compressed, Writer, sync_folder
from facepad.packing.options import PackOptions, fingerprint
from facepad.packing.shards import MERGED, WorkFolder, told_writing, write_dead, write_shard
from facepad.sources import is_clip
from facepad.types import Sample

# How many samples a kill may cost, whatever the number of processes; clips take longer.
SHARD, SHARD_OF_CLIPS = 128, 8

Advance = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Source:
    """What is packed.

    Attributes:
        name: Of the listing.
        samples: All of them, in order.
        protocol: Of the listing; "" when it has only one.
        notices: What the listing says of this copy.
        header: The listing's words on layout, reference and licence.
    """

    name: str
    samples: tuple[Sample, ...]
    protocol: str = ""
    notices: tuple[str, ...] = ()
    header: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came out.

    Attributes:
        about: What the packed file tells of itself.
        skipped: Why each sample that is missing could not be read.
    """

    about: About
    skipped: tuple[str, ...]


class Packing:
    """One run of packing, to be used in a ``with`` statement.

    Attributes:
        done: Samples that an earlier run has decoded.

    Args:
        source: What is packed.
        options: How.
        out: The packed file; ends in ".h5" or ".hdf5".
        resume: Whether to go on where an earlier run was ended.
        force: Whether to begin again, and to overwrite.

    Raises:
        SettingsError: The output or work on it is there and neither ``resume`` nor ``force``,
            its name or folder cannot be used, or h5py is not installed.
        DatasetError: The listing is empty, a listed file is missing, or what is there
            belongs to other data or options.
    """

    def __init__(
        self,
        source: Source,
        options: PackOptions,
        out: Path,
        *,
        resume: bool = False,
        force: bool = False,
    ) -> None:
        library()
        _check_out(out, source.samples, may_be_there=resume or force)
        self._source, self._options, self._out = source, options, out
        self._order = fingerprint(source.name, source.samples, options)
        self._work = WorkFolder(out)
        self._whole = resume and not force and out.exists()
        if self._whole:
            self._check_whole()
            self.done = len(source.samples)
            return
        self._work.claim(self._words(), resume=resume, force=force)
        self._work.tidy()
        self.done = sum(stop - start for start, stop, _ in self._work.shards())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._work.release()

    def decode(self, workers: int, advance: Advance = lambda: None) -> None:
        """Decode all that is missing into shards.

        Args:
            workers: Processes; 0 to decode in this one.
            advance: Called once per sample.

        Raises:
            DatasetError: A shard cannot be written.
        """
        if self._whole:
            return
        samples, at = self._source.samples, 0
        todo: list[Piece] = []
        clips = any(is_clip(sample.path) for sample in samples)
        length = max(1, (SHARD_OF_CLIPS if clips else SHARD) // max(1, workers))
        for start, stop, _ in (*self._work.shards(), (len(samples), 0, None)):
            todo.extend(pieces(samples[at:start], length, at))
            at = stop
        write = partial(write_shard, folder=self._work.path, options=self._options)
        for piece, errors in in_processes(write, todo, workers):
            if errors is None:
                write_dead(piece, self._work.path, self._options)
            for _ in piece.samples:
                advance()

    def merge(self, advance: Advance = lambda: None) -> Result:
        """Put the shards together, in order, under the output's name.

        Args:
            advance: Called once per sample.

        Raises:
            DatasetError: No sample could be read, or the file cannot be written.
        """
        if not self._whole:
            self._merge(advance)
        with PackedFile(self._out) as file:
            result = Result(file.about, tuple(error for _, _, error in file.skipped()))
        self._work.remove()
        return result

    def _merge(self, advance: Advance) -> None:
        part, digest = self._work.path / MERGED, Digest()
        with told_writing(self._out):
            with Writer(part, self._options.size) as writer:
                for start, stop, path in self._work.shards():
                    _copy(path, writer, digest)
                    for _ in range(start, stop):
                        advance()
                about = self._about(writer, digest)
                if about.bona_fide + about.attack == 0:
                    raise DatasetError(f"none of the {about.samples} samples could be read")
                writer.finish(about)
            part.replace(self._out)
            sync_folder(self._out.parent)

    def _about(self, writer: Writer, digest: Digest) -> About:
        bona_fide, attack, skipped = writer.counts()
        return About(
            dataset=self._source.name,
            protocol=self._source.protocol,
            store=self._options.store,
            size=self._options.size or (0, 0),
            frames=str(self._options.frames),
            samples=len(self._source.samples),
            bona_fide=bona_fide,
            attack=attack,
            skipped=skipped,
            digest=str(digest),
            order=self._order,
            notices=self._source.notices,
            header=self._source.header,
            made_by=f"facepad {version('facepad')}",
        )

    def _words(self) -> dict[str, str]:
        size = self._options.size
        return {
            "dataset": self._source.name,
            "protocol": self._source.protocol,
            "store": self._options.store,
            "size": "as they are" if size is None else f"{size[0]}x{size[1]}",
            "frames": str(self._options.frames),
            "listing or files": self._order,
        }

    def _check_whole(self) -> None:
        with PackedFile(self._out) as file:
            if file.about.order != self._order:
                raise DatasetError(
                    f"{self._out} is finished, but of other data or options; --force packs anew"
                )


def _copy(shard: Path, writer: Writer, digest: Digest) -> None:
    with PackedFile(shard) as file:
        for group, number, row in file.in_order():
            if file.about.store == "pixels":
                writer.add(row, Compressed(*file.compressed(group, number)))
            else:
                writer.add(row, file.stored(group, number))
            digest.add(row)
        for sample, key, error in file.skipped():
            writer.skip(sample, key, error)


def _check_out(out: Path, samples: tuple[Sample, ...], *, may_be_there: bool) -> None:
    if out.suffix not in SUFFIXES:
        raise SettingsError(f"the output must end in {' or '.join(SUFFIXES)}, got {out}")
    if not out.parent.is_dir():
        raise SettingsError(f"{out.parent} is not a folder; the output goes into one")
    if not samples:
        raise DatasetError("the listing has no samples; there is nothing to pack")
    if not out.exists():
        return
    if not may_be_there:
        raise SettingsError(f"{out} is there already; --force packs anew and overwrites it")
    if any(file_of(sample.path).resolve() == out.resolve() for sample in samples):
        raise SettingsError(f"{out} is part of the dataset; name another output")
