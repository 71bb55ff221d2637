"""Fitting NIQE and BIQI: distortions, targets, machines, and small fits on made-up pictures."""

import hashlib
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from examples import at_most
from facepad.errors import DatasetError, InputError
from facepad.quality.biqi_model import BiqiModel
from facepad.quality.niqe_model import NiqeModel
from facepad.training.naturalness import biqi, pictures, tiles
from facepad.training.naturalness.acceptance import Golden, Requirement, distortion_ladder
from facepad.training.naturalness.biqi import classifier, regressor, train_biqi
from facepad.training.naturalness.distortions import KINDS, Kind, lose_packets
from facepad.training.naturalness.niqe import train_niqe
from facepad.training.naturalness.tiles import information, quality_target, similarity
from facepad.training.scaling import platt

REFERENCE = Path(__file__).resolve().parents[2] / "reference"
SHARED = Path(__file__).resolve().parents[3].parent / "shared"
few = at_most(10)


def fit_sigmoid(decisions: NDArray[np.float64], first: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and intercept as libsvm has them: ``1 / (1 + exp(slope d + intercept))``."""
    scaling = platt(decisions, first, smooth=True)
    return -scaling.slope, -scaling.bias


def scene(seed: int, height: int = 256, width: int = 256) -> NDArray[np.uint8]:
    """Noise with the spectrum of photographs."""
    spectrum = np.fft.rfft2(np.random.default_rng(seed).normal(size=(height, width)))
    far = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    smooth = np.fft.irfft2(spectrum / (far + 0.01), (height, width))
    pixels: NDArray[np.uint8] = np.clip(128 + 45 * smooth / smooth.std(), 0, 255).astype(np.uint8)
    return pixels


def folder_of_scenes(folder: Path, many: int, side: int) -> Path:
    for seed in range(many):
        cv2.imwrite(str(folder / f"{seed}.png"), scene(seed, side, side))
    names = "".join(f"{seed}.png,CC0\n" for seed in range(many))
    (folder / "manifest.csv").write_text("path,licence\n" + names)
    return folder


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=() if kind.name in ("jpeg", "blur") else pytest.mark.slow)
        for kind in KINDS
    ],
    ids=lambda kind: kind.name,
)
def test_a_stronger_distortion_looks_worse(kind: Kind) -> None:
    tile = scene(1)
    found = [
        quality_target(tile, kind.apply(tile, strength, np.random.default_rng(0)))
        for strength in kind.strengths
    ]
    assert found == sorted(found)
    assert 0 < found[0] < found[-1] <= 100


@pytest.mark.slow
def test_the_targets_measures_are_those_of_other_libraries() -> None:
    import sewar

    skimage: Any = import_module("skimage.metrics")  # without types
    one, other = scene(1), cv2.GaussianBlur(scene(1), (0, 0), 1.3)
    pair = one.astype(np.float32), other.astype(np.float32)
    assert information(*pair) == pytest.approx(sewar.vifp(one, other), abs=1e-6)  # sewar 0.4.10
    expected = skimage.structural_similarity(  # scikit-image 0.26
        one, other, gaussian_weights=True, use_sample_covariance=False, data_range=255
    )
    assert similarity(*pair) == pytest.approx(expected, abs=1e-6)


def test_an_unchanged_tile_is_not_bad_at_all() -> None:
    assert quality_target(scene(2), scene(2)) == pytest.approx(0, abs=1e-4)


@pytest.mark.slow
def test_no_loss_leaves_the_picture_as_it_was() -> None:
    fading = KINDS[-1]
    clean, again = (fading.apply(scene(3), 0.0, np.random.default_rng(s)) for s in (1, 2))
    np.testing.assert_array_equal(clean, again)


@pytest.mark.parametrize("stream", [b"", b"\xff\x4f", b"\xff\x4f\xff\x93\x00\x00\xff\xd9"])
def test_what_is_no_stream_of_packets_is_refused(stream: bytes) -> None:
    with pytest.raises(InputError, match=r"stream ends|packets"):
        lose_packets(stream, 0.5, np.random.default_rng(0))


@pytest.mark.slow
def test_decisions_are_those_of_scikit_learn() -> None:
    from sklearn.svm import SVC  # slow to import

    generator = np.random.default_rng(0)
    points = generator.normal(size=(200, 3))
    kinds = (points[:, 0] > 0).astype(np.int64) + (points[:, 1] > 0)
    machine = classifier(points, kinds, np.arange(200), cost=2.0, gamma=0.3)
    other = SVC(C=2.0, gamma=0.3, decision_function_shape="ovo").fit(points, kinds)
    found = [machine.decisions(point) for point in points]
    np.testing.assert_allclose(found, other.decision_function(points), atol=1e-9)


@pytest.mark.slow
def test_the_likeliest_class_is_mostly_the_right_one() -> None:
    points = np.random.default_rng(1).normal(size=(300, 3))
    kinds = (points[:, 0] > 0).astype(np.int64) + (points[:, 1] > 0)
    machine = classifier(points, kinds, np.arange(300), cost=2.0, gamma=0.3)
    found = [machine.classes[np.argmax(machine.probabilities(point))] for point in points]
    assert np.mean(found == kinds) > 0.9


def test_a_regressor_learns_a_plane() -> None:
    points = np.random.default_rng(2).uniform(-1, 1, size=(200, 2))
    machine = regressor(points, 10 * points[:, 0], cost=20.0, gamma=0.5, tolerance=0.5)
    found = [machine.regress(point) for point in points]
    np.testing.assert_allclose(found, 10 * points[:, 0], atol=1.5)


def test_the_sigmoid_is_that_of_logistic_regression() -> None:
    from sklearn.linear_model import LogisticRegression  # slow to import

    generator = np.random.default_rng(3)
    decisions = generator.normal(size=20_000)
    is_first = generator.random(20_000) < 1 / (1 + np.exp(-1.5 * decisions + 0.4))
    other = LogisticRegression(C=1e9).fit(decisions[:, None], is_first)  # targets 0 and 1
    slope, intercept = fit_sigmoid(decisions, is_first)
    assert slope == pytest.approx(-other.coef_[0, 0], abs=2e-3)
    assert intercept == pytest.approx(-other.intercept_[0], abs=2e-3)


def test_the_sigmoid_is_that_of_the_newton_method_of_libsvm() -> None:
    """Values of libsvm's method (Lin, Lin, Weng 2007), which stops at a gradient of 1e-5."""
    rng = np.random.default_rng(0)
    first = rng.random(60) < 0.4
    found = fit_sigmoid(rng.normal(first * 1.5, 1.0), first)
    assert found == pytest.approx((-1.1316649614825613, 1.264431489283395), rel=1e-5)


@pytest.mark.slow
@given(st.integers(0, 1000), st.floats(0.5, 4.0))
@few
def test_stretched_decisions_have_a_flatter_sigmoid(seed: int, factor: float) -> None:
    generator = np.random.default_rng(seed)
    decisions = generator.normal(size=300)
    is_first = generator.random(300) < 1 / (1 + np.exp(-decisions))
    slope, intercept = fit_sigmoid(decisions, is_first)
    stretched = fit_sigmoid(factor * decisions, is_first)
    assert stretched == pytest.approx((slope / factor, intercept), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    ("length", "expected"), [(255, []), (256, [0]), (356, [0]), (357, [0, 101]), (512, [0, 256])]
)
def test_a_last_tile_is_flush_with_the_edge_where_enough_remains(
    length: int, expected: list[int]
) -> None:
    assert [column for _, column in tiles.corners((256, length))] == expected


@pytest.mark.slow
def test_the_ladder_is_that_of_the_golden_set() -> None:
    golden = Golden.read(REFERENCE)
    known = json.loads((REFERENCE / "iqa_golden.json").read_text("utf-8"))["ladder"]
    for name, pixels in distortion_ladder(golden.images["brick_256"]):
        digest = hashlib.sha256(pixels.tobytes() + str(pixels.shape).encode()).hexdigest()[:16]
        assert digest == known[f"brick_256/{name}"]["sha"]


def test_large_pictures_are_halved(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "large.png"), np.zeros((40, 3300), np.uint8))
    assert pictures.read(tmp_path / "large.png").shape == (10, 825)


