"""The pages are served under a strict policy, with what they need to know of the service."""

from html.parser import HTMLParser
from importlib.resources import files

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from facepad.service.config import ServiceConfig
from facepad.service.pages import ASSETS, POLICY, SHARED, pages


def client(**settings: object) -> TestClient:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.include_router(pages(ServiceConfig.model_validate(settings)))
    return TestClient(app)


class References(HTMLParser):
    """Collects what a page loads or links to, and what its policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        self.links += [names[name] or "" for name in ("src", "href") if name in names]
        refused = [name for name in names if name.startswith("on") or name == "style"]
        if refused or tag == "style" or (tag == "script" and "src" not in names):
            self.inline.append(f"{tag} {refused}")


@pytest.mark.parametrize("path", ["/try", "/docs"])
def test_a_page_has_nothing_inline_and_nothing_from_elsewhere(path: str) -> None:
    answer = client().get(path)
    assert answer.headers["content-security-policy"] == POLICY
    found = References()
    found.feed(answer.text)
    assert found.inline == []
    assert [link for link in found.links if not link.startswith(("/", "#"))] == []
    assert [link for link in found.links if link.startswith("//")] == []
    assets = [link for link in found.links if link.startswith("/web/")]
    assert {client().get(link).status_code for link in assets} == {200}


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({}, "optional"),
        ({"behind_proxy": True}, "required"),
        ({"host": "192.0.2.1", "insecure_http": True}, "required"),
    ],
)
def test_try_asks_for_a_key_where_others_reach_it(settings: dict[str, object], key: str) -> None:
    page = client(**settings).get("/try").text
    assert f'data-key="{key}" data-side="1920" data-bytes="7995904"' in page


def test_commands_name_the_address_that_users_see() -> None:
    strange = {"Host": "elsewhere.example"}
    page = client(public_url="https://pad.example/").get("/docs", headers=strange).text
    assert "export FACEPAD_URL=https://pad.example\n" in page
    assert "elsewhere.example" not in page


@pytest.mark.parametrize("path", ["/try", "/docs", "/web/try.js"])
def test_the_headers_of_a_page_can_be_asked_for_alone(path: str) -> None:
    assert client().head(path).headers["content-security-policy"] == POLICY


def test_files_have_their_type_and_are_kept_by_their_hash() -> None:
    answer = client().get("/web/try.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    again = client().get("/web/try.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.js", "try.html", "..%2Fpages.py", "%2Fetc%2Fpasswd"])
def test_no_other_file_is_served(name: str) -> None:
    assert client().get(f"/web/{name}").status_code == 404


def test_every_file_of_the_folder_is_served() -> None:
    names = {file.name for file in (files("facepad.service") / "web").iterdir()}
    assert names == {*ASSETS, "try.html"} - set(SHARED)


def test_no_script_makes_markup_of_text() -> None:
    for name in set(ASSETS) - set(SHARED):  # shared are looks and a drawing
        text = (files("facepad.service") / "web" / name).read_text("utf-8")
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert sink not in text, name
