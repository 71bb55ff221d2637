"""The pictures of the page about operating points say what the page says."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "scripts"))
sys.path.append(str(ROOT / "benchmarks"))
pytest.importorskip("simulator", reason="source archives hold no benchmarks")

import operating_point_pictures as pictures  # noqa: E402 - lies beside the package
from facepad.calibration.anchor import TARGETS  # noqa: E402 - as above
from facepad.registry import POINT_NAMES  # noqa: E402 - as above
from simulator.drawing import Drawing  # noqa: E402 - as above

PAGE = (ROOT / "docs" / "operating-points.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("one", [pictures.points(), pictures.cameras(), pictures.frames()])
def test_the_page_shows_every_picture_as_the_script_describes_it(
    one: Drawing,
) -> None:
    assert f"(images/{one.name}.svg)" in PAGE
    kept = (pictures.IMAGES / f"{one.name}.svg").read_text(encoding="utf-8")
    assert f">{one.title}</title>" in kept
    assert f">{one.caption}</desc>" in kept


def test_the_page_names_the_targets_of_a_calibration() -> None:
    assert tuple(TARGETS) == POINT_NAMES
    for name, share in TARGETS.items():
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]
        assert row.endswith(f"| {100.0 * share:.0f} % |")


def test_another_camera_has_the_same_errors_at_a_threshold_of_its_own() -> None:
    from scipy.stats import norm  # slow to import

    for scene in (pictures.HERE, pictures.ELSEWHERE):
        bound = scene.bound(0.05)
        assert norm.cdf(bound, scene.bona_fide) == pytest.approx(0.05)
        # scipy 1.17.1: norm.sf(norm.ppf(0.05), -3, 1.1)
        assert norm.sf(bound, scene.attack, scene.spread) == pytest.approx(0.10898364794682536)
    wrong = norm.cdf(pictures.HERE.bound(0.05), pictures.ELSEWHERE.bona_fide)
    assert 0.4 < wrong < 0.5  # "nearly half"


def test_the_target_is_met_on_average_and_frames_cost_fewer_attacks() -> None:
    both = [pictures.errors_by_frames(count) for count in pictures.FRAMES]
    assert all(rejected.mean() == pytest.approx(0.05, abs=0.006) for rejected, _ in both)
    assert all(one[1].mean() > more[1].mean() for one, more in pairwise(both))
    assert all(one[0].std() > more[0].std() for one, more in pairwise(both))
