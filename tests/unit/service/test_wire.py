"""The service's words for decisions, and what requests may hold."""

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from facepad.decision import Decision, document
from facepad.service.examples import VIDEO_BODIES
from facepad.service.problems import KINDS, Problem, invalid
from facepad.service.requests.bodies import body_schema
from facepad.service.requests.fields import CalibrationRequest, ImageRequest, VideoRequest
from facepad.service.wire import WORDS, decoded, liveness_result
from facepad.types import Face, Outcome, Reason


def test_every_outcome_has_a_word() -> None:
    assert dict(WORDS) == {
        Outcome.BONA_FIDE: "live",
        Outcome.ATTACK: "spoof",
        Outcome.UNCERTAIN: "uncertain",
        Outcome.NON_RESPONSE: "no_response",
    }


def test_a_result_holds_the_document_unchanged_and_the_face_in_shares() -> None:
    face = Face((10, 20, 60, 70), 0.9)
    decision = Decision(Outcome.BONA_FIDE, 0.9, face=face, source_size=(100, 200))
    found = document("-", decision)
    result = liveness_result(found, 1.234)
    assert result.document == found
    assert result.face is not None
    assert result.face.model_dump() == {"left": 0.1, "top": 0.1, "width": 0.5, "height": 0.25}
    assert (result.decision, result.assurance) == ("live", "passive_only")
    assert result.timings["queue_ms"] == 1.23


def test_a_reason_comes_with_what_to_say_to_the_person() -> None:
    decision = Decision(Outcome.NON_RESPONSE, None, (Reason.TOO_DARK,))
    (reason,) = liveness_result(document("-", decision), 0.0).reasons
    assert reason.model_dump() == {
        "code": "too_dark",
        "text": "too dark",
        "advice": "turn on a light or face a window",
        "operator_advice": "",
    }


@pytest.mark.parametrize("reason", list(Reason))
def test_advice_for_a_person_names_no_command_and_no_file(reason: Reason) -> None:
    decision = Decision(Outcome.UNCERTAIN, 0.5, (reason,))
    (found,) = liveness_result(document("-", decision), 0.0).reasons
    assert not any(word in found.advice for word in ("facepad", "docs/", "network", "calibrate"))
    assert "docs/" not in found.operator_advice
    if reason is Reason.UNCALIBRATED_CAMERA:
        assert found.advice == "ask the operator of this camera"
        assert "POST /v1/calibrations" in found.operator_advice


def test_an_unknown_field_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(ValidationError) as refused:
        ImageRequest.model_validate({"images": ["AAAA"], "treshold": 0.1})
    (error,) = invalid(refused.value.errors()).errors
    known = "calibration, faces, images, operating_point, tests"
    assert error == {"pointer": "", "message": f"unknown field; known: {known}"}


@pytest.mark.parametrize("code", list(KINDS))
def test_a_problem_has_something_to_add_to_its_title(code: str) -> None:
    found = Problem(code).document("", "req_0")
    assert found["detail"]
    assert found["detail"] != found["title"]


@pytest.mark.parametrize(
    "fields",
    [
        {"images": []},
        {"images": ["AAAA"], "tests": []},
        {"images": ["AAAA"], "tests": ["nothing"]},
        {"images": ["AAAA"], "tests": ["quality", "quality"]},
        {"images": ["AAAA"], "tests": ["network:/etc/my.toml"]},
        {"images": ["AAAA"], "operating_point": "lax"},
        {"images": ["AAAA"], "calibration": "../kiosk"},
        {"images": ["AAAA"], "faces": "all"},
        {"images": ["AAAA"], "threshold": 0.1},
    ],
)
def test_a_field_that_cannot_be_used_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ImageRequest.model_validate(fields)


@pytest.mark.parametrize("fields", [{}, {"video": "AAAA", "frames": ["AAAA"]}])
def test_a_presentation_is_either_a_clip_or_frames(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="either a video or frames"):
        VideoRequest.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        ({}, [0.0, 0.1, 0.2]),
        ({"frame_rate": 4}, [0.0, 0.25, 0.5]),
        ({"times_s": [0.0, 0.5, 0.75]}, [0.0, 0.5, 0.75]),
        ({"times_s": [1000.5, 1001.0, 1003.0]}, [0.0, 0.5, 2.5]),
        ({"times_s": [-1, "0", 2]}, [0.0, 1.0, 3.0]),
        ({"times_s": ["-.5", "5e-1", "+1."]}, [0.0, 1.0, 1.5]),
        ({"times_s": [0.0, 0.001, 0.002]}, [0.0, 0.001, 0.002]),
    ],
)
def test_frames_have_times_since_the_first(fields: dict[str, object], times: list[float]) -> None:
    asked = VideoRequest.model_validate({"frames": ["AAAA"] * 3, **fields})
    assert asked.frame_times() == times


