"""``facepad train``: fit the models that ship with facepad, or your own."""

from typing import Any

import typer
from typer.core import TyperGroup

from facepad.cli.train_face import train_cameras, train_face, train_trunk
from facepad.cli.train_natural import train_biqi, train_niqe
from facepad.cli.train_quality import train_quality
from facepad.errors import SettingsError

EXTRA = ("sklearn", "torch", "onnx", "onnxscript")  # packages that only training needs


class _Train(TyperGroup):
    """Tells what to install where training's own packages are missing."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - the type is typer's own, and private
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            if str(error.name).partition(".")[0] not in EXTRA:
                raise
            raise SettingsError(
                f"training needs {error.name}, which is not installed; "
                "get it with `pip install 'facepad[train]'`"
            ) from error


app = typer.Typer(
    cls=_Train,
    help="Fit models from pictures; needs `pip install 'facepad[train]'`.",
    no_args_is_help=True,
)
app.command("quality")(train_quality)
app.command("niqe")(train_niqe)
app.command("biqi")(train_biqi)
app.command("face")(train_face)
app.command("trunk")(train_trunk)
app.command("cameras")(train_cameras)
