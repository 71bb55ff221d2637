"""Heat maps: the patch that moves a decision is found, drawn and written to a file of its own."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from facepad.errors import InputError, SettingsError
from facepad.explaining import MOST, PATCHES, HeatMap, HeatMapFolder, heat_map
from facepad.needs import Needs
from facepad.pipeline import Checker
from facepad.scores import sigmoid
from facepad.testing.media_files import write_video
from facepad.types import (
    CaptureQuality,
    Face,
    Frame,
    OperatingPoint,
    Presentation,
    Reason,
    RgbImage,
    Score,
)

SIDE = 110  # pixels; ten patches of 11
BOX = (30, 30, 80, 80)  # its surroundings are the whole picture
POINT = OperatingPoint("dev", 0.5, 0.4, 0.6)
SPOT = slice(11, 22), slice(77, 88)  # row 1, column 7


def picture() -> RgbImage:
    """A grey picture with one fine pattern."""
    image = np.full((SIDE, SIDE, 3), 128, np.uint8)
    image[SPOT][::2] = 255
    image[SPOT][1::2] = 1
    return image


@dataclass
class Fine:
    """Scores how fine the pattern of the picture is; towards attack with ``sign`` -1."""

    sign: float = 1.0
    name: str = "fine"
    operating_point: OperatingPoint = POINT

    @property
    def models(self) -> Mapping[str, str]:
        return {self.name: f"{self.name}-1"}

    def score(self, presentation: Presentation) -> Score:
        images = [frame.image[..., 0].astype(np.float32) for frame in presentation.frames]
        steps = [np.abs(np.diff(image, axis=0)).mean() for image in images]
        return Score(sigmoid(self.sign * float(np.mean(steps))))


class OfClips(Fine):
    needs = Needs(min_frames=5)


@dataclass
class Drawing(Fine):
    """Draws the grey level of the frame's first pixel."""

    name: str = "drawing"

    def depicted(self, frame: Frame) -> RgbImage:
        return np.full((5, 8, 3), frame.image[0, 0], np.uint8)


class Abstaining(Fine):
    def score(self, presentation: Presentation) -> Score:
        fine = super().score(presentation).value or 0.0
        return Score(fine) if fine > 0.7 else Score(None, Reason.NEAR_THRESHOLD)


class MiddleFinder:
    """Finds a face in the middle, but none in a black picture."""

    models: Mapping[str, str] = {"finder": "finder-1"}

    def find(self, frame: Frame) -> Frame:
        if not frame.image.any():
            return replace(frame, no_face=Reason.NO_FACE)
        return replace(frame, face=Face(BOX, 1.0), capture=CaptureQuality())


def checker(*tests: Fine) -> Checker:
    return Checker(tests or (Fine(),), finder=MiddleFinder())


def mapped(*tests: Fine, workers: int = 1) -> HeatMap:
    found = heat_map(checker(*tests), picture(), channels="rgb", workers=workers)
    assert isinstance(found, HeatMap)
    return found


@pytest.fixture(scope="module")
def found() -> HeatMap:
    return mapped()


def test_the_patch_that_a_test_looks_at_is_found(found: HeatMap) -> None:
    values = found.values
    assert values.shape == (PATCHES, PATCHES)
    assert int(np.argmax(values)) == 1 * PATCHES + 7
    assert values[1, 7] == pytest.approx(found.log_likelihood_ratio, rel=0.1)
    assert np.abs(values[4:, :5]).max() < 1e-6


def test_what_speaks_for_an_attack_is_below_zero(found: HeatMap) -> None:
    np.testing.assert_allclose(mapped(Fine(-1.0)).values, -found.values, atol=1e-9)


def test_tests_that_decide_together_are_explained_together(found: HeatMap) -> None:
    flat = Fine(0.0, "flat")
    np.testing.assert_allclose(mapped(Fine(), flat).values, found.values / 2, atol=1e-9)


def test_threads_do_not_change_the_map(found: HeatMap) -> None:
    np.testing.assert_array_equal(mapped(workers=3).values, found.values)


def test_every_patch_is_counted() -> None:
    done: list[None] = []
    heat_map(checker(), picture(), channels="rgb", advance=lambda: done.append(None))
    assert len(done) == MOST


def test_where_the_picture_ends_there_are_fewer_patches() -> None:
    cut = heat_map(checker(), picture()[:82], channels="rgb")
    assert isinstance(cut, HeatMap)
    assert cut.values.shape == (7, 10)
    assert cut.region == (0, 0, 110, 82)


def test_a_patch_that_leaves_no_score_is_no_number() -> None:
    values = mapped(Abstaining()).values
    assert np.isnan(values[1, 7])
    assert np.isfinite(values[5, 2])


def test_without_a_face_there_is_a_reason() -> None:
    black = np.zeros((SIDE, SIDE, 3), np.uint8)
    assert heat_map(checker(), black, channels="rgb") is Reason.NO_FACE


def test_without_a_score_there_is_a_reason() -> None:
    grey = np.full((SIDE, SIDE, 3), 128, np.uint8)
    found = heat_map(checker(Abstaining()), grey, channels="rgb")
    assert found is Reason.NEAR_THRESHOLD


