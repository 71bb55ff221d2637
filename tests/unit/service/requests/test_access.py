"""Who may call: an address whose keys are refused too often is not looked up any more."""

import asyncio
from typing import cast

import pytest
from fastapi import Request

from facepad.service.config import ServiceConfig
from facepad.service.keys import ApiKey, KeyStore
from facepad.service.problems import Problem
from facepad.service.requests.access import Access
from facepad.service.requests.rates import FAILURES, CallerRates

RIGHT = ApiKey("aaaaaaaaaaaa", "backend", ("models:read",), "", "")


class Keys:
    """One key, and how often keys were looked up."""

    looked = 0

    def find(self, text: str) -> ApiKey | None:
        self.looked += 1
        return RIGHT if text == "right" else None


def code_of(access: Access, text: str, address: str = "192.0.2.7") -> str:
    """The code of the problem that a caller with a key gets; "" for none."""
    request = Request({"type": "http", "headers": [], "client": (address, 1), "state": {}})
    try:
        asyncio.run(access._actor(request, text, "models:read"))
    except Problem as problem:
        return problem.code
    return ""


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def access(keys: Keys) -> Access:
    config = ServiceConfig()
    return Access(cast("KeyStore", keys), config, CallerRates(config))


def test_after_too_many_wrong_keys_an_address_can_not_go_on_guessing(
    access: Access, keys: Keys
) -> None:
    assert {code_of(access, "wrong") for _ in range(FAILURES)} == {"unauthenticated"}
    assert {code_of(access, text) for text in ("wrong", "right")} == {"rate_limited"}
    assert keys.looked == FAILURES
    assert code_of(access, "right", "192.0.2.8") == ""


def test_a_right_key_costs_none_of_the_guesses(access: Access) -> None:
    assert {code_of(access, "right") for _ in range(2 * FAILURES)} == {""}
