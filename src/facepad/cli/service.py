"""``facepad serve`` and ``facepad service``: the HTTP service and its keys."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from facepad.errors import SettingsError

if TYPE_CHECKING:
    from facepad.service.config import ServiceConfig

app = typer.Typer(help="Check the settings of the service.", no_args_is_help=True)


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
        typer.Option("--behind-proxy", help="A proxy in front of the service ends TLS."),
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
    - `facepad serve --host 0.0.0.0 --behind-proxy --workers 4`

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
