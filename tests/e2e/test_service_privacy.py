"""What the documentation promises of the running service: media stay in memory, nothing leaves.

One service is traced, sent pictures with a mark in them in every way, and ended; then its files,
its log, its database and its system calls are searched.
"""

import base64
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from command_line import skip_without_face_models
from facepad.client import Client, ServiceError
from facepad.service.logs import FIELDS
from facepad.service.state import open_state
from running_service import RunningService, can_trace

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PORTRAIT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
MARK = b"canary-7c1e0b5f"
# In forms in which it could be written: as it is, as base64 at each offset, as hexadecimal.
FORMS = (
    MARK,
    MARK.hex().encode(),
    *(base64.b64encode(bytes(n) + MARK)[4:-4] for n in range(3)),
)
LINGER_S = 8.0  # ONNX Runtime 1.32 looks up its server within 6 s of the first session
NO_TRACE = "needs strace, and the right to trace"
EVIL = 'x\r\n{"event":"forged"}\x1b[31m'
# Opened to be written, and neither the null device nor what the service keeps.
WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE")
PATH = re.compile(r'"([^"]*)"')
REACHES_OUT = re.compile(r"connect\(.*AF_INET|send(?:to|msg|mmsg)\(.*AF_INET|nscd|resolve")


@dataclass(frozen=True, slots=True)
class Served:
    """What a service left.

    Attributes:
        service: The service, which has ended.
        answers: Its answers.
        calls: Traced system calls; None where nothing was traced.
    """

    service: RunningService
    answers: tuple[httpx2.Response, ...]
    calls: tuple[str, ...] | None


def marked(picture: bytes) -> bytes:
    """A JPEG with the mark in a comment, and the mark's picture as good as before."""
    comment = b"\xff\xfe" + (len(MARK) + 2).to_bytes(2, "big") + MARK
    return picture[:2] + comment + picture[2:]


