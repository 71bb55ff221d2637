"""What `facepad evaluate` is asked for: its options, and the datasets and folders they name."""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from facepad import settings
from facepad.datasets.folder import PlainFolders
from facepad.datasets.opening import list_dataset
from facepad.errors import SettingsError, counted
from facepad.evaluation.assessment import GivenPoint
from facepad.evaluation.choices import FrameAggregation, ScoreDirection
from facepad.evaluation.plan import SystemScores
from facepad.evaluation.report.document import Timing
from facepad.evaluation.report.scatter import FusionLine
from facepad.evaluation.scores_csv import relative_names
from facepad.types import Sample, Split

FOLDERS = "folders"  # name of the data that --bona-fide and --attack name
_ASKED = re.compile(r"(?P<name>[^:=]+)(?::(?P<protocol>[^=]+))?=(?P<root>.+)")
_OF_SPLIT = ("empty: ", "shared: ", "split: ")  # how notices begin that --all-test overrules


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOptions:
    """The options of `facepad evaluate`; see its help."""

    out: Path
    title: str | None
    tests: tuple[str, ...] | None
    advisory: tuple[str, ...] | None
    fusion: str
    subsets: bool
    calibration: str | None
    operating_point: str
    faces_are_cropped: bool
    datasets: tuple[str, ...]
    bona_fide: tuple[Path, ...]
    attacks: tuple[str, ...]
    all_test: bool
    protocol: str | None
    scores: tuple[Path, ...]
    labels: Path | None
    key: str | None
    score_column: str
    higher_is: ScoreDirection
    threshold: float | None
    threshold_from: str
    rule: str
    combine: FrameAggregation
    frames: str
    pool: bool
    thumbnails: int
    page: bool
    workers: int | None
    force: bool
    repeats: int
    seed: int

    @property
    def given_points(self) -> tuple[GivenPoint, ...]:
        """The threshold that the user fixed, if any."""
        return () if self.threshold is None else (GivenPoint("given", self.threshold),)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationInput:
    """Everything that a report is made from.

    Attributes:
        title: Title of the report.
        systems: Scores of each system on each dataset; of one dataset, the first system is the
            one that others are compared with.
        notices: What a reader must know about the data.
        timings: Durations of steps.
        timings_note: How they were measured.
        models: Versions by name.
        unread: Number of pictures that could not be read.
        lines: Where the fusion of two tests decides.
    """

    title: str
    systems: tuple[SystemScores, ...]
    notices: tuple[str, ...] = ()
    timings: tuple[Timing, ...] = ()
    timings_note: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    unread: int = 0
    lines: tuple[FusionLine, ...] = ()


@dataclass(frozen=True, slots=True)
class EvaluatedDataset:
    """A copy of a dataset that is evaluated.

    Attributes:
        name: Name in texts and files; unique in the report.
        file_name: Name in the name of its file of scores.
        root: Folder of the copy.
        samples: Samples of all splits.
        notices: What its listing says of this copy.
    """

    name: str
    file_name: str
    root: Path
    samples: tuple[Sample, ...]
    notices: tuple[str, ...]

    def all_as_test(self) -> "EvaluatedDataset":
        """Return the copy with every sample in the test part, and a notice that says so."""
        parts = Counter(sample.split for sample in self.samples)
        moved = [f"{parts[part]:,} of {part}" for part in Split if parts[part] and part != "test"]
        notice = f"--all-test: {counted(len(self.samples), 'presentation')} evaluated as test"
        if moved:
            notice += (
                f", {' and '.join(moved)} among them: the split of the dataset is overridden. "
                "Error rates are too low for a model that was trained or selected on this dataset"
            )
        kept = [line for line in self.notices if not line.startswith(_OF_SPLIT)]
        return replace(
            self,
            file_name=f"{self.file_name}-all-test",
            samples=tuple(replace(sample, split=Split.TEST) for sample in self.samples),
            notices=(notice, *kept),
        )


def evaluated_datasets(options: EvaluationOptions) -> list[EvaluatedDataset]:
    """Return the datasets and folders that the options name, listed.

    Raises:
        DatasetError: A dataset or folder is not laid out as expected.
        SettingsError: An option has another form, or names no dataset or protocol.
    """
    copies = [_of_dataset(asked, options.protocol) for asked in options.datasets]
    if options.bona_fide or options.attacks:
        copies.append(_of_folders(options.bona_fide, options.attacks))
    copies = [replace(copy, samples=_relative(copy.samples)) for copy in _named_apart(copies)]
    return [copy.all_as_test() for copy in copies] if options.all_test else copies


def _relative(samples: Sequence[Sample]) -> tuple[Sample, ...]:
    """Return samples whose keys hold no folder of this machine."""
    parts = [sample.key.partition("/") for sample in samples]
    names = relative_names([key for _, _, key in parts])
    return tuple(
        replace(sample, key=f"{first}{slash}{names[key]}" if slash else first)
        for sample, (first, slash, key) in zip(samples, parts, strict=True)
    )


def _of_dataset(asked: str, protocol: str | None) -> EvaluatedDataset:
    parts = _ASKED.fullmatch(asked)
    if parts is None:
        raise SettingsError(f"expected a dataset as NAME=DIR or NAME:PROTOCOL=DIR, got {asked!r}")
    protocol = parts["protocol"] or protocol
    name = parts["name"] if protocol is None else f"{parts['name']} {protocol}"
    root = settings.expanded(parts["root"], f"the folder of {name}")
    listing = list_dataset(parts["name"], root, protocol)
    return EvaluatedDataset(name, "", root, listing.samples, listing.notices)


def _of_folders(bona_fide: Sequence[Path], attacks: Sequence[str]) -> EvaluatedDataset:
    named: list[tuple[str | None, Path]] = [
        (None, settings.expanded(str(path), "--bona-fide").absolute()) for path in bona_fide
    ]
    for asked in attacks:
        species, given, root = asked.partition("=")
        if not (given and species.strip() and root):
            raise SettingsError(
                f"expected --attack SPECIES=DIR, such as --attack print=prints, got {asked!r}"
            )
        named.append((species.strip(), settings.expanded(root, "--attack").absolute()))
    listing = PlainFolders(tuple(named))
    common = Path(os.path.commonpath([path for _, path in named]))
    samples = tuple(listing.samples())
    return EvaluatedDataset(FOLDERS, "", common, samples, listing.notices())


def _named_apart(copies: Sequence[EvaluatedDataset]) -> list[EvaluatedDataset]:
    """Return the copies with a number in the name of those that are named as an earlier one."""
    apart: list[EvaluatedDataset] = []
    for copy in copies:
        same = sum(other.name.partition(" copy ")[0] == copy.name for other in apart)
        name = f"{copy.name} copy {same + 1}" if same else copy.name
        apart.append(replace(copy, name=name, file_name=name.replace(" ", "-")))
    return apart
