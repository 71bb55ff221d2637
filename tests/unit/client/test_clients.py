"""The client: what it sends, what it makes of answers, and when it tries again."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from facepad.client import AsyncClient, Client, FaceArea, JobState, LivenessCheck, ServiceError
from facepad.errors import InputError

KEY = "fpk_live_x"
RESULT = {
    "decision": "spoof",
    "assurance": "passive_only",
    "score": 0.125,
    "reasons": [{"code": "too_dark", "text": "too dark", "advice": "turn on a light"}],
    "face": {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4},
    "timings": {"total_ms": 12.5},
    "document": {"outcome": "attack"},
    "of_a_later_version": 1,
}
IMAGES = {"results": [RESULT], "request_id": "req_1"}
BUSY = {"code": "overloaded", "detail": "busy", "request_id": "req_2", "errors": []}
Answer = httpx2.Response | Exception


class Service:
    """Answers from a list; keeps the requests."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.requests = list(answers), list[httpx2.Request]()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self) -> Client:
        http = httpx2.Client(base_url="http://here", transport=httpx2.MockTransport(self))
        return Client("http://here", KEY, http=http)


def ok(body: object) -> httpx2.Response:
    return httpx2.Response(200, json=body)


def busy(status: int = 503, wait: str = "2") -> httpx2.Response:
    return httpx2.Response(status, json=BUSY, headers={"Retry-After": wait})


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses that were asked for, and not made."""
    made: list[float] = []

    async def pause(seconds: float) -> None:
        made.append(seconds)

    monkeypatch.setattr("facepad.client.clients.time.sleep", made.append)
    monkeypatch.setattr("facepad.client.clients.asyncio.sleep", pause)
    return made


def test_a_picture_is_sent_with_the_key_and_its_answer_is_read() -> None:
    service = Service(ok(IMAGES))
    with service.client() as client:
        check = client.image(b"picture", tests=["quality"], operating_point="strict")
    request = service.requests[0]
    assert (request.method, request.url.path) == ("POST", "/v1/liveness/image")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert len(request.headers["idempotency-key"]) == 32
    assert all(one in request.content for one in (b"picture", b"quality", b"strict"))
    assert (check.decision, check.score, check.is_live) == ("spoof", 0.125, False)
    assert check.reasons[0].advice == "turn on a light"
    assert check.face == FaceArea(0.1, 0.2, 0.3, 0.4)
    assert check.timings_ms == {"total_ms": 12.5}
    assert check.request_id == "req_1"


def test_a_check_is_not_true_by_itself() -> None:
    check = Service(ok(IMAGES)).client().image(b"")
    with pytest.raises(TypeError, match=r"use check\.is_live"):
        bool(check)


def test_files_are_read_and_a_missing_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "me.jpg").write_bytes(b"me")
    service = Service(ok(IMAGES))
    service.client().images([tmp_path / "me.jpg"])
    assert b"\r\n\r\nme\r\n" in service.requests[0].content
    with pytest.raises(ServiceError, match=r"gone\.jpg: No such file"):
        service.client().image(tmp_path / "gone.jpg")


def test_the_name_of_a_file_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "canary.jpg").write_bytes(b"me")
    service = Service(ok(IMAGES))
    service.client().image(tmp_path / "canary.jpg")
    assert b"canary" not in service.requests[0].content


def test_a_busy_service_is_asked_again_with_the_same_idempotency_key(
    pauses: list[float],
) -> None:
    service = Service(busy(), httpx2.ConnectError("refused"), busy(429, "90"), ok(IMAGES))
    assert service.client().image(b"a").decision == "spoof"
    assert len({request.headers["idempotency-key"] for request in service.requests}) == 1
    assert pauses == [2.0, 1.0, 30.0]


@pytest.mark.parametrize("status", [400, 401, 403, 413, 422, 500])
def test_an_error_that_stays_is_raised_at_once(status: int) -> None:
    problem = {**BUSY, "code": "x", "errors": [{"pointer": "/tests", "message": "unknown"}]}
    service = Service(httpx2.Response(status, json=problem))
    with pytest.raises(ServiceError, match=rf"x \({status}\): busy; /tests: unknown") as caught:
        service.client().image(b"a")
    assert (caught.value.status, caught.value.request_id) == (status, "req_2")


def test_a_service_that_stays_busy_is_given_up(pauses: list[float]) -> None:
    service = Service(*(busy() for _ in range(4)))
    with pytest.raises(ServiceError) as caught:
        service.client().image(b"a")
    assert (caught.value.code, caught.value.retry_after_s) == ("overloaded", 2.0)
    assert len(pauses) == 3


def test_an_answer_of_something_else_is_named() -> None:
    with pytest.raises(ServiceError, match="is a proxy in between"):
        Service(httpx2.Response(502, text="<html>")).client().models()
    with pytest.raises(ServiceError, match="none of this version of the API"):
        Service(ok({"other": 1})).client().models()


def test_an_error_of_the_client_holds_neither_key_nor_picture() -> None:
    service = Service(*(httpx2.ReadTimeout("slow") for _ in range(4)))
    http = httpx2.Client(base_url="http://here", transport=httpx2.MockTransport(service))
    with pytest.raises(ServiceError) as caught:
        Client("http://here", KEY, retries=0, http=http).image(b"canary")
    assert "canary" not in repr(caught.value)
    assert KEY not in str(caught.value)


def test_frames_are_sent_with_their_times() -> None:
    service = Service(*(ok({"result": RESULT, "request_id": "r"}) for _ in range(2)))
    client = service.client()
    client.frames([b"1", b"2"], times_s=[3.0, 3.25])
    client.frames([b"1", b"2"])
    sent, plain = (request.content for request in service.requests)
    assert b'name="times_s"\r\n\r\n3.0,3.25\r\n' in sent
    assert b"frame_rate" not in sent + plain


def test_times_of_numpy_are_sent_as_others() -> None:
    service = Service(ok({"result": RESULT, "request_id": "r"}))
    service.client().frames([b"1", b"2"], times_s=np.array([0.0, 0.5]))
    assert b'name="times_s"\r\n\r\n0.0,0.5\r\n' in service.requests[0].content


@pytest.mark.parametrize("data", [bytearray(b"picture"), memoryview(b"picture")])
def test_other_kinds_of_bytes_are_sent(data: Any) -> None:  # noqa: ANN401
    service = Service(ok(IMAGES))
    service.client().image(data)
    assert b"\r\n\r\npicture\r\n" in service.requests[0].content


def test_a_path_that_is_text_is_refused_in_words() -> None:
    with pytest.raises(InputError, match=r'got str; for a file write Path\("photo.jpg"\)'):
        Service().client().image("canary.jpg")  # type: ignore[arg-type]


@pytest.mark.parametrize("pictures", [[], b"picture", "a.jpg", Path("a.jpg")])
def test_pictures_that_are_no_list_are_refused_in_words(pictures: Any) -> None:  # noqa: ANN401
    client = Service().client()
    for send in (client.images, client.frames, partial(client.calibrate, "a", consent=True)):
        with pytest.raises(InputError, match="expected a list of one picture or more"):
            send(pictures)


def test_an_option_that_is_none_is_not_sent() -> None:
    service = Service(ok(IMAGES))
    options: Any = {"calibration": None}
    service.client().image(b"a", **options)
    assert b"calibration" not in service.requests[0].content


def test_the_id_of_a_job_is_no_path() -> None:
    service = Service(ok({"job_id": "j", "status": "done"}))
    service.client().job("../models?a#b")
    assert service.requests[0].url.raw_path == b"/v1/jobs/..%2Fmodels%3Fa%23b"


@pytest.mark.parametrize("of", [Client, AsyncClient])
@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "localhost:8000", "ftp://here", "http://", "http://here:port", ""]
)
def test_an_address_that_cannot_be_used_is_named(
    of: type[Client] | type[AsyncClient], url: str
) -> None:
    with pytest.raises(InputError, match=r"expected an address as http://127\.0\.0\.1:8000.*got"):
        of(url, KEY)


@pytest.mark.parametrize("key", ["", "fpk_canary\n", "fpk_canary\u00e9", "fpk canary"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(InputError, match="the API key holds characters") as refused:
        Client("http://here", key)
    assert "canary" not in str(refused.value)


def test_the_address_holds_for_another_client_of_httpx2_too() -> None:
    service = Service(ok({"models": []}))
    http = httpx2.Client(transport=httpx2.MockTransport(service))
    Client("http://there:81/below/", KEY, http=http).models()
    assert str(service.requests[0].url) == "http://there:81/below/v1/models"


def test_a_job_is_awaited(pauses: list[float]) -> None:
    states = [{"job_id": "job_1", "status": s} for s in ("queued", "running", "done")]
    service = Service(*map(ok, states))
    client = service.client()
    assert client.wait(client.calibrate("door", [b"1", b"2"], consent=True)) == JobState(
        "job_1", "done"
    )
    assert b"true" in service.requests[0].content
    assert service.requests[1].url.path == "/v1/jobs/job_1"
    assert len(pauses) == 2


CALLS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "image": (IMAGES, lambda client: client.image(b"a")),
    "images": (IMAGES, lambda client: client.images([b"a"])),
    "video": ({"result": RESULT, "request_id": "r"}, lambda client: client.video(b"a")),
    "frames": ({"result": RESULT, "request_id": "r"}, lambda client: client.frames([b"a"], 5.0)),
    "frames_at_times": (
        {"result": RESULT, "request_id": "r"},
        lambda client: client.frames([b"a"], times_s=[0.5]),
    ),
    "metrics": ({"metrics": {"psnr": 1.0}}, lambda client: client.metrics(b"a")),
    "models": ({"models": []}, lambda client: client.models()),
    "calibrations": ({"calibrations": []}, lambda client: client.calibrations()),
    "calibrate": (
        {"job_id": "j", "status": "queued"},
        lambda client: client.calibrate("a", [b"a"], consent=True),
    ),
    "job": ({"job_id": "j", "status": "done"}, lambda client: client.job("j")),
    "wait": (None, lambda client: client.wait(JobState("j", "done"))),
}


@pytest.mark.parametrize("name", CALLS)
def test_both_clients_send_and_answer_alike(name: str) -> None:
    body, call = CALLS[name]
    first, second = Service(ok(body)), Service(ok(body))

    async def answered() -> object:
        transport = httpx2.MockTransport(second)
        http = httpx2.AsyncClient(base_url="http://here", transport=transport)
        async with AsyncClient("http://here", KEY, http=http) as client:
            return await call(client)

    assert call(first.client()) == asyncio.run(answered())
    assert [(r.method, r.url) for r in first.requests] == [
        (r.method, r.url) for r in second.requests
    ]


def test_the_async_client_tries_again_too(pauses: list[float]) -> None:
    service = Service(busy(), ok(IMAGES))

    async def answered() -> LivenessCheck:
        transport = httpx2.MockTransport(service)
        http = httpx2.AsyncClient(base_url="http://here", transport=transport)
        async with AsyncClient("http://here", KEY, http=http) as client:
            return await client.image(b"a")

    assert asyncio.run(answered()).decision == "spoof"
    assert pauses == [2.0]