def requests(client: httpx2.Client) -> Iterator[httpx2.Response]:
    """Send marked pictures in every way: good, damaged, refused, without a key."""
    picture = marked(PORTRAIT.read_bytes())
    text = base64.b64encode(picture).decode()
    image, name = "/v1/liveness/image", MARK.decode()
    key = {"Idempotency-Key": name}
    yield client.post(image, files={"image": (f"{name}.jpg", picture)}, headers=key)
    yield client.post(image, json={"images": [text, text]})
    yield client.post(image, files={"image": picture[: len(picture) // 2]})
    yield client.post(image, files={"image": MARK * 100})
    yield client.post(image, json={"images": [text], name: name})
    yield client.post(image, content=f'{{"images": ["{text}"'.encode(), headers=key)
    yield client.post(image, files={"image": picture}, data={"tests": name})
    yield client.post(image, files={"image": picture}, data={"calibration": name})
    yield client.post(image, files={"image": picture * 200})
    yield client.post(image, files={"image": picture}, headers={"Authorization": f"Bearer {name}"})
    frames = [("frame", (name, picture))] * 3
    yield client.post("/v1/liveness/video", files=frames, data={"frame_rate": "5"})
    yield client.post("/v1/liveness/video", files={"video": picture})
    yield client.post("/v1/metrics", files={"image": picture})
    yield client.get(f"/v1/jobs/{name}")
    yield client.get(f"/{name}", params={name: name}, headers={"User-Agent": name, "Referer": name})
    yield client.post(image, data={EVIL: EVIL}, headers={"X-Request-Id": name})
    yield client.request(name.upper(), image)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    skip_without_face_models()
    folder = tmp_path_factory.mktemp("service")
    trace = folder / "trace.txt"
    kinds = "trace=open,openat,creat,socket,connect,sendto,sendmsg,sendmmsg"
    tracer = ["strace", "-f", "-qq", "-s", "200", "-e", kinds, "-o", str(trace)]
    began = time.monotonic()
    with RunningService(folder, before=tracer if can_trace() else ()) as service:
        service.wait_until_ready()
        with service.http() as client:
            answers = tuple(requests(client))
        time.sleep(max(0.0, LINGER_S - (time.monotonic() - began)))
        for path in service.state.iterdir():  # while it runs, with the write-ahead log
            assert not any(form in path.read_bytes() for form in FORMS), path
        service.stop()
    calls = None
    if trace.exists():
        calls = tuple(trace.read_text(errors="replace").splitlines())
        trace.unlink()  # it holds no file's content, but names that the test sent
    return Served(service, answers, calls)


def test_the_pictures_were_judged_or_refused_as_documented(served: Served) -> None:
    statuses = [answer.status_code for answer in served.answers]
    assert statuses[:3] == [200, 200, 422]
    assert statuses[10] == statuses[12] == 200
    assert {200, 400, 401, 404, 405, 413, 415, 422} >= set(statuses)


def test_no_picture_is_on_the_disk_in_the_database_or_in_the_log(served: Served) -> None:
    files = [path for path in served.service.folder.rglob("*") if path.is_file()]
    assert {"printed.txt", "service.sqlite3"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        assert not any(form in content for form in FORMS), path


def test_no_file_but_the_state_is_written(served: Served) -> None:
    if served.calls is None:
        pytest.skip(NO_TRACE)
    state = str(served.service.state)
    opened = [call for call in served.calls if WRITES.search(call) and "open" in call]
    paths = {found[1] for call in opened if (found := PATH.search(call))}
    assert paths  # the trace sees the database
    assert {path for path in paths if not path.startswith((state, "/dev/", "/proc/self/"))} == set()


def test_no_connection_leaves_the_service_and_no_name_is_looked_up(served: Served) -> None:
    if served.calls is None:
        pytest.skip(NO_TRACE)
    assert [call for call in served.calls if REACHES_OUT.search(call)] == []
    families = [call for call in served.calls if re.search(r"socket\(AF_INET", call)]
    assert len(families) == 1  # the one that listens


def test_no_error_repeats_what_was_sent(served: Served) -> None:
    for answer in served.answers:
        if answer.is_error:
            shown = answer.text + str(dict(answer.headers))
            assert MARK.decode() not in shown.lower(), answer.request.url
            assert "forged" not in shown


def test_every_line_of_the_log_is_json_with_fields_of_the_list(served: Served) -> None:
    lines = [line for line in served.service.output.splitlines() if line.startswith("{")]
    allowed = {"ts", "level", "event", "logger", *FIELDS}
    events = [json.loads(line) for line in lines]
    assert sum(one["event"] == "request" for one in events) == len(served.answers)
    assert all(set(one) <= allowed for one in events)
    assert "forged" not in served.service.output
    assert "127.0.0.1" not in "".join(lines)


def test_the_audit_log_verifies_and_holds_no_score(served: Served) -> None:
    state = open_state(served.service.state)
    try:
        assert state.audit.verify().is_intact
        entries = state.audit.entries(most=1000)
        assert {"apikey.created", "service.started", "liveness.judged", "service.stopped"} <= {
            entry.action for entry in entries
        }
        assert not any("0." in str(entry.details.get("decisions")) for entry in entries)
        assert MARK.decode() not in str(entries)
    finally:
        state.store.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that is not traced."""
    skip_without_face_models()
    with RunningService(tmp_path_factory.mktemp("untraced")) as service:
        yield service.wait_until_ready()


def test_a_missing_unknown_revoked_or_expired_key_has_one_answer(service: RunningService) -> None:
    state = open_state(service.state)
    key, revoked = state.keys.create("revoked")
    state.keys.revoke(key.id)
    _, expired = state.keys.create("expired")
    with state.store.write() as connection:
        connection.exec_driver_sql(
            "UPDATE api_keys SET expires_at = created_at WHERE name = 'expired'"
        )
    state.store.close()
    changed = f"{service.key[:30]}{'A' if service.key[30] != 'A' else 'B'}{service.key[31:]}"
    answers = []
    for text in ("", revoked, expired, changed, "fpk_live_x", "x" * 300):
        with service.http(text) as client:
            answers.append(client.get("/v1/models"))
    bodies = [{**answer.json(), "request_id": ""} for answer in answers]
    assert {answer.status_code for answer in answers} == {401}
    assert all(body == bodies[0] for body in bodies)
    assert all(set(answer.headers) == set(answers[0].headers) for answer in answers)


def test_the_client_judges_over_http(service: RunningService) -> None:
    with Client(service.url, service.key) as client:
        check = client.image(PORTRAIT, operating_point="strict")
        assert check.document["operating_point"]["name"] == "strict"
        assert check.face is not None
        assert len(client.metrics(PORTRAIT)) == 25
        assert "biqi" in {one["name"] for one in client.models()}
        assert client.calibrations() == []
        with pytest.raises(ServiceError, match=r"unknown_calibration \(422\)"):
            client.image(PORTRAIT, calibration="nope")
