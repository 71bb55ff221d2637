"""The indices BIQI and NIQE, their packaged parameters, and released files by path."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from examples import at_most
from facepad.errors import InputError, ModelError
from facepad.models import store
from facepad.models.npz import pack
from facepad.quality.biqi_model import BiqiModel
from facepad.quality.jpeg_quality import jqi_scores
from facepad.quality.niqe_model import NiqeModel
from facepad.quality.no_reference import biqi, niqe
from facepad.quality.scene_statistics import niqe_features
from facepad.quality.wavelet import biqi_features

few = at_most(20)
REFERENCE = Path(__file__).resolve().parents[2] / "reference"

KINDS = ("jp2k", "jpeg", "wn", "blur", "ff")
GOLDEN = json.loads((REFERENCE / "iqa_svm_reader.json").read_text("utf-8"))


def written(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Path:
    path.write_bytes(pack(arrays))
    return path


def released(folder: Path) -> Path:
    """Made-up text files under the names of the released ones: four features instead of 18."""
    for kind in ("", *(f"_{kind}" for kind in KINDS if kind != "jpeg")):
        which = "epsilon_svr" if kind else "c_svc"
        (folder / f"model_89{kind}").write_text(GOLDEN[which]["model_text"])
        (folder / f"range2{kind}").write_text(GOLDEN["range_text"])
    return folder


@pytest.mark.parametrize("name", ["niqe", "biqi"])
def test_the_packaged_model_reached_its_gates(name: str) -> None:
    arrays = store.load_arrays(name)
    asked = np.isfinite(arrays["gate_least"])
    assert asked.any()
    assert (arrays["gate_values"][asked] >= arrays["gate_least"][asked]).all()


def test_the_gates_are_those_that_were_specified() -> None:
    least = [store.load_arrays(name)["gate_least"] for name in ("niqe", "biqi")]
    assert [x for x in np.concatenate(least) if np.isfinite(x)] == [0.90, 0.70, 0.75]


@pytest.mark.parametrize("name", ["niqe", "biqi"])
def test_the_packaged_model_tells_its_licence_and_its_data(name: str) -> None:
    arrays = store.load_arrays(name)
    assert "Kodak" in str(arrays["licence"])
    assert int(arrays["pictures"]) == 72


def test_blocks_like_the_pristine_ones_have_niqe_zero() -> None:
    model = NiqeModel.packaged()
    assert niqe(np.array([model.mean]), model) == 0.0


@given(st.integers(0, 1000), st.floats(0.1, 3.0))
@few
def test_niqe_grows_in_proportion_to_the_distance_from_pristine(seed: int, far: float) -> None:
    model = NiqeModel.packaged()
    away = np.random.default_rng(seed).normal(size=(1, 36)) * np.sqrt(np.diag(model.covariance))
    near = niqe(model.mean + away, model)
    assert niqe(model.mean + far * away, model) == pytest.approx(far * near, rel=1e-6)


@given(st.integers(0, 1000))
@few
def test_the_order_of_blocks_does_not_matter_to_niqe(seed: int) -> None:
    generator = np.random.default_rng(seed)
    blocks = NiqeModel.packaged().mean + generator.normal(size=(7, 36))
    shuffled = generator.permutation(blocks)
    assert niqe(shuffled, NiqeModel.packaged()) == pytest.approx(
        niqe(blocks, NiqeModel.packaged()), rel=1e-6
    )


@given(st.integers(0, 1000), st.floats(-20, 150))
@few
def test_biqi_lies_between_the_scores_of_the_kinds(seed: int, jpeg_score: float) -> None:
    features = np.abs(np.random.default_rng(seed).normal(scale=30, size=18))
    _, scores = BiqiModel.packaged().judge(features, jpeg_score)
    assert (
        scores.min() - 1e-9
        <= biqi(features, jpeg_score, BiqiModel.packaged())
        <= scores.max() + 1e-9
    )


@given(st.integers(0, 1000), st.floats(-20, 150), st.floats(0, 50))
@few
def test_more_blocking_never_lowers_biqi(seed: int, jpeg_score: float, more: float) -> None:
    features = np.abs(np.random.default_rng(seed).normal(scale=30, size=18))
    before, after = (
        biqi(features, score, BiqiModel.packaged()) for score in (jpeg_score, jpeg_score + more)
    )
    assert after >= before - 1e-9


def test_noise_raises_biqi_and_niqe_of_a_photograph() -> None:
    with np.load(REFERENCE / "iqa_golden_images.npz") as images:
        photo = images["camera_512"]
    noise = np.random.default_rng(0).normal(scale=25, size=photo.shape)
    noisy = np.clip(photo + noise, 0, 255).astype(np.uint8)
    values = [
        (
            biqi(biqi_features(x.astype(np.float32)), jqi_scores(x)[1], BiqiModel.packaged()),
            niqe(niqe_features(x.astype(np.float32)), NiqeModel.packaged()),
        )
        for x in (photo, noisy)
    ]
    assert values[1][0] > values[0][0]
    assert values[1][1] > values[0][1]


def test_our_own_format_is_read_by_path(tmp_path: Path) -> None:
    path = written(tmp_path / "own.npz", store.load_arrays("niqe"))
    np.testing.assert_array_equal(NiqeModel.read(path).mean, NiqeModel.packaged().mean)
    path = written(tmp_path / "biqi.npz", store.load_arrays("biqi"))
    features = np.full(18, 3.0)
    expected = biqi(features, 20.0, BiqiModel.packaged())
    assert biqi(features, 20.0, BiqiModel.read(path)) == expected


def test_a_released_mat_file_is_read(tmp_path: Path) -> None:
    from scipy.io import savemat

    mean, covariance = np.arange(36.0), np.eye(36)
    savemat(tmp_path / "m.mat", {"mu_prisparam": mean[None], "cov_prisparam": covariance})
    model = NiqeModel.read(tmp_path / "m.mat")
    np.testing.assert_array_equal(model.mean, mean)
    np.testing.assert_array_equal(model.covariance, covariance)


@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0", bytes(range(256)) * 4])
def test_a_damaged_mat_file_is_an_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.mat").write_bytes(content)
    with pytest.raises(ModelError, match=r"m\.mat cannot be read as a released NIQE model"):
        NiqeModel.read(tmp_path / "m.mat")


def test_the_released_folder_gives_probabilities_and_five_scores(tmp_path: Path) -> None:
    model = BiqiModel.read(released(tmp_path))
    features = np.zeros(18)
    features[:4] = GOLDEN["raw_queries"][0]
    probabilities, scores = model.judge(features, 42.0)
    np.testing.assert_allclose(probabilities, GOLDEN["c_svc"]["probabilities"][0], atol=1e-6)
    expected = GOLDEN["epsilon_svr"]["predictions"][0]
    np.testing.assert_allclose(scores, [expected, 42.0, expected, expected, expected])


def test_a_file_that_the_released_folder_lacks_is_named(tmp_path: Path) -> None:
    (released(tmp_path) / "range2_wn").unlink()
    with pytest.raises(ModelError, match="range2_wn cannot be read"):
        BiqiModel.read(tmp_path)


def test_a_malformed_file_in_the_released_folder_is_named_with_its_line(tmp_path: Path) -> None:
    (released(tmp_path) / "range2_wn").write_text("x\n-1 1\n1 two 3\n")
    with pytest.raises(InputError, match="range2_wn, line 3"):
        BiqiModel.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("kind", np.array("biqi"), "has kind 'biqi', this version needs 'niqe'"),
        ("metrics_version", np.array(99), "has metrics_version 99"),
        ("format_version", np.array([1]), "has format_version"),
        ("names", np.array(["a", "b"]), "of other features"),
        ("block", np.array(64), "blocks of 64 pixels"),
        ("mean", np.zeros(3), "a NIQE model has a mean of 36"),
        ("covariance", np.full((36, 36), np.nan), "finite numbers only"),
    ],
)
def test_a_niqe_model_of_another_version_is_refused(
    tmp_path: Path, name: str, value: NDArray[Any], message: str
) -> None:
    path = written(tmp_path / "m.npz", store.load_arrays("niqe") | {name: value})
    with pytest.raises(ModelError, match=message):
        NiqeModel.read(path)


@pytest.mark.parametrize("name", ["kinds", "scale", "knots", "classifier_vectors", "wn_offsets"])
def test_a_biqi_model_without_an_array_is_refused(tmp_path: Path, name: str) -> None:
    arrays = store.load_arrays("biqi")
    del arrays[name]
    with pytest.raises(ModelError, match=f"holds no array '{name}'"):
        BiqiModel.read(written(tmp_path / "m.npz", arrays))


def test_a_biqi_model_whose_arrays_do_not_fit_is_refused(tmp_path: Path) -> None:
    arrays = store.load_arrays("biqi") | {"classifier_offsets": np.zeros(3)}
    with pytest.raises(ModelError, match="needs offsets of shape"):
        BiqiModel.read(written(tmp_path / "m.npz", arrays))
