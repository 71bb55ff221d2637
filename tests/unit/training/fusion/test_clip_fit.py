"""The fit of the ratios of the tests over clips, on made-up measures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facepad.errors import DatasetError
from facepad.fusion.clip_ratios import LIMITS, PARALLAX, ClipRatios
from facepad.models import store
from facepad.training.fusion import clip_run
from facepad.training.fusion.clip_run import ClipRecipe, measures_of, report_of, run
from facepad.training.fusion.clips import ClipEvidence, fit, held_out, shares, succession
from facepad.types import Reason, Sample, Score, Split

FLAT = ("print/bent", "print/moved", "print/waved")
REPLAY = "screen/replay"
PEOPLE = 12


def clip(person: int, species: str | None, **measures: object) -> ClipEvidence:
    name = f"{species or 'bona_fide'}/{person}"
    attributes = {"blinks": "0" if species in FLAT else "2"}
    sample = Sample(name, name, f"p{person}", Split.TRAIN, species, attributes=attributes)
    return replace(ClipEvidence(sample, still=0.0, seconds=6.0), **measures)  # type: ignore[arg-type]


def made_up(people: int = PEOPLE) -> list[ClipEvidence]:
    """Living people and replays blink, turn and have a pulse; flat prints turn."""
    rng, rows = np.random.default_rng(0), []
    for person in range(people):
        for species in (None, REPLAY, *FLAT):
            is_seen = species is None or (species == REPLAY and person % 2 == 0)
            rows.append(
                clip(
                    person,
                    species,
                    blinks=int(is_seen),
                    slope=float(np.clip(rng.normal(0.9 if is_seen else 0.05, 0.05), 0.0, 1.0)),
                    pulse=is_seen or person == 0,
                    excess_db=float(rng.normal(6.0 if is_seen else -3.0, 1.0)),
                    still=float(rng.normal(1.0 if species is None else -1.0)),
                )
            )
    return rows


def test_what_replays_do_as_well_is_worth_less() -> None:
    rows = made_up()
    without = [row for row in rows if row.sample.pai_species != REPLAY]
    both, flat = fit(rows), fit(without)
    assert 0.0 < both.blink.seen < flat.blink.seen
    assert 0.0 < both.parallax.high < flat.parallax.high


def test_ratios_have_the_sign_of_the_evidence() -> None:
    fitted = fit(made_up())
    assert fitted.parallax.ratio(0.9) > 0.0 > fitted.parallax.ratio(0.05)
    assert fitted.pulse > 0.0
    assert fitted.blink.ratio(0, 6.0) < 0.0 < fitted.blink.ratio(1, 6.0)


@pytest.mark.parametrize("people", [6, 12, 400])
def test_no_ratio_exceeds_what_the_clips_can_show(people: int) -> None:
    fitted = fit(made_up(people))
    most = np.log((people + 1.0) / (people + 2.0) / (1.0 / (4 * people + 2.0)))
    limit = min(LIMITS[PARALLAX], most)
    assert -limit <= fitted.parallax.low <= 0.0 <= fitted.parallax.high <= limit
    assert 0.0 <= fitted.blink.seen <= min(LIMITS["blink"], most)
    assert 0.0 <= fitted.pulse <= min(LIMITS["pulse"], most)


def test_more_clips_of_one_species_do_not_change_its_weight() -> None:
    rows = made_up()
    bent = [row for row in rows if row.sample.pai_species == "print/bent"]
    usual, more = fit(rows), fit([*rows, *(3 * bent)])
    assert more.blink.seen == pytest.approx(usual.blink.seen, abs=0.1)
    assert more.parallax.middle == pytest.approx(usual.parallax.middle, abs=0.1)


def test_the_same_measures_give_the_same_ratios() -> None:
    first, again = fit(made_up()).arrays(), fit(made_up()[::-1]).arrays()
    for name, values in first.items():
        np.testing.assert_allclose(again[name], values, atol=1e-3)


def test_clips_without_an_answer_do_not_count() -> None:
    rows = made_up()
    silent = [clip(99 + n, None, blinks=None, slope=None, pulse=None) for n in range(9)]
    assert fit([*rows, *silent]) == fit(rows)
    assert silent[0].ratios(fit(rows)) == {}


def test_too_few_answers_are_refused() -> None:
    with pytest.raises(DatasetError, match=r"blink is fitted on 5 bona fide clips .* got 3 and 12"):
        fit(made_up(3))


def test_people_are_held_out_of_their_own_ratios() -> None:
    rows = made_up()
    apart = held_out(rows, folds=3)
    fold = set(sorted({row.sample.subject for row in rows})[::3])
    without = fit([row for row in rows if row.sample.subject not in fold])
    mine = [one for row, one in zip(rows, apart, strict=True) if row.sample.subject in fold]
    assert mine == [without] * len(mine)


def test_shares_weigh_species_alike_and_are_never_0_or_1() -> None:
    rows = [*made_up(), *(clip(50 + n, "print/bent", blinks=0) for n in range(100))]
    flags = np.array([row.sample.pai_species == "print/bent" for row in rows])
    hit, false = shares(rows, flags)
    assert hit == pytest.approx(1.0 / (PEOPLE + 2.0))
    assert false == pytest.approx((0.25 * (4 * PEOPLE + 100) + 1.0) / (4 * PEOPLE + 102.0))
    assert 0.0 < succession(0, 0) < 1.0


def test_measures_are_those_of_the_scores() -> None:
    scores = {
        "face_cnn": Score(0.5),
        "blink": Score(0.7, details={"blinks": [{}, {}], "seconds": 6.0}),
        "parallax": Score(None, Reason.LITTLE_MOVEMENT, {"pairs": 0}),
        "pulse": Score(None, Reason.NO_PULSE, {"fits": False, "excess_db": -3.0}),
    }
    assert measures_of(scores) == {
        "still": 0.0,
        "blinks": 2,
        "seconds": 6.0,
        "slope": None,
        "pulse": False,
        "excess_db": -3.0,
    }
    assert measures_of({})["blinks"] is None


def test_the_report_has_every_species_and_what_the_ratios_add() -> None:
    rows = made_up()
    text = report_of(rows, fit(rows))
    for name in ("bona fide", *FLAT, REPLAY):
        assert f"\n{name} " in text
    assert "without one +0.00 in 3 s, -" in text
    assert "together" in text


def test_a_run_writes_the_same_model_again_and_a_card_with_the_bounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip_run, "evidence", lambda *_: made_up())
    runs = []
    for name in ("first", "again"):
        recipe = ClipRecipe((), "CC0", "3", "ratios", tmp_path / name, 1)
        runs.append(run(recipe, (), lambda: None).model)
    assert runs[0].read_bytes() == runs[1].read_bytes()
    read = ClipRatios.from_arrays(store.read_arrays(runs[0]), "file", "v")
    assert replace(read, version="clip_tests") == fit(made_up())
    card = runs[0].with_suffix(".md").read_text()
    assert "blink 2, parallax 3, pulse 1" in card
    assert "Licence of the portraits: CC0" in card
    assert "12 clips of rendered heads and 48 simulated attacks of 4 species" in card


def test_without_clips_the_command_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="simulate"):
        ClipRecipe((), "", "1", "ratios", tmp_path, 1).prepare()


def test_ratios_of_a_clip_are_by_test() -> None:
    rows, fitted = made_up(), fit(made_up())
    assert isinstance(fitted, ClipRatios)
    assert set(rows[0].ratios(fitted)) == {"blink", "parallax", "pulse"}
    assert "pulse" not in replace(rows[0], excess_db=-1.0).ratios(fitted)
