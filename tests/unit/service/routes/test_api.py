"""The routes over HTTP, with made-up answers of the workers."""

import base64
import io
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from sqlalchemy.exc import OperationalError

from facepad.decision import Decision, document
from facepad.types import Outcome

if TYPE_CHECKING:
    from service_app import Served

pytestmark = pytest.mark.slow  # loads the web framework

IMAGE, VIDEO = "/v1/liveness/image", "/v1/liveness/video"
CANARY = "zq7-canary"
ROUTES = {
    ("POST", IMAGE): "liveness:write",
    ("POST", VIDEO): "liveness:write",
    ("POST", "/v1/metrics"): "metrics:write",
    ("GET", "/v1/models"): "models:read",
    ("GET", "/v1/calibrations"): "calibrations:read",
    ("POST", "/v1/calibrations"): "calibrations:write",
    ("GET", "/v1/jobs/job_none"): "jobs:read",
    ("GET", "/metrics"): "operations:read",
}


def answer(header: Mapping[str, Any], media: Sequence[bytes]) -> dict[str, Any]:
    """Answer as a worker would; a "picture" of few bytes is the code of a problem."""
    if header["kind"] == "calibrate":
        return {"calibration": "kiosk-7+01234567", "grade": "fair"}
    if header["kind"] == "metrics":
        return {"width": 4, "height": 3, "metrics": {"mse": 1.0}}
    if len(media[0]) < 40:
        return {"code": media[0].decode(), "detail": "It is damaged.", "fault": "x at y.py:1"}
    return {"document": document("-", Decision(Outcome.BONA_FIDE, 0.9, source_size=(4, 3)))}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Served]":
    import service_app  # loads the web framework

    folder = tmp_path_factory.mktemp("state")
    with service_app.served(folder, answer, max_image_mb=0.1, rate_per_s=0.0) as one:
        yield one


@pytest.fixture(scope="module")
def picture() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (200, 160)).save(data, "JPEG")
    return data.getvalue()


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _json(body: str | bytes, **headers: str) -> dict[str, Any]:
    return {"content": body, "headers": {"Content-Type": "application/json", **headers}}


def test_a_picture_as_a_form_and_as_json_has_the_same_answer(
    served: "Served", picture: bytes
) -> None:
    form = served.post(IMAGE, files={"image": (f"{CANARY}.jpg", picture)})
    as_json = served.post(IMAGE, json={"images": [text(picture)]})
    results = [one.json()["results"] for one in (form, as_json)]
    assert (form.status_code, as_json.status_code) == (200, 200)
    assert results[0][0].pop("timings").keys() == results[1][0].pop("timings").keys()
    assert results[0] == results[1]
    assert form.json()["request_id"] == form.headers["x-request-id"]


def test_each_picture_has_a_result_of_its_own_in_order(served: "Served", picture: bytes) -> None:
    found = served.post(IMAGE, files=[("image", ("a", picture)), ("image", ("b", picture))])
    assert len(found.json()["results"]) == 2


def test_parameters_reach_the_worker(served: "Served", picture: bytes) -> None:
    fields = {"tests": "face_cnn,quality", "operating_point": "strict", "faces": "single"}
    served.post(IMAGE, files={"image": picture}, data=fields)
    options = served.inference.asked[-1].options
    assert options == {**fields, "tests": ["face_cnn", "quality"]}


def test_a_clip_and_its_frames_are_one_presentation(served: "Served", picture: bytes) -> None:
    clip = served.post(VIDEO, files={"video": picture})
    frames = served.post(VIDEO, files=[("frame", picture)] * 3, data={"frame_rate": "5"})
    assert "result" in clip.json()
    assert "result" in frames.json()
    asked = served.inference.asked[-1]
    assert (asked.kind, len(asked.media), asked.options) == (
        "frames",
        3,
        {"times_s": [0.0, 0.2, 0.4]},
    )


def test_frames_may_come_at_uneven_times(served: "Served", picture: bytes) -> None:
    times, frames = [7.5, 8.0, 9.75], [("frame", picture)] * 3
    for written in ("7.5,8,9.75", ["7.5", "8.0", "9.75"]):
        assert served.post(VIDEO, files=frames, data={"times_s": written}).status_code == 200
        assert served.inference.asked[-1].options == {"times_s": [0.0, 0.5, 2.25]}
    as_json = {"frames": [text(picture)] * 3, "times_s": times}
    assert served.post(VIDEO, json=as_json).status_code == 200
    assert served.inference.asked[-1].options == {"times_s": [0.0, 0.5, 2.25]}


