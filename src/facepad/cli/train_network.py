"""``facepad train network``: train a network on pictures of faces."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from facepad.cli.options import Out, Workers, dataset_copy

_CHECKPOINT_EVERY = 200  # steps, beside one at the end of each epoch


class RecipeName(StrEnum):
    """Recipes of networks."""

    THESIS = "thesis"


class BackboneName(StrEnum):
    """Backbones of the recipe."""

    RESNET50 = "resnet50"
    RESNET101 = "resnet101"
    ALEXNET = "alexnet"
    MOBILENET_V2 = "mobilenet-v2"
    EFFICIENTNET_LITE0 = "efficientnet-lite0"


class OptimizerName(StrEnum):
    """Optimizers of the recipe."""

    ADAM = "adam"
    SGD = "sgd"


def train_network(
    *,
    dataset: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=DIR",
            help="Dataset with train and dev parts, such as nuaa=DIR, packed=FILE.h5 or "
            "simulated=DIR; may be given repeatedly.",
        ),
    ],
    recipe: Annotated[RecipeName, typer.Option(help="What is trained.")] = RecipeName.THESIS,
    backbone: Annotated[
        BackboneName,
        typer.Option(
            help="Convolutions. Weights of mobilenet-v2 and efficientnet-lite0 are downloaded; "
            "resnet50 and resnet101 need --weights; alexnet is trained from scratch."
        ),
    ] = BackboneName.RESNET50,
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL",
            help="ImageNet weights with the keys of torchvision; needs --sha256.",
        ),
    ] = None,
    sha256: Annotated[str | None, typer.Option(help="Hash of the file of --weights.")] = None,
    optimizer: Annotated[OptimizerName, typer.Option(help="Optimizer.")] = OptimizerName.ADAM,
    learning_rate: Annotated[float, typer.Option(help="Learning rate.")] = 1e-4,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs at most.")] = 20,
    patience: Annotated[
        int, typer.Option(min=0, help="Epochs without a better dev result; 0 for no early stop.")
    ] = 4,
    batch: Annotated[int, typer.Option(min=2, help="Pictures in a batch.")] = 32,
    copies: Annotated[
        int,
        typer.Option(
            min=1, help="Copies of each picture for the frozen stages: itself, and changed ones."
        ),
    ] = 4,
    every: Annotated[
        int,
        typer.Option(
            min=1,
            help="Use every Nth picture of each class and PAI species of train and dev; "
            "neighbours are alike.",
        ),
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of the training.")] = 1,
    name: Annotated[str, typer.Option(help="Name of the network and its files.")] = "thesis",
    out: Out = Path("out"),
    workers: Workers = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Resume an interrupted run.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an earlier run.")] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print shapes, parameters, memory and time; train nothing."),
    ] = False,
) -> None:
    """Train a network of your own: a backbone, its last stage trained, and dense layers.

    The recipe `thesis`: crops of 224x224, no pooling, eight dense layers, two softmax outputs.
    Fits on the train parts; early stop, scaling and threshold are taken from dev. Pictures
    without a usable face are left out and counted. The result is a network of your own: use it
    with `--tests network:out/thesis.toml`.

    Outputs of the frozen stages are cached. A run writes a log with one line a step, a plot
    and checkpoints, and can be resumed after it was killed.

    For example:

    - `facepad train network --backbone mobilenet-v2 --dataset nuaa=NUAA --dry-run`

    Exit codes:

    - 0: the network was written
    - 2: a picture or an option cannot be used, or wrong usage
    - 3: weights are missing or wrong
    - 4: a dataset, a folder or a setting cannot be used, or a library is missing
    """
    from facepad.cli.console import progress
    from facepad.training.network.recipe import NetworkRecipe
    from facepad.training.network.run import dry_run as dry
    from facepad.training.network.run import run
    from facepad.training.network.thesis import FrozenStages
    from facepad.training.stack.loop import TrainingPlan

    plan = TrainingPlan(
        epochs=epochs,
        learning_rate=learning_rate,
        optimizer=optimizer.value,
        patience=patience,
        seed=seed,
        threads=threads,
        checkpoint_every=_CHECKPOINT_EVERY,
    )
    asked = {RecipeName.THESIS: NetworkRecipe}[recipe](
        FrozenStages(backbone.value, weights, sha256),
        tuple(map(dataset_copy, dataset)),
        plan,
        batch,
        augmented=copies,
        name=name,
        out=out,
        workers=workers,
        every=every,
    )
    if dry_run:
        typer.echo(dry(asked))
        return
    result = run(asked, progress, resume=resume, force=force)
    typer.echo(result.text)
    typer.echo(f"wrote {result.model} and its card; its description is {result.description}")
