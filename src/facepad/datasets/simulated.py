"""Output of ``facepad simulate``: bona fide pictures and attacks through the same cameras.

Layout:     <root> is the folder that ``facepad simulate --out`` wrote, or the ``dataset.csv`` in
            it: one picture a row, with the picture that it began with (``source``), its camera
            and all that was drawn for it (``parameters``, JSON). Parts are by person. With
            ``--depth``: ``depth``, the depth map of an attack (`facepad.simulate.depth_map`),
            and ``depth_offset``
Reference:  this package: facepad.simulate
Licence:    that of each bona fide picture, in the attribute ``licence``
Apply to:   nobody; simulate your own
Checked:    on the output of ``facepad simulate``
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from facepad.datasets import check_file, open_dataset
from facepad.errors import DatasetError
from facepad.types import Dataset, Sample

TITLE = "simulated"
# Parameters of a medium that say what kind of artefact it makes.
_KINDS = ("continuous", "form", "layout", "material")
_ABOUT = "simulated.json"  # beside the list: the options of the simulation


@dataclass(frozen=True, slots=True)
class Simulated:
    """Lists what a simulation made; each row of its list is one presentation.

    Attributes:
        root: The folder of the simulation, or its ``dataset.csv``.
    """

    root: Path
    name = "simulated"

    def samples(self) -> Iterator[Sample]:
        """Yield every picture, in order.

        Raises:
            DatasetError: The list is broken as those of the listing ``csv`` may be, or a row
                does not say what was drawn for it.
        """
        for sample in self._listed().samples():
            drawn_for(sample)
            key = f"{self.name}/{sample.key.partition('/')[2]}"
            yield replace(sample, key=key, attributes=self._attributes(sample))

    def notices(self) -> tuple[str, ...]:
        """Return what a reader of results should know: parts that lack a class, moved people.

        Raises:
            DatasetError: As `samples`.
        """
        listed = list(self.samples())
        moved = sum(was_moved(sample) for sample in listed)
        notice = f"moved: in {moved} of {len(listed)} pictures the background was replaced"
        notices: Callable[[], tuple[str, ...]] = getattr(self._listed(), "notices", tuple)
        return (*notices(), *((notice,) if moved else ()))

    def _attributes(self, sample: Sample) -> Mapping[str, str]:
        """Return the attributes, with the path of a depth map."""
        if not (depth := sample.attributes.get("depth")):
            return sample.attributes
        folder = self.root if self.root.is_dir() else self.root.parent
        return {**sample.attributes, "depth": str(check_file(TITLE, folder / depth, "dataset.csv"))}

    def _listed(self) -> Dataset:
        """Return the simulation's list, as the CSV file that it is."""
        return open_dataset("csv", self.root)


def drawn_for(sample: Sample) -> dict[str, dict[str, object] | None]:
    """Return all that was drawn for a picture, by part of the simulation.

    Raises:
        DatasetError: The row does not say.
    """
    try:
        drawn = json.loads(sample.attributes.get("parameters", ""))
    except ValueError:
        drawn = None
    if not isinstance(drawn, dict) or not sample.attributes.get("source"):
        raise DatasetError(
            f"{TITLE}: {sample.path} must be listed with a source and with parameters as JSON, as "
            "`facepad simulate` does"
        )
    return drawn


def was_moved(sample: Sample) -> bool:
    """Return whether the background of the person was replaced."""
    return bool((drawn_for(sample).get("backdrop") or {}).get("used", False))


def artefact_of(sample: Sample) -> str:
    """Return the kind of artefact of a picture: its species, and of a simulated one the medium.

    Example:
        >>> from facepad.types import Split
        >>> artefact_of(Sample("a", "a.jpg", "ann", Split.TRAIN, "print"))
        'print'
    """
    drawn = drawn_for(sample) if "parameters" in sample.attributes else {}
    medium, part = drawn.get("medium") or {}, drawn.get("part") or {}
    words = [sample.pai_species or "", *(str(medium[key]) for key in _KINDS if key in medium)]
    return " ".join([*words, str(part.get("shape", ""))]).strip()


def material_of(sample: Sample) -> str:
    """Return what the simulated mask of a picture is made of; "" for anything else."""
    if "parameters" not in sample.attributes:
        return ""
    return str((drawn_for(sample).get("medium") or {}).get("material", ""))


def set_of(sample: Sample) -> str:
    """Return the folder that the bona fide picture is from; "simulated" if there was only one.

    Pictures of one set share people, places and a way of taking pictures.
    """
    first, slash, _ = sample.attributes["source"].partition("/")
    return first if slash else TITLE


def order_summary(root: Path) -> str:
    """Return what a simulation was asked for, in one line; "" where its folder does not say.

    Args:
        root: The folder of the simulation, or its ``dataset.csv``.
    """
    about = (root if root.is_dir() else root.parent) / _ABOUT
    try:
        order = json.loads(about.read_text(encoding="utf-8"))["order"]
        return "; ".join(f"{name} {value}" for name, value in order.items() if value)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
