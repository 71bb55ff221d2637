"""``facepad network``: describe a network of one's own, and check its description."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facepad.registry import DESCRIPTION, NETWORK, short_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from facepad.liveness.network.description import NetworkDescription
    from facepad.liveness.network.verify import NetworkFinding

app = typer.Typer(
    help="Networks of your own (ONNX) as liveness tests: describe, verify.", no_args_is_help=True
)


@app.command()
def describe(
    model: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="The network.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="File to write. Default: print the description."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a description of a network: its hash, inputs and outputs; guesses are marked.

    Complete it with what the network's authors say of its input and output, and check it with
    `facepad network verify`.

    For example:

    - `facepad network describe my.onnx --out my.toml`

    Exit codes:

    - 0: it was written
    - 2: wrong usage
    - 3: the file is no network that can be used
    - 4: the description exists, or cannot be written
    """
    from facepad.errors import SettingsError
    from facepad.jobs.files import write_file
    from facepad.liveness.network.template import template

    if out is None:
        typer.echo(template(model, Path.cwd()), nl=False)
        return
    if out.suffix != DESCRIPTION:
        raise typer.BadParameter(f"--out must end with {DESCRIPTION}, got {out.name}")
    short_name(f"{NETWORK}{out}")  # refuses a name that --tests would refuse
    if out.exists() and not force:
        raise SettingsError(f"{out} exists; give another --out, or --force to overwrite it")
    write_file(out, template(model, out.parent), error=SettingsError)
    typer.echo(f"wrote {out}; complete it, then run: facepad network verify {out}")


@app.command()
def verify(
    description: Annotated[
        Path, typer.Argument(metavar="FILE.toml", help="Description of the network.")
    ],
    pictures: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIR",
            help="Pictures of bona fide faces, or a folder of them; may be given repeatedly. "
            "Default: made-up pictures, which cannot show every error.",
        ),
    ] = None,
) -> None:
    """Find errors in the description of a network: shapes, ranges, outputs, colour, crop.

    Runs the network on pictures and compares what it gives with the description. A finding is a
    failure where the description is wrong, and a warning where it may be.

    For example:

    - `facepad network verify my.toml --pictures bona_fide`

    Exit codes:

    - 0: no failure; there may be warnings
    - 1: the description is wrong
    - 2: no picture shows a face, or wrong usage
    - 3: the network is missing or refused, or does not fit the description
    - 4: the description cannot be read
    """
    from facepad.cli.errors import ExitCode
    from facepad.liveness.network.test import NetworkFactory
    from facepad.liveness.network.verify import FindingState, frames_with_faces, verify_network

    test = NetworkFactory(description)()
    findings = verify_network(test, frames_with_faces(pictures) if pictures else ())
    _show(test.description, test.name, findings)
    if any(finding.state is FindingState.FAIL for finding in findings):
        raise typer.Exit(ExitCode.POLICY)


def _show(
    description: "NetworkDescription", name: str, findings: "Sequence[NetworkFinding]"
) -> None:
    from collections import Counter

    from rich.table import Table
    from rich.text import Text

    from facepad.cli.console import console
    from facepad.errors import printable

    out = console()
    about = ", ".join(filter(None, (description.title, description.licence)))
    out.print(Text(printable(f"{name}: {about or 'without a title'}"), style="bold"))
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("finding", "", "what was found"):
        table.add_column(column, no_wrap=column != "what was found")
    styles = {"pass": "green", "warn": "yellow", "fail": "bold red"}
    for one in findings:
        state = Text(one.state, style=styles[one.state])
        table.add_row(one.what, state, Text(printable(one.words)))
    out.print(table)
    counts = Counter(one.state.value for one in findings)
    out.print(Text(", ".join(f"{counts[state]} {state}" for state in styles)))
