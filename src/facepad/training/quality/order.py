"""What a training of the quality test is asked for, and what its model is called."""

from dataclasses import dataclass
from pathlib import Path

from facepad.training.quality.features import VIEWS, View
from facepad.training.quality.sources import Source, is_free

MADE_UP, PHOTOGRAPHED = 60, 60  # scenes that resolution is learned from

# Scatter of resolution, relative to that of the training pictures. Simulation alone gains by
# more of it: from 1 to 10 the area under the curve on webcams that chose rose from .81 to .87
# and on NUAA's train part from .90 to .93 (means of seeds 0 and 1), with less than .01 lost on
# simulated people. With a real dataset beside it, which knows one camera, more of it costs .05
# (seed 0).
FREE_RESOLUTION_WEIGHT, RESOLUTION_WEIGHT = 10.0, 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """What to train, on what, to where.

    Attributes:
        trains: What trains; the dev parts of it choose the threshold.
        shown: Further data whose errors are told; it neither trains nor chooses.
        view: Key of `facepad.training.quality.features.VIEWS`.
        classifier: "lda" or "svm".
        judge: Whether to open test parts; the card keeps a log of it.
        out: Folder for model, card and report.
        workers: Processes.
        seed: Of the simulated captures.
    """

    trains: tuple[Source, ...]
    shown: tuple[Source, ...]
    view: str
    classifier: str
    judge: bool
    out: Path
    workers: int
    seed: int

    @property
    def part(self) -> View:
        """What of a picture is judged."""
        return VIEWS[self.view]

    @property
    def name(self) -> str:
        """Of the model: by what trained it, since its licence depends on that."""
        if is_free(self.trains):
            return f"{self.part.name}_free"
        simulated = any(is_free([source]) for source in self.trains)
        return f"{self.part.name}_{'research' if simulated else 'real'}"

    @property
    def resolution_weight(self) -> float:
        """Scatter of resolution, relative to that of the training pictures."""
        return FREE_RESOLUTION_WEIGHT if is_free(self.trains) else RESOLUTION_WEIGHT

    @property
    def command(self) -> str:
        """That trains it again, without the folders' places."""
        words = [f"--dataset {self.trains[0].name}"]
        words += ["--root DIR" for one in self.trains if self._is_first(one)]
        words += [f"--also {one.name}=DIR" for one in self.trains if not self._is_first(one)]
        words += [f"--show {one.name}=DIR" for one in self.shown]
        words += [f"--view {self.view}", f"--classifier {self.classifier}", f"--seed {self.seed}"]
        return " ".join(["facepad train quality", *words, *(["--judge"] if self.judge else [])])

    def _is_first(self, source: Source) -> bool:
        return source.name == self.trains[0].name
