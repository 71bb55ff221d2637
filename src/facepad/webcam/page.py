"""Serve the live view as a page for the browser of this machine."""

import math
import os
import signal
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from facepad.errors import SettingsError

if TYPE_CHECKING:
    import uvicorn

    from facepad.webcam.page_gate import PageGate, PageKeys
    from facepad.webcam.state import LiveView

Say = Callable[[str], object]
_MOST_REQUESTS = 32  # at a time, all viewers and strangers together
_END_S = 3  # for answers that are still being sent


def run_page(
    session: "LiveView",
    *,
    port: int,
    open_browser: bool,
    say: Say,
    seconds: float | None = None,
) -> None:
    """Serve the page until its button, a signal or the given time ends it.

    Args:
        session: The live view; it stays open.
        port: Where to listen on loopback; 0 for any free port.
        open_browser: Whether to open the page in the user's browser.
        say: Gets the one line with the address. Whoever knows the address sees the camera.
        seconds: Time after which it ends; None for no end.

    Raises:
        SettingsError: The port cannot be used, or Starlette or uvicorn is missing.
        Exception: What ended a thread of the view unexpectedly.
    """
    try:
        import uvicorn  # noqa: F401 - whether it is there

        from facepad.webcam.page_gate import HOST, PageKeys
    except ImportError as error:
        raise SettingsError(
            f"the page needs {error.name}: pip install 'facepad[service]'; or use --window or "
            "--headless"
        ) from None
    with _bound(HOST, port) as listener:
        keys = PageKeys(listener.getsockname()[1])
        _serve(
            session,
            keys,
            listener,
            lambda: _greet(keys, say, open_browser=open_browser),
            time.monotonic() + (math.inf if seconds is None else seconds),
        )


def _serve(
    session: "LiveView",
    keys: "PageKeys",
    listener: socket.socket,
    greet: Callable[[], object],
    end_s: float,
) -> None:
    import uvicorn

    from facepad.webcam.page_app import page_app
    from facepad.webcam.page_gate import PageGate
    from facepad.webcam.page_pictures import PagePictures

    pictures = PagePictures(session)

    class PageServer(uvicorn.Server):
        """Greets once it listens; ends the pictures, which have no end, before it stops."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            greet()

        async def on_tick(self, counter: int) -> bool:
            is_over = pictures.failure is not None or time.monotonic() >= end_s
            return await super().on_tick(counter) or is_over

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await pictures.close()
            await super().shutdown(sockets)

    def stop() -> None:
        server.should_exit = True

    app = PageGate(page_app(session, pictures, stop), keys)
    server = PageServer(_config(app))
    with _signals_end_it():
        server.run(sockets=[listener])
    if pictures.failure is not None:
        raise pictures.failure


def _config(app: "PageGate") -> "uvicorn.Config":
    import uvicorn

    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # no line has an address with the token
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_REQUESTS,
        timeout_graceful_shutdown=_END_S,
    )


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """Give a socket that is bound to a port of this machine.

    Raises:
        SettingsError: The port cannot be used.
    """
    # Named, since asyncio sends without delay on sockets of this protocol only.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        if os.name == "posix":  # elsewhere another program could take the port while it is used
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {host} port {port} ({error.strerror or error}); choose another "
                "with --port, 0 for any free one"
            ) from None
        yield listener


def _greet(keys: "PageKeys", say: Say, *, open_browser: bool) -> None:
    say(f"the live view: {keys.url} (Ctrl-C ends it)")
    if not open_browser or not _has_display():
        keys.start = ""
        return
    # A thread, since some browsers are waited for.
    threading.Thread(target=webbrowser.open, args=[keys.start_url], daemon=True).start()


def _has_display() -> bool:
    """Return whether a browser would open as a window, not in the terminal."""
    return sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


@contextmanager
def _signals_end_it() -> Iterator[None]:
    """Let the server end at a signal, without the exception or the exit that follows by default."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # The server handles them, and raises them again for these handlers once it has stopped.
    former = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in former.items():
            signal.signal(one, handler)
