from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import facepad.training.stack.pictures as module
from facepad.errors import DatasetError
from facepad.faces import crops
from facepad.jobs.files import write_file
from facepad.opencv import cv2
from facepad.testing.miniatures import made_up_dataset
from facepad.training.sources import DatasetCopy
from facepad.training.stack.pictures import find_faces
from facepad.types import Face, Frame, Reason, Sample, Split

BOX = (8, 8, 40, 48)


class Finder:
    """Finds a face where a picture is bright, and counts its calls."""

    calls = 0

    def __init__(self, landmarks: bool = True) -> None:
        assert not landmarks

    def find(self, frame: Frame) -> Frame:
        Finder.calls += 1
        if frame.image.mean() < 50:
            return Frame(frame.image, no_face=Reason.NO_FACE)
        return Frame(frame.image, face=Face(BOX, 1.0))


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Sample]:
    monkeypatch.setattr(module, "FaceFinder", Finder)
    monkeypatch.setattr("facepad.models.store.version", lambda name: name)
    Finder.calls = 0
    made = []
    for index, grey in enumerate((120, 10, 200)):
        file = tmp_path / f"{index}.png"
        picture = np.full((64, 64, 3), grey, np.uint8)
        picture[16:32, 16:32] //= 2
        write_file(file, cv2.imencode(".png", picture)[1].tobytes())
        made.append(Sample(f"made/{index}", str(file), "s", Split.TRAIN))
    return made


def test_a_picture_without_a_face_is_left_out_and_counted(
    samples: list[Sample], tmp_path: Path
) -> None:
    found = find_faces(samples, tmp_path / "cache", size=16)
    assert [sample.key for sample in found.samples] == ["made/0", "made/2"]
    assert found.left_out == {Reason.NO_FACE: 1}


def test_a_face_is_found_once(samples: list[Sample], tmp_path: Path) -> None:
    first, again = (find_faces(samples, tmp_path / "cache", size=16) for _ in range(2))
    assert Finder.calls == 3
    assert again.boxes == first.boxes == (BOX, BOX)


def test_the_unchanged_crop_is_that_of_the_face(samples: list[Sample], tmp_path: Path) -> None:
    found = find_faces(samples, tmp_path / "cache", size=16, margin=1.2)
    image = np.ascontiguousarray(np.asarray(cv2.imread(samples[2].path), np.uint8)[:, :, ::-1])
    expected = crops.crop(image, BOX, 1.2, 16)
    assert np.array_equal(found.crop(1), expected)


def test_a_picture_that_cannot_be_read_is_named(samples: list[Sample], tmp_path: Path) -> None:
    write_file(Path(samples[0].path), b"no picture")
    with pytest.raises(DatasetError, match=r"0\.png"):
        find_faces(samples, tmp_path / "cache", size=16)


@pytest.mark.parametrize("name", ["folder", "packed", "simulated"])
def test_pictures_come_from_folders_packed_files_and_the_simulator(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "packed":
        pytest.importorskip("h5py")
    monkeypatch.setattr(module, "FaceFinder", Finder)
    monkeypatch.setattr("facepad.models.store.version", lambda name: name)
    samples = DatasetCopy(name, made_up_dataset(tmp_path, name)).samples()
    monkeypatch.setattr(Finder, "find", lambda _, frame: replace(frame, face=Face(BOX, 1.0)))
    found = find_faces(samples, tmp_path / "cache", size=16)
    assert len(found) == len(samples) > 0
    assert found.crop(len(found) - 1).shape == (16, 16, 3)
