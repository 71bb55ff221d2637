"""Fit NIQE: statistics of the sharp blocks of pristine photographs.

Reference: Mittal, Soundararajan, Bovik (2013), IEEE Signal Processing Letters 20(3).
"""

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facepad.errors import DatasetError
from facepad.jobs.progress import Advance, ignore
from facepad.models import store
from facepad.models.card import Card
from facepad.quality.niqe_model import NiqeModel
from facepad.quality.no_reference import niqe
from facepad.quality.scene_statistics import (
    BLOCK,
    NIQE_NAMES,
    local_statistics,
    niqe_features,
    whole_blocks,
)
from facepad.quality.workspace import Workspace
from facepad.training.naturalness import pictures as photographs
from facepad.training.naturalness.acceptance import (
    AcceptanceReport,
    Golden,
    Requirement,
    common_arrays,
    licence_lines,
    licence_of,
    result_lines,
)
from facepad.training.run import recipe_section
from facepad.types import GrayImage

Blocks = NDArray[np.float64]

MANY_PICTURES = 100  # with so many, only the sharpest blocks are used
THRESHOLDS = 0.5, 0.75  # share of the sharpest block's sharpness: with fewer, with many pictures
MOST_BLOCKS = 40  # of one picture, so that none dominates
LEAST_CORRELATION = 0.90


def train_niqe(
    pictures: Path, out: Path, advance: Advance = ignore, golden: Path | None = None
) -> AcceptanceReport:
    """Fit NIQE on a folder of pristine photographs and write it with its card.

    Args:
        pictures: Folder; its ``manifest.csv`` gives the licences.
        out: Folder for ``niqe.npz`` and ``niqe.md``.
        advance: Called once per picture.
        golden: Folder with golden values to compare ranks with; None for none.

    Raises:
        DatasetError: No pictures, or too few blocks to fit a covariance.
    """
    found = photographs.find(pictures)
    threshold = THRESHOLDS[len(found) >= MANY_PICTURES]
    blocks = []
    for path in found:
        blocks.append(sharp_blocks(photographs.read(path), threshold))
        advance()
    model = fit(np.concatenate(blocks))
    requirements = _requirements(model, golden)
    licences = photographs.licences(pictures, found)
    arrays = common_arrays("niqe", NIQE_NAMES, requirements, licence_of(licences)) | {
        "mean": model.mean,
        "covariance": model.covariance,
        "block": np.array(BLOCK),
        "threshold": np.array(threshold),
        "pictures": np.array(len(found)),
        "blocks": np.array([len(some) for some in blocks]),
    }
    file = out / "niqe.npz"
    total = sum(len(some) for some in blocks)
    card = _card(len(found), total, threshold, licences, requirements)
    store.save_arrays(file, arrays, card)
    text = f"{total:,} blocks of {len(found)} pictures\n" + "\n".join(map(str, requirements))
    return AcceptanceReport(file, requirements, text)


def sharp_blocks(gray: GrayImage, threshold: float) -> Blocks:
    """Return features of a picture's sharp blocks, the sharpest first, at most ``MOST_BLOCKS``.

    Args:
        gray: Shape (H, W), 0..255.
        threshold: Share of the sharpest block's sharpness that a block needs.
    """
    features = niqe_features(gray)
    picture = whole_blocks(gray)
    _, spread = local_statistics(picture, Workspace())
    by_block = spread.reshape(len(picture) // BLOCK, BLOCK, -1, BLOCK)
    sharpness = by_block.mean(axis=(1, 3), dtype=np.float64).ravel()
    order = np.argsort(-sharpness, kind="stable")
    kept = order[sharpness[order] > threshold * sharpness.max()]
    return np.asarray(features[kept[:MOST_BLOCKS]])


def fit(blocks: Blocks) -> NiqeModel:
    """Return mean and sample covariance of the features of blocks, shape (N, 36).

    Raises:
        DatasetError: Too few blocks: the covariance would have no inverse.
    """
    if len(blocks) <= len(NIQE_NAMES):
        raise DatasetError(
            f"NIQE needs more than {len(NIQE_NAMES)} sharp blocks, got {len(blocks)}"
        )
    return NiqeModel(blocks.mean(axis=0), np.cov(blocks.T))


def _requirements(model: NiqeModel, golden: Path | None) -> tuple[Requirement, ...]:
    if golden is None:
        return ()
    value, many = Golden.read(golden).correlation(
        "niqe", lambda pixels: niqe(niqe_features(pixels.astype(np.float32)), model)
    )
    name = f"rank correlation with the original NIQE over {many} golden pictures"
    return (Requirement(name, value, LEAST_CORRELATION),)


def _card(
    pictures: int,
    blocks: int,
    threshold: float,
    licences: Counter[str],
    requirements: tuple[Requirement, ...],
) -> Card:
    return Card(
        title="NIQE: statistics of pristine photographs",
        version="1",
        licence="Apache-2.0",
        data=f"{pictures} pristine photographs, by licence:\n\n{licence_lines(licences)}\n\n"
        "The file holds a mean and a covariance only, no part of any picture.",
        recipe=recipe_section(
            "facepad train niqe --pictures DIR --golden tests/reference",
            "Nothing is random. Gray values, halved until the longer side is at most 1600 pixels; "
            f"blocks of {BLOCK}x{BLOCK}; of each picture the blocks above {threshold:g} of its "
            f"sharpest block's sharpness, at most {MOST_BLOCKS}, in all {blocks:,}; mean and "
            "sample covariance of their 36 features. Nothing is added to the diagonal.",
        ),
        results=result_lines(requirements),
        limits="Values are not those of the original model (other photographs); ranks are "
        "compared. Flat pictures give hundreds. Photographs of phones after strong denoising, "
        "drawings and text count as unnatural.",
    )
