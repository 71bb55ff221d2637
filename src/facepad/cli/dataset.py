"""``facepad dataset``: list known databases, check a copy, and pack one."""

import json
import os
from enum import StrEnum
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facepad.cli.errors import ExitCode, say
from facepad.errors import counted, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facepad.datasets.opening import DatasetHeader, DatasetListing
    from facepad.packing.pack import PackResult
    from facepad.packing.rows import PackOptions
    from facepad.packing.verify import Finding
    from facepad.types import Sample

app = typer.Typer(help="Datasets: list, info, verify, pack.", no_args_is_help=True)

CPUS = os.cpu_count() or 1
NAMED = 20  # problems that are printed one by one
NAMED_SKIPPED = 10  # skipped samples that are printed; the packed file names all
SCHEMA_VERSION = 1


class StoreName(StrEnum):
    """Storage of pictures in a packed file."""

    ENCODED = "encoded"
    PIXELS = "pixels"


Name = Annotated[str, typer.Argument(help="Name of the dataset, as in `facepad dataset list`.")]
Root = Annotated[Path, typer.Option(help="Folder of the dataset, or the file of a packed dataset.")]
Protocol = Annotated[str | None, typer.Option(help="Protocol of the database, if it has several.")]
Workers = Annotated[int, typer.Option(min=1, help="Number of processes.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]


@app.command("list")
def list_datasets(as_json: AsJson = False) -> None:
    """List the known databases, their licences and where to apply for them.

    facepad downloads none of them.

    For example:

    - `facepad dataset list`

    Exit codes:

    - 0: they were listed
    """
    from facepad import registry

    headers = [_header(name) for name in registry.names("datasets")]
    if as_json:
        rows = [{"name": h.name, "title": h.title, **_keys(h)} for h in headers]
        typer.echo(json.dumps({"schema_version": SCHEMA_VERSION, "datasets": rows}, indent=2))
    else:
        from facepad.cli.tables import show_datasets

        show_datasets(headers)


@app.command()
def info(name: Name, *, root: Root, protocol: Protocol = None, as_json: AsJson = False) -> None:
    """Count the samples of a copy by split, class, species and subject, without decoding.

    For example:

    - `facepad dataset info nuaa --root NUAA`

    Exit codes:

    - 0: they were counted
    - 2: wrong usage
    - 4: the dataset cannot be used
    """
    from facepad.datasets.opening import list_dataset

    listing = list_dataset(name, root, protocol)
    if as_json:
        typer.echo(json.dumps(info_document(listing), indent=2))
    else:
        from facepad.cli.tables import show_dataset

        show_dataset(listing)


@app.command()
def verify(
    name: Name,
    *,
    root: Root,
    protocol: Protocol = None,
    frames: Annotated[
        str, typer.Option(help="Frames of clips to decode: all, every:K or even:N.")
    ] = "all",
    workers: Workers = CPUS,
    as_json: AsJson = False,
) -> None:
    """Decode every listed sample.

    Files that are not listed, and splits that are smaller than the official ones, are
    notices, not errors.

    For example:

    - `facepad dataset verify nuaa --root NUAA`

    Exit codes:

    - 0: every sample is there and can be decoded
    - 2: wrong usage
    - 4: a sample is missing or broken, or the dataset cannot be used
    """
    from facepad.cli.console import progress
    from facepad.datasets.opening import list_dataset
    from facepad.media.frame_selection import FrameSelection
    from facepad.packing.verify import problems_of
    from facepad.packing.verify import verify as decode_all

    rule = FrameSelection.parse(frames)
    listing = list_dataset(name, root, protocol)
    with progress("verifying", len(listing.samples), lines=True) as advance:
        findings = decode_all(listing.samples, rule, workers=workers, advance=advance)
    problems = [*problems_of(listing.dataset), *(f.problem for f in findings if f.problem)]
    _show_verified(listing, findings, problems, as_json=as_json)
    if problems:
        raise typer.Exit(ExitCode.SETTINGS)


@app.command()
def pack(
    name: Name,
    *,
    root: Root,
    out: Annotated[Path, typer.Option(help="Packed file to write; ends in .h5.")],
    protocol: Protocol = None,
    store: Annotated[
        StoreName,
        typer.Option(help="encoded: files as they are, clip frames as PNG; pixels: RGB arrays."),
    ] = StoreName.ENCODED,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WxH|SIDE",
            help="For pixels: pictures are shrunk to fit; never enlarged.",
        ),
    ] = None,
    frames: Annotated[
        str, typer.Option(help="Frames of clips to pack: every:K, even:N or all.")
    ] = "even:10",
    workers: Workers = CPUS,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output.")] = False,
) -> None:
    """Pack a dataset into one HDF5 file; needs `pip install 'facepad[data]'`.

    Use the file as any dataset: `--dataset packed --root FILE.h5`. Samples that cannot be
    read are printed, skipped and counted. Resume an interrupted run with --resume.

    Tests over clips (blink, parallax, pulse) need clips that are packed with --frames all.

    For example:

    - `facepad dataset pack nuaa --root NUAA --out nuaa.h5`

    Exit codes:

    - 0: every sample was packed
    - 2: samples were skipped, or wrong usage
    - 4: the dataset or the output cannot be used, or a library is missing
    """
    from facepad.datasets.opening import list_dataset
    from facepad.media.frame_selection import FrameSelection
    from facepad.packing.rows import PackOptions, parse_size

    box = None if size is None else parse_size(size)
    options = PackOptions(store.value, box, FrameSelection.parse(frames))
    listing = list_dataset(name, root, protocol)
    if code := run_pack(listing, options, out, workers, resume=resume, force=force):
        raise typer.Exit(code)


