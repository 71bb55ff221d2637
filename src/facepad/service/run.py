"""Run the service: state, keys at the first start, the server, signals."""

import socket
import sys
from collections.abc import Callable

from facepad.service.config import ServiceConfig

Say = Callable[[str], object]


def run(config: ServiceConfig, say: Say) -> None:
    """Serve until a signal ends it.

    Args:
        config: Settings of the service.
        say: Gets each line for the operator: the address, and at the first start an API key.

    Raises:
        SettingsError: The address or the state folder cannot be used.
    """
    from facepad.service.inference import Inference

    listener = bound(config)
    inference = Inference(config)  # the workers load their models while the rest is imported
    import uvicorn

    from facepad.service.app import Services, create_app
    from facepad.service.logs import configure_logs
    from facepad.service.state import open_state

    no_core_files()
    configure_logs(sys.stdout)
    state = open_state(config.state_dir)
    state.idempotency.forget_unfinished()
    if not state.keys.list():
        _, text = state.keys.create("first", actor="service")
        say(f"API key (shown this once): {text}")
    app = create_app(Services(config, state, inference))
    url = config.public_url or address(config, listener)
    say(f"serving {url}")
    say(f"try it: {url}/try   documentation: {url}/docs")
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=config.behind_proxy,
            forwarded_allow_ips=list(config.trusted_proxies),
            timeout_keep_alive=config.keep_alive_s,
            timeout_graceful_shutdown=config.shutdown_deadline_s,
            h11_max_incomplete_event_size=32 << 10,
        )
    )
    server.run(sockets=[listener])


def bound(config: ServiceConfig) -> socket.socket:
    """Return a socket that is bound to the address of the service.

    Raises:
        SettingsError: The address cannot be used.
    """
    from facepad.errors import SettingsError

    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"cannot listen on {config.host} port {config.port} ({error.strerror or error}); "
            "choose another with --host and --port"
        ) from None
    return listener


def address(config: ServiceConfig, listener: socket.socket) -> str:
    """Return the address of the service for a browser on this machine."""
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"http://{host}:{listener.getsockname()[1]}"


def no_core_files() -> None:
    """Keep what is in memory from being written to disk at a crash, where the system can."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
