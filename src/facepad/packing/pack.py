"""Pack a dataset: decode it into shards in several processes, then merge them.

The output gets its name when it is whole and on the disk. Until then all work is in a folder
beside it, which a later run resumes. A shard holds the samples that its name says
(``000000128-000000192.h5``); it gets that name when it is whole and on the disk.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

from facepad.errors import DatasetError, InputError, SettingsError
from facepad.jobs.files import replaced_file
from facepad.jobs.processes import Chunk, ProcessPool, chunks, sendable
from facepad.jobs.progress import Advance, ignore
from facepad.jobs.work_folder import HoldsWork, WorkFolder
from facepad.media.limits import VideoLimits
from facepad.packed.address import SUFFIXES, file_of
from facepad.packed.checksums import Digest
from facepad.packed.layout import About
from facepad.packed.pictures import PackedFiles
from facepad.packed.reader import PackedFile, library
from facepad.packed.writer import Compressed, Writer
from facepad.packing.rows import DIED, PackOptions, pictures_of
from facepad.sources import is_clip
from facepad.types import Sample

# How many samples a kill may cost, whatever the number of processes; clips take longer.
SHARD, SHARD_OF_CLIPS = 128, 8
MERGED = "merged.tmp"
_SHARD = re.compile(r"(?P<start>[0-9]{9})-(?P<stop>[0-9]{9})\.h5")
_PARTS = re.compile(rf"{_SHARD.pattern}|{re.escape(MERGED)}")


@dataclass(frozen=True, slots=True)
class PackSource:
    """What is packed.

    Attributes:
        name: Name of the listing.
        samples: All samples, in order.
        protocol: Protocol of the listing; "" when it has only one.
        notices: Notices of the listing on this copy.
        header: Layout, reference and licence, from the listing.
    """

    name: str
    samples: tuple[Sample, ...]
    protocol: str = ""
    notices: tuple[str, ...] = ()
    header: str = ""


@dataclass(frozen=True, slots=True)
class PackResult:
    """The packed file.

    Attributes:
        about: Metadata of the file.
        skipped: Why each sample that is missing could not be read.
    """

    about: About
    skipped: tuple[str, ...]


class Packing(HoldsWork):
    """One run of packing, to be used in a ``with`` statement.

    Attributes:
        done: Samples that an earlier run has decoded.
        note: A sentence for the user when the work cannot be locked; else "".

    Args:
        source: What is packed.
        options: How.
        out: The packed file; ends in ".h5" or ".hdf5".
        resume: Whether to resume an interrupted run.
        force: Whether to overwrite what an earlier run made.

    Raises:
        SettingsError: The output or work on it is there and neither ``resume`` nor ``force``,
            the work was begun with other data or options, the output's name or folder cannot
            be used, or h5py is not installed.
        DatasetError: The listing is empty, a listed file is missing, or the output that is
            there belongs to other data or options.
    """

    def __init__(
        self,
        source: PackSource,
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
        self._work = WorkFolder(out.with_name(f"{out.name}.parts"), _PARTS)
        self.note = ""
        self._whole = resume and not force and out.exists()
        if self._whole:
            self._check_whole()
            self.done = len(source.samples)
            return
        self._work.claim(self._facts(), resume=resume, force=force)
        self.note = self._work.note
        _tidy(self._work)
        self.done = sum(stop - start for start, stop, _ in _shards(self._work))

    def decode(self, workers: int, advance: Advance = ignore) -> None:
        """Decode all that is missing into shards.

        Args:
            workers: Processes; 0 to decode in this one.
            advance: Called once per sample.

        Raises:
            DatasetError: A shard cannot be written.
        """
        if self._whole:
            return
        folder, options = self._work.path, self._options
        write = partial(write_shard, folder=folder, options=options)
        failed = partial(write_failed, folder=folder, options=options)
        with ProcessPool(write, workers) as pool:
            for chunk, _ in pool.map_chunks(self._missing(workers), died=failed):
                for _ in chunk.items:
                    advance()

    def merge(self, advance: Advance = ignore) -> PackResult:
        """Put the shards together, in order, under the output's name.

        Args:
            advance: Called once per sample.

        Raises:
            DatasetError: No sample could be read, or the file cannot be written.
        """
        if not self._whole:
            self._merge(advance)
        with PackedFile(self._out) as file:
            result = PackResult(file.about, tuple(error for _, _, error in file.skipped()))
        self._work.remove()
        return result

    def _missing(self, workers: int) -> list[Chunk[Sample]]:
        samples, at = self._source.samples, 0
        clips = any(is_clip(sample.path) for sample in samples)
        length = max(1, (SHARD_OF_CLIPS if clips else SHARD) // max(1, workers))
        missing: list[Chunk[Sample]] = []
        for start, stop in (*((a, b) for a, b, _ in _shards(self._work)), (len(samples), 0)):
            missing.extend(chunks([sendable(s) for s in samples[at:start]], length, at))
            at = stop
        return missing

    def _merge(self, advance: Advance) -> None:
        digest, merged = Digest(), self._work.path / MERGED
        with (
            replaced_file(self._out, part=merged, durable=True) as part,
            Writer(part, self._options.size) as writer,
        ):
            for start, stop, path in _shards(self._work):
                _copy(path, writer, digest)
                for _ in range(start, stop):
                    advance()
            about = self._about(writer, digest)
            if about.bona_fide + about.attack == 0:
                raise DatasetError(f"none of the {about.samples} samples could be read")
            writer.finish(about)

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

    def _facts(self) -> dict[str, str]:
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
                    f"{self._out} is finished, but of other data or options; --force overwrites it"
                )


def fingerprint(name: str, samples: tuple[Sample, ...], options: PackOptions) -> str:
    """Return a SHA-256 over everything that decides what a packed file will hold.

    Of each file its size and its time of change stand for its content; its place does not
    matter.

    Raises:
        DatasetError: A listed file is missing.
    """
    digest = sha256(_line(name, options.store, options.size, str(options.frames)))
    for s in samples:
        labels = (s.subject, s.split, s.pai_species, s.session, s.frame, dict(s.attributes))
        digest.update(_line(s.key, *labels, *_file_version(file_of(s.path))))
    return digest.hexdigest()


def write_shard(chunk: Chunk[Sample], folder: Path, options: PackOptions) -> None:
    """Decode the samples of a chunk into a finished shard; runs in a worker process.

    Raises:
        DatasetError: The shard cannot be written, or a packed source is damaged.
    """
    limits, files = VideoLimits.from_settings(), PackedFiles()
    with _new_shard(chunk, folder, options) as writer:
        for number, sample in enumerate(chunk.items, start=chunk.start):
            try:
                for picture in pictures_of(number, sample, options, limits, files):
                    writer.add(picture.row, picture.image)
            except InputError as error:
                writer.skip(number, sample.key, str(error))


def write_failed(chunk: Chunk[Sample], folder: Path, options: PackOptions) -> None:
    """Write the shard of a single sample whose process died."""
    (sample,) = chunk.items
    with _new_shard(chunk, folder, options) as writer:
        writer.skip(chunk.start, sample.key, f"{sample.path}: {DIED}")


@contextmanager
def _new_shard(chunk: Chunk[Sample], folder: Path, options: PackOptions) -> Iterator[Writer]:
    path = folder / f"{chunk.start:09d}-{chunk.stop:09d}.h5"
    with replaced_file(path, durable=True) as part, Writer(part, options.size) as writer:
        yield writer
        bona_fide, attack, skipped = writer.counts()
        writer.finish(
            About(
                dataset="",
                protocol="",
                store=options.store,
                size=options.size or (0, 0),
                frames=str(options.frames),
                samples=len(chunk.items),
                bona_fide=bona_fide,
                attack=attack,
                skipped=skipped,
                digest="",
            )
        )


def _shards(work: WorkFolder) -> list[tuple[int, int, Path]]:
    """Return start, stop and file of every shard, in order."""
    named = ((_SHARD.fullmatch(path.name), path) for path in sorted(work.path.iterdir()))
    return [(int(match["start"]), int(match["stop"]), path) for match, path in named if match]


def _tidy(work: WorkFolder) -> None:
    """Delete unfinished parts of an interrupted run, and shards that are damaged."""
    reached = 0
    for path in sorted(work.path.iterdir()):
        match = _SHARD.fullmatch(path.name)
        if match and int(match["start"]) >= reached and _is_sound(path):
            reached = int(match["stop"])
        elif work.is_part(path):
            path.unlink()


def _is_sound(path: Path) -> bool:
    try:
        with PackedFile(path) as file:
            file.verify()
    except DatasetError:
        return False
    return True


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
        raise SettingsError(f"{out} is there already; --force overwrites it")
    if any(file_of(sample.path).resolve() == out.resolve() for sample in samples):
        raise SettingsError(f"{out} is part of the dataset; name another output")


def _line(*values: object) -> bytes:
    return f"{json.dumps(values)}\n".encode()


def _file_version(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} is listed but cannot be read: {error}") from error
    return status.st_size, status.st_mtime_ns
