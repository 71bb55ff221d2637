"""``facepad reconstruct``: the shape of a face from one picture."""

from pathlib import Path
from typing import Annotated

import typer

from facepad.cli.errors import say
from facepad.cli.options import FacesName

SUFFIXES = (".obj", ".ply", ".npz", ".png")  # known without loading what reconstructs
PATH_HELP = "Picture or clip, or - for standard input. Of a clip, the frame in the middle is used."
OUT_HELP = (
    "File to write: .obj or .ply for a mesh with coloured vertices, .npz for the volume as arrays, "
    ".png for views from -60 to 60 degrees."
)
FACES_HELP = "Which face is used where there are several: the largest; or none, which is an error."


def reconstruct(
    path: Annotated[str, typer.Argument(metavar="PATH", help=PATH_HELP)],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=OUT_HELP)],
    faces: Annotated[FacesName, typer.Option("--faces", help=FACES_HELP)] = FacesName.LARGEST,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Reconstruct the shape of the face in a picture. Nothing is decided about the face.

    Lengths are pixels of the face crop of 192 x 192 pixels: one picture cannot give absolute
    sizes or the distance to the camera. The back of the head is not reconstructed.

    For example:

    - `facepad reconstruct me.jpg --out me.obj`
    - `facepad reconstruct me.jpg --out me.png`

    Exit codes:

    - 0: the file was written
    - 2: the picture cannot be read or has no face, or wrong usage
    - 3: a model is missing or broken
    - 4: the file exists, or cannot be written
    """
    from facepad.errors import InputError, SettingsError

    suffix = out.suffix.lower()
    if suffix not in SUFFIXES:
        raise typer.BadParameter(f"--out must end with {', '.join(SUFFIXES)}, got {out.name}")
    if out.exists() and not force:
        raise SettingsError(f"{out} exists; give another --out, or --force to overwrite it")
    from facepad import runtime, settings
    from facepad.jobs.files import write_file
    from facepad.liveness.voxel import reconstruction
    from facepad.liveness.voxel.reconstructor import Reconstructor
    from facepad.media.inputs import expand

    runtime.tune()
    inputs = list(expand([path]))
    if len(inputs) != 1:
        raise InputError(f"{path} is {len(inputs)} pictures or clips, expected one; name one file")
    (item,) = inputs
    if isinstance(item.source, InputError):
        raise item.source
    found = reconstruction.reconstruct(
        item.source,
        name=item.name,
        faces=faces.value,
        reconstructor=Reconstructor(int(settings.number("threads"))),
    )
    write_file(out, found.encoded(suffix), error=SettingsError)
    for note in found.notes:
        say(note)
    typer.echo(f"wrote {out}")
