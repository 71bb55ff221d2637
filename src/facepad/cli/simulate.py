"""``facepad simulate``: attacks made from any bona fide pictures."""

import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from facepad.cli.errors import ExitCode, say
from facepad.errors import DatasetError, SettingsError, counted

if TYPE_CHECKING:
    from facepad.simulate.runner import Order, Row, SimulationResult
    from facepad.types import Sample

NAMED = 10  # skipped sources that are printed
ROUNDS, CLIPS = 8, 24  # on a contact sheet
FRAMES = 5  # of a clip
TITLE = "Simulated attacks"
STILLS = "print,screen,mask,partial"  # kinds of attack that are made by default


def simulate(
    *,
    bona_fide: Annotated[
        list[Path],
        typer.Option(
            help="Folder of bona fide pictures or clips, one face each; may be given repeatedly."
        ),
    ],
    out: Annotated[Path, typer.Option(help="A new folder, or a packed file (ends in .h5).")],
    attacks: Annotated[
        str,
        typer.Option(help=f"Comma-separated kinds of attack. Default: {STILLS}; of clips, all."),
    ] = "",
    per_image: Annotated[
        int,
        typer.Option(
            min=1, help="Rounds per picture: one bona fide picture and one attack of every kind."
        ),
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    backgrounds: Annotated[
        Path | None,
        typer.Option(help="Folder of background pictures. Default: made-up rooms."),
    ] = None,
    keep_backgrounds: Annotated[
        bool,
        typer.Option("--keep-backgrounds", help="Keep the background of every picture."),
    ] = False,
    depth: Annotated[
        bool, typer.Option("--depth", help="Write a depth map of each attack's medium.")
    ] = False,
    frames: Annotated[int, typer.Option(min=1, help="Evenly spaced frames of each clip.")] = FRAMES,
    cameras: Annotated[
        int,
        typer.Option(min=0, help="Cameras per split, shared by its rounds; 0: a new one a round."),
    ] = 0,
    clips: Annotated[
        bool, typer.Option("--clips", help="Make clips with ground truth instead of pictures.")
    ] = False,
    heads: Annotated[
        Path | None,
        typer.Option(help="Folder of ICT-FaceKit; clips then show living heads, too."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="Duration of a clip, 1 to 30; 0: 6 to 12, drawn.")
    ] = 0.0,
    lines: Annotated[
        int, typer.Option(help="Lines of a clip, 96 to 1080; 0: 240, 360 or 480, drawn.")
    ] = 0,
    mask_mesh: Annotated[
        Path | None,
        typer.Option(help="Wavefront OBJ of a face, as the shape of masks."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Number of processes.")] = os.cpu_count() or 1,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output.")] = False,
    contact_sheet: Annotated[
        Path | None, typer.Option(help="Picture of some rounds to look at; .png or .jpg.")
    ] = None,
) -> None:
    """Simulate attacks: prints, screens, masks and partial recaptures; or clips of attacks.

    Bona fide pictures and attacks pass through the same simulated cameras. The output is a
    dataset whose list holds every parameter: `--dataset csv --root OUT`, or `--dataset packed
    --root FILE.h5`. A seed gives the same files for any number of processes. Resume an
    interrupted run with --resume. Pictures without a face are printed and skipped. With
    --depth, each attack gets a depth map of its medium (`--dataset simulated`). With --clips,
    prints and screens move before the camera, each frame with its ground truth; --heads adds
    rendered living heads that turn, approach and blink.

    For example:

    - `facepad simulate --bona-fide faces --out attacks`
    - `facepad simulate --bona-fide faces --out attacks.h5 --attacks print,screen`
    - `facepad simulate --bona-fide faces --out clips --clips --heads geometry`

    Exit codes:

    - 0: every picture was used
    - 2: pictures were skipped, or wrong usage
    - 3: a model is missing or broken
    - 4: the output or a setting cannot be used
    """
    from facepad.simulate import sources

    behind = () if backgrounds is None else sources.backgrounds(backgrounds)
    if clips:
        order = _clips(attacks, heads, behind, (per_image, seed), (seconds, lines))
        only: dict[str, object] = {"--depth": depth, "--cameras": cameras, "--mask-mesh": mask_mesh,
                "--keep-backgrounds": keep_backgrounds}  # fmt: skip
        _refuse(only, "is of pictures and has no effect on --clips")
    else:
        numbers = per_image, seed, cameras
        order = _pictures(attacks, behind, numbers, mask_mesh,
                          keep_backgrounds=keep_backgrounds, depth=depth)  # fmt: skip
        only = {"--heads": heads, "--seconds": seconds, "--lines": lines}
        _refuse(only, "needs --clips")
    frames = 0 if clips else frames
    options = SimulateOptions(tuple(bona_fide), out, workers, contact_sheet, frames)
    if code := run(options, order, resume=resume, force=force):
        raise typer.Exit(code)


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """Where attacks are made from and written to.

    Attributes:
        bona_fide: Folders of sources.
        out: Folder or packed file.
        workers: Processes.
        contact_sheet: File to draw some rounds to; None for none.
        frames: Frames of each clip among the sources; 0: clips are sources as they are.
    """

    bona_fide: tuple[Path, ...]
    out: Path
    workers: int
    contact_sheet: Path | None = None
    frames: int = FRAMES

    @property
    def packed(self) -> bool:
        """Whether the output is one file."""
        from facepad.packed.address import SUFFIXES

        return self.out.suffix in SUFFIXES

    @property
    def folder(self) -> Path:
        """Where pictures are written: the output, or a folder beside it."""
        return self.out.with_name(f"{self.out.name}.simulated") if self.packed else self.out


def run(options: SimulateOptions, order: "Order", *, resume: bool, force: bool) -> ExitCode:
    """Simulate, or resume simulating.

    Raises:
        SettingsError: The output is there already, or cannot be used.
        DatasetError: The output was made with other options, or no source could be used.
    """
    from facepad.cli.console import progress
    from facepad.jobs.progress import duration
    from facepad.simulate import runner, sources

    _check(options, order)
    listed = sources.bona_fide(options.bona_fide, options.frames)
    if options.packed and options.out.exists() and not force:
        return _finished(options, listed, order, resume=resume)
    began, total = monotonic(), len(listed)
    with runner.Simulation(listed, order, options.folder, resume=resume, force=force) as simulation:
        if simulation.note:
            say(simulation.note)
        if simulation.done:
            left = f"{total - simulation.done:,} left"
            say(f"{options.folder}: {counted(simulation.done, 'source')} done before, {left}")
        with progress("simulating", total, done=simulation.done, lines=True) as advance:
            simulation.take(options.workers, advance)
        made = simulation.finish()
    if options.contact_sheet is not None:
        _draw(options.contact_sheet, made.rows, options)
    if options.packed:
        _pack(options, listed, order, force=force)
    _say_skipped(made)
    say(f"{options.out}: {summary(made)}; took {duration(monotonic() - began)}")
    return ExitCode.INPUT if made.skipped else ExitCode.OK


def summary(made: "SimulationResult") -> str:
    """Return one line about the pictures or clips that were made."""
    counts = Counter(row["pai_species"] or "bona fide" for row in made.rows)
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in counts.items())
    what = "clip" if made.rows and "truth" in made.rows[0] else "picture"
    people = counted(len({row["subject"] for row in made.rows}), "subject")
    skipped = f", {counted(len(made.skipped), 'source')} skipped" if made.skipped else ""
    return f"{counted(len(made.rows), what)} ({kinds}) of {people}{skipped}"


