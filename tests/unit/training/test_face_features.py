"""Backbone statistics of pictures: cached, and not computed twice."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from facepad.errors import DatasetError
from facepad.liveness.face_cnn.backbone import Backbone
from facepad.training import feature_cache
from facepad.training.face import features as face_features
from facepad.training.face.export import CHANNELS
from facepad.training.face.features import VIEWS, FaceCache, block_columns, extract
from facepad.types import Reason, Sample, Split

PORTRAIT = Path(__file__).parents[3] / "examples" / "astronaut.jpg"


def sample(path: Path) -> Sample:
    return Sample(str(path), str(path), "someone", Split.TRAIN)


def test_the_statistics_of_the_blocks_lie_side_by_side() -> None:
    parts = list(block_columns(Backbone()).values())
    assert all(a.stop == b.start for a, b in pairwise(parts))
    assert parts[-1].stop == 2 * sum(CHANNELS[: len(parts)])


def test_rows_are_read_from_the_cache_as_they_were_written(tmp_path: Path) -> None:
    cache = FaceCache(tmp_path)
    cache.write([("a", None, True, np.arange(4, dtype=np.float32)), *nothing("b")])
    found = cache.read(["a", "b", "c"])
    assert set(found) == {"a", "b"}
    assert found["a"][2]
    assert found["b"][1] is Reason.NO_FACE
    np.testing.assert_array_equal(found["a"][3], np.arange(4))


def nothing(key: str) -> list[face_features.Row]:
    return [(key, Reason.NO_FACE, False, np.zeros(4, np.float32))]


@pytest.mark.slow
def test_a_picture_is_seen_once_and_then_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = FaceCache(tmp_path)
    first = extract([sample(PORTRAIT)], cache, workers=0)
    assert first.of("tight", 5).shape == (1, 2 * CHANNELS[5])
    assert first.values.shape[1] == len(VIEWS)
    assert first.has_context.all()
    assert not np.allclose(first.of("context", 5), first.of("context_without_face", 5))

    def never(*_: object) -> None:
        raise AssertionError("looked again")

    monkeypatch.setattr(feature_cache, "ProcessPool", never)
    again = extract([sample(PORTRAIT)], cache, workers=1)
    np.testing.assert_array_equal(again.values, first.values)


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"nowhere\.jpg cannot be read"):
        extract([sample(tmp_path / "nowhere.jpg")], FaceCache(tmp_path), workers=1)


def test_keys_of_stills_stay_and_those_of_clips_name_the_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tmp_path / "clip.avi"
    clip.touch()
    keys: list[str] = []

    def given(
        items: list[tuple[str, str, None]], *_: object, **__: object
    ) -> list[face_features.Row]:
        keys.extend(item[0] for item in items)
        width = 2 * sum(CHANNELS[: len(Backbone().blocks)])
        return [("", None, True, np.zeros(len(VIEWS) * width, np.float32)) for _ in items]

    monkeypatch.setattr(face_features, "compute_cached", given)
    monkeypatch.setattr(face_features, "file_key", lambda path, _, part: f"{Path(path).name}{part}")
    extract([sample(PORTRAIT), sample(clip)], FaceCache(tmp_path), workers=1)
    assert keys == ["astronaut.jpg|None", "clip.avi|middle"]