def run_pack(
    listing: "DatasetListing",
    options: "PackOptions",
    out: Path,
    workers: int,
    *,
    resume: bool,
    force: bool,
) -> ExitCode:
    """Pack a dataset, or resume packing it.

    Raises:
        SettingsError: The output is there already, or cannot be used.
        DatasetError: The output belongs to other data, or nothing could be read.
    """
    from facepad.cli.console import progress
    from facepad.jobs.progress import duration
    from facepad.packing.pack import Packing, PackSource

    source = PackSource(
        listing.header.name,
        listing.samples,
        listing.protocol,
        listing.notices,
        listing.header.text,
    )
    total, began = len(listing.samples), monotonic()
    with Packing(source, options, out, resume=resume, force=force) as packing:
        if packing.note:
            say(packing.note)
        if packing.done:
            left = total - packing.done
            say(f"{out}: {counted(packing.done, 'sample')} packed before, {left:,} left")
        with progress("packing", total, done=packing.done, lines=True) as advance:
            packing.decode(workers, advance)
        with progress("merging", total, lines=True) as advance:
            result = packing.merge(advance)
    _say_skipped(result)
    _say_clips(listing.samples, options)
    say(f"{out}: {_pack_summary(result, out)}; took {duration(monotonic() - began)}")
    return ExitCode.INPUT if result.skipped else ExitCode.OK


def _pack_summary(result: "PackResult", out: Path) -> str:
    """Return one line about a packed file."""
    about = result.about
    pictures = counted(about.bona_fide + about.attack, "picture")
    skipped = f", {about.skipped:,} skipped" if about.skipped else ""
    size = out.stat().st_size / 1e6
    return (
        f"{pictures} ({about.bona_fide:,} bona fide, {about.attack:,} attack) of "
        f"{counted(about.samples, 'sample')}{skipped}; {size:.1f} MB; digest {about.digest}"
    )


def _say_clips(samples: "Sequence[Sample]", options: "PackOptions") -> None:
    """Say that frames of clips were left out, if so: tests over clips judge movement."""
    from facepad.sources import is_clip

    clips = sum(sample.frame is None and is_clip(sample.path) for sample in samples)
    if clips and options.frames.kind != "all":
        say(
            f"{counted(clips, 'clip')} packed with the frames {options.frames}: too few for blink, "
            "parallax and pulse, which then cannot tell; --frames all keeps every frame"
        )


def _say_skipped(result: "PackResult") -> None:
    for error in result.skipped[:NAMED_SKIPPED]:
        say(f"skipped: {error}")
    if len(result.skipped) > NAMED_SKIPPED:
        say(
            f"skipped: and {len(result.skipped) - NAMED_SKIPPED:,} more; the file names all of them"
        )


def info_document(listing: "DatasetListing") -> dict[str, Any]:
    """Return the counts of a copy and what its listing says of it, for JSON."""
    from facepad.cli.tables import counts_of, subject_count

    return {
        "schema_version": SCHEMA_VERSION,
        "name": listing.header.name,
        "title": listing.header.title,
        **_keys(listing.header),
        "protocol": listing.protocol,
        "protocols": list(listing.protocols),
        "samples": len(listing.samples),
        "subjects": subject_count(listing.samples),
        "counts": [
            {"split": c.split, "species": c.species, "samples": c.samples, "subjects": c.subjects}
            for c in counts_of(listing.samples)
        ],
        "notices": list(listing.notices),
    }


def _header(name: str) -> "DatasetHeader":
    """Return a listing's header; one that does not load says so and hides no other."""
    from facepad.datasets.opening import DatasetHeader, header_of
    from facepad.errors import SettingsError

    try:
        return header_of(name)
    except SettingsError as error:
        return DatasetHeader(name, f"does not load: {error}", {}, "")


def _show_verified(
    listing: "DatasetListing",
    findings: "Sequence[Finding]",
    problems: "Sequence[str]",
    *,
    as_json: bool,
) -> None:
    unusual = [f"{f.key}: {'; '.join(f.notes)}" for f in findings if f.notes]
    if as_json:
        document = info_document(listing)
        document |= {"ok": not problems, "problems": list(problems), "unusual": unusual}
        typer.echo(json.dumps(document, indent=2))
        return
    from facepad.cli.tables import show_dataset

    show_dataset(listing)
    for what, lines in (("unusual", unusual), ("problem", problems)):
        for line in lines[:NAMED]:
            typer.echo(printable(f"{what}: {line}"))
        if len(lines) > NAMED:
            typer.echo(f"{what}: and {len(lines) - NAMED:,} more; --json names all")
    broken = sum(bool(f.problem) for f in findings)
    sound = len(listing.samples) - broken
    typer.echo(
        f"{sound:,} of {counted(len(listing.samples), 'sample')} decode; "
        f"{counted(len(problems), 'problem')}"
    )


def _keys(header: "DatasetHeader") -> dict[str, str]:
    return {name.lower().replace(" ", "_"): words for name, words in header.fields.items()}
