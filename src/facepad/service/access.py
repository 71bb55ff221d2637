"""Who may call a route: an API key with its scope, or the page of this very service."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from facepad.service.config import ServiceConfig
from facepad.service.limits import is_same_origin
from facepad.service.problems import Problem
from facepad.service.storage.keys import KeyStore

PAGE = "page"  # the actor of requests from /try without a key
MACHINE = "machine"  # the actor of requests of programs on this machine without a key
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
Caller = Callable[..., Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Access:
    """Makes the dependencies of routes that check a caller.

    Attributes:
        keys: The API keys.
        config: Settings of the service.
    """

    keys: KeyStore
    config: ServiceConfig

    def key(self, scope: str) -> Caller:
        """Return a dependency that asks for an API key with a scope, and gives the actor."""
        bearer = HTTPBearer(
            auto_error=False,
            scheme_name="ApiKey",
            description="An API key of `facepad service apikey create`.",
        )

        async def caller(
            request: Request,
            given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
        ) -> str:
            return self._actor(request, None if given is None else given.credentials, scope)

        return caller

    def page_or_key(self, scope: str) -> Caller:
        """Return a dependency that lets the page on loopback in without a key."""
        asks_key = self.key(scope)

        async def caller(
            request: Request,
            given: Annotated[str | None, Depends(HTTPBearer(auto_error=False))],
        ) -> str:
            if given is None and self.is_local_page(request):
                return PAGE
            return await asks_key(request, given)

        return caller

    def this_machine_or_key(self, scope: str) -> Caller:
        """Return a dependency that lets programs on this machine in without a key."""
        asks_key = self.key(scope)

        async def caller(
            request: Request,
            given: Annotated[
                HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))
            ],
        ) -> str:
            is_page = "origin" in request.headers or "sec-fetch-site" in request.headers
            if given is None and self.is_direct(request) and not is_page:
                return MACHINE
            return await asks_key(request, given)

        return caller

    def is_direct(self, request: Request) -> bool:
        """Return whether a request comes from this machine, not through a proxy."""
        if not self.config.is_loopback or self.config.behind_proxy:
            return False
        return not any(name in request.headers for name in _FORWARDED)  # one nobody declared

    def is_local_page(self, request: Request) -> bool:
        """Return whether a request comes from this machine, from a page of the service itself."""
        if not self.is_direct(request):
            return False
        if not is_same_origin(request.headers):
            raise Problem("origin_not_allowed")
        return True

    def _actor(self, request: Request, text: str | None, scope: str) -> str:
        key = None if text is None else self.keys.find(text)
        if key is None:
            raise Problem("unauthenticated", headers={"WWW-Authenticate": "Bearer"})
        if scope not in key.scopes:
            raise Problem("forbidden_scope", f"The scope {scope} is needed.")
        request.state.key_id = key.id
        return f"key:{key.id}"
