"""Columns, recipes and tables of the choice of heads, on made-up pictures and numbers."""

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))
pytest.importorskip("choosing", reason="source archives hold no benchmarks")

from choosing import columns, table
from choosing.columns import Picture, collect, fingerprint, leaves, listed
from choosing.recipes import Judge, Judged
from facepad.errors import DatasetError
from facepad.simulate.recipe import draw_recipe
from facepad.training.face.features import VIEWS, FaceFeatures
from facepad.training.face.heads import HeadSpec, LabelledFeatures, decided, fit
from facepad.types import Face, Frame, Sample, Split
from installed import needs_scikit_learn

pytestmark = needs_scikit_learn

WIDTH = 4
SPEC = HeadSpec((("tight", 0), ("context", 0)), regularisation_c=50.0)


@pytest.fixture(autouse=True)
def _any_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "FROZEN", "")


# --- what training leaves out -------------------------------------------------------------


def drawn(**parameters: object) -> Sample:
    attributes = {"source": "a/1.jpg", "parameters": json.dumps(parameters)}
    return Sample("", "", "", Split.TRAIN, None, attributes=attributes)


PERSON = drawn(medium=None, camera={"family": "phone"})
PRINT = drawn(medium={"holding": {"close": True}}, camera={"family": "webcam"})
SCREEN = drawn(medium={"ppi": 90.0, "holding": {"close": False}}, camera={"family": "phone"})
CRISP = drawn(medium={"holding": {"detail": 1.2, "focus": 0.3}}, camera={"family": "access"})
MADE_MASK = drawn(medium={"material": "latex"}, camera={"family": "webcam"})
EVERY = (PERSON, PRINT, SCREEN, CRISP, MADE_MASK)


@pytest.mark.parametrize(
    ("left_out", "stay"),
    [
        ("", EVERY),
        ("family phone", (PRINT, CRISP, MADE_MASK)),
        ("family webcam", (PERSON, SCREEN, CRISP)),
        ("species print", (PERSON, SCREEN, MADE_MASK)),
        ("species screen", (PERSON, PRINT, CRISP, MADE_MASK)),
        ("close", (PERSON, SCREEN, CRISP, MADE_MASK)),
        ("crisp", (PERSON, PRINT, SCREEN, MADE_MASK)),
    ],
)
def test_training_keeps_all_but_what_a_column_leaves_out(
    left_out: str, stay: tuple[Sample, ...]
) -> None:
    assert tuple(sample for sample in EVERY if leaves(left_out)(sample)) == stay


@pytest.mark.parametrize("species", ["print", "screen"])
def test_a_part_of_a_medium_is_left_out_with_its_species(species: str) -> None:
    part = draw_recipe("partial", np.random.default_rng(0)).to_dict()
    own = "screen" if "ppi" in part["medium"] else "print"
    assert leaves(f"species {species}")(drawn(**part)) == (species != own)


@pytest.mark.parametrize(
    ("detail", "focus", "crisp"),
    [(1.0, 0.5, True), (0.9, 0.5, False), (1.0, 0.6, False)],
)
def test_a_crisp_medium_has_much_detail_and_is_in_focus(
    detail: float, focus: float, crisp: bool
) -> None:
    sample = drawn(medium={"holding": {"detail": detail, "focus": focus}})
    assert columns.is_crisp(sample) is crisp


# --- the list -----------------------------------------------------------------------------


def picture(
    path: Path,
    value: int,
    column: str = "one",
    species: str | None = None,
    *,
    cropped: bool = False,
    left_out: str = "",
) -> Picture:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((8, 8, 3), value, np.uint8))
    sample = Sample(str(path), str(path), "ann", Split.DEV, species, "door")
    return Picture(column, sample, cropped, left_out)


