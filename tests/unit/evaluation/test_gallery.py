"""Which presentations are worth a look, and their thumbnails."""

from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
from made_up_scores import rows
from PIL import Image

from facepad.evaluation.assessment import GivenPoint, Sampling, assess
from facepad.evaluation.choices import ScoreDirection
from facepad.evaluation.report.gallery import (
    ACCEPTED,
    BORDERLINE,
    REJECTED,
    select_examples,
    thumbnail,
)

QUICK = Sampling(repeats=100)
POINT = [GivenPoint("given", 5.0)]


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
    data = thumbnail(str(tmp_path / "a.png"))
    assert data is not None
    head, _, body = data.partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(BytesIO(b64decode(body))).size == (128, 32)


def test_what_is_no_picture_has_no_thumbnail(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    assert thumbnail(str(tmp_path / "a.png")) is None
    assert thumbnail(str(tmp_path / "gone.png")) is None
