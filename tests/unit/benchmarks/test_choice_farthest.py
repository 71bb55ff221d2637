"""Statistics of the positions that are farthest from bona fide, on made-up maps."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "benchmarks"))
pytest.importorskip("choosing", reason="source archives hold no benchmarks")

from choosing.farthest import BLOCKS, BOTH, FARTHEST, centres_of, farthest, widened
from facepad.faces.crops import PATCH
from facepad.training.face.features import VIEWS, FaceFeatures
from facepad.training.face.heads import LabelledFeatures
from facepad.types import Reason, Sample, Split

CHANNELS, POSITIONS = 3, 40
RNG = np.random.default_rng(5)
MAPS = RNG.normal(2.0, 3.0, (4, CHANNELS, POSITIONS))  # of pictures; the last has no face
SPECIES = (None, None, "print", None)


def labelled() -> LabelledFeatures:
    """Usual statistics of the maps, the same for every block and view."""
    own = np.concatenate([MAPS.mean(axis=2), MAPS.std(axis=2)], axis=1).astype(np.float32)
    own[-1] = np.nan
    values = np.repeat(np.tile(own, len(BLOCKS))[:, None], len(VIEWS), axis=1)
    blocks = {one: slice(6 * at, 6 * at + 6) for at, one in enumerate(BLOCKS)}
    samples = tuple(
        Sample(str(at), str(at), "a", Split.TRAIN, species) for at, species in enumerate(SPECIES)
    )
    reasons = (None, None, None, Reason.NO_FACE)
    return LabelledFeatures(samples, FaceFeatures(values, blocks, np.ones(4, bool), reasons))


def test_the_centre_is_that_of_all_positions_of_bona_fide_pictures_with_a_face() -> None:
    positions = np.concatenate(list(MAPS[:2]), axis=1)
    for mean, spread in centres_of(labelled()):
        assert mean == pytest.approx(positions.mean(axis=1), abs=1e-5)
        assert spread == pytest.approx(positions.std(axis=1), abs=1e-5)


def test_statistics_are_those_of_the_farthest_thirty_percent() -> None:
    mean, spread = np.array([0.0, 1.0, 2.0]), np.array([1.0, 5.0, 0.1])
    by_distance = sorted(MAPS[0].T, key=lambda one: -np.linalg.norm((one - mean) / spread))
    far = np.array(by_distance[:12])
    expected = np.concatenate([far.mean(axis=0), far.std(axis=0)])
    assert farthest(MAPS[0], (mean, spread)) == pytest.approx(expected, abs=1e-5)


def test_farthest_statistics_become_blocks_of_the_patch_view() -> None:
    known = {str(at): np.full((2, 18), at, np.float32) for at in range(4)}
    for at in range(4):
        known[str(at)][1] = np.arange(18) + 100 * at
    before = labelled()
    wide = widened(before, known, 1).features
    for number, block in enumerate(BLOCKS):
        far = wide.of(PATCH, block + FARTHEST)
        assert far[2].tolist() == [200 + 6 * number + one for one in range(6)]
        both = wide.of(PATCH, block + BOTH)
        np.testing.assert_array_equal(both[:, 6:], far)
        np.testing.assert_array_equal(both[:, :6], before.features.of(PATCH, block))
        assert np.isnan(wide.of("tight", block + BOTH)).all()
