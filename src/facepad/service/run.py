"""Run the service: state, keys at the first start, the server, signals."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from facepad.errors import ModelError, SettingsError
from facepad.service.config import ServiceConfig
from facepad.service.workers.pool import Inference

if TYPE_CHECKING:
    import uvicorn

    from facepad.service.state import ServiceState

Say = Callable[[str], object]
EVERY_ADDRESS = "::"
_PRIVATE = 0o077  # bits of permission that nobody else gets


def run(config: ServiceConfig, say: Say) -> None:
    """Serve until a signal ends it.

    Args:
        config: Settings of the service.
        say: Gets each line for the operator: the address, and at the first start an API key.

    Raises:
        ModelError: A model is missing or damaged.
        SettingsError: The address or the state folder cannot be used.
    """
    os.umask(_PRIVATE)
    _no_core_files()
    listener = bound(config)
    inference = Inference(config)  # the workers load their models while the rest is imported
    gc.disable()  # what is imported lives to the end
    try:
        held = _held(config)
        faults: list[SettingsError] = []
        server = _server(config, inference, say, faults, address(config, listener))
    except BaseException:
        asyncio.run(inference.close())
        raise
    gc.freeze()
    gc.enable()
    for one in (signal.SIGINT, signal.SIGTERM):
        # The server handles it, and raises it again for this handler once it has stopped.
        signal.signal(one, lambda *_: None)
    with held:
        server.run(sockets=[listener])
    if faults:
        raise faults[0]
    if inference.broken:
        raise ModelError(inference.broken)


def bound(config: ServiceConfig) -> socket.socket:
    """Return a socket that is bound to the address of the service.

    Raises:
        SettingsError: The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # Named, since asyncio sends without delay on sockets of this protocol only; else a small answer
    # on a kept connection waits some 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if config.host == EVERY_ADDRESS:  # of IPv4, too, whatever is usual on the system
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
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
    """Return the address of the service for a browser."""
    if config.public_url:
        return config.public_url.rstrip("/")
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"http://{host}:{listener.getsockname()[1]}"


def _held(config: ServiceConfig) -> BinaryIO:
    """Return what keeps other servers from the state folder."""
    from facepad.service.state import hold
    from facepad.service.store import make_private

    make_private(config.state_dir)
    return hold(config.state_dir)


def _server(
    config: ServiceConfig, inference: Inference, say: Say, faults: list[SettingsError], url: str
) -> "uvicorn.Server":
    """Make the server; at its start it gives the operator what is needed to use it.

    Args:
        config: Settings of the service.
        inference: The worker processes.
        say: Gets each line for the operator.
        faults: Gets the error that ends the server, where the first key cannot be made.
        url: Address of the service.
    """
    import uvicorn

    from facepad.service.app import create_app
    from facepad.service.logs import configure_logs
    from facepad.service.requests.connections import protocol
    from facepad.service.requests.rates import with_mapped
    from facepad.service.services import Services
    from facepad.service.state import open_state

    class Server(uvicorn.Server):
        """Says where it listens once checks are answered; stops when it cannot be used."""

        has_greeted = False

        async def on_tick(self, counter: int) -> bool:
            if inference.ready and not self.has_greeted:
                self.has_greeted = True
                try:
                    for line in await asyncio.to_thread(_greeting, state, url):
                        say(line)
                except SettingsError as error:
                    faults.append(error)
            return await super().on_tick(counter) or bool(inference.broken or faults)

    configure_logs(sys.stdout)
    state = open_state(config.state_dir)
    state.begin()
    return Server(
        uvicorn.Config(
            create_app(Services.of(config, state, inference)),
            http=protocol(config),
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=config.behind_proxy,
            forwarded_allow_ips=with_mapped(config.trusted_proxies),
            timeout_keep_alive=config.keep_alive_s,
            timeout_graceful_shutdown=config.shutdown_deadline_s,
        )
    )


def _greeting(state: "ServiceState", url: str) -> list[str]:
    """Return what the operator needs; make a key where there has been none.

    Raises:
        SettingsError: The database cannot be used.
    """
    lines = [f"listening on {url}"]
    with state.store.explaining():
        if not state.keys.list():
            _, text = state.keys.create("first", actor="service")
            lines.append(f"API key, shown this once: {text}")
    return [*lines, f"try it:        {url}/try", f"documentation: {url}/docs"]


def _no_core_files() -> None:
    """Keep what is in memory from being written to disk at a crash, where the system can."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
