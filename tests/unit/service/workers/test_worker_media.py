"""Pictures and clips are refused by their headers, before anything is decoded."""

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from clip_samples import as_recorded, of_two_tracks
from facepad.documents import Judged, to_document
from facepad.errors import InputError
from facepad.media.reading import read
from facepad.needs import Needs
from facepad.pipeline import Checker
from facepad.registry import DEFAULT_CLIP_TESTS, DEFAULT_TESTS
from facepad.service.workers.media import ClipBounds, PictureBounds, Refused, in_memory
from facepad.service.workers.worker import Judge
from facepad.types import Frame, OperatingPoint, Presentation, Score


class RateTest:
    """A test of clips; keeps the times of their frames."""

    name, needs = "rate", Needs(min_frames=2)
    models: Mapping[str, str] = {}
    operating_point = OperatingPoint.at(0.5)

    def __init__(self) -> None:
        self.times: list[float] = []

    def score(self, presentation: Presentation) -> Score:
        self.times = [frame.time_s for frame in presentation.frames]
        return Score(0.75)


def encoded(width: int = 320, height: int = 240, kind: str = "JPEG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (width, height), (90, 80, 70)).save(data, kind)
    return data.getvalue()


def clip(folder: Path, frames: int, *, codec: str = "VP80", name: str = "a.webm") -> bytes:
    path = folder / name
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10.0, (320, 240))
    for number in range(frames):
        writer.write(np.full((240, 320, 3), number % 256, np.uint8))
    writer.release()
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP"])
def test_pictures_of_the_web_are_read(kind: str) -> None:
    PictureBounds().check(encoded(kind=kind))


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "GIF"])
def test_other_pictures_are_not(kind: str) -> None:
    with pytest.raises(Refused) as caught:
        PictureBounds().check(encoded(kind=kind))
    assert caught.value.code == "unsupported_media_type"


@pytest.mark.parametrize(
    ("width", "height", "words"),
    [(1921, 1000, "1920 pixels"), (159, 159, "160 pixels"), (1000, 320, "3 times the other")],
)
def test_a_picture_over_a_bound_is_refused(width: int, height: int, words: str) -> None:
    with pytest.raises(Refused, match="unprocessable_media") as caught:
        PictureBounds().check(encoded(width, height))
    assert words in caught.value.detail


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (1, 65_535), (0, 0)])
def test_a_bomb_is_refused_by_what_its_header_states(width: int, height: int) -> None:
    data = bytearray(encoded(kind="PNG"))
    data[16:24] = struct.pack(">II", width, height)
    with pytest.raises((Refused, InputError)):
        PictureBounds().check(bytes(data))


def test_data_behind_a_picture_are_refused() -> None:
    with pytest.raises(Refused, match="unprocessable_media"):
        PictureBounds().check(encoded() + b"PK\x03\x04" + bytes(range(200)))


def test_a_clip_of_the_web_is_read_from_memory(tmp_path: Path) -> None:
    with in_memory(clip(tmp_path, 5)) as path:
        ClipBounds().check(path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (ClipBounds(max_s=0.3), "seconds"),
        (ClipBounds(max_frames=4), "4 frames"),
        (ClipBounds(max_side=300), "300 pixels"),
    ],
)
def test_a_clip_over_a_bound_is_refused(tmp_path: Path, bounds: ClipBounds, words: str) -> None:
    with in_memory(clip(tmp_path, 5)) as path, pytest.raises(Refused) as caught:
        bounds.check(path)
    assert words in caught.value.detail


def test_a_clip_of_a_browser_that_states_no_length_is_bounded_by_its_frames(tmp_path: Path) -> None:
    data = as_recorded(clip(tmp_path, 5))
    with in_memory(data) as path:
        ClipBounds(max_frames=5, max_s=0.6).check(path)
        for bounds in (ClipBounds(max_frames=4), ClipBounds(max_s=0.3)):
            with pytest.raises(Refused, match="unprocessable_media"):
                bounds.check(path)


def test_a_clip_of_two_tracks_is_refused(tmp_path: Path) -> None:
    one = clip(tmp_path, 5, codec="vp09", name="a.mp4")
    with in_memory(of_two_tracks(one, one)) as path, pytest.raises(Refused) as caught:
        ClipBounds().check(path)
    assert caught.value.detail == "A clip may have one video track."