def test_a_folder_without_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no picture"):
        train_niqe(tmp_path, tmp_path / "out")


def test_a_picture_that_the_manifest_does_not_list_is_an_error(tmp_path: Path) -> None:
    folder_of_scenes(tmp_path, 1, 100)
    cv2.imwrite(str(tmp_path / "other.png"), scene(9, 100, 100))
    with pytest.raises(DatasetError, match=r"does not list other\.png"):
        pictures.licences(tmp_path, pictures.find(tmp_path))


def test_too_few_blocks_for_a_covariance_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="more than 36 sharp blocks"):
        train_niqe(folder_of_scenes(tmp_path, 1, 200), tmp_path / "out")


def test_a_missed_gate_says_by_how_much() -> None:
    assert "MISSED by 0.100" in str(Requirement("share", 0.65, 0.75))


@pytest.mark.slow
def test_niqe_is_fitted_and_read_again(tmp_path: Path) -> None:
    done: list[int] = []
    pictures = folder_of_scenes(tmp_path, 3, 400)
    report = train_niqe(pictures, tmp_path / "out", lambda: done.append(1))
    assert len(done) == 3
    assert NiqeModel.read(report.model).mean.shape == (36,)
    assert "3: CC0" in report.model.with_suffix(".md").read_text("utf-8")


@pytest.mark.slow
def test_biqi_is_fitted_and_read_again_and_measures_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = folder_of_scenes(tmp_path, 3, 256)
    report = train_biqi(pictures, tmp_path / "out")
    assert BiqiModel.read(report.model).kinds == tuple(kind.name for kind in KINDS)
    monkeypatch.delattr(tiles, "distorted")
    train_biqi(pictures, tmp_path / "out")


@pytest.mark.slow
def test_biqi_needs_three_pictures() -> None:
    measured = tiles.measure(scene(1), "one")
    with pytest.raises(DatasetError, match="at least 3 pictures, got 1"):
        biqi.evaluate_held_out(measured, lambda: None)


@pytest.mark.slow
def test_the_packaged_niqe_agrees_in_rank_with_the_original() -> None:
    from facepad.quality.no_reference import niqe
    from facepad.quality.scene_statistics import niqe_features

    if not (SHARED / "golden").is_dir():
        pytest.skip("needs the golden pictures in shared/golden beside the repository")
    value, many = Golden.read(SHARED / "golden").correlation(
        "niqe", lambda pixels: niqe(niqe_features(pixels.astype(np.float32)), NiqeModel.packaged())
    )
    assert many == 112
    assert value >= 0.90
