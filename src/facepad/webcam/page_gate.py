"""Who may use the page: the browser of this user, at the address with the token, and nobody else.

Any page that is open in the browser can send requests to loopback, and a name of a stranger's can
be made to point there. So each request needs the token, the page's own Host and, where the browser
sends them, its own Origin and Sec-Fetch-Site.
"""

import os
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"  # the page is for this machine alone
# No inline script or style, nothing from elsewhere, no string that becomes markup.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-store",
    }
)
_TOKEN_BYTES = 32
_CONNECTIONS = Path("/proc/net/tcp")  # of Linux: each with its addresses and its user
_USER = 7  # column


@dataclass
class PageKeys:
    """The secrets in the addresses of one page; new at each start.

    Attributes:
        port: Where the page is served.
        token: First part of each path of the page.
        start: First part of a path that leads to the page once, on Linux for programs of the same
            user only. A browser gets it as an argument, which other users of the machine may see
            while it starts; "" after its use.
    """

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(_TOKEN_BYTES))
    start: str = field(default_factory=lambda: secrets.token_urlsafe(_TOKEN_BYTES))

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://{HOST}" if self.port == 80 else f"http://{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"{self.origin}/{self.token}/"

    @property
    def start_url(self) -> str:
        """Address that leads to the page once."""
        return f"{self.origin}/{self.start}/"

    def use_start(self, given: str) -> bool:
        """Return whether a path begins with the secret that is used once, and use it up."""
        is_it = bool(self.start) and _same(given, self.start)
        if is_it:
            self.start = ""
        return is_it


class PageGate:
    """Passes requests of the page on, with the token taken off their path; refuses all others.

    What is refused gets a status without a body: 403 for another host, origin or site, 404 for
    another token, 405 for another method.

    Args:
        app: Answers the requests of the page.
        keys: The page's secrets.
    """

    def __init__(self, app: "ASGIApp", keys: PageKeys) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return

        async def send_guarded(message: "Message") -> None:
            if message["type"] == "http.response.start":
                headers = [(key.lower().encode(), value.encode()) for key, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", ()), *headers]}
            await send(message)

        given, _, rest = scope["path"].removeprefix("/").partition("/")
        status = self._refused(scope, given)
        if status:
            await Response(status_code=status)(scope, receive, send_guarded)
        elif not _same(given, self._keys.token):
            headers = {"Location": f"/{self._keys.token}/"}
            await Response(status_code=303, headers=headers)(scope, receive, send_guarded)
        else:
            path = f"/{rest}"
            inner = {**scope, "path": path, "raw_path": path.encode()}
            await self._app(inner, receive, send_guarded)

    def _refused(self, scope: "Scope", given: str) -> int:
        """Return the status of a refusal; 0 for a request of the page."""
        headers = Headers(scope=scope)
        is_post = scope["method"] == "POST"
        if scope["method"] not in ("GET", "POST"):
            return 405
        if headers.getlist("host") != [self._keys.origin.removeprefix("http://")]:
            return 403
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None and origin != self._keys.origin:
            return 403
        if site not in ((None, "same-origin") if is_post else (None, "same-origin", "none")):
            return 403
        if is_post and origin is None:
            return 403
        if "/" not in scope["path"].removeprefix("/"):
            return 404
        if _same(given, self._keys.token):
            return 0
        is_started = not is_post and _is_of_this_user(scope) and self._keys.use_start(given)
        return 0 if is_started else 404


def _is_of_this_user(scope: "Scope") -> bool:
    """Return whether a request is of this user; where that cannot be found out, it may be."""
    user = user_of(scope.get("client"), scope.get("server"))
    return user is None or user == os.getuid()


def user_of(near: tuple[str, int] | None, far: tuple[str, int] | None) -> int | None:
    """Return the number of the user who opened a connection from this machine.

    Args:
        near: IPv4 address and port of the side that opened it.
        far: Those of the other side.

    Returns:
        None where the system does not tell: everywhere but on Linux.
    """
    try:
        ends = [_as_listed(near), _as_listed(far)]
        lines = _CONNECTIONS.read_text("ascii").splitlines()
    except (OSError, TypeError):
        return None
    rows = map(str.split, lines)
    return next((int(row[_USER]) for row in rows if row[1:3] == ends), None)


def _as_listed(end: tuple[str, int] | None) -> str:
    """Return an address and a port as Linux lists them."""
    if end is None:
        raise TypeError
    number = int.from_bytes(socket.inet_aton(end[0]), sys.byteorder)
    return f"{number:08X}:{end[1]:04X}"


def _same(given: str, secret: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode())
