"""Recipes of heads, what each says of every column, and the bounds of their operating points."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from choosing.columns import ATTACKS, LIVING, MASKS, Picture, leaves
from facepad.evaluation.ranking import auc
from facepad.faces.crops import TIGHT
from facepad.liveness.face_cnn.heads import Head
from facepad.training.face.heads import HeadSpec, LabelledFeatures, column_of, decided, fit
from facepad.training.scaling import Column
from facepad.types import Sample

Vector = NDArray[np.float64]

DEEP = (("context", 13), ("context", 14))
SHALLOW = (("context", 1), ("context", 2))
NOTED = (("context", 2), ("context", 9), ("context", 13), ("context", 14), ("patch", 7))
TODAY = tuple(("tight", block) for block in (5, 6, 7)) + tuple(
    ("context", block) for block in (10, 13, 14)
)
WITH_MASKS = ("print", "screen", "mask", "partial")

BROAD = (*(("context", block) for block in (2, 5, 8, 10, 12, 14)), ("patch", 7), ("patch", 8))
WIDE = (*SHALLOW, *(("context", block) for block in (5, 9, 11)), *DEEP,
        *(("patch", block) for block in (2, 5, 7)))  # fmt: skip
FRAMES = (("frame", 8), ("frame", 13))
MIDDLE_AND_DEEP = (("context", 9), *DEEP, ("patch", 7), *FRAMES, ("frame", 14))
WHOLE = ("print", "screen")  # without partial recaptures

RECIPES: Mapping[str, HeadSpec] = {
    "today's blocks": HeadSpec(TODAY, regularisation_c=0.5, species=WITH_MASKS),
    "today's blocks, no masks": HeadSpec(TODAY, regularisation_c=0.5),
    "noted": HeadSpec(NOTED),
    "noted, with masks": HeadSpec(NOTED, species=WITH_MASKS),
    "noted, no partials": HeadSpec(NOTED, species=WHOLE),
    "noted, c .5": HeadSpec(NOTED, regularisation_c=0.5),
    "noted, c 8": HeadSpec(NOTED, regularisation_c=8.0),
    "noted, as crops": HeadSpec(NOTED, as_crops=True),
    "noted, even 1": HeadSpec(NOTED, evenness=1.0),
    "noted, even 4": HeadSpec(NOTED, evenness=4.0),
    "noted and frame": HeadSpec((*NOTED, *FRAMES)),
    "noted and frame, c 8": HeadSpec((*NOTED, *FRAMES), regularisation_c=8.0),
    "noted and frame, even 1": HeadSpec((*NOTED, *FRAMES), evenness=1.0),
    "noted and frame, as crops": HeadSpec((*NOTED, *FRAMES), as_crops=True),
    "deep and frame": HeadSpec((("context", 9), *DEEP, *FRAMES, ("frame", 10))),
    "middle and deep": HeadSpec(MIDDLE_AND_DEEP),
    "without the shallow block": HeadSpec((*NOTED[1:], *FRAMES)),
    "every view": HeadSpec(
        (
            *BROAD,
            *(("tight", block) for block in (2, 5, 7)),
            *(("frame", block) for block in (6, 8, 10, 13)),
        )
    ),
    "shallow and deep": HeadSpec((*SHALLOW, ("context", 9), *DEEP)),
    "deep": HeadSpec(DEEP),
    "wide": HeadSpec(WIDE),
    "broad": HeadSpec(BROAD),
    "broad, no partials": HeadSpec(BROAD, species=WHOLE),
    "broad, c .5": HeadSpec(BROAD, regularisation_c=0.5),
    "broad and frame": HeadSpec((*BROAD, *FRAMES)),
    "broad and frame, c .5": HeadSpec((*BROAD, *FRAMES), regularisation_c=0.5),
    "broad and frame, no partials": HeadSpec((*BROAD, *FRAMES), species=WHOLE),
    "broad and frame, even 1": HeadSpec((*BROAD, *FRAMES), evenness=1.0),
}


@dataclass(frozen=True, eq=False)
class Judged:
    """What a recipe says of one column.

    Attributes:
        name: Of the column.
        labelled: Its pictures with a usable face.
        raw: Raw logits.
        missing: Pictures without a usable face: living, attacks.
    """

    name: str
    labelled: LabelledFeatures
    raw: Vector
    missing: tuple[int, int]

    @property
    def ranks(self) -> bool:
        """Whether the column has both classes before the same cameras."""
        return not self.name.endswith((LIVING, ATTACKS))

    @property
    def counts(self) -> bool:
        """Whether it counts for prints and screens."""
        return MASKS not in self.name

    @property
    def auc(self) -> float:
        """Area under the ROC curve; NaN for a column of one class."""
        return auc(self.labelled.bona_fide, self.raw) if self.ranks else float("nan")

    def column(self) -> Column:
        """Return it for the choice of operating points."""
        return column_of(self.labelled, self.raw)


@dataclass
class Judge:
    """Fits recipes, without what each column leaves out, and judges the columns.

    Attributes:
        columns: Pictures with their features, by name of the column.
        left_out: What training leaves out, by name of the column.
    """

    columns: Mapping[str, LabelledFeatures]
    left_out: Mapping[str, str]
    _fitted: dict[object, tuple[Head, ...]] = field(default_factory=dict)

    def judge(self, training: str, known: LabelledFeatures, spec: HeadSpec) -> list[Judged]:
        """Return what the heads of a recipe say of every column."""
        return [
            self._judged(
                name, partial(decided, self.heads(training, known, spec, self.left_out[name]))
            )
            for name in self.columns
        ]

    def judge_earlier(self, earlier: "Earlier") -> list[Judged]:
        """Return what heads that were shipped say of every column."""
        return [self._judged(name, earlier.raw) for name in self.columns]

    def heads(
        self, training: str, known: LabelledFeatures, spec: HeadSpec, left_out: str
    ) -> tuple[Head, ...]:
        """Return the heads of a recipe, fitted without something; each is fitted once."""
        stays = leaves(left_out)
        keep = np.array([stays(s) and spec.teaches(s) for s in known.samples]) & known.usable
        part: LabelledFeatures | None = None
        found: list[Head] = []
        for member in spec.heads:
            options = (spec.regularisation_c, spec.species, spec.evenness, spec.as_crops)
            key = (training, left_out, member, options)
            if key not in self._fitted:
                part = known.part(keep) if part is None else part
                own = HeadSpec((member,), (), *options)
                self._fitted[key] = fit(part, own)
            found += self._fitted[key]
        return tuple(found)

    def _judged(self, name: str, score: Callable[[LabelledFeatures], Vector]) -> Judged:
        every = self.columns[name]
        usable = every.part(every.usable)
        missing = every.part(~every.usable).bona_fide if not every.usable.all() else np.zeros(0)
        lost = int(missing.sum()), int(len(missing) - missing.sum())
        return Judged(name, usable, score(usable), lost)


def by_column(
    pictures: Sequence[Picture], features: Mapping[str, LabelledFeatures]
) -> tuple[dict[str, LabelledFeatures], dict[str, str]]:
    """Return pictures with features by column, and what training leaves out for each."""
    left_out = {one.column: one.left_out for one in pictures}
    return {name: features[name] for name in left_out}, left_out


@dataclass(frozen=True, eq=False)
class Earlier:
    """Heads of format 1, of version 4 and before, as they were shipped."""

    heads: tuple[Head, ...]
    scalings: NDArray[np.float64]

    @classmethod
    def read(cls, file: Path) -> "Earlier":
        """Read a model file."""
        with np.load(file, allow_pickle=False) as arrays:
            found = []
            for name, intercept in zip(arrays["heads"], arrays["intercepts"].tolist(), strict=True):
                view, block = str(name).split(" ")
                mean, scale, weights = (
                    arrays[f"{name} {part}"].astype(float) for part in ("mean", "scale", "weights")
                )
                found.append(Head(view, int(block), mean, scale, weights, intercept))
            return cls(tuple(found), arrays["scalings"].astype(float))

    def raw(self, labelled: LabelledFeatures) -> Vector:
        """Return log-likelihood ratios; crops have heads and a scaling of their own."""
        tight = tuple(head for head in self.heads if head.view == TIGHT)
        (slope, bias), (own_slope, own_bias) = self.scalings
        whole = slope * decided(self.heads, labelled) + bias
        alone = own_slope * decided(tight, labelled) + own_bias
        return np.asarray(np.where(labelled.features.has_context, whole, alone), np.float64)


def subjects(samples: Sequence[Sample]) -> NDArray[np.str_]:
    """Return the person of each picture."""
    return np.array([sample.subject for sample in samples])
