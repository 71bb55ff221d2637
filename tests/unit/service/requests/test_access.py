"""Who may call: after too many wrong keys an address waits, but a right key is answered."""

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
    """One key."""

    def find(self, text: str) -> ApiKey | None:
        return RIGHT if text == "right" else None


def code_of(access: Access, text: str, address: str = "192.0.2.7", headers: int = 1) -> str:
    """The code of the problem that a caller with a key gets; "" for none."""
    sent = [(b"authorization", b"Bearer right")] * headers
    request = Request({"type": "http", "headers": sent, "client": (address, 1), "state": {}})
    try:
        asyncio.run(access._actor(request, text, "models:read"))
    except Problem as problem:
        return problem.code
    return ""


@pytest.fixture
def access() -> Access:
    config = ServiceConfig()
    return Access(cast("KeyStore", Keys()), config, CallerRates(config))


def test_after_too_many_wrong_keys_an_address_waits_before_the_next_guess(access: Access) -> None:
    assert {code_of(access, "wrong") for _ in range(FAILURES)} == {"unauthenticated"}
    assert code_of(access, "wrong") == "rate_limited"
    assert code_of(access, "wrong", "192.0.2.8") == "unauthenticated"


def test_wrong_keys_of_others_do_not_lock_out_a_right_one(access: Access) -> None:
    for _ in range(FAILURES + 1):
        code_of(access, "wrong")
    assert code_of(access, "right") == ""
    assert code_of(access, "wrong") == "rate_limited"


def test_a_right_key_costs_none_of_the_guesses(access: Access) -> None:
    assert {code_of(access, "right") for _ in range(2 * FAILURES)} == {""}


def test_two_headers_with_keys_are_refused_since_others_may_read_the_other_one(
    access: Access,
) -> None:
    assert code_of(access, "right", headers=2) == "unauthenticated"
    assert code_of(access, "right") == ""