@pytest.mark.parametrize(
    ("fields", "pointer", "words"),
    [
        ({"times_s": [0, 1]}, "/times_s", "one for each frame"),
        ({"times_s": [0, 1, 1]}, "/times_s", "rise from frame to frame"),
        ({"times_s": [0, 2, 1]}, "/times_s", "rise from frame to frame"),
        ({"times_s": [-1e30, 0, 1]}, "/times_s", "rise from frame to frame"),
        ({"times_s": [0, 1, float("nan")]}, "/times_s/2", "finite"),
        ({"times_s": [0, 1, "inf"]}, "/times_s/2", "finite"),
        ({"times_s": [0, 1, 10**400]}, "/times_s/2", "number"),
        ({"times_s": [0, 1, "x"]}, "/times_s/2", "number"),
        ({"times_s": [0, 1, "1_0"]}, "/times_s/2", "number"),
        ({"times_s": [0, 1, " 2"]}, "/times_s/2", "number"),
        ({"times_s": [False, 0.5, 1]}, "/times_s/0", "number"),
        ({"times_s": [0, 5e-324, 1]}, "/times_s", "by 0.001 or more"),
        ({"times_s": [0, 0.0009, 1]}, "/times_s", "by 0.001 or more"),
        ({"frame_rate": "1_0"}, "/frame_rate", "number"),
        ({"frame_rate": True}, "/frame_rate", "number"),
        ({"times_s": [0, 1, 2], "frame_rate": 5}, "/times_s", "not both"),
    ],
)
def test_times_that_cannot_be_used_are_named(
    fields: dict[str, object], pointer: str, words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        VideoRequest.model_validate({"frames": ["AAAA"] * 3, **fields})
    (error,) = invalid(refused.value.errors()).errors
    assert error["pointer"] == pointer
    assert words in error["message"]


def test_times_of_a_clock_of_seconds_since_1970_may_be_a_millisecond_apart() -> None:
    times = [1.7e9 + number / 1000.0 for number in range(500)]
    asked = VideoRequest.model_validate({"frames": ["AAAA"] * 500, "times_s": times})
    assert len(asked.frame_times()) == 500


@pytest.mark.parametrize("text", ["%%%%", "\u00e9AAA", "AAA\u200b"])
def test_what_is_no_base64_is_named_by_its_field(text: str) -> None:
    with pytest.raises(ValueError, match=r"^/images/0$"):
        decoded(text, "/images/0")


@pytest.mark.parametrize("field", [{"times_s": [0]}, {"frame_rate": 5}])
def test_a_clip_has_times_of_its_own(field: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="with frames only"):
        VideoRequest.model_validate({"video": "AAAA", **field})


def test_frames_for_a_calibration_need_the_consent_of_the_people() -> None:
    fields = {"name": "kiosk-7", "frames": ["AAAA"] * 3, "consent": False}
    with pytest.raises(ValidationError, match="people who agreed"):
        CalibrationRequest.model_validate(fields)


def test_a_form_has_files_in_place_of_base64() -> None:
    content = body_schema(ImageRequest, {"images": "image"})["requestBody"]["content"]
    form = content["multipart/form-data"]["schema"]
    assert form["required"] == ["image"]
    assert form["properties"]["image"]["items"] == {"type": "string", "format": "binary"}
    assert "images" not in form["properties"]


def test_both_kinds_of_a_body_have_an_example() -> None:
    frames = {"frames": "frame"}
    content = body_schema(CalibrationRequest, frames)["requestBody"]["content"]
    form = content["multipart/form-data"]["example"]
    assert form == {"name": "kiosk-7", "consent": True, "frame": ["the bytes of a file"] * 3}
    assert form.keys() - {"frame"} == content["application/json"]["example"].keys() - {"frames"}
    media = {"video": "video", "frames": "frame"}
    content = body_schema(VideoRequest, media, VIDEO_BODIES)["requestBody"]["content"]
    for kind in content.values():
        assert list(kind["examples"]) == list(VIDEO_BODIES)


@pytest.mark.parametrize("body", VIDEO_BODIES.values(), ids=list(VIDEO_BODIES))
def test_the_examples_of_bodies_can_be_sent(body: Mapping[str, object]) -> None:
    assert VideoRequest.model_validate(body)
