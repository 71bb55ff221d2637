"""``facepad simulate``: attacks made from any bona fide pictures."""

import os
from pathlib import Path
from typing import Annotated

import typer


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
        str, typer.Option(help="Kinds of attack, by commas.")
    ] = "print,screen,mask,partial",
    per_image: Annotated[
        int,
        typer.Option(
            min=1, help="Rounds a picture: each takes one bona fide picture and one of every kind."
        ),
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of everything that is random.")] = 0,
    backgrounds: Annotated[
        Path | None,
        typer.Option(help="Folder of pictures to stand behind people; else made-up rooms."),
    ] = None,
    keep_backgrounds: Annotated[
        bool,
        typer.Option(
            "--keep-backgrounds", help="People stay before their own background, all of them."
        ),
    ] = False,
    frames: Annotated[int, typer.Option(min=1, help="Frames of each clip, evenly spaced.")] = 5,
    cameras: Annotated[
        int, typer.Option(min=0, help="Cameras a part, shared by its rounds; 0: a new one a round.")
    ] = 0,
    mask_mesh: Annotated[
        Path | None,
        typer.Option(help="Wavefront OBJ of a face for masks, not the face's own form."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run was ended.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Begin again, and overwrite what is there.")
    ] = False,
    contact_sheet: Annotated[
        Path | None, typer.Option(help="A picture of some rounds to look at; .png or .jpg.")
    ] = None,
) -> None:
    """Simulate attacks: prints, screens, masks and partial recaptures.

    Bona fide pictures and attacks pass through the same simulated cameras. The output is a
    dataset with every parameter in its list: `--dataset csv --root OUT`, or `--dataset packed
    --root FILE.h5`. The same seed gives the same files for any number of processes; a run that
    was ended goes on with --resume. Pictures without a face are told and left out; the exit
    code is 2 then.
    """
    from facepad.cli.options import split_names
    from facepad.cli.simulating import Wanted, run
    from facepad.simulate import sources
    from facepad.simulate.capture_set import Order

    order = Order(
        split_names(attacks),
        per_image,
        seed,
        () if backgrounds is None else sources.backgrounds(backgrounds),
        cameras,
        "" if mask_mesh is None else str(mask_mesh),
        keep_backgrounds,
    )
    wanted = Wanted(tuple(bona_fide), out, workers, contact_sheet, frames)
    code = run(wanted, order, resume=resume, force=force)
    if code:
        raise typer.Exit(code)