def test_vp8_is_taken_in_webm_only(tmp_path: Path) -> None:
    data = clip(tmp_path, 5, codec="vp09", name="a.mp4")
    with in_memory(data) as path:
        ClipBounds().check(path)
    with in_memory(data.replace(b"vp09", b"vp08")) as path, pytest.raises(Refused) as caught:
        ClipBounds().check(path)
    assert caught.value.code == "unsupported_media_type"


def test_a_clip_is_refused_before_a_decoder_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = clip(tmp_path, 5)
    monkeypatch.setattr(cv2, "VideoCapture", None)
    with in_memory(data) as path:
        ClipBounds().check(path)
        with pytest.raises(Refused, match="unprocessable_media"):
            ClipBounds(max_side=300).check(path)


@pytest.mark.parametrize("data", [b"\0\0\0\x18ftypmp42" + bytes(40), b"\x1aE\xdf\xa3" + bytes(40)])
def test_a_damaged_clip_is_an_error(data: bytes) -> None:
    with in_memory(data) as path, pytest.raises(InputError, match="damaged"):
        ClipBounds().check(path)


@pytest.mark.parametrize(("codec", "name"), [("mp4v", "a.mp4"), ("MJPG", "a.avi")])
def test_other_clips_are_refused(tmp_path: Path, codec: str, name: str) -> None:
    data = clip(tmp_path, 5, codec=codec, name=name)
    with in_memory(data) as path, pytest.raises(Refused) as caught:
        ClipBounds().check(path)
    assert caught.value.code == "unsupported_media_type"


def test_frames_with_too_many_pixels_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEPAD_MAX_CLIP_MB", "1")
    asked = {"kind": "frames", "times_s": [0.0, 0.1]}
    answer = Judge().answer(asked, [encoded(640, 480)] * 2)
    assert (answer["code"], answer["index"]) == ("unprocessable_media", 1)
    assert answer["detail"].startswith("The frames have too many pixels together")


@pytest.mark.parametrize("named", [None, ["face_cnn"]])
def test_clips_get_the_default_tests_of_clips_and_pictures_do_not(
    named: list[str] | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import service_app

    made: list[str] = []

    def make(name: str, _: int = 1) -> RateTest:
        made.append(name)
        test = RateTest()
        test.name = name
        return test

    monkeypatch.setattr("facepad.service.workers.worker.make_test", make)
    monkeypatch.setattr(Judge, "_finder", lambda *_: service_app.BlindFinder())
    judge = Judge()
    asked: dict[str, Any] = {"tests": named}
    still = judge.answer({"kind": "image", **asked}, [encoded()])["document"]
    assert still["deciding"] == ["face_cnn"]
    expected = ["face_cnn"] if named else ["face_cnn", *DEFAULT_CLIP_TESTS]
    frames: dict[str, Any] = {"kind": "frames", "times_s": [0.0, 0.5]}
    video: dict[str, Any] = {"kind": "video"}
    clips = [(video, [clip(tmp_path, 5)]), (frames, [encoded()] * 2)]
    for header, media in clips:
        document = judge.answer({**header, **asked}, media)["document"]
        assert document["deciding"] == expected
    assert len(made) == len(set(made))  # each is loaded once


def test_a_worker_that_is_ready_has_loaded_the_default_tests_of_clips(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import service_app

    made: list[str] = []

    def make(name: str, _: int = 1) -> RateTest:
        made.append(name)
        test = RateTest()
        test.name = name
        return test

    monkeypatch.setattr("facepad.service.workers.worker.make_test", make)
    monkeypatch.setattr(Judge, "_finder", lambda *_: service_app.BlindFinder())
    Judge().warm()
    assert {*DEFAULT_TESTS, *DEFAULT_CLIP_TESTS} <= set(made)


def test_frames_with_times_are_judged_as_the_engine_judges_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import service_app

    test, times, data = RateTest(), [0.0, 0.5, 2.25], encoded()
    checker = Checker([test], finder=service_app.BlindFinder(), threads=1)
    monkeypatch.setattr(Judge, "_checker", lambda *_, **__: checker)
    answer = Judge().answer({"kind": "frames", "times_s": times}, [data] * 3)
    assert test.times == times
    image = read(data).image
    frames = tuple(Frame(image, time, number=at) for at, time in enumerate(times))
    expected = to_document(Judged("-", checker.check_presentation(Presentation(frames, "-"))))
    for document in (answer["document"], expected):
        document.pop("timings_ms")
    assert answer["document"] == expected