def test_every_frame_of_a_long_clip_may_have_a_field_with_its_time(
    served: "Served", picture: bytes
) -> None:
    frames = [("frame", picture)] * 300
    times = [f"{number / 30:.6f}" for number in range(300)]
    assert served.post(VIDEO, files=frames, data={"times_s": times}).status_code == 200
    assert len(served.inference.asked[-1].options["times_s"]) == 300


@pytest.mark.parametrize(
    ("field", "pointer", "words"),
    [
        ({"times_s": [0, 1, 20.5]}, "/times_s", "the frames may cover 20 seconds"),
        ({"frame_rate": 0.05}, "/frame_rate", "the frames may cover 20 seconds"),
        ({"times_s": [0, 1, 2], "frame_rate": 5}, "/times_s", "send times_s or frame_rate"),
    ],
)
def test_times_of_frames_are_bounded_as_those_of_clips(
    served: "Served", picture: bytes, field: dict[str, Any], pointer: str, words: str
) -> None:
    found = served.post(VIDEO, json={"frames": [text(picture)] * 3, **field})
    (error,) = found.json()["errors"]
    assert (found.status_code, error["pointer"]) == (422, pointer)
    assert words in error["message"]


def test_each_picture_takes_a_place_and_a_clip_takes_one(served: "Served", picture: bytes) -> None:
    served.post(IMAGE, files=[("image", picture)] * 5)
    assert served.inference.places[-1] == 5
    served.post(VIDEO, files=[("frame", picture)] * 5)
    assert served.inference.places[-1] == 1


@pytest.mark.parametrize("name", ["calibration", "unknown"])
def test_all_fields_but_media_are_bounded_together(
    served: "Served", picture: bytes, name: str
) -> None:
    half = "a" * 33_000
    for given in (
        {"json": {"images": [text(picture)], name: half, "faces": half}},
        {"files": {"image": picture}, "data": {name: half, "faces": half}},
        {"files": {"image": picture}, "data": {name: 2 * half}},
    ):
        found = served.post(IMAGE, **given)
        assert (found.status_code, found.json()["code"]) == (413, "too_large")
        assert "but media may have 64,000 bytes" in found.json()["detail"]


def test_media_and_their_escapes_are_no_part_of_that_bound(served: "Served") -> None:
    media = text(bytes(range(200, 256)) * 1000).replace("/", r"\/")
    body = '{"images": ["%s"], "faces": "single"}' % media  # noqa: UP031 - JSON has braces
    headers = {"Content-Type": "application/json"}
    assert len(body) > 64_000
    assert served.post(IMAGE, content=body, headers=headers).status_code == 200


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_needs_a_key(served: "Served", method: str, path: str) -> None:
    for headers in ({}, {"Authorization": f"Bearer {CANARY}"}, {"Authorization": "Basic YTpi"}):
        found = served.client.request(method, path, headers=headers)
        assert (found.status_code, found.json()["code"]) == (401, "unauthenticated")
        assert found.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("route", "scope"), ROUTES.items())
def test_every_route_needs_its_scope(served: "Served", route: tuple[str, str], scope: str) -> None:
    others = [one for one in ROUTES.values() if one != scope]
    headers = {"Authorization": f"Bearer {served.make_key(others)}"}
    found = served.client.request(*route, headers=headers)
    assert (found.status_code, found.json()["code"]) == (403, "forbidden_scope")
    headers = {"Authorization": f"Bearer {served.make_key([scope])}"}
    assert served.client.request(*route, headers=headers).status_code not in (401, 403)


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "malformed"),
        ({"json": json.loads("[" * 17 + "]" * 17)}, 400, "malformed"),
        ({"content": b"x"}, 415, "unsupported_media_type"),
        (
            _json('{"images": ["QUJD"]}', **{"Content-Encoding": "gzip"}),
            415,
            "unsupported_media_type",
        ),
        (_json('{"images": ["QUJD"]}'.encode("utf-16")), 400, "malformed"),
        ({"json": {}}, 422, "invalid_request"),
        (_json('{"images": ["QUJD"], "images": ["QUJD"]}'), 400, "malformed"),
        (_json('{"images": ["QUJD"], "x": NaN}'), 400, "malformed"),
        (
            {"files": {"image": b"abc"}, "data": {"faces": ["single", "largest"]}},
            422,
            "invalid_request",
        ),
        ({"files": {"image": b"abc"}, "data": {CANARY: [CANARY] * 2}}, 422, "invalid_request"),
        ({"json": {"images": ["%%%%"]}}, 422, "invalid_request"),
        ({"json": {"images": ["QUJD"], CANARY: CANARY}}, 422, "invalid_request"),
        ({"json": {"images": ["QUJD"], "tests": [CANARY]}}, 422, "invalid_request"),
        ({"json": {"images": ["\u00e9AAA"]}}, 422, "invalid_request"),
        ({"json": {"images": ["QUJD"], "calibration": f"{CANARY}/.."}}, 422, "invalid_request"),
        ({"json": {"images": ["QUJD"] * 9}}, 422, "invalid_request"),
        ({"files": {CANARY: b"abc"}}, 422, "invalid_request"),
        ({"files": {"image": b"abc"}, "data": {CANARY: CANARY}}, 422, "invalid_request"),
        ({"files": [("image", b"abc")] * 9}, 400, "malformed"),
        ({"data": {"image": CANARY}, "files": {"x": b""}}, 422, "invalid_request"),
        ({"files": {"image": b"a" * 100_001}}, 413, "too_large"),
        ({"files": {"image": b"unprocessable_media"}}, 422, "unprocessable_media"),
        ({"files": {"image": b"unsupported_media_type"}}, 415, "unsupported_media_type"),
        ({"files": {"image": b"unknown_calibration"}}, 422, "unknown_calibration"),
        ({"files": {"image": b"model_unavailable"}}, 503, "model_unavailable"),
        ({"files": {"image": b"internal"}}, 500, "internal"),
    ],
)
def test_an_error_has_a_code_and_repeats_nothing_that_was_sent(
    served: "Served", given: dict[str, Any], status: int, code: str
) -> None:
    found = served.post(IMAGE, **given)
    assert (found.status_code, found.json()["code"]) == (status, code)
    assert found.headers["content-type"] == "application/problem+json"
    assert ("retry-after" in found.headers) == (status == 503)
    assert CANARY not in found.text
    assert CANARY not in str(found.headers)


