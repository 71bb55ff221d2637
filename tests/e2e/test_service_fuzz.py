"""Made-up and mutated requests: no crash, no leak, and only answers that are documented."""

import gc
import io
import random
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from facepad.testing import made_up

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

EXAMPLES = 20  # of each operation
ROUTES = ("/v1/liveness/image", "/v1/liveness/video", "/v1/metrics", "/v1/calibrations")
DOCUMENTED = {200, 202, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 421, 422, 429, 431}


def test_every_operation_keeps_its_description(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import HealthCheck, given, settings
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    import service_app  # with the next two, takes long, and the fast suite reads this file

    monkeypatch.setattr("facepad.service.requests.rates.FAILURES", 1e9)
    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))
    with service_app.served(
        tmp_path / "state", service_app.QuickJudge().answer, rate_per_s=0.0
    ) as one:
        description = schemathesis.openapi.from_asgi("/v1/openapi.json", one.client.app)
        operations = [found.ok() for found in description.get_all_operations()]
        assert len(operations) >= 10
        for operation in operations:

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            )
            @given(operation.as_strategy())
            def keeps(case: Any) -> None:  # noqa: ANN401 - the library's own
                answer = case.call(headers=one.headers())
                # JSON Schema cannot say that base64 text must hold a picture.
                case.validate_response(answer, excluded_checks=[positive_data_acceptance])

            keeps()


@pytest.mark.parametrize(
    ("count", "within_s"),
    [
        pytest.param(5_000, 25.0, id="a tenth"),
        pytest.param(50_000, 1e9, id="all", marks=pytest.mark.nightly),
    ],
)
def test_mutated_requests_are_answered_as_documented_in_flat_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, within_s: float
) -> None:
    import service_app

    monkeypatch.setenv("FACEPAD_CALIBRATION_DIR", str(tmp_path / "calibrations"))
    chance, seeds = random.Random(7), _bodies()  # noqa: S311 - no secret
    began, statuses, resident = time.monotonic(), dict[int, int](), list[int]()
    with service_app.served(
        tmp_path / "state", service_app.QuickJudge().answer, rate_per_s=0.0
    ) as one:
        headers = one.headers({"Content-Type": ""})
        for number in range(count):
            kind, body = chance.choice(seeds)
            headers["Content-Type"] = kind
            content = _mutated(body, chance)
            found = one.client.post(chance.choice(ROUTES), content=content, headers=headers)
            statuses[found.status_code] = statuses.get(found.status_code, 0) + 1
            assert found.status_code in DOCUMENTED or found.json()["code"] == "overloaded"
            if number % 250 == 0:
                gc.collect()
                resident.append(_resident_kb())
            if time.monotonic() - began > within_s:
                break
    assert sum(statuses.values()) >= min(count, 200)
    assert {200, 400, 422} <= set(statuses)
    assert resident[-1] <= 1.1 * resident[len(resident) // 4 or -1], resident


def _resident_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def _bodies() -> list[tuple[str, bytes]]:
    """Requests that are right, as type and body."""
    import base64
    import json

    pictures = [_encoded(kind) for kind in ("JPEG", "PNG", "WEBP")]
    bodies = []
    for data in pictures:
        text = base64.b64encode(data).decode()
        bodies.append(("application/json", json.dumps({"images": [text]}).encode()))
        bodies += [_form(part, data) for part in ("image", "image", "frame")]
    return [*bodies, _form("video", _clip())]


def _form(part: str, data: bytes) -> tuple[str, bytes]:
    head = f"--b\r\nContent-Disposition: form-data; name={part}; filename=a\r\n\r\n".encode()
    return "multipart/form-data; boundary=b", head + data + b"\r\n--b--\r\n"


def _encoded(kind: str) -> bytes:
    data = io.BytesIO()
    Image.fromarray(made_up.made_up_picture(size=(200, 160))).save(data, kind)
    return data.getvalue()


def _clip() -> bytes:
    import tempfile

    import cv2

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "a.webm")
        writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"VP80"), 10.0, (200, 160))
        for _ in range(3):
            writer.write(np.full((160, 200, 3), 90, np.uint8))
        writer.release()
        return Path(path).read_bytes()


def _mutated(body: bytes, chance: random.Random) -> bytes:
    """Change, cut, repeat or insert bytes at a few places; one of ten stays as it is."""
    if chance.random() < 0.1:
        return body
    data = bytearray(body)
    for _ in range(chance.choice((1, 1, 2, 5, 30))):
        at = chance.randrange(max(1, len(data)))
        how = chance.randrange(6)
        if how < 3:
            data[at : at + 1] = bytes([chance.randrange(256)])
        elif how == 3:
            del data[at : at + chance.choice((1, 4, 1000))]
        elif how == 4:
            data[at:at] = chance.randbytes(chance.choice((1, 4, 300)))
        else:
            data[at:at] = data[max(0, at - 200) : at]
    return bytes(data)
