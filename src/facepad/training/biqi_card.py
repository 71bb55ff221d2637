"""The card of BIQI: data, recipe, results, limits."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from facepad.models.card import Card
from facepad.training import distortions
from facepad.training.gates import Gate, listed, told
from facepad.training.tiles import MOST_TILES, PRISTINE, SIDE, Tiles


def biqi_card(tiles: Tiles, licences: Counter[str], gates: Sequence[Gate]) -> Card:
    """What the card of a fitted BIQI says."""
    pristine = int(np.count_nonzero(tiles.kinds == PRISTINE))
    return Card(
        title="BIQI-style, own training: kinds of distortion and how bad they are",
        version="1",
        licence="Apache-2.0",
        data=f"{licences.total()} pristine photographs, by licence:\n\n{listed(licences)}\n\n"
        f"{pristine} tiles of {SIDE}x{SIDE} pixels and {len(tiles.kinds) - pristine:,} distorted "
        "copies. The file holds 18 statistics of some of them each, no part of any picture. No "
        "picture of the golden set took part.",
        recipe=_RECIPE,
        results=told(gates),
        limits="The target is computed (VIF and SSIM); nobody was asked how bad the tiles look, "
        "so values are not those of the original. JPEG2000 and fading channels are mistaken "
        "for each other in about a fifth to a fourth of cases: lost packets leave, in part, "
        "what a high compression leaves. Texture without objects, microscope and star pictures "
        "were not among the photographs. Judged on tiles; whole pictures are told less well.",
    )


_RECIPE = f"""`facepad train biqi --pictures DIR --out DIR`, with scikit-learn; random
numbers are seeded by the names of pictures.

Tiles on a grid, at most {MOST_TILES} per picture, evenly spread. Distortions:

- jp2k: JPEG2000, irreversible, rates {distortions.RATES}
- jpeg: JPEG, qualities {distortions.QUALITIES}
- wn: white noise, sigma {distortions.NOISES}
- blur: Gaussian blur, sigma {distortions.BLURS}
- ff: fast fading: JPEG2000 code streams of six layers that lose packets; shares lost
  {distortions.LOSSES}; later layers of a patch that lost one are lost, too

Target: 50 (2 - VIF - SSIM) against the tile, each clipped to 0..1; the tile itself 0.
Features: log(variance + 0.001) and shape of nine wavelet sub-bands, standardised.
Classifier: C-SVC, radial basis functions, C = 8, gamma = 1/18, pairwise probabilities
(sigmoids fitted on pictures that the machine has not seen).
Regressors: epsilon-SVR, C = 20, gamma = 1/18, epsilon = 3, on the kind and pristine tiles.
JPEG: isotonic regression on the index's own JPEG score; JQI would rank the JPEG tiles
better, but the whole index a little worse. Judged leave-one-picture-out, then fitted on
everything.
"""
