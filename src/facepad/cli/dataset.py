"""``facepad dataset``: which databases are known, whether a copy is sound, and packing one."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facepad.cli.dataset_listing import Header, Listing
    from facepad.packing.verify import Finding

app = typer.Typer(help="Datasets: list, info, verify, pack.", no_args_is_help=True)

CPUS = os.cpu_count() or 1
NAMED = 20  # problems that are told one by one


class StoreName(StrEnum):
    """How pictures are packed."""

    ENCODED = "encoded"
    PIXELS = "pixels"


Name = Annotated[str, typer.Argument(help="A dataset's name, as in `facepad dataset list`.")]
Root = Annotated[Path, typer.Option(help="Folder of the dataset; the file of a packed one.")]
Protocol = Annotated[
    str | None, typer.Option(help="A protocol of the database, where it has several.")
]
Workers = Annotated[int, typer.Option(min=1, help="Processes.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]


@app.command("list")
def list_datasets(as_json: AsJson = False) -> None:
    """List the known databases, their licences and where to apply for them.

    facepad downloads none of them.
    """
    from facepad import registry
    from facepad.cli import dataset_tables

    headers = [_header(name) for name in registry.names("datasets")]
    if as_json:
        typer.echo(json.dumps(dataset_tables.list_document(headers), indent=2))
    else:
        dataset_tables.show_list(headers)


@app.command()
def info(name: Name, *, root: Root, protocol: Protocol = None, as_json: AsJson = False) -> None:
    """Count the samples of a copy by part, class, species and subject; decodes nothing."""
    from facepad.cli import dataset_tables
    from facepad.cli.dataset_listing import listing_of

    listing = listing_of(name, root, protocol)
    if as_json:
        typer.echo(json.dumps(dataset_tables.info_document(listing), indent=2))
    else:
        dataset_tables.show_info(listing)


@app.command()
def verify(
    name: Name,
    *,
    root: Root,
    protocol: Protocol = None,
    frames: Annotated[
        str, typer.Option(help="Which frames of clips are decoded: all, every:K or even:N.")
    ] = "all",
    workers: Workers = CPUS,
    as_json: AsJson = False,
) -> None:
    """Decode everything that is listed; exit code 4 when something is missing or broken.

    Files that are there but not listed, and parts that are smaller than the official ones,
    are notices, not errors.
    """
    from facepad.cli.dataset_listing import listing_of
    from facepad.cli.errors import ExitCode
    from facepad.cli.progress import progress
    from facepad.media.frame_selection import FrameSelection
    from facepad.packing.verify import problems_of
    from facepad.packing.verify import verify as decode_all

    rule = FrameSelection.parse(frames)
    listing = listing_of(name, root, protocol)
    with progress("verifying", len(listing.samples), lines=True) as advance:
        found = decode_all(listing.samples, rule, workers=workers, advance=advance)
    problems = [*problems_of(listing.dataset), *(f.problem for f in found if f.problem)]
    _show_verified(listing, found, problems, as_json=as_json)
    if problems:
        raise typer.Exit(ExitCode.SETTINGS)


@app.command()
def pack(
    name: Name,
    *,
    root: Root,
    out: Annotated[Path, typer.Option(help="The packed file; ends in .h5.")],
    protocol: Protocol = None,
    store: Annotated[
        StoreName,
        typer.Option(
            help="encoded: files as they are, frames of clips as PNG. pixels: RGB of one size."
        ),
    ] = StoreName.ENCODED,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WxH|SIDE",
            help="For pixels: pictures are brought down to fit in it, never enlarged.",
        ),
    ] = None,
    frames: Annotated[
        str, typer.Option(help="Which frames of clips: every:K, even:N or all.")
    ] = "even:10",
    workers: Workers = CPUS,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run was ended.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Begin again, and overwrite what is there.")
    ] = False,
) -> None:
    """Put a dataset into one HDF5 file that reads lazily; needs `pip install 'facepad[data]'`.

    The file is a dataset like any other: `--dataset packed --root FILE.h5`. What cannot be
    read is told, left out and counted; the exit code is 2 then. A run that was ended goes on
    with --resume.
    """
    from facepad.cli.dataset_listing import listing_of
    from facepad.cli.dataset_pack import run
    from facepad.media.frame_selection import FrameSelection
    from facepad.packing import PackOptions
    from facepad.packing.options import parse_size

    box = None if size is None else parse_size(size)
    options = PackOptions(store.value, box, FrameSelection.parse(frames))
    listing = listing_of(name, root, protocol)
    code = run(listing, options, out, workers, resume=resume, force=force)
    if code:
        raise typer.Exit(code)


def _header(name: str) -> "Header":
    """A listing's header; one that does not load says so, and does not hide the others."""
    from facepad.cli.dataset_listing import Header, header_of
    from facepad.errors import SettingsError

    try:
        return header_of(name)
    except SettingsError as error:
        return Header(name, f"does not load: {error}", {}, "")


def _show_verified(
    listing: "Listing", found: "Sequence[Finding]", problems: "Sequence[str]", *, as_json: bool
) -> None:
    from facepad.cli import dataset_tables
    from facepad.errors import counted, printable

    unusual = [f"{f.key}: {'; '.join(f.notes)}" for f in found if f.notes]
    if as_json:
        document = dataset_tables.info_document(listing)
        document |= {"ok": not problems, "problems": list(problems), "unusual": unusual}
        typer.echo(json.dumps(document, indent=2))
        return
    dataset_tables.show_info(listing)
    for what, lines in (("unusual", unusual), ("problem", problems)):
        for line in lines[:NAMED]:
            typer.echo(printable(f"{what}: {line}"))
        if len(lines) > NAMED:
            typer.echo(f"{what}: and {len(lines) - NAMED:,} more; --json names all")
    broken = sum(bool(f.problem) for f in found)
    sound = len(listing.samples) - broken
    typer.echo(
        f"{sound:,} of {counted(len(listing.samples), 'sample')} decode; "
        f"{counted(len(problems), 'problem')}"
    )
