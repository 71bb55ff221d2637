"""``facepad train reconstruct``: train the network that makes a volume from one picture."""

from pathlib import Path
from typing import Annotated

import typer

from facepad.cli.options import CPUS, Out, Workers
from facepad.errors import SettingsError


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
        list[str] | None,
        typer.Option(help="Kind of attack that is not used, as in mask:silicone; repeatable."),
    ] = None,
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
        epochs, 2e-3, "adamw", 1e-4, "cosine", seed=seed, threads=threads, checkpoint_every=100
    )
    recipe = ReconstructRecipe(
        tuple(simulated or ()), tuple(portraits), backgrounds, Geometry.in_folder(geometry),
        tuple(leave_out or ()), renders, tested, plan=plan, out=out, workers=workers,
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