def _pictures(
    attacks: str,
    behind: "tuple[Sample, ...]",
    numbers: tuple[int, int, int],
    mask_mesh: Path | None,
    *,
    keep_backgrounds: bool,
    depth: bool,
) -> "Order":
    """Return the order of pictures; numbers are rounds, seed and cameras."""
    from facepad.cli.options import split_names
    from facepad.simulate.capture_set import CaptureOptions

    per_image, seed, cameras = numbers
    mesh = "" if mask_mesh is None else str(mask_mesh)
    names = split_names(attacks or STILLS)
    return CaptureOptions(names, per_image, seed, behind, cameras, mesh, keep_backgrounds, depth)


def _clips(
    attacks: str,
    heads: Path | None,
    behind: "tuple[Sample, ...]",
    numbers: tuple[int, int],
    extent: tuple[float, int],
) -> "Order":
    """Return the order of clips; numbers are rounds and seed, extent is seconds and lines."""
    from facepad.cli.options import split_names
    from facepad.simulate.clips.clip_set import CLIP_ATTACKS, ClipOptions
    from facepad.simulate.clips.takes import NEED_HEAD, REPLAY

    per_image, seed = numbers
    left_out = () if heads else (*NEED_HEAD, REPLAY)
    names = split_names(attacks) if attacks else tuple(
        name for name in CLIP_ATTACKS if name not in left_out
    )  # fmt: skip
    folder = "" if heads is None else str(heads)
    return ClipOptions(names, per_image, seed, behind, folder, *extent)


