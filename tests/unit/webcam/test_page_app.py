"""What the page's addresses answer, with a made-up view behind them."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from facepad.types import OperatingPoint, Outcome, Score
from facepad.webcam.page_app import FILES, SHARED, page_app
from facepad.webcam.page_pictures import PagePictures
from facepad.webcam.page_state import page_state
from facepad.webcam.state import CameraState, CameraStatus
from made_up_live import MadeUpLive, made_up_moment, running


class Page:
    """The page of a made-up view, and what it asked for."""

    def __init__(self) -> None:
        self.live = MadeUpLive()
        self.stopped: list[bool] = []
        session = cast("Any", self.live)
        self.pictures = PagePictures(session)
        app = page_app(session, self.pictures, lambda: self.stopped.append(True))
        self.client = TestClient(app)

    def post(self, action: str, body: object = None) -> int:
        return self.client.post(f"/do/{action}", json={} if body is None else body).status_code


@pytest.fixture
def page() -> Page:
    return Page()


@pytest.mark.parametrize("name", sorted(FILES))
def test_files_have_their_type(page: Page, name: str) -> None:
    answer = page.client.get(f"/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(FILES[name])


def test_every_file_of_the_folders_is_served() -> None:
    static, shared = files("facepad") / "webcam" / "static", files("facepad") / "web"
    own = {file.name for file in static.iterdir()} - {"index.html"}
    assert own == set(FILES) - set(SHARED) - {""}
    assert {file.name for file in shared.iterdir()} == set(SHARED)


def test_no_script_makes_markup_of_text_and_nothing_comes_from_elsewhere() -> None:
    folder = files("facepad") / "webcam" / "static"
    for file in folder.iterdir():
        text = file.read_text("utf-8")
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert sink not in text, file.name
        assert "http" not in text, file.name
        assert "style=" not in text, file.name


@pytest.mark.parametrize("path", ["/nothing", "/index.html", "/..%2Fpage.py", "/do/save", "/do/x"])
def test_nothing_else_is_found(page: Page, path: str) -> None:
    answer = page.client.get(path)
    assert answer.status_code in (404, 405)
    assert answer.content == b""


def test_buttons_reach_the_view(page: Page) -> None:
    assert page.post("pause", {"paused": True}) == 204
    assert page.post("tests", {"tests": ["quality", "pulse"]}) == 204
    assert page.post("save") == 204
    assert page.post("calibrate", {"name": "desk"}) == 204
    assert page.post("cancel") == 204
    assert page.live.asked == [
        ("pause", True),
        ("select", ("quality", "pulse")),
        ("save", None),
        ("begin", "desk"),
        ("cancel", None),
    ]
    assert page.stopped == []
    assert page.post("stop") == 204
    assert page.stopped == [True]


def test_what_the_view_refuses_is_told_in_its_words(page: Page) -> None:
    page.live.refusal = "a calibration desk exists already"
    answer = page.client.post("/do/calibrate", json={"name": "desk"})
    assert (answer.status_code, answer.json()) == (409, {"message": page.live.refusal})


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("pause", {}),
        ("pause", {"paused": 1}),
        ("pause", []),
        ("pause", "x"),
        ("tests", {"tests": "quality"}),
        ("tests", {"tests": [1]}),
        ("tests", {"tests": ["x" * 201]}),
        ("tests", {"tests": ["x"] * 65}),
        ("calibrate", {"name": None}),
        ("calibrate", {"name": "x" * 201}),
        ("calibrate", {"name": "desk", "more": "x" * 5000}),
    ],
)
def test_bodies_that_the_page_does_not_send_are_refused(
    page: Page, action: str, body: object
) -> None:
    assert page.post(action, body) == 400
    assert page.live.asked == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b"[" * 4000, "application/json"),
        (b"\xff\xfe{}", "application/json"),
        (b"{}", "text/plain"),
        (b"{}", "application/x-www-form-urlencoded"),
        (b"", ""),
    ],
)
def test_bodies_that_are_no_json_are_refused(page: Page, content: bytes, kind: str) -> None:
    headers = {"Content-Type": kind}
    assert page.client.post("/do/save", content=content, headers=headers).status_code == 400
    assert page.live.asked == []


def test_a_further_viewer_is_refused_while_there_are_enough(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facepad.webcam.page_pictures.MOST_VIEWERS", 0)
    answer = page.client.get("/picture")
    assert (answer.status_code, answer.content) == (503, b"")


def test_the_state_is_what_the_page_shows(page: Page) -> None:
    found: Mapping[str, Any] = page.client.get("/state").json()
    decision = found["decision"]
    assert (decision["words"], decision["score"]) == ("Bona fide", 0.9)
    assert decision["point"] == {"low": 0.3, "high": 0.6}
    assert found["camera"]["size"] == [640, 480]
    roles = {test["name"]: test["role"] for test in found["tests"]}
    assert roles == {
        "quality": "decides",
        "face_cnn": "off",
        "blink": "abstains",
        "parallax": "off",
        "pulse": "advisory",
    }
    reasons = {test["name"]: test["reason"] for test in found["tests"] if test["reason"]}
    assert reasons["blink"]["advice"] == "blink once"
    assert reasons["pulse"]["advice"] == "wait a few seconds"


def test_a_test_that_only_adds_is_shown_as_one() -> None:
    live = running()
    assert live.newest is not None
    scores = {**live.newest.decision.scores, "parallax": Score(0.7)}
    points = {**live.newest.decision.operating_points, "parallax": OperatingPoint.undecided()}
    decision = replace(live.newest.decision, scores=scores, operating_points=points)
    moment = replace(live.newest, decision=decision)
    live = replace(live, newest=moment, deciding=(*live.deciding, "parallax"))
    roles = {test["name"]: test["role"] for test in page_state(live)["tests"]}
    assert roles["parallax"] == "adds"


def test_the_state_has_every_key_before_the_first_decision() -> None:
    before = replace(running(), newest=None, calibration=None)
    found = page_state(before)
    assert found.keys() == page_state(running()).keys()
    assert found["decision"] is None
    assert {test["score"] for test in found["tests"]} == {None}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_words(outcome: Outcome) -> None:
    found = page_state(replace(running(), newest=made_up_moment(outcome)))["decision"]
    assert found["outcome"] == outcome.value
    assert found["words"][0].isupper()
    assert found["meaning"].endswith(".")


def test_a_test_that_is_being_loaded_is_selected_already() -> None:
    selected = ("quality", "face_cnn")
    found = page_state(replace(running(), selected=selected, is_loading=True))["tests"]
    roles = {test["name"]: (test["selected"], test["role"]) for test in found}
    assert roles["face_cnn"] == (True, "loading")
    assert roles["blink"] == (False, "abstains")  # until then


def test_a_camera_that_is_tried_again_is_described() -> None:
    camera = CameraState(CameraStatus.RETRYING, "camera 0", "it was unplugged", None, 2.0)
    found = page_state(replace(running(), camera=camera))["camera"]
    assert found["words"] == "it was unplugged"
    assert (found["status"], found["retry_s"], found["paused"]) == ("retrying", 2.0, False)
