"""The page answers its own user alone; a made-up application stands behind the gate."""

import os
import socket
import sys

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from facepad.webcam import page_gate
from facepad.webcam.page_gate import HEADERS, PageGate, PageKeys

PORT = 8777
OWN = "http://127.0.0.1:8777"


async def echo(scope, receive, send) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    await PlainTextResponse(Request(scope).url.path)(scope, receive, send)


def client(keys: PageKeys) -> TestClient:
    return TestClient(PageGate(echo, keys), base_url=OWN, follow_redirects=False)


@pytest.fixture
def keys() -> PageKeys:
    return PageKeys(PORT)


def test_tokens_are_long_and_new_at_each_start(keys: PageKeys) -> None:
    secrets = {keys.token, keys.start, PageKeys(PORT).token, PageKeys(PORT).start}
    assert len(secrets) == 4
    assert min(map(len, secrets)) >= 43  # 256 bits


def test_the_page_gets_its_paths_without_the_token(keys: PageKeys) -> None:
    assert client(keys).get(keys.url).text == "/"
    assert client(keys).get(f"{keys.url}do/save").text == "/do/save"


@pytest.mark.parametrize(
    "path", ["/", "", "/x/", "/x/state", "/{token}", "/{token}x/", "/{short}/", "//{token}/", "/é/"]
)
def test_without_the_token_nothing_is_found(keys: PageKeys, path: str) -> None:
    answer = client(keys).get(path.format(token=keys.token, short=keys.token[:-1]))
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize(
    "host",
    ["localhost:8777", "127.0.0.1", "127.0.0.1:8778", "attacker.example:8777", "[::1]:8777", ""],
)
def test_a_name_that_points_to_loopback_is_refused(keys: PageKeys, host: str) -> None:
    answer = client(keys).get(keys.url, headers={"Host": host})
    assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://attacker.example"},
        {"Origin": "http://127.0.0.1:8000"},
        {"Origin": "null"},
        {"Origin": OWN, "Sec-Fetch-Site": "cross-site"},
        {"Origin": OWN, "Sec-Fetch-Site": "same-site"},
        {"Origin": OWN, "Sec-Fetch-Site": "none"},
        {},
    ],
)
def test_other_pages_change_nothing_even_with_the_token(
    keys: PageKeys, headers: dict[str, str]
) -> None:
    answer = client(keys).post(f"{keys.url}do/stop", headers=headers)
    assert (answer.status_code, answer.content) == (403, b"")


def test_the_page_itself_may_change_something(keys: PageKeys) -> None:
    headers = {"Origin": OWN, "Sec-Fetch-Site": "same-origin"}
    assert client(keys).post(f"{keys.url}do/stop", headers=headers).status_code == 200


@pytest.mark.parametrize(("site", "status"), [("none", 200), ("same-origin", 200)])
def test_an_address_that_is_typed_opens_the_page(keys: PageKeys, site: str, status: int) -> None:
    assert client(keys).get(keys.url, headers={"Sec-Fetch-Site": site}).status_code == status


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_pages_cannot_embed_the_picture(keys: PageKeys, site: str) -> None:
    answer = client(keys).get(f"{keys.url}picture", headers={"Sec-Fetch-Site": site})
    assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"])
def test_other_methods_are_refused(keys: PageKeys, method: str) -> None:
    assert client(keys).request(method, keys.url).status_code == 405


def test_the_address_that_a_browser_is_started_with_works_once(keys: PageKeys) -> None:
    start = keys.start_url
    first = client(keys).get(start)
    assert (first.status_code, first.headers["location"]) == (303, f"/{keys.token}/")
    assert client(keys).get(start).status_code == 404
    assert client(keys).get(f"{OWN}//").status_code == 404  # no empty secret is left


def test_another_user_of_the_machine_cannot_use_the_first_address(
    keys: PageKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(page_gate, "user_of", lambda *_: os.getuid() + 1)
        assert client(keys).get(keys.start_url).status_code == 404
        assert client(keys).get(keys.url).status_code == 200  # with the address that was printed
    assert client(keys).get(keys.start_url).status_code == 303  # it was not used up


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the user of a connection")
def test_the_user_of_a_connection_is_known() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as opened,
    ):
        near, far = opened.getsockname(), opened.getpeername()
        assert page_gate.user_of(near, far) == os.getuid()
        assert page_gate.user_of((near[0], 1), far) is None
    for unknown in (None, ("a name", 1)):
        assert page_gate.user_of(unknown, far) is None


def test_the_first_address_is_not_used_up_by_another_page(keys: PageKeys) -> None:
    refused = client(keys).get(keys.start_url, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert client(keys).get(keys.start_url).status_code == 303


@pytest.mark.parametrize("path", ["", "x"])
def test_every_answer_has_the_headers_refusals_too(keys: PageKeys, path: str) -> None:
    for url in (f"{keys.url}{path}", f"{OWN}/{path}", keys.start_url):
        headers = client(keys).get(url).headers
        assert {name: headers.get(name) for name in HEADERS} == dict(HEADERS)


def test_the_usual_port_is_not_part_of_an_origin() -> None:
    assert PageKeys(80).url.startswith("http://127.0.0.1/")
