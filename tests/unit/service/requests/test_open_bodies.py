"""Bodies that are on their way are bounded in bytes, by what they announce."""

import pytest
from starlette.requests import Request

from facepad.service.config import ServiceConfig
from facepad.service.problems import Problem
from facepad.service.requests.open_bodies import OpenBodies


def request(length: str | None) -> Request:
    headers = [] if length is None else [(b"content-length", length.encode())]
    scope = {"type": "http", "path": "/v1/liveness/video", "headers": headers}
    return Request({**scope, "method": "POST", "query_string": b"", "raw_path": b"/"})


def test_small_bodies_are_read_beside_each_other_and_large_ones_are_refused() -> None:
    bodies = OpenBodies(ServiceConfig(), most=1000)
    with bodies.reading(request("600")):
        with bodies.reading(request("400")):
            pass
        with pytest.raises(Problem) as caught, bodies.reading(request("500")):
            pass
        assert caught.value.code == "overloaded"
        assert "Retry-After" in caught.value.headers
    with bodies.reading(request("1000")):
        pass


def test_a_body_of_unknown_length_counts_as_the_largest() -> None:
    bodies = OpenBodies(ServiceConfig(), most=ServiceConfig().max_video_bytes)
    with (
        bodies.reading(request(None)),
        pytest.raises(Problem, match="overloaded"),
        bodies.reading(request("1")),
    ):
        pass
