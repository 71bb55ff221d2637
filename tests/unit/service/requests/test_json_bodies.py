"""JSON bodies are bounded in values and depth before and while they are parsed."""

import pytest

from facepad.service.problems import Problem
from facepad.service.requests.bodies import parsed_json


def test_what_is_within_the_bounds_is_parsed() -> None:
    assert parsed_json(b'{"images": ["aGk="], "faces": 1}') == {"images": ["aGk="], "faces": 1}


@pytest.mark.parametrize(
    "body", [b'{"x":[' + b"{}," * 6000 + b"{}]}", b"[" * 6000, b'["a"' + b',"a"' * 6000 + b"]"]
)
def test_a_body_of_very_many_values_is_refused_unparsed(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        parsed_json(body)
    assert caught.value.detail == "The JSON has more than 5,000 values."


def test_a_body_that_is_nested_deeply_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        parsed_json(b"[" * 17 + b"]" * 17)
    assert "nested deeper than 16" in caught.value.detail
