"""The pages /try and /docs and their files: all of them served from here, under a strict policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from facepad.service.reference import reference_page

ASSETS: Mapping[str, str] = MappingProxyType(
    {
        "page.css": "text/css",
        "try.css": "text/css",
        "docs.css": "text/css",
        "try.js": "text/javascript",
        "answer.js": "text/javascript",
        "camera.js": "text/javascript",
        "stills.js": "text/javascript",
        "icon.svg": "image/svg+xml",
    }
)
# No inline script or style, nothing from elsewhere, no string that becomes markup.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
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
        "Permissions-Policy": "camera=(self), fullscreen=(self), microphone=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",  # kept, but asked for again with its hash
    }
)


@dataclass(frozen=True, slots=True)
class TryLimits:
    """What the page /try needs to know of the service.

    Attributes:
        key_required: Whether the page asks for an API key.
        max_side: Longest side of a picture, pixels; a larger one is made smaller by the page.
        max_bytes: Size of a picture, bytes; a larger one is compressed again by the page.
    """

    key_required: bool
    max_side: int
    max_bytes: int


def pages(limits: TryLimits) -> APIRouter:
    """Return the routes of the pages; they are not part of the API's description."""
    router = APIRouter(include_in_schema=False)
    folder = files("facepad.service") / "web"
    contents = {name: (folder / name).read_bytes() for name in ASSETS}
    try_html = _try_html((folder / "try.html").read_text("utf-8"), limits)

    @router.get("/try")
    def try_page() -> Response:
        return HTMLResponse(try_html, headers=HEADERS)

    @router.get("/docs")
    def docs_page(request: Request) -> Response:
        address = str(request.base_url).rstrip("/")
        return HTMLResponse(reference_page(request.app.openapi(), address), headers=HEADERS)

    @router.get("/web/{name}")
    def asset(name: str, request: Request) -> Response:
        if name not in contents:
            return Response("not found", 404, HEADERS, "text/plain")
        tag = f'"{sha256(contents[name]).hexdigest()[:32]}"'
        headers = {**HEADERS, "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(contents[name], headers=headers, media_type=ASSETS[name])

    return router


def _try_html(template: str, limits: TryLimits) -> str:
    values = {
        "{key}": "required" if limits.key_required else "optional",
        "{side}": str(limits.max_side),
        "{bytes}": str(limits.max_bytes),
    }
    for mark, value in values.items():
        template = template.replace(mark, value)
    return template
