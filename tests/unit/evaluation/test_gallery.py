"""Which presentations are worth a look, and their thumbnails."""

from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from made_up_scores import row, rows
from PIL import Image

from facepad.evaluation.assessment import GivenPoint, Sampling, assess
from facepad.evaluation.choices import ScoreDirection
from facepad.evaluation.report.document import ExamplePicture
from facepad.evaluation.report.gallery import (
    ACCEPTED,
    BORDERLINE,
    REJECTED,
    Thumbnails,
    select_examples,
)

QUICK = Sampling(repeats=100)
POINT = [GivenPoint("given", 5.0)]


def picture(path: Path | str, frame: int | None = None) -> ExamplePicture:
    return ExamplePicture("worst", "k", 0.5, "print", str(path), frame)


def test_the_worst_errors_come_first_and_then_the_borderline() -> None:
    found = assess(rows([9.0, 4.0, 1.0, None], [8.0, 6.0, 0.0]), given=POINT, sampling=QUICK)
    chosen = [(one.why, one.score) for one in select_examples(found, 2)]
    assert chosen[:4] == [(ACCEPTED, 8.0), (ACCEPTED, 6.0), (REJECTED, 1.0), (REJECTED, 4.0)]
    assert sorted(chosen[4:]) == [(BORDERLINE, 4.0), (BORDERLINE, 6.0)]


def test_where_higher_is_attack_the_worst_accepted_attack_has_the_lowest_score() -> None:
    found = assess(
        rows([9.0], [4.0, 1.0]), given=POINT, higher_is=ScoreDirection.ATTACK, sampling=QUICK
    )
    assert [one.score for one in select_examples(found, 5) if one.why == ACCEPTED] == [1.0, 4.0]


def test_without_an_operating_point_nothing_is_an_error() -> None:
    assert select_examples(assess(rows([9.0], [4.0]), sampling=QUICK), 5) == ()


def test_a_thumbnail_is_a_small_picture_that_keeps_its_shape(tmp_path: Path) -> None:
    Image.fromarray(np.full((100, 400, 3), 90, np.uint8)).save(tmp_path / "a.png")
    data = Thumbnails().draw(picture(tmp_path / "a.png"))
    assert data is not None
    head, _, body = data.partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(BytesIO(b64decode(body))).size == (128, 32)


def test_what_is_no_picture_has_no_thumbnail(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    assert Thumbnails().draw(picture(tmp_path / "a.png")) is None
    assert Thumbnails().draw(picture(tmp_path / "gone.png")) is None


def test_a_clip_is_shown_by_the_frame_that_was_judged(tmp_path: Path) -> None:
    file = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (96, 96))
    for level in (0, 100, 200):
        writer.write(np.full((96, 96, 3), level, np.uint8))
    writer.release()
    draw = Thumbnails().draw
    middle, *frames = (draw(picture(file, number)) for number in (None, 0, 1, 2))
    assert len(set(frames)) == 3
    assert middle == frames[1]


def test_an_example_has_the_frame_of_its_sample() -> None:
    judged = row("a", 8.0, "print")
    judged = replace(judged, sample=replace(judged.sample, frame=7))
    found = assess((judged, *rows([9.0], [])), given=POINT, sampling=QUICK)
    assert [one.frame for one in select_examples(found, 1) if one.why == ACCEPTED] == [7]


def test_thumbnails_open_a_packed_file_once(
    miniatures: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("h5py")
    from facepad.datasets.packed import Packed
    from facepad.packed.reader import PackedFile

    file = next(miniatures("packed").rglob("*.h5"))
    packed = list(Packed(file).samples())
    opened = Mock(side_effect=PackedFile)
    monkeypatch.setattr("facepad.packed.pictures.PackedFile", opened)
    draw = Thumbnails().draw
    assert all(draw(picture(sample.path)) for sample in packed)
    assert opened.call_count == 1
