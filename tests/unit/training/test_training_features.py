"""Metric vectors of many pictures: cached, and never measured twice."""

from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from PIL import Image

from facepad.errors import DatasetError
from facepad.quality import METRICS
from facepad.testing import made_up_dataset
from facepad.training import feature_cache
from facepad.training.quality.features import VIEWS, MetricCache, PictureReader, extract
from facepad.types import Reason, Sample, Split


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    rng = np.random.default_rng(0)
    made = []
    for index, side in enumerate((80, 90, 40)):
        path = tmp_path / f"{index}.png"
        Image.fromarray(rng.integers(0, 256, (side, 100, 3), dtype=np.uint8)).save(path)
        made.append(Sample(str(index), str(path), "1", Split.TRAIN))
    return made


def test_vectors_come_in_the_order_of_the_samples(samples: list[Sample], tmp_path: Path) -> None:
    cache = MetricCache(tmp_path / "cache")
    forth = extract(samples, VIEWS["whole"], cache, workers=0)
    back = extract(samples[::-1], VIEWS["whole"], cache, workers=0)
    assert np.array_equal(forth.vectors, back.vectors[::-1], equal_nan=True)
    assert forth.vectors.shape == (3, len(METRICS))


@pytest.mark.slow
def test_a_picture_that_cannot_be_measured_has_a_reason_and_no_numbers(
    samples: list[Sample], tmp_path: Path
) -> None:
    found = extract(samples, VIEWS["whole"], MetricCache(tmp_path / "cache"), workers=1)
    assert found.reasons == (None, None, Reason.PICTURE_TOO_SMALL)
    assert np.isnan(found.vectors[2]).all()


@pytest.mark.slow
def test_what_was_measured_is_not_measured_again(
    samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = extract(samples, VIEWS["whole"], MetricCache(tmp_path / "cache"), workers=1)
    monkeypatch.setattr(feature_cache, "ProcessPool", lambda *_: pytest.fail("measured again"))
    again = extract(samples, VIEWS["whole"], MetricCache(tmp_path / "cache"), workers=1)
    assert np.array_equal(first.vectors, again.vectors, equal_nan=True)


@pytest.mark.slow
def test_a_picture_that_changed_is_measured_again(samples: list[Sample], tmp_path: Path) -> None:
    cache = MetricCache(tmp_path / "cache")
    first = extract(samples, VIEWS["whole"], cache, workers=1)
    Image.fromarray(np.full((80, 100, 3), 7, np.uint8)).save(samples[0].path)
    again = extract(samples, VIEWS["whole"], cache, workers=1)
    assert not np.array_equal(first.vectors[0], again.vectors[0])


@pytest.mark.slow
def test_progress_counts_every_sample(samples: list[Sample], tmp_path: Path) -> None:
    ticks: list[int] = []
    extract(
        samples,
        VIEWS["whole"],
        MetricCache(tmp_path / "cache"),
        workers=1,
        advance=lambda: ticks.append(1),
    )
    assert len(ticks) == len(samples)


def test_a_missing_picture_is_named(samples: list[Sample], tmp_path: Path) -> None:
    Path(samples[1].path).unlink()
    with pytest.raises(DatasetError, match=r"1\.png cannot be read"):
        extract(samples, VIEWS["whole"], MetricCache(tmp_path / "cache"), workers=1)


def test_a_broken_picture_is_named(samples: list[Sample], tmp_path: Path) -> None:
    Path(samples[1].path).write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"1\.png"):
        extract(samples, VIEWS["whole"], MetricCache(tmp_path / "cache"), workers=0)


def test_a_clip_is_measured_by_its_middle_frame_or_by_the_one_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (96, 96))
    rng = np.random.default_rng(0)
    for _ in range(3):
        writer.write(rng.integers(0, 256, (96, 96, 3), dtype=np.uint8))
    writer.release()
    clip = Sample("clip", str(file), "1", Split.TRAIN)
    given = [clip, *(replace(clip, frame=number) for number in range(3))]
    cache = MetricCache(tmp_path / "cache")
    middle, *frames = extract(given, VIEWS["whole"], cache, workers=0).vectors
    assert [np.array_equal(middle, frame) for frame in frames] == [False, True, False]


@pytest.mark.slow
def test_a_reader_opens_a_packed_file_once_for_all_of_its_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("h5py")
    from facepad.datasets.packed import Packed
    from facepad.packed.reader import PackedFile

    file = next(made_up_dataset(tmp_path, "packed", pictures=2).rglob("*.h5"))
    packed = list(Packed(file).samples())
    opened = Mock(side_effect=PackedFile)
    monkeypatch.setattr("facepad.packed.pictures.PackedFile", opened)
    reader = PictureReader(VIEWS["whole"])
    assert all(reader.read(sample.path).image.size for sample in packed)
    assert opened.call_count == 1
