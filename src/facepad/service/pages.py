"""The pages /try and /docs and their files: all of them served from here, under a strict policy."""

from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from facepad.service.config import ServiceConfig
from facepad.service.reference import reference_page

ASSETS: Mapping[str, str] = MappingProxyType(
    {
        "page.css": "text/css",
        "answer.css": "text/css",
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

SHARED = ("page.css", "answer.css", "icon.svg")  # with the page of `facepad webcam`
_READ = ("GET", "HEAD")
_ENVELOPE = 4096  # bytes of a form around its picture, at most


def pages(config: ServiceConfig) -> APIRouter:
    """Return the routes of the pages; they are not part of the API's description."""
    router = APIRouter(include_in_schema=False)
    own, shared = files("facepad.service") / "web", files("facepad") / "web"
    contents = {name: ((shared if name in SHARED else own) / name).read_bytes() for name in ASSETS}
    try_html = _try_html((own / "try.html").read_text("utf-8"), config)

    @router.api_route("/try", methods=list(_READ))
    def try_page() -> Response:
        return HTMLResponse(try_html, headers=HEADERS)

    @router.api_route("/docs", methods=list(_READ))
    def docs_page(request: Request) -> Response:
        address = (config.public_url or str(request.base_url)).rstrip("/")
        return HTMLResponse(reference_page(request.app.openapi(), address), headers=HEADERS)

    @router.api_route("/web/{name}", methods=list(_READ))
    def asset(name: str, request: Request) -> Response:
        if name not in contents:
            return Response("not found", 404, HEADERS, "text/plain")
        tag = f'"{sha256(contents[name]).hexdigest()[:32]}"'
        headers = {**HEADERS, "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(contents[name], headers=headers, media_type=ASSETS[name])

    return router


def _try_html(template: str, config: ServiceConfig) -> str:
    """Return the page with what its script needs to know of the service."""
    is_open = config.is_loopback and not config.behind_proxy
    values = {
        "{key}": "optional" if is_open else "required",
        "{side}": str(config.max_image_side),
        "{bytes}": str(config.max_image_bytes - _ENVELOPE),
    }
    for mark, value in values.items():
        template = template.replace(mark, value)
    return template
