"""``facepad serve`` and ``facepad service``: the HTTP service and its keys."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facepad.cli.errors import ExitCode, say
from facepad.errors import InputError, SettingsError, counted

if TYPE_CHECKING:
    from facepad.service.config import ServiceConfig
    from facepad.service.keys import ApiKey
    from facepad.service.records.checkpoints import Checkpoint
    from facepad.service.state import ServiceState

app = typer.Typer(help="Settings, API keys and audit log of the service.", no_args_is_help=True)
apikey = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True)
audit = typer.Typer(help="The audit log: verify, checkpoint.", no_args_is_help=True)
app.add_typer(apikey, name="apikey")
app.add_typer(audit, name="audit")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def serve(
    *,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port; 0 for any free one. Default: 8000.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that judge. Default: one for each processor core."),
    ] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option(
            "--behind-proxy",
            help="A proxy ends TLS; needs FACEPAD_SERVICE_TRUSTED_PROXIES, such as 127.0.0.1.",
        ),
    ] = False,
    insecure_http: Annotated[
        bool,
        typer.Option("--insecure-http", help="Serve other machines without TLS, in the clear."),
    ] = False,
) -> None:
    """Serve checks over HTTP, with a page to try them.

    At the first start an API key is made and shown once. All settings: docs/service/settings.md.

    For example:

    - `facepad serve`
    - `FACEPAD_SERVICE_TRUSTED_PROXIES=10.0.0.2 facepad serve --host 10.0.0.3 --behind-proxy`

    Exit codes:

    - 0: a signal ended it
    - 3: a model is missing or broken
    - 4: a setting cannot be used, or a library is missing
    """
    config = _config(
        host=host,
        port=port,
        workers=workers,
        behind_proxy=behind_proxy or None,
        insecure_http=insecure_http or None,
    )
    from facepad.service.run import run

    run(config, typer.echo)


@app.command("check-config")
def check_config() -> None:
    """Print every setting with its value; secrets are hidden.

    For example:

    - `facepad service check-config`

    Exit codes:

    - 0: every setting can be used
    - 4: a setting cannot be used, or a library is missing
    """
    from facepad.service.config import shown

    for line in shown(_config()):
        typer.echo(line)


@apikey.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Name of the key, for example backend.")],
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may do, for example liveness:write. Default: everything."),
    ] = None,
    expires: Annotated[int, typer.Option(min=1, help="Days until it expires.")] = 365,
    as_json: AsJson = False,
) -> None:
    """Make an API key and print it; it cannot be shown again.

    For example:

    - `facepad service apikey create backend`
    - `facepad service apikey create door --scope liveness:write --expires 90`

    Exit codes:

    - 0: the key was made
    - 2: wrong usage
    - 4: a setting or a value cannot be used
    """
    from facepad.service.keys import SCOPES

    with _state() as state:
        key, text = state.keys.create(name, scope or SCOPES, expires)
    if as_json:
        typer.echo(json.dumps({**_key_document(key), "key": text}))
    else:
        typer.echo(text)
        say(f"key {key.id} expires at {key.expires_at}; keep it safe, it is shown this once")


@apikey.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the API keys, without their secrets.

    For example:

    - `facepad service apikey list`

    Exit codes:

    - 0: they were listed
    - 4: a setting cannot be used
    """
    with _state() as state:
        keys = state.keys.list()
    if as_json:
        typer.echo(json.dumps({"keys": [_key_document(key) for key in keys]}))
        return
    from facepad.cli.console import console
    from facepad.cli.tables import plain_table
    from facepad.service.keys import SCOPES

    table = plain_table()
    for column in ("id", "name", "state", "scopes", "expires at", "last used at"):
        table.add_column(column, no_wrap=column == "id", overflow="fold")
    for one in map(_key_document, keys):
        scopes = "all" if len(one["scopes"]) == len(SCOPES) else " ".join(one["scopes"])
        last = one["last_used_at"] or "never"
        table.add_row(one["id"], one["name"], one["state"], scopes, one["expires_at"], last)
    console().print(table if keys else "no API keys; make one: facepad service apikey create NAME")


