"""Options of a training of a network, and the samples that it uses."""

from dataclasses import dataclass
from pathlib import Path

from facepad.errors import DatasetError, counted, require
from facepad.registry import STEM_WORDS, is_network_name
from facepad.training.network.thesis import BackboneSpec, FrozenStages, spec_of
from facepad.training.run import FREE_LICENCE, RESEARCH_LICENCE
from facepad.training.sources import (
    DatasetCopy,
    every_nth,
    only_simulated,
    part_of,
    train_and_dev,
)
from facepad.training.stack.loop import TrainingPlan
from facepad.types import Sample, Split

MARGIN = 1.0  # of the crop: the square of the face's box, as in the thesis


@dataclass(frozen=True, slots=True)
class NetworkRecipe:
    """Options of the recipe "thesis".

    A name that no description of a network can have is a `SettingsError`.

    Attributes:
        stages: The backbone and its weights.
        copies_of: Datasets; their train parts are fitted, their dev parts select.
        plan: Options of the training.
        batch: Pictures in a batch.
        augmented: Copies of each picture whose frozen outputs are cached, the unchanged one
            included.
        name: Name of the network and its files.
        out: Folder for network, description, card and report; the run lies in ``NAME-run``.
        workers: Number of processes.
        every: Use every Nth picture of each class and PAI species of the train and dev parts,
            as `every_nth`; neighbours are alike.
    """

    stages: FrozenStages
    copies_of: tuple[DatasetCopy, ...]
    plan: TrainingPlan
    batch: int
    augmented: int
    name: str
    out: Path
    workers: int
    every: int = 1

    def __post_init__(self) -> None:
        require(is_network_name(self.name), "name of the network", STEM_WORDS, self.name)

    @property
    def spec(self) -> BackboneSpec:
        """The backbone."""
        return spec_of(self.stages.backbone)

    @property
    def command(self) -> str:
        """The command that repeats the training, without the places of folders."""
        plan = self.plan
        parts = [f"facepad train network --recipe thesis --backbone {self.stages.backbone}"]
        parts += ["--weights FILE --sha256 HASH"] * (self.stages.source is not None)
        parts += [f"--dataset {copy.asked}=DIR" for copy in self.copies_of]
        parts.append(f"--optimizer {plan.optimizer} --learning-rate {plan.learning_rate:g}")
        parts.append(f"--epochs {plan.epochs} --patience {plan.patience} --batch {self.batch}")
        parts += [f"--copies {self.augmented}"] * self.spec.pretrained
        parts += [f"--every {self.every}"] * (self.every > 1)
        return " ".join([*parts, f"--seed {plan.seed}"])

    @property
    def research_use(self) -> bool:
        """Whether the network is for research only: its data is not all simulated."""
        return not only_simulated(self.copies_of)

    @property
    def licence(self) -> str:
        """Licence of the network."""
        return RESEARCH_LICENCE if self.research_use else FREE_LICENCE

    def prepare(self) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
        """List the train and the dev parts.

        Raises:
            SettingsError: There is no such dataset.
            DatasetError: Something is not laid out as expected, or a class is missing in dev.
        """
        samples = train_and_dev(self.copies_of)
        train, dev = (self._thinned(part_of(samples, one)) for one in (Split.TRAIN, Split.DEV))
        if len({sample.is_bona_fide for sample in dev}) < 2:
            raise DatasetError(
                "early stop and threshold need a dev part with both classes, got "
                f"{counted(len(dev), 'picture')}"
            )
        return train, dev

    def _thinned(self, samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
        return tuple(samples[place] for place in every_nth(samples, self.every))
