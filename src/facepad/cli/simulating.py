"""The work behind ``facepad simulate``: bona fide pictures in, a dataset out."""

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from facepad.cli.errors import ExitCode, say
from facepad.cli.progress import duration, progress
from facepad.errors import DatasetError, SettingsError, counted
from facepad.packed.address import SUFFIXES
from facepad.packed.reader import PackedFile
from facepad.packing import Packing, PackOptions, Source
from facepad.registry import resolve
from facepad.simulate import run as simulation
from facepad.simulate import sheet, sources
from facepad.simulate.rounds import Order
from facepad.types import Sample

NAMED = 10  # skipped sources that are told
ROUNDS = 8  # on a contact sheet
_TITLE = "Simulated attacks"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for, beside the order.

    Attributes:
        bona_fide: Folders of sources.
        out: Folder or packed file.
        workers: Processes.
        contact_sheet: Where to draw some rounds; None for nowhere.
        frames: Of each clip among the sources.
    """

    bona_fide: tuple[Path, ...]
    out: Path
    workers: int
    contact_sheet: Path | None = None
    frames: int = sources.FRAMES

    @property
    def packed(self) -> bool:
        """Whether the output is one file."""
        return self.out.suffix in SUFFIXES

    @property
    def folder(self) -> Path:
        """Where pictures are written: the output, or a folder beside it."""
        return self.out.with_name(f"{self.out.name}.simulated") if self.packed else self.out


def run(wanted: Wanted, order: Order, *, resume: bool, force: bool) -> ExitCode:
    """Simulate, or go on simulating.

    Raises:
        SettingsError: The output is there already, or cannot be used.
        DatasetError: What is there was ordered otherwise, or no source could be used.
    """
    _check(wanted)
    listed = sources.bona_fide(wanted.bona_fide, wanted.frames)
    if wanted.packed and wanted.out.exists() and not force:
        return _finished(wanted, listed, order, resume=resume)
    began, total = monotonic(), len(listed)
    run_ = simulation.Simulation(listed, order, wanted.folder, resume=resume, force=force)
    if run_.done:
        left = f"{total - run_.done:,} left"
        say(f"{wanted.folder}: {counted(run_.done, 'source')} done before, {left}")
    with progress("simulating", total, done=run_.done, lines=True) as advance:
        run_.take(wanted.workers, advance)
    made = run_.finish()
    if wanted.contact_sheet is not None:
        sheet.write(wanted.contact_sheet, simulation.chosen(made, ROUNDS), wanted.folder)
    if wanted.packed:
        _pack(wanted, listed, order, force=force)
    _tell_skipped(made)
    say(f"{wanted.out}: {summary(made)}; took {duration(monotonic() - began)}")
    return ExitCode.INPUT if made.skipped else ExitCode.OK


def summary(made: simulation.Made) -> str:
    """One line about what was made."""
    counts = Counter(row["pai_species"] or "bona fide" for row in made.rows)
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in counts.items())
    people = counted(len({row["subject"] for row in made.rows}), "subject")
    skipped = f", {counted(len(made.skipped), 'source')} skipped" if made.skipped else ""
    return f"{counted(len(made.rows), 'picture')} ({kinds}) of {people}{skipped}"


def _check(wanted: Wanted) -> None:
    if wanted.contact_sheet is not None:
        sheet.check(wanted.contact_sheet)
    if not wanted.out.parent.is_dir():
        raise SettingsError(f"{wanted.out.parent} is not a folder; the output goes into one")
    for folder in wanted.bona_fide:
        if wanted.folder.resolve().is_relative_to(folder.resolve()):
            raise SettingsError(f"{wanted.out} lies in {folder}, whose pictures are the sources")


def _pack(wanted: Wanted, listed: tuple[Sample, ...], order: Order, *, force: bool) -> None:
    """Put the folder into one file, and remove it."""
    samples = tuple(resolve("datasets", "csv")(wanted.folder).samples())
    source = Source("simulated", samples, header=_header(listed, order))
    with Packing(source, PackOptions(), wanted.out, resume=not force, force=force) as packing:
        with progress("packing", len(samples), done=packing.done, lines=True) as advance:
            packing.decode(wanted.workers, advance)
        packing.merge()
    shutil.rmtree(wanted.folder)


def _finished(
    wanted: Wanted, listed: tuple[Sample, ...], order: Order, *, resume: bool
) -> ExitCode:
    """A packed file that is there: fine to resume when it was ordered alike."""
    if not resume:
        raise SettingsError(f"{wanted.out} is there already; --force begins again")
    with PackedFile(wanted.out) as file:
        header = file.about.header
    if header != _header(listed, order):
        raise DatasetError(
            f"{wanted.out} is finished, but was ordered otherwise; --force begins again"
        )
    if (wanted.folder / simulation.ABOUT).is_file():  # of a run that ended just before its end
        shutil.rmtree(wanted.folder)
    say(f"{wanted.out}: is finished")
    return ExitCode.OK


def _header(listed: tuple[Sample, ...], order: Order) -> str:
    words = simulation.words_of(listed, order)
    return "\n".join([f"{_TITLE}.", "", *(f"{name}: {value}" for name, value in words.items())])


def _tell_skipped(made: simulation.Made) -> None:
    for error in made.skipped[:NAMED]:
        say(f"skipped: {error}")
    if len(made.skipped) > NAMED:
        say(f"skipped: and {len(made.skipped) - NAMED:,} more")