def _refuse(options: Mapping[str, object], why: str) -> None:
    if given := [name for name, value in options.items() if value]:
        raise SettingsError(f"{given[0]} {why}")


def _draw(sheet: Path, rows: "tuple[Row, ...]", options: SimulateOptions) -> None:
    from facepad.simulate.clips.contact_sheet import write_clip_sheet
    from facepad.simulate.runner import write_contact_sheet

    if options.frames:
        write_contact_sheet(sheet, rows, options.folder, ROUNDS)
    else:
        write_clip_sheet(sheet, rows, options.folder, CLIPS)


def _check(options: SimulateOptions, order: "Order") -> None:
    from facepad.simulate.runner import check_contact_sheet

    beside = {"depth": "depth maps; --depth needs", "truth": "ground truth; --clips needs"}
    if options.packed and (kept := [beside[name] for name in order.columns if name in beside]):
        raise SettingsError(
            f"{options.out} is a packed file, which holds no {kept[0]} a folder as --out"
        )
    if options.contact_sheet is not None:
        check_contact_sheet(options.contact_sheet)
    if not options.out.parent.is_dir():
        raise SettingsError(f"{options.out.parent} is not a folder; the output goes into one")
    for folder in options.bona_fide:
        if options.folder.resolve().is_relative_to(folder.resolve()):
            raise SettingsError(f"{options.out} lies in {folder}, whose pictures are the sources")


def _pack(
    options: SimulateOptions, listed: "tuple[Sample, ...]", order: "Order", *, force: bool
) -> None:
    """Put the folder into one file, and remove it."""
    from facepad.cli.console import progress
    from facepad.datasets.opening import open_dataset
    from facepad.packing.pack import Packing, PackSource
    from facepad.packing.rows import PackOptions

    samples = tuple(open_dataset("csv", options.folder).samples())
    source = PackSource("simulated", samples, header=_header(listed, order))
    with Packing(source, PackOptions(), options.out, resume=not force, force=force) as packing:
        with progress("packing", len(samples), done=packing.done, lines=True) as advance:
            packing.decode(options.workers, advance)
        packing.merge()
    shutil.rmtree(options.folder)


def _finished(
    options: SimulateOptions, listed: "tuple[Sample, ...]", order: "Order", *, resume: bool
) -> ExitCode:
    """A packed file that is there: fine to resume when it was ordered alike."""
    from facepad.packed.reader import PackedFile
    from facepad.simulate.runner import ABOUT

    if not resume:
        raise SettingsError(f"{options.out} is there already; --force overwrites it")
    with PackedFile(options.out) as file:
        header = file.about.header
    if header != _header(listed, order):
        raise DatasetError(
            f"{options.out} is finished, but of other sources or options; --force overwrites it"
        )
    if (options.folder / ABOUT).is_file():  # of a run that ended just before its end
        shutil.rmtree(options.folder)
    say(f"{options.out}: is finished")
    return ExitCode.OK


def _header(listed: "tuple[Sample, ...]", order: "Order") -> str:
    from facepad.simulate.runner import facts_of

    words = facts_of(listed, order)
    return "\n".join([f"{TITLE}.", "", *(f"{name}: {value}" for name, value in words.items())])


def _say_skipped(made: "SimulationResult") -> None:
    for error in made.skipped[:NAMED]:
        say(f"skipped: {error}")
    if len(made.skipped) > NAMED:
        say(f"skipped: and {len(made.skipped) - NAMED:,} more")