@apikey.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(help="Id of the key, as `list` shows it.")],
) -> None:
    """Revoke an API key; the next request with it is refused.

    For example:

    - `facepad service apikey revoke ID`

    Exit codes:

    - 0: it is revoked
    - 2: wrong usage
    - 4: there is no such key, or a setting cannot be used
    """
    with _state() as state:
        key = state.keys.revoke(key_id)
    typer.echo(f"revoked {key.id} ({key.name}) at {key.revoked_at}")


@audit.command("verify")
def verify_audit(
    known: Annotated[
        str | None,
        typer.Option(help="Hash that an earlier run printed; it must still be in the log."),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Checkpoints, one a line, that the log must hold; - for standard input.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Verify the hash chain of the audit log, and print the hash of its last entry.

    Keep checkpoints on another machine: with --checkpoint they prove later that nothing up to
    them was changed, and that the end of the log was not cut off. Lines of the service's own log
    with the event audit_checkpoint can be given as they are.

    For example:

    - `facepad service audit verify`
    - `facepad service audit verify --checkpoint checkpoints.jsonl`

    Exit codes:

    - 0: nothing was changed, added or removed
    - 2: wrong usage, or a file of checkpoints cannot be read
    - 4: the log was changed, or a setting cannot be used
    """
    with _state() as state:
        given = () if checkpoint is None else _checkpoints(checkpoint)
        check = state.audit.verify(known, given)
    checked = len(given) - check.unchecked
    if as_json:
        facts = {"entries": check.entries, "head": check.head, "problems": check.problems}
        start = {"first": check.first, "purged_at": check.purged_at or None}
        counts = {"checkpoints": checked, "checkpoints_too_old": check.unchecked}
        typer.echo(json.dumps({"intact": check.is_intact, **facts, **start, **counts}))
    elif check.is_intact:
        typer.echo(f"{counted(check.entries, 'entry', 'entries')} verified, head {check.head}")
        if check.purged_at:
            typer.echo(
                f"from entry {check.first} on; earlier ones were deleted after their retention, "
                f"last at {check.purged_at}"
            )
        if given:
            typer.echo(f"{counted(checked, 'checkpoint')} found in the log, unchanged")
        if check.unchecked:
            typer.echo(f"{counted(check.unchecked, 'checkpoint')} of deleted entries not checked")
    for problem in check.problems:
        say(problem)
    if not check.is_intact:
        raise typer.Exit(ExitCode.SETTINGS)


@audit.command("checkpoint")
def print_checkpoint() -> None:
    """Note the end of the audit log, and print it as one line of JSON.

    Keep the line on another machine; `facepad service audit verify --checkpoint FILE` compares
    the log with it. The service writes one to its log every hour and when it stops.

    For example:

    - `facepad service audit checkpoint`

    Exit codes:

    - 0: it was printed
    - 4: the log has no entry, or a setting cannot be used
    """
    with _state() as state:
        made = state.audit.checkpoint()
    if made is None:
        raise SettingsError("the audit log has no entry yet; start the service, or make a key")
    typer.echo(made.line())


def _checkpoints(name: str) -> tuple["Checkpoint", ...]:
    """Read the checkpoints of a file, or of standard input.

    Raises:
        InputError: It cannot be read, or holds no checkpoint.
    """
    from facepad.service.records.checkpoints import read_checkpoints

    if name == "-":
        return read_checkpoints(sys.stdin.buffer, "standard input")
    try:
        with Path(name).open("rb") as file:
            return read_checkpoints(file, name)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from None


@contextmanager
def _state() -> Iterator["ServiceState"]:
    """Open the state of the service for a block.

    Yields:
        The state.

    Raises:
        SettingsError: It cannot be used, or a library is missing.
    """
    config = _config()
    from facepad.service.state import open_state

    state = open_state(config.state_dir)
    try:
        with state.store.explaining():
            yield state
    finally:
        state.store.close()


def _key_document(key: "ApiKey") -> dict[str, Any]:
    from facepad.service.store import utc_now

    return {
        "id": key.id,
        "name": key.name,
        "state": key.state(utc_now()),
        "scopes": list(key.scopes),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }


def _config(**given: Any) -> "ServiceConfig":  # noqa: ANN401 - values of options
    """Return the settings of the service.

    Raises:
        SettingsError: One cannot be used, or a library is missing.
    """
    try:
        from facepad.service.config import load
    except ImportError as error:
        raise SettingsError(
            f'the service needs {error.name}: pip install "facepad[service]"'
        ) from None
    return load(given=given)
