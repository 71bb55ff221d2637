"""Who may call a route: an API key with its scope, or the page of this very service."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from facepad.service.config import LOOPBACK_NAMES, ServiceConfig
from facepad.service.keys import KeyStore
from facepad.service.problems import Problem
from facepad.service.requests.limits import host_name, is_same_origin
from facepad.service.requests.rates import CallerRates

PAGE = "page"  # the actor of requests from /try without a key
ONE_HEADER = "Expected one Authorization header, got several."
_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
Caller = Callable[..., Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Access:
    """Makes the dependencies of routes that check a caller.

    Attributes:
        keys: The API keys.
        config: Settings of the service.
        rates: How often callers may ask.
    """

    keys: KeyStore
    config: ServiceConfig
    rates: CallerRates

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
            text = None if given is None else given.credentials
            return await self._actor(request, text, scope)

        return caller

    def page_or_key(self, scope: str) -> Caller:
        """Return a dependency that lets the page on loopback in without a key."""
        asks_key = self.key(scope)

        async def caller(
            request: Request,
            given: Annotated[
                HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))
            ],
        ) -> str:
            if given is None and self.is_local_page(request):
                return PAGE
            return await asks_key(request, given)

        return caller

    def is_local_page(self, request: Request) -> bool:
        """Return whether a request comes from this machine, from a page of the service itself."""
        config, headers = self.config, request.headers
        if not config.is_loopback or config.behind_proxy:
            return False
        if any(name in headers for name in _FORWARDED):  # a proxy that nobody declared
            return False
        if host_name(headers.get("host", "")) not in LOOPBACK_NAMES:
            return False
        if not is_same_origin(headers):
            raise Problem("origin_not_allowed")
        return True

    async def _actor(self, request: Request, text: str | None, scope: str) -> str:
        if len(request.headers.getlist("authorization")) > 1:  # a proxy may read the other one
            raise Problem("unauthenticated", ONE_HEADER, headers={"WWW-Authenticate": "Bearer"})
        address = request.client.host if request.client else ""
        # Looked up before the failures are counted: a right key is answered, whoever else has the
        # address. That tells nobody a key, since keys have 256 random bits.
        key = None if text is None else await run_in_threadpool(self.keys.find, text)
        if key is None:
            if text is not None:
                await self.rates.count_failure(address)
            raise Problem("unauthenticated", headers={"WWW-Authenticate": "Bearer"})
        await self.rates.count(key.id)
        if scope not in key.scopes:
            raise Problem("forbidden_scope", f"The scope {scope} is needed.")
        request.state.key_id = key.id
        return f"key:{key.id}"
