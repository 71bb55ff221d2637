"""``facepad reconstruct``, ``train reconstruct`` and ``train voxel``: the shape of a face."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from facepad.cli.errors import say
from facepad.cli.options import (
    CPUS,
    FacesName,
    Judge,
    Out,
    Workers,
    dataset_copy,
    split_names,
)
from facepad.errors import SettingsError

NAME = "voxel"  # of the command
_DEEPEST = 14  # block of the backbone
_CHECKPOINT_EVERY = 100  # steps, beside one at the end of each epoch
SUFFIXES = (".obj", ".ply", ".npz", ".png")  # known without loading what reconstructs
PATH_HELP = "Picture or clip, or - for standard input. Of a clip, the frame in the middle is used."
OUT_HELP = (
    "File to write: .obj or .ply for a mesh with coloured vertices, .npz for the volume as arrays, "
    ".png for views from -60 to 60 degrees."
)
FACES_HELP = "Which face is used where there are several: the largest; or none, which is an error."


class VoxelRecipeName(StrEnum):
    """Networks over volumes."""

    RESIDUAL = "residual"
    VOXNET = "voxnet"
    THESIS = "thesis"


class InputsName(StrEnum):
    """What a network over volumes sees."""

    OCCUPANCY = "occupancy"
    APPEARANCE = "appearance"
    BOTH = "both"


def train_voxel(
    *,
    simulated: Annotated[
        list[Path],
        typer.Option(help="Output of `facepad simulate`; may be given repeatedly."),
    ],
    recipe: Annotated[
        VoxelRecipeName,
        typer.Option(
            help="Network: a small residual one; VoxNet as published; or VoxNet as the thesis had "
            "it, over 192x192x200 voxels of the occupancy."
        ),
    ] = VoxelRecipeName.RESIDUAL,
    inputs: Annotated[
        InputsName,
        typer.Option(help="The shape, what is painted on the surface, or both."),
    ] = InputsName.BOTH,
    trunk_blocks: Annotated[
        str,
        typer.Option(
            metavar="N,...",
            help="Blocks of the frozen backbone, 0 to 14, whose features are painted beside colour "
            "and residue; '' for none.",
        ),
    ] = "4,9,12",
    leave_out: Annotated[
        str,
        typer.Option(
            metavar="KIND,...",
            help="Train without these attacks and evaluate on them, such as print,mask:silicone.",
        ),
    ] = "",
    volumes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.onnx",
            help="Network that reconstructs volumes. Default: that of facepad.",
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=DIR",
            help="Real dataset, never trained on: its dev part for operating points.",
        ),
    ] = None,
    dataset_every: Annotated[
        int, typer.Option(min=1, help="Use every Nth picture of the real dev part.")
    ] = 1,
    crops: Annotated[
        Path | None,
        typer.Option(help="CSV list of face crops, with sites as subjects; dev and test only."),
    ] = None,
    judge: Judge = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs at most.")] = 12,
    patience: Annotated[
        int, typer.Option(min=0, help="Epochs without a better result; 0 for no early stop.")
    ] = 4,
    batch: Annotated[int, typer.Option(min=2, help="Pictures in a batch.")] = 32,
    copies: Annotated[
        int,
        typer.Option(min=1, help="Augmented copies of each crop for the frozen part."),
    ] = 4,
    learning_rate: Annotated[float, typer.Option(help="Learning rate.")] = 1e-3,
    weight_decay: Annotated[float, typer.Option(help="Penalty on the weights.")] = 0.02,
    every: Annotated[
        int, typer.Option(min=1, help="Use every Nth simulated picture, for trials.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of the training.")] = 1,
    out: Out = Path("out"),
    workers: Workers = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an earlier run.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print shapes, parameters, memory and time; train nothing."),
    ] = False,
) -> None:
    """Train the network of the voxel test on volumes of simulated bona fide faces and attacks.

    People of the parts dev and test of the simulation are held out: for the best epoch, the
    scaling and the operating points. Volumes are cached. A run writes a log with one line a
    step, a plot and checkpoints to the folder `run`, and can be resumed after it was killed.

    Writes `voxel_net_free.onnx`, `voxel_free.npz`, their cards and the report as JSON.

    For example:

    - `facepad train voxel --simulated attacks --leave-out print --dry-run`

    Exit codes:

    - 0: the models were written
    - 2: a picture or an option cannot be used, or wrong usage
    - 3: a model is missing or broken
    - 4: a dataset, a folder or a setting cannot be used, or a library is missing
    """
    from facepad.cli.console import progress
    from facepad.training.face.sources import FaceSources
    from facepad.training.stack.loop import TrainingPlan
    from facepad.training.voxel.networks import NetworkSpec
    from facepad.training.voxel.run import VoxelRecipe, run
    from facepad.training.voxel.run import dry_run as dry
    from facepad.training.voxel.sources import VoxelSources

    real = None if dataset is None else dataset_copy(dataset)
    name, root = ("", None) if real is None else (real.asked, real.root)
    evaluated = FaceSources((), name, root, crops, None)
    plan = TrainingPlan(
        epochs=epochs,
        learning_rate=learning_rate,
        optimizer="adamw",
        weight_decay=weight_decay,
        schedule="cosine",
        patience=patience,
        seed=seed,
        threads=threads,
        checkpoint_every=_CHECKPOINT_EVERY,
    )
    asked = VoxelRecipe(
        VoxelSources(tuple(simulated), split_names(leave_out), evaluated, dataset_every),
        NetworkSpec(recipe.value, inputs.value, _blocks(trunk_blocks)),
        plan,
        batch,
        copies,
        volumes,
        every,
        judge is not None,
        out,
        workers,
        resume,
        force,
    )
    if dry_run:
        typer.echo(dry(asked))
        return
    result = run(asked, progress, openings=judge)
    typer.echo(result.text)
    typer.echo(f"wrote {result.model}, the network beside it, and their cards")


def train_reconstruct(
    *,
    portraits: Annotated[
        list[Path],
        typer.Option(help="Folder of bona fide pictures that colour the renders; repeatable."),
    ],
    backgrounds: Annotated[Path, typer.Option(help="Folder of pictures behind rendered heads.")],
    geometry: Annotated[
        Path,
        typer.Option(
            help="Folder with ict_facekit_light.npz and mediapipe_canonical_face_model.obj."
        ),
    ],
    simulated: Annotated[
        list[Path] | None,
        typer.Option(help="Output of `facepad simulate --depth`; may be given repeatedly."),
    ] = None,
    leave_out: Annotated[
        str,
        typer.Option(
            metavar="KIND,...", help="Train without these attacks, such as print,mask:silicone."
        ),
    ] = "",
    renders: Annotated[int, typer.Option(min=1, help="Rendered faces for training.")] = 2400,
    tested: Annotated[
        int, typer.Option(min=1, help="Rendered faces of held-out people for the evaluation.")
    ] = 300,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs at most.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of the training.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print layers, parameters, memory and time; no more.")
    ] = False,
    out: Out = Path("out"),
    workers: Workers = CPUS,
) -> None:
    """Train the volumetric reconstruction of a face on renders and simulated pictures.

    Renders the face model with random people, expressions, poses and light, coloured by
    portraits; adds simulated bona fide pictures and attacks with the shape of their medium.
    Writes face_volume.onnx, its card, the report and the log of the run. Data is cached, so an
    interrupted run resumes. The error of the surface is measured on held-out people.

    For example:

    - `facepad train reconstruct --portraits faces --backgrounds photos --geometry geometry`

    Exit codes:

    - 0: the model was written
    - 2: a picture or an option cannot be used, or wrong usage
    - 3: a model is missing or broken
    - 4: a dataset, a folder or a setting cannot be used, or a library is missing
    """
    from facepad.cli.console import progress
    from facepad.training.reconstruct.data import Geometry
    from facepad.training.reconstruct.run import (
        ReconstructRecipe,
        dry_run_text,
        make_data,
        prepare,
        run,
    )
    from facepad.training.stack.loop import TrainingPlan

    if not geometry.is_dir():
        raise SettingsError(f"--geometry {geometry} is not a folder")
    plan = TrainingPlan(
        epochs,
        2e-3,
        "adamw",
        1e-4,
        "cosine",
        seed=seed,
        threads=threads,
        checkpoint_every=_CHECKPOINT_EVERY,
    )
    recipe = ReconstructRecipe(
        tuple(simulated or ()), tuple(portraits), backgrounds, Geometry.in_folder(geometry), plan,
        split_names(leave_out), renders, tested, out=out, workers=workers,
    )  # fmt: skip
    items = prepare(recipe)
    if dry_run:
        typer.echo(dry_run_text(recipe, items))
        return
    steps = plan.epochs * max(len(items.train) // recipe.batch, 1)
    with progress("making data", len(items.train) + len(items.dev), lines=True) as advance:
        data = make_data(recipe, items, advance)
    with progress("training", steps, lines=True) as advance:
        result = run(recipe, items, data, advance, resume=resume, force=force)
    typer.echo(result.text)
    typer.echo(f"wrote {result.model} and its card; report in {result.report}")


def _blocks(text: str) -> tuple[int, ...]:
    """Return the numbers of blocks in a comma-separated list."""
    names = split_names(text)
    if not all(name.isdecimal() and int(name) <= _DEEPEST for name in names):
        raise SettingsError(f"expected blocks from 0 to {_DEEPEST} as N,..., got {text!r}")
    return tuple(sorted({int(name) for name in names}))


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
