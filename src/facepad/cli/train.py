"""``facepad train``: fit the models that ship with facepad, or your own."""

import typer

app = typer.Typer(
    help="Fit models from pictures; needs `pip install 'facepad\\[train]'`.",
    no_args_is_help=True,
)