def collected(pictures: list[Picture], out: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(columns, "_of_simulation", lambda *_: iter(pictures))
    for name in ("_of_nuaa", "_of_field", "_of_video"):
        monkeypatch.setattr(columns, name, lambda *_: iter(()))
    return collect(out, out, out, out, out)


def test_a_list_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [
        picture(tmp_path / "1.png", 1, left_out="family phone"),
        picture(tmp_path / "2.png", 2, "two", species="print", cropped=True),
    ]
    found = listed(collected(given, tmp_path / "out", monkeypatch))
    for one, other in zip(found, given, strict=True):
        assert (one.column, one.cropped, one.left_out) == (
            other.column, other.cropped, other.left_out
        )  # fmt: skip
        for name in ("path", "pai_species", "subject", "session"):
            assert getattr(one.sample, name) == getattr(other.sample, name)


def test_the_fingerprint_changes_with_a_picture_and_not_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def printed(folder: str, value: int, column: str = "one", species: str | None = None) -> str:
        own = [picture(tmp_path / folder / "1.png", value, column, species)]
        return fingerprint(collected(own, tmp_path / folder, monkeypatch))

    first = printed("a", 1)
    assert printed("b", 1) == first
    assert printed("c", 2) != first
    assert printed("d", 1, column="two") != first
    assert printed("e", 1, species="print") != first


def test_another_list_than_the_frozen_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = collected([picture(tmp_path / "1.png", 1)], tmp_path / "out", monkeypatch)
    monkeypatch.setattr(columns, "FROZEN", fingerprint(file))
    assert len(listed(file)) == 1
    rows = file.read_text().replace("door", "gate")
    file.write_text(rows)
    with pytest.raises(DatasetError, match="not the frozen list"):
        listed(file)


def test_frames_of_the_sites_that_judge_are_not_listed(tmp_path: Path) -> None:
    kinds = [(kind, letter) for kind in ("crops", "frames") for letter in "abcdefghijklmn"]
    with (tmp_path / "manifest.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("path", "pai_species"))
        for kind, letter in kinds:
            for species in ("", "print"):
                rows.writerow((f"{kind}/site_{letter}/{species}1.jpg", species))
    found = {one.column for one in columns._of_field(tmp_path)}
    assert found == {
        *(f"field crops {letter}" for letter in "acd"),
        "field crops g, living",
        "field crops h, attacks",
        *(f"field frames {letter}" for letter in "ijkl"),
    }


# --- derived pictures ---------------------------------------------------------------------


@given(st.text(max_size=20))
def test_the_share_of_a_name_is_always_the_same_and_lies_below_one(name: str) -> None:
    assert 0.0 <= columns._share(name) < 1.0
    assert columns._share(name) == columns._share(name)


def test_light_is_raised_or_lowered_by_forty_percent() -> None:
    image = np.full((2, 2, 3), 100, np.uint8)
    up = next(str(n) for n in range(99) if columns._share(str(n)) < 0.5)
    down = next(str(n) for n in range(99) if columns._share(str(n)) >= 0.5)
    assert set(columns._relit(image, up).ravel().tolist()) == {140}
    assert set(columns._relit(image, down).ravel().tolist()) == {60}
    assert columns._relit(np.full((2, 2, 3), 250, np.uint8), up).max() == 255


def test_derived_pictures_are_every_second_one_and_the_same_each_time(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "b" / "c" / f"{number}.png" for number in range(4)]
    samples = [picture(path, 50 + number).sample for number, path in enumerate(paths)]
    first, again = (
        list(columns._derived("light", samples, columns._relit, tmp_path / name))
        for name in ("x", "y")
    )
    assert [Path(one.sample.path).name for one in first] == ["a-b-c-0.png.png", "a-b-c-2.png.png"]
    for one, other in zip(first, again, strict=True):
        assert Path(one.sample.path).read_bytes() == Path(other.sample.path).read_bytes()


@dataclass
class OneFace:
    """Finds a face in every picture."""

    box: tuple[int, int, int, int] | None

    def find(self, frame: Frame) -> Frame:
        return Frame(frame.image, face=Face(self.box, 1.0) if self.box else None)


def test_crops_are_squares_of_1_1_to_2_2_faces() -> None:
    image = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    cropper = columns._Cropped()
    cropper._finder = OneFace((100, 100, 160, 180))  # type: ignore[assignment] # stands for it
    for name in ("a", "b", "c", "d"):
        found = cropper(image, name)
        assert found is not None
        side = 70 * (1.1 + 1.1 * columns._share(name))  # 70: mean of width and height
        assert found.shape[:2] == pytest.approx((side, side), abs=2.0)
        top, left = int(140 - side / 2), int(130 - side / 2)
        np.testing.assert_array_equal(found[0, 0], image[top, left])


def test_a_picture_without_a_face_has_no_crop() -> None:
    cropper = columns._Cropped()
    cropper._finder = OneFace(None)  # type: ignore[assignment] # stands for it
    assert cropper(np.zeros((9, 9, 3), np.uint8), "a") is None


# --- recipes ------------------------------------------------------------------------------


def statistics(samples: list[Sample], seed: int) -> LabelledFeatures:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(len(samples), len(VIEWS), WIDTH)).astype(np.float32)
    values[..., 0] += 2.0 * np.array([one.is_bona_fide for one in samples])[:, None]
    count = len(samples)
    features = FaceFeatures(values, {0: slice(0, WIDTH)}, np.ones(count, np.bool_), (None,) * count)
    return LabelledFeatures(tuple(samples), features)


def simulated(each: int = 12) -> LabelledFeatures:
    samples = []
    for family in ("phone", "webcam", "access"):
        for species in (None, "print", "mask"):
            parameters = json.dumps({"camera": {"family": family}, "medium": {}})
            attributes = {"source": "a/1.jpg", "parameters": parameters}
            samples += [
                Sample("", "", f"p{number}", Split.TRAIN, species, family, attributes=attributes)
                for number in range(each)
            ]
    return statistics(samples, 1)


@pytest.mark.slow
def test_each_column_is_judged_by_heads_without_what_it_leaves_out() -> None:
    known, judged = simulated(), simulated(5)
    judge = Judge({"all": judged, "phones": judged}, {"all": "", "phones": "family phone"})
    found = {one.name: one.raw for one in judge.judge("known", known, SPEC)}
    teaches = np.array([one.pai_species != "mask" for one in known.samples])
    phones = np.array([one.session == "phone" for one in known.samples])
    for name, keep in (("all", teaches), ("phones", teaches & ~phones)):
        expected = decided(fit(known.part(keep), SPEC), judged)
        np.testing.assert_allclose(found[name], expected)
    assert not np.allclose(found["all"], found["phones"])


@pytest.mark.slow
def test_heads_that_recipes_share_are_fitted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[HeadSpec] = []

    def noted(labelled: LabelledFeatures, spec: HeadSpec) -> object:
        fitted.append(spec)
        return fit(labelled, spec)

    monkeypatch.setattr("choosing.recipes.fit", noted)
    judge = Judge({"all": simulated(5)}, {"all": ""})
    known = simulated()
    judge.judge("known", known, SPEC)
    judge.judge("known", known, HeadSpec((("tight", 0),), regularisation_c=50.0))
    assert len(fitted) == 2
    judge.judge("known", known, HeadSpec((("tight", 0),), regularisation_c=5.0))
    assert len(fitted) == 3


# --- the table ----------------------------------------------------------------------------


def judged(
    name: str, people: list[float], attacks: list[float], missing: tuple[int, int] = (0, 0)
) -> Judged:
    samples = [Sample("", "", f"p{n % 7}", Split.DEV) for n in range(len(people))]
    samples += [Sample("", "", f"p{n % 7}", Split.DEV, "print") for n in range(len(attacks))]
    return Judged(name, statistics(samples, 0), np.array([*people, *attacks]), missing)


def random_columns(seed: int, better: float = 0.0) -> list[Judged]:
    rng = np.random.default_rng(seed)
    gaps = [1.0, 0.3, 2.0]
    return [
        judged(
            f"column {number}",
            (rng.normal(size=40) + gap + better).tolist(),
            rng.normal(size=50).tolist(),
        )
        for number, gap in enumerate(gaps)
    ]


def test_outcomes_are_shares_of_all_presentations() -> None:
    one = judged("it", [3.0, 2.0, 0.0, -3.0], [2.5, 0.0, -2.0, -5.0, -6.0], (1, 5))
    bounds = {views: {"balanced": (-1.0, 2.0)} for views in ("crop", "context")}
    found = table.outcomes(one, bounds)
    assert (found.living, found.attacks) == (5, 10)
    assert (found.accepted, found.accused) == pytest.approx((2 / 5, 1 / 5))
    assert (found.passed, found.found) == pytest.approx((1 / 10, 3 / 10))
    assert found.decided == pytest.approx((3 / 5 + 4 / 10) / 2)
    assert found.right == pytest.approx((2 / 5 + 3 / 10) / (2 / 5 + 3 / 10 + 1 / 5 + 1 / 10))


def test_of_a_column_of_one_class_that_class_alone_counts() -> None:
    one = judged("clips, living", [3.0, 0.0, -3.0, 2.0], [])
    bounds = {views: {"balanced": (-1.0, 2.0)} for views in ("crop", "context")}
    found = table.outcomes(one, bounds)
    assert (found.decided, found.right) == pytest.approx((3 / 4, 2 / 3))
    assert np.isnan(found.passed)
    assert np.isnan(one.auc)
    assert not one.ranks


@pytest.mark.slow
def test_the_mean_and_worst_area_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    made = random_columns(3)
    apart = [judged("masks", [0.0] * 10, [1.0] * 10), judged("h, attacks", [], [1.0] * 10)]
    areas = [roc_auc_score(one.labelled.bona_fide, one.raw) for one in made]
    assert table.mean_auc([*made, *apart]) == pytest.approx(np.mean(areas))
    assert table.worst([*made, *apart]).auc == pytest.approx(min(areas))


def test_bounds_are_those_of_the_worst_column_without_masks() -> None:
    made = random_columns(4)
    apart = judged("masks", [-9.0] * 20, [9.0] * 20)
    low, high = table.bounds_of([*made, apart])["context"]["balanced"]
    attacks = [np.quantile(one.raw[~one.labelled.bona_fide], 0.85) for one in made]
    people = [np.quantile(one.raw[one.labelled.bona_fide], 0.05) for one in made]
    assert (low, high) == pytest.approx((min(*people, max(attacks)), max(attacks)))


@pytest.mark.slow
def test_a_recipe_does_not_differ_from_itself() -> None:
    made = random_columns(5)
    assert table.difference(made, made) == (0.0, 0.0, 0.0)


def share_of_pairs(raw: NDArray[np.float64], bona_fide: NDArray[np.bool_]) -> float:
    """The AUC as its definition says; one call of scikit-learn's takes milliseconds."""
    ahead = np.sign(raw[bona_fide][:, None] - raw[~bona_fide])
    return float(np.mean((ahead + 1.0) / 2.0))


@pytest.mark.slow
def test_a_difference_lies_in_its_interval_which_is_that_of_a_slow_bootstrap() -> None:
    """Resampling people written anew, with counted pairs for the AUC and another generator."""
    first, other = random_columns(6, better=0.8), random_columns(6)
    by, low, high = table.difference(first, other)
    assert low < by < high
    rng, draws = np.random.default_rng(0), []
    for _ in range(300):
        areas = []
        for one, two in zip(first, other, strict=True):
            who = np.array([sample.subject for sample in one.labelled.samples])
            picked = rng.choice(sorted(set(who)), len(set(who)))
            rows = np.concatenate([np.flatnonzero(who == name) for name in picked])
            labels = one.labelled.bona_fide[rows]
            areas.append(
                share_of_pairs(one.raw[rows], labels) - share_of_pairs(two.raw[rows], labels)
            )
        draws.append(np.mean(areas))
    assert (low, high) == pytest.approx(np.quantile(draws, [0.05, 0.95]), abs=0.02)


def test_the_lines_of_a_recipe_name_each_column() -> None:
    made = random_columns(7)
    text = "\n".join(table.lines("recipe", made, table.bounds_of(made), "balanced"))
    assert all(one.name in text for one in made)
    assert f"mean AUC {table.mean_auc(made):.3f}, worst {table.worst(made).auc:.3f}" in text