def test_a_wrong_picture_of_several_is_named(served: "Served", picture: bytes) -> None:
    files = [("image", picture), ("image", b"unprocessable_media")]
    found = served.post(IMAGE, files=files).json()
    assert found["errors"] == [{"pointer": "/images/1", "message": "It is damaged."}]


def test_a_body_in_pieces_is_counted_while_it_is_read(served: "Served") -> None:
    found = served.post(IMAGE, content=(b"a" * 50_000 for _ in range(3)))
    assert (found.status_code, found.json()["code"]) == (415, "unsupported_media_type")
    kind = {"Content-Type": "application/json"}
    found = served.post(IMAGE, content=(b"a" * 50_000 for _ in range(3)), headers=kind)
    assert (found.status_code, found.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/livez?" + "a" * 5000, {}, 414),
        ("/livez", {"X-Long": "a" * 17_000}, 431),
        ("/v1/models", {"Host": "evil.example"}, 421),
        ("/livez", {"Host": "10.0.0.7:8000"}, 200),
        ("/livez", {"Host": "localhost:8000"}, 200),
        ("/nothing", {}, 404),
    ],
)
def test_address_and_headers_are_bounded(
    served: "Served", path: str, headers: dict[str, str], status: int
) -> None:
    assert served.client.get(path, headers=headers).status_code == status


def test_every_answer_has_the_headers_of_an_api(served: "Served") -> None:
    for path in ("/livez", "/nothing", "/v1/models"):
        headers = served.client.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-request-id"].startswith("req_")
        assert "server" not in headers


def test_the_page_needs_no_key_on_this_machine(served: "Served", picture: bytes) -> None:
    own = {"Origin": "http://127.0.0.1:8000"}
    found = served.client.post("/try/liveness/image", files={"image": picture}, headers=own)
    assert found.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "http://127.0.0.1:8001"}, 403),
        ({"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://127.0.0.1:8000", "X-Forwarded-For": "192.0.2.1"}, 401),
        ({"Origin": "http://127.0.0.1:8000", "Host": "evil.example"}, 421),
        ({"Origin": "http://testserver", "Host": "testserver"}, 401),
    ],
)
def test_other_pages_and_proxies_are_not_taken_for_it(
    served: "Served", picture: bytes, headers: dict[str, str], status: int
) -> None:
    found = served.client.post("/try/liveness/image", files={"image": picture}, headers=headers)
    assert found.status_code == status


def test_a_full_service_refuses_before_it_parses(served: "Served") -> None:
    served.inference.full = True
    try:
        found = served.post(IMAGE, json={"images": ["%"]})
    finally:
        served.inference.full = False
    assert (found.status_code, found.json()["code"]) == (503, "overloaded")
    assert 2 <= int(found.headers["retry-after"]) <= 5


