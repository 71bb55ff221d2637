"""The folder of work beside the output: finished shards, which a later run goes on from.

A shard holds the samples that its name tells (``000000128-000000192.h5``). It gets that
name when it is whole and on the disk.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from facepad.errors import DatasetError, InputError, SettingsError
from facepad.hdf5.pool import DIED, Piece
from facepad.media.limits import VideoLimits
from facepad.packed.layout import About
from facepad.packed.reader import PackedFile
from facepad.packed.writer import Writer, sync_folder
from facepad.packing.options import PackOptions
from facepad.packing.rows import pictures_of

ORDER, LOCK, MERGED = "order.json", "lock", "merged.tmp"
_SHARD = re.compile(r"(?P<start>[0-9]{9})-(?P<stop>[0-9]{9})\.h5")
_OURS = re.compile(rf"{_SHARD.pattern}|\..*\.tmp|{ORDER}|{LOCK}|{MERGED}")


class WorkFolder:
    """Finished shards of one order; claimed by one run at a time.

    Attributes:
        path: ``OUT.h5.parts``.

    Args:
        out: The packed file that will be made.
    """

    def __init__(self, out: Path) -> None:
        self.path = out.with_name(f"{out.name}.parts")
        self._lock: int | None = None

    def claim(self, order: Mapping[str, str], *, resume: bool, force: bool) -> None:
        """Take the folder for this run: new, to go on, or to begin again.

        Args:
            order: What is packed, by words that a person understands.
            resume: Whether to go on from the shards that are there.
            force: Whether to delete them.

        Raises:
            SettingsError: Shards are there and neither was asked for; another run is at
                work on them; or the folder cannot be used.
            DatasetError: The shards that are there belong to another order.
        """
        there = (self.path / ORDER).exists()
        if there and not (resume or force):
            raise SettingsError(
                f"{self.path} holds the work of a run that did not end; --resume goes on with "
                "it, --force begins again"
            )
        try:
            self.path.mkdir(exist_ok=True)
            self._lock = _locked(self.path / LOCK)
            if there and not force:
                self._check_order(order)
            else:
                self._clear(but=LOCK)
                _write(self.path / ORDER, json.dumps(order, indent=2))
        except OSError as error:
            raise SettingsError(f"{self.path} cannot be used: {error.strerror}") from error

    def release(self) -> None:
        """Let another run have the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Delete the folder; what does not come from here is left."""
        if self.path.is_dir():
            self._clear()
            self.release()
            if not any(self.path.iterdir()):
                self.path.rmdir()

    def tidy(self) -> None:
        """Delete what an interrupted run left in parts, and shards that are damaged."""
        reached = 0
        for path in sorted(self.path.iterdir()):
            match = _SHARD.fullmatch(path.name)
            if match and int(match["start"]) >= reached and _is_sound(path):
                reached = int(match["stop"])
            elif path.name not in (ORDER, LOCK) and _OURS.fullmatch(path.name):
                path.unlink()

    def shards(self) -> list[tuple[int, int, Path]]:
        """Start, stop and file of every shard, in order."""
        named = ((_SHARD.fullmatch(path.name), path) for path in sorted(self.path.iterdir()))
        return [(int(match["start"]), int(match["stop"]), path) for match, path in named if match]

    def _check_order(self, order: Mapping[str, str]) -> None:
        file = self.path / ORDER
        try:
            begun = dict(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise DatasetError(f"{file} is damaged ({error}); --force begins again") from error
        for what, value in order.items():
            if begun.get(what) != value:
                raise DatasetError(
                    f"{self.path} was begun with another {what}: {begun.get(what)!r}, now "
                    f"{value!r}; --force begins again"
                )

    def _clear(self, but: str = "") -> None:
        for path in self.path.iterdir():
            if path.name != but and _OURS.fullmatch(path.name):
                path.unlink()


def write_shard(piece: Piece, folder: Path, options: PackOptions) -> list[str]:
    """Decode the samples of a piece into a finished shard; runs in a process of its own.

    Returns:
        Why each sample that was skipped could not be read.

    Raises:
        DatasetError: The shard cannot be written, or a packed source is damaged.
    """
    limits = VideoLimits.from_settings()
    errors = []
    with _new_shard(piece, folder, options) as writer:
        for number, sample in enumerate(piece.samples, start=piece.start):
            try:
                for picture in pictures_of(number, sample, options, limits):
                    writer.add(picture.row, picture.image)
            except InputError as error:
                writer.skip(number, sample.key, str(error))
                errors.append(str(error))
    return errors


def write_dead(piece: Piece, folder: Path, options: PackOptions) -> list[str]:
    """Write the shard of a single sample that took its process down."""
    (sample,) = piece.samples
    error = f"{sample.path}: {DIED}"
    with _new_shard(piece, folder, options) as writer:
        writer.skip(piece.start, sample.key, error)
    return [error]


@contextmanager
def told_writing(path: Path) -> Iterator[None]:
    """Turn a full disk and the like into a `DatasetError` that names the file."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise DatasetError(f"{path} cannot be written: {error}") from error


@contextmanager
def _new_shard(piece: Piece, folder: Path, options: PackOptions) -> Iterator[Writer]:
    path = folder / f"{piece.start:09d}-{piece.stop:09d}.h5"
    part = folder / f".{path.name}.{os.getpid()}.tmp"
    with told_writing(path):
        with Writer(part, options.size) as writer:
            yield writer
            bona_fide, attack, skipped = writer.counts()
            writer.finish(
                About(
                    dataset="",
                    protocol="",
                    store=options.store,
                    size=options.size or (0, 0),
                    frames=str(options.frames),
                    samples=len(piece.samples),
                    bona_fide=bona_fide,
                    attack=attack,
                    skipped=skipped,
                    digest="",
                )
            )
        part.replace(path)
        sync_folder(folder)


def _is_sound(path: Path) -> bool:
    try:
        with PackedFile(path) as file:
            file.verify()
    except DatasetError:
        return False
    return True


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.tmp")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _locked(path: Path) -> int:
    """Claim a file until it is closed; systems without such locks take it on trust."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise SettingsError(
                f"{path.parent}: another run is at work on it; wait for its end, or end it"
            ) from None
    return descriptor