def test_of_a_clip_the_first_judged_frame_is_explained(tmp_path: Path) -> None:
    clip = tmp_path / "clip.avi"
    write_video(clip, [np.zeros_like(picture()), *[picture()] * 5])
    found = heat_map(checker(Fine(), OfClips(name="clips")), clip)
    assert isinstance(found, HeatMap)
    assert (found.frame.number, found.tests) == (1, ("fine",))


def test_tests_of_clips_alone_are_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match="a deciding test of single frames, got fine, of clips"):
        heat_map(checker(OfClips()), picture(), channels="rgb")


def test_a_source_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.png"):
        heat_map(checker(), tmp_path / "missing.png")


# --- files --------------------------------------------------------------------------------


Write = Callable[[str], Path]


@pytest.fixture
def written(found: HeatMap, tmp_path: Path) -> Write:
    """Writes the map of a source of this name into a new folder."""
    return lambda source: HeatMapFolder(tmp_path / "new").write(replace(found, source=source))


def test_a_map_is_a_picture_with_the_stem_of_its_source(written: Write, tmp_path: Path) -> None:
    path = written("a/me.jpg")
    assert path == tmp_path / "new" / "me.heat-map.jpg"
    with Image.open(path) as image:
        assert image.format == "JPEG"


def test_two_inputs_of_one_stem_have_two_files(written: Write) -> None:
    names = [written(source).name for source in ("a/me.jpg", "b/me.png", "me.jpg")]
    assert names == ["me.heat-map.jpg", "me-2.heat-map.jpg", "me-3.heat-map.jpg"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("standard input", "standard-input.heat-map.jpg"),
        ("x.h5#12", "x.heat-map.jpg"),
        ("..", "picture.heat-map.jpg"),
        ("a\x1b[31m.jpg", "a-31m.heat-map.jpg"),
    ],
)
def test_a_name_holds_letters_that_a_file_can_have(written: Write, source: str, name: str) -> None:
    assert written(source).name == name


def test_a_source_without_a_map_gives_the_reason_in_words(tmp_path: Path) -> None:
    black = tmp_path / "black.png"
    Image.new("RGB", (SIDE, SIDE)).save(black)
    folder = HeatMapFolder(tmp_path)
    assert folder.draw(checker(), black) == "no face found"
    assert "file not found" in str(folder.draw(checker(), tmp_path / "missing.png"))


def test_a_folder_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="the folder for heat maps cannot be made"):
        HeatMapFolder(tmp_path / "file" / "maps")


# --- drawings of tests --------------------------------------------------------------------


def saved(folder: Path, name: str, level: int) -> Path:
    file = folder / name
    Image.new("RGB", (SIDE, SIDE), (level,) * 3).save(file)
    return file


def test_a_test_that_can_draws_what_it_judged(tmp_path: Path) -> None:
    file = saved(tmp_path, "me.png", 77)
    files = HeatMapFolder(tmp_path / "new").depict(checker(Fine(), Drawing()), file)
    assert files == {"drawing": tmp_path / "new" / "me.drawing.png"}
    with Image.open(files["drawing"]) as image:
        assert image.format == "PNG"
        assert image.size == (8, 5)
        assert image.getpixel((0, 0)) == (77, 77, 77)


def test_an_advisory_test_draws_too(tmp_path: Path) -> None:
    asked = Checker((Fine(),), advisory=(Drawing(),), finder=MiddleFinder())
    assert [*HeatMapFolder(tmp_path).depict(asked, saved(tmp_path, "a.png", 9))] == ["drawing"]


def test_a_drawing_is_never_written_over_another(tmp_path: Path) -> None:
    file, folder = saved(tmp_path, "me.png", 77), HeatMapFolder(tmp_path / "new")
    names = [folder.depict(checker(Drawing()), file)["drawing"].name for _ in range(2)]
    assert names == ["me.drawing.png", "me-2.drawing.png"]


def test_a_test_without_a_part_in_the_decision_draws_nothing(tmp_path: Path) -> None:
    class Deep(Drawing):
        needs = Needs(depth=True)

    file, folder = saved(tmp_path, "me.png", 77), HeatMapFolder(tmp_path / "new")
    assert folder.depict(checker(Fine(), Deep()), file) == {}


def test_without_a_face_nothing_is_drawn(tmp_path: Path) -> None:
    folder = HeatMapFolder(tmp_path / "new")
    assert folder.depict(checker(Drawing()), saved(tmp_path, "black.png", 0)) == {}


# --- drawing ------------------------------------------------------------------------------


def colour(found: HeatMap) -> NDArray[np.int64]:
    """Colour of the middle of the patch with the pattern, in the right one of the two pictures."""
    with Image.open(io.BytesIO(found.drawn())) as image:
        page = np.asarray(image.convert("RGB"), np.int64)
    middle: NDArray[np.int64] = page[40 + 72, 2 * 16 + 480 + 360]
    return middle


def test_a_patch_is_blue_towards_bona_fide_and_orange_towards_attack(found: HeatMap) -> None:
    blue, orange = colour(found), colour(replace(found, values=-found.values))
    assert blue[2] > blue[0] + 60
    assert orange[0] > orange[2] + 60


def test_a_change_of_next_to_nothing_has_no_colour(found: HeatMap) -> None:
    assert np.ptp(colour(replace(found, values=0.001 * found.values))) < 12


def test_a_patch_without_a_number_is_left_plain(found: HeatMap) -> None:
    unknown = np.full(found.values.shape, np.nan)
    assert np.ptp(colour(replace(found, values=unknown))) < 12