def test_a_calibration_is_made_by_a_job_that_others_do_not_see(
    served: "Served", picture: bytes
) -> None:
    fields = {"name": "kiosk-7", "consent": "true", "persons": ["a", "a", "b"]}
    found = served.post("/v1/calibrations", files=[("frame", picture)] * 3, data=fields)
    assert found.status_code == 202
    place = found.headers["location"]
    while (job := served.get(place).json())["status"] in ("queued", "running"):
        pass
    assert (job["status"], job["result"]["grade"]) == ("done", "fair")
    assert served.inference.asked[-1].options["persons"] == ["a", "a", "b"]
    other = {"Authorization": f"Bearer {served.make_key(['jobs:read'])}"}
    assert served.client.get(place, headers=other).status_code == 404


def test_a_calibration_without_an_entry_in_the_audit_log_is_not_made(
    served: "Served", picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facepad.service.audit import AuditLog

    def refuse(*_: object, **__: object) -> None:
        raise OperationalError("", None, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(AuditLog, "append", refuse)
    fields = {"name": "kiosk-9", "consent": "true"}
    found = served.post("/v1/calibrations", files=[("frame", picture)] * 3, data=fields)
    assert (found.status_code, found.json()["code"]) == (503, "store_unavailable")
    asked = served.inference.asked[-1]
    assert (asked.kind, asked.options.get("name")) != ("calibrate", "kiosk-9")


def test_a_repeated_calibration_has_the_place_of_its_job(served: "Served", picture: bytes) -> None:
    fields = {"name": "kiosk-10", "consent": "true"}
    places = [
        served.post(
            "/v1/calibrations",
            files=[("frame", picture)] * 3,
            data=fields,
            headers={"Idempotency-Key": "place"},
        ).headers["location"]
        for _ in range(2)
    ]
    assert places[0] == places[1]


def test_all_pictures_of_a_request_have_one_deadline(tmp_path: Path, picture: bytes) -> None:
    import service_app

    def slow(header: Mapping[str, Any], media: Sequence[bytes]) -> dict[str, Any]:
        time.sleep(0.3)
        return answer(header, media)

    settings = {"workers": 1, "request_deadline_s": 0.5}
    with service_app.served(tmp_path / "state", slow, **settings) as one:
        found = one.post(IMAGE, files=[("image", picture)] * 5)
        assert (found.status_code, found.json()["code"]) == (503, "deadline_exceeded")
        assert len(one.inference.asked) < 5
        assert one.post(IMAGE, files={"image": picture}).status_code == 200


def test_a_job_that_fails_has_the_code_of_its_problem(served: "Served", picture: bytes) -> None:
    fields = {"name": "kiosk-8", "consent": "true", "persons": "a"}
    found = served.post("/v1/calibrations", files=[("frame", picture)] * 3, data=fields)
    assert found.json()["errors"] == [
        {"pointer": "/persons", "message": "expected one for each frame"}
    ]


def test_metrics_and_models_are_listed(served: "Served", picture: bytes) -> None:
    metrics = served.post("/v1/metrics", files={"image": picture}).json()
    assert (metrics["width"], metrics["metrics"]) == (4, {"mse": 1.0})
    models = served.get("/v1/models").json()
    assert {"face_cnn", "quality"} <= {one["name"] for one in models["tests"]}
    assert all(len(one["sha256"]) == 64 for one in models["models"])


def test_every_code_has_a_page(served: "Served") -> None:
    found = served.client.get("/problems/overloaded")
    assert "Retry-After" in found.text
    assert served.client.get("/problems/nothing").status_code == 404


def test_the_description_of_the_api_has_an_example_of_every_answer(served: "Served") -> None:
    paths = served.client.get("/v1/openapi.json").json()["paths"]
    schemas = served.client.get("/v1/openapi.json").json()["components"]["schemas"]
    for path, methods in paths.items():
        for method, one in methods.items():
            for status, response in one["responses"].items():
                for kind, content in response.get("content", {}).items():
                    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
                    has = {"example", "examples"} & {*content, *schemas.get(name, {})}
                    assert has, f"{method} {path} {status} {kind}"


def test_rates_are_limited(tmp_path: Path, picture: bytes) -> None:
    import service_app

    with service_app.served(tmp_path, answer, rate_per_s=0.01, rate_burst=1) as one:
        statuses = [one.post(IMAGE, files={"image": picture}).status_code for _ in range(2)]
    assert statuses == [200, 429]


def test_a_service_for_other_machines_asks_the_page_for_a_key(
    tmp_path: Path, picture: bytes
) -> None:
    import service_app

    with service_app.served(tmp_path, answer, host="192.0.2.1", behind_proxy=True) as one:
        own = {"Origin": "http://127.0.0.1:8000"}
        files = {"image": picture}
        assert one.client.post("/try/liveness/image", files=files, headers=own).status_code == 401
        found = one.post("/try/liveness/image", files=files)
        assert found.status_code == 200
        assert found.headers["strict-transport-security"].startswith("max-age=")
