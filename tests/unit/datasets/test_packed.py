"""A packed file is a dataset like any other; a damaged one is told, and crashes nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np
import pytest

from facepad import media, registry
from facepad.datasets.packed import Packed
from facepad.errors import DatasetError, FacepadError, InputError
from facepad.packed.checksums import SealedFile, append_checksums
from facepad.packed.pictures import PackedFiles
from facepad.packing.rows import PackOptions
from facepad.pipeline import Checker
from facepad.sources import load_sample, read_picture
from facepad.testing import check_dataset, made_up_dataset
from facepad.types import Frame, OperatingPoint, Presentation, Reason, Sample, Score
from packing import flipped, originals, pack, pictures

PLACES = 50
OTHERS = [name for name in registry.names("datasets") if name != "packed"]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> list[Sample]:
    return pictures(tmp_path_factory.mktemp("source"), 9)


@pytest.fixture(scope="module")
def sound(source: list[Sample], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "a.h5"
    pack(source, path)
    return path


@pytest.fixture
def file(sound: Path, tmp_path: Path) -> Path:
    """A copy that a test may break."""
    path = tmp_path / "a.h5"
    path.write_bytes(sound.read_bytes())
    return path


@pytest.fixture(scope="module")
def sound_frames(sound: Path) -> list[Frame]:
    return read_all(sound)


def read_all(path: Path) -> list[Frame]:
    files = PackedFiles()  # opened once
    return [load_sample(one, packed=files).frames[0] for one in Packed(path).samples()]


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_every_database_is_the_same_when_packed(name: str, tmp_path: Path) -> None:
    listed = list(registry.resolve("datasets", name)(made_up_dataset(tmp_path, name)).samples())
    listed = listed[:: max(1, len(listed) // 12)]
    pack(listed, tmp_path / "packed.h5")
    packed = Packed(tmp_path / "packed.h5")
    check_dataset(packed, "packed")
    assert originals(listed, list(packed.samples())) == listed
    for sample, other in zip(listed, packed.samples(), strict=True):
        one, two = load_sample(sample), load_sample(other)
        assert [f.time_s for f in one.frames] == [f.time_s for f in two.frames]
        assert [f.notes for f in one.frames] == [f.notes for f in two.frames]
        assert all(
            np.array_equal(a.image, b.image) for a, b in zip(one.frames, two.frames, strict=True)
        )


@pytest.mark.slow
def test_a_packed_picture_is_read_as_the_file_is(source: list[Sample], sound: Path) -> None:
    for sample, packed in zip(source, Packed(sound).samples(), strict=True):
        one, two = read_picture(sample.path), read_picture(packed.path)
        assert np.array_equal(one.image, two.image)
        assert one.notes == two.notes


@dataclass(frozen=True)
class Brightness:
    """A liveness test that needs no model."""

    name: str = "brightness"
    operating_point: OperatingPoint = field(default_factory=lambda: OperatingPoint.at(0.5))
    models: dict[str, str] = field(default_factory=dict)

    def score(self, presentation: Presentation) -> Score:
        return Score(float(presentation.frames[0].image.mean()) / 255.0)


@dataclass(frozen=True)
class NoFinder:
    """Finds no face."""

    models: dict[str, str] = field(default_factory=dict)

    def find(self, frame: Frame) -> Frame:
        return Frame(frame.image, no_face=Reason.NO_FACE, notes=frame.notes)


def test_a_packed_picture_is_scored_as_the_file_is(source: list[Sample], sound: Path) -> None:
    checker = Checker([Brightness()], finder=NoFinder())
    for sample, packed in zip(source, Packed(sound).samples(), strict=True):
        one, two = checker.check(sample.path), checker.check(packed.path)
        assert (one.score, one.outcome, one.source_size) == (
            two.score,
            two.outcome,
            two.source_size,
        )


@pytest.mark.slow
def test_training_measures_the_same_of_a_packed_picture(
    source: list[Sample], sound: Path, tmp_path: Path
) -> None:
    from facepad.training.quality.features import VIEWS, MetricCache, extract

    def vectors(samples: list[Sample]) -> list[bytes]:
        cache = MetricCache(tmp_path / str(len(list(tmp_path.iterdir()))))
        found = extract(samples, VIEWS["whole"], cache, workers=1)
        return [row.tobytes() for row in found.vectors]

    assert vectors(source[:4]) == vectors(list(Packed(sound).samples())[:4])


@pytest.mark.slow
def test_threads_may_read_one_file_at_the_same_time(file: Path) -> None:
    paths = [sample.path for sample in Packed(file).samples()] * 20
    files = PackedFiles()  # opened once, for all of them

    def pixels(path: str) -> bytes:
        return read_picture(path, packed=files).image.tobytes()

    wanted = [pixels(path) for path in paths]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(pixels, paths)) == wanted


def test_listing_reads_no_pictures(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facepad.packed.reader.decode", lambda *_: pytest.fail("decoded"))
    assert len(list(Packed(file).samples())) == 9


def test_the_file_may_be_named_by_its_folder(file: Path) -> None:
    file.rename(file.with_name("dataset.h5"))
    assert next(Packed(file.parent).samples()).path == f"{file.with_name('dataset.h5')}#bona_fide/0"


def test_notices_tell_where_it_comes_from(file: Path) -> None:
    (notice,) = Packed(file).notices()
    assert notice.startswith("packed: made_up by facepad ")
    assert Packed(file).about().digest in notice


def test_a_sound_file_has_no_problems(file: Path) -> None:
    assert Packed(file).problems() == ()


@pytest.mark.slow
def test_a_file_that_was_replaced_is_read_anew(source: list[Sample], file: Path) -> None:
    before = read_picture(f"{file}#bona_fide/0").size
    pack(source, file, PackOptions("pixels", (10, 10)), force=True)
    assert (before, read_picture(f"{file}#bona_fide/0").size) == ((48, 32), (10, 7))


def test_limits_hold_for_packed_pictures(file: Path) -> None:
    with pytest.raises(InputError, match="no side may be longer than 20"):
        read_picture(f"{file}#attack/1", limits=media.Limits(max_side=20))


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("bona_fide/5", "there is no such row; bona_fide has 5"),
        ("attack/2-9", "there is no such row; attack has 4"),
        ("attack/3-2", "there is no such row"),
    ],
)
def test_a_row_that_is_not_there_is_told(file: Path, rows: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_presentation_of(f"{file}#{rows}")


def test_rows_of_several_samples_are_no_clip(file: Path) -> None:
    with pytest.raises(InputError, match="these rows are not the frames of one clip"):
        load_presentation_of(f"{file}#attack/0-1")


def load_presentation_of(path: str) -> Presentation:
    from facepad.types import Split

    return load_sample(Sample("packed/a", path, "anna", Split.TEST))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"nowhere\.h5 is no file; expected a packed dataset"):
        list(Packed(tmp_path / "nowhere.h5").samples())
    with pytest.raises(InputError, match=r"nowhere\.h5 cannot be read"):
        read_picture(tmp_path / "nowhere.h5#attack/1")


# --- damage -------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(PLACES))
def test_a_file_cut_off_at_any_place_is_told(file: Path, part: int) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: part * len(data) // PLACES])
    with pytest.raises(DatasetError, match=r"a\.h5 cannot be read as a packed dataset"):
        list(Packed(file).samples())


@pytest.mark.parametrize(
    "part",
    [
        *range(0, PLACES, 5),
        *(pytest.param(n, marks=pytest.mark.slow) for n in range(PLACES) if n % 5),
    ],
)
def test_a_changed_bit_is_told_or_was_not_needed(
    sound_frames: list[Frame], file: Path, part: int
) -> None:
    flipped(file, part * file.stat().st_size // PLACES + 7)
    with pytest.raises(DatasetError, match=r"a\.h5 (is damaged|cannot be read)"):
        Packed(file).problems()
    try:
        found = read_all(file)
    except DatasetError:
        return
    same = zip(found, sound_frames, strict=True)
    assert all(np.array_equal(one.image, other.image) for one, other in same)


def test_a_damaged_picture_is_told_every_time_and_the_others_are_read(file: Path) -> None:
    with h5py.File(file) as content:
        wanted = content["attack"]["images"][1].tobytes()
    place = file.read_bytes().index(wanted) + 40
    flipped(file, place)
    for _ in range(3):
        with pytest.raises(InputError, match=r"a\.h5 is damaged: bytes"):
            read_picture(f"{file}#attack/1")


@pytest.mark.parametrize("content", [b"", b"text", b"\x89HDF\r\n\x1a\n" + b"\0" * 600])
def test_another_kind_of_file_is_told(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(DatasetError, match="cannot be read as a packed dataset: "):
        list(Packed(file).samples())


def test_a_file_that_another_program_changed_is_told(file: Path) -> None:
    with h5py.File(file, "r+") as content:
        content["attack"]["subject"][0] = "somebody else"
    with pytest.raises(DatasetError):
        Packed(file).problems()


def rewritten(file: Path) -> Iterator[h5py.File]:
    """The HDF5 content for a change that is sealed afterwards, as a forger would."""
    with SealedFile(file) as sealed:
        content = sealed.read()
    file.write_bytes(content)
    with h5py.File(file, "r+") as opened:
        yield opened
    append_checksums(file)


def _drop(content: h5py.File) -> None:
    del content["attack"]["subject"]


def _shorten(content: h5py.File) -> None:
    content["attack"]["subject"].resize(2, axis=0)


def _retype(content: h5py.File) -> None:
    del content["attack"]["images"]
    content["attack"]["images"] = np.zeros((4, 2), np.float32)


def _link(content: h5py.File) -> None:
    del content["attack"]["key"]
    content["attack"]["key"] = h5py.ExternalLink("other.h5", "/key")


def _split(content: h5py.File) -> None:
    content["bona_fide"]["split"][0] = "elsewhere"


def _json(content: h5py.File) -> None:
    content["bona_fide"]["attributes"][0] = "{"


def _version(content: h5py.File) -> None:
    content.attrs["version"] = 99


def _attribute(content: h5py.File) -> None:
    del content.attrs["digest"]


def _count(content: h5py.File) -> None:
    content.attrs["attack"] = 2**40


@pytest.mark.parametrize(
    "change", [_drop, _shorten, _retype, _link, _split, _json, _version, _attribute, _count]
)
def test_a_well_sealed_file_of_another_layout_is_told(file: Path, change: object) -> None:
    for content in rewritten(file):
        change(content)  # type: ignore[operator] # one of the functions above
    with pytest.raises(DatasetError, match=r"a\.h5"):
        list(Packed(file).samples())


def test_a_changed_label_does_not_fit_the_digest(file: Path) -> None:
    for content in rewritten(file):
        content["attack"]["subject"][0] = "somebody else"
    (problem,) = Packed(file).problems()
    assert "its rows have digest" in problem


def test_a_picture_that_was_exchanged_does_not_fit_its_hash(file: Path) -> None:
    from facepad.packed.address import Address
    from facepad.packed.pictures import PackedFiles

    for content in rewritten(file):
        content["attack"]["images"][0] = content["attack"]["images"][1]
    with pytest.raises(FacepadError, match="decodes to other pixels than when it was packed"):
        PackedFiles().check_pixels(Address(file, "attack", 0, 0))
