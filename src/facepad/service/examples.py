"""Examples of requests and answers for the description of the API."""

from collections.abc import Mapping
from typing import Any

from facepad.registry import DEFAULT_CALIBRATED, DEFAULT_TESTS

BASE64 = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBD"  # the beginning of a JPEG
REQUEST_ID = "req_0123456789abcdef"
VIDEO_BODIES: Mapping[str, Mapping[str, Any]] = {  # of POST /v1/liveness/video, by what they show
    "clip": {"video": BASE64},
    "frames with their times": {"frames": [BASE64] * 3, "times_s": [0.0, 0.48, 1.13]},
    "frames at a rate": {"frames": [BASE64] * 3, "frame_rate": 5.0},
}
RESULT = {
    "decision": "uncertain",
    "assurance": "passive_only",
    "score": 0.412,
    "reasons": [
        {
            "code": "too_dark",
            "text": "too dark",
            "advice": "turn on a light or face a window",
            "operator_advice": "",
        }
    ],
    "face": {"left": 0.35, "top": 0.16, "width": 0.18, "height": 0.18},
    "timings": {"queue_ms": 0.1, "decode_ms": 5.2, "faces_ms": 8.1, "total_ms": 96.4},
    "document": {"schema_version": 2, "path": "-", "outcome": "uncertain", "score": 0.412},
}
JOB = {
    "job_id": "job_4k7m2q9x5c5v2b3n6za2s4d7fh",
    "kind": "calibration",
    "status": "done",
    "created_at": "2026-11-23T09:00:00.000Z",
    "finished_at": "2026-11-23T09:00:41.512Z",
    "result": {"calibration": "kiosk-7+3fa9c1d2", "frames": 12, "grade": "good"},
    "problem": None,
    "detail": None,
}
TEST = {
    "name": DEFAULT_TESTS[0],
    "decides_by_default": True,
    "shown_by_default": False,
    "adds_to_clips_by_default": False,
}
MODEL = {
    "name": "face_heads_free",
    "version": "face_heads_free-1+3fa9c1d2",
    "format": "npz",
    "sha256": "0" * 64,
    "licence": "Apache-2.0",
    "research_use": False,
    "present": True,
}
CALIBRATION = {
    "name": "kiosk-7",
    "damaged": False,
    "version": "kiosk-7+3fa9c1d2",
    "test": DEFAULT_CALIBRATED,
    "frames": 12,
    "made_of": "people",
    "fixed_scene": False,
    "saved_at": "2026-11-23T09:00:41Z",
}
