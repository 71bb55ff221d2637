"""The work behind ``facepad dataset pack``: a dataset in, one HDF5 file out."""

from pathlib import Path
from time import monotonic

from facepad.cli.dataset_listing import Listing
from facepad.cli.errors import ExitCode, say
from facepad.cli.progress import duration, progress
from facepad.errors import counted
from facepad.packing import Packing, PackOptions, Result, Source

NAMED = 10  # skipped samples that are told; the file names all


def run(
    listing: Listing, options: PackOptions, out: Path, workers: int, *, resume: bool, force: bool
) -> ExitCode:
    """Pack a dataset, or go on packing it.

    Raises:
        SettingsError: The output is there already, or cannot be used.
        DatasetError: What is there belongs to other data, or nothing could be read.
    """
    source = Source(
        listing.header.name,
        listing.samples,
        listing.protocol,
        listing.notices,
        listing.header.text,
    )
    total, began = len(listing.samples), monotonic()
    with Packing(source, options, out, resume=resume, force=force) as packing:
        if packing.done:
            left = total - packing.done
            say(f"{out}: {counted(packing.done, 'sample')} packed before, {left:,} left")
        with progress("packing", total, done=packing.done, lines=True) as advance:
            packing.decode(workers, advance)
        with progress("merging", total, lines=True) as advance:
            result = packing.merge(advance)
    _tell_skipped(result)
    say(f"{out}: {summary(result, out)}; took {duration(monotonic() - began)}")
    return ExitCode.INPUT if result.skipped else ExitCode.OK


def summary(result: Result, out: Path) -> str:
    """One line about a packed file."""
    about = result.about
    pictures = counted(about.bona_fide + about.attack, "picture")
    skipped = f", {about.skipped:,} skipped" if about.skipped else ""
    size = out.stat().st_size / 1e6
    return (
        f"{pictures} ({about.bona_fide:,} bona fide, {about.attack:,} attack) of "
        f"{counted(about.samples, 'sample')}{skipped}; {size:.1f} MB; digest {about.digest}"
    )


def _tell_skipped(result: Result) -> None:
    for error in result.skipped[:NAMED]:
        say(f"skipped: {error}")
    if len(result.skipped) > NAMED:
        say(f"skipped: and {len(result.skipped) - NAMED:,} more; the file names all of them")
