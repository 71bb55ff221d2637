"""CASIA Face Anti-Spoofing Database (CASIA-FASD): 50 subjects; warped and cut prints, screen.

Layout:     <root>/train_release/1 to 20/*.avi and <root>/test_release/1 to 30/*.avi, twelve
            videos a subject and no lists: 1, 2, HR_1 bona fide; 3, 4, HR_2 warped photo;
            5, 6, HR_3 cut photo; 7, 8, HR_4 tablet video
Reference:  Zhang, Yan, Liu, Lei, Yi, Li (2012), ICB, doi:10.1109/ICB.2012.6199754
Licence:    research only, on a signed agreement; this package downloads nothing
Apply to:   Chinese Academy of Sciences, Institute of Automation, Center for Biometrics and
            Security Research, http://www.cbsr.ia.ac.cn
Checked:    layout from the literature, not yet run on the original
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from facepad.datasets import (
    check_protocol,
    check_root,
    count_notices,
    surplus_notices,
)
from facepad.errors import DatasetError
from facepad.types import Sample, Split

TITLE = "CASIA-FASD"
PARTS: Mapping[str, Split] = MappingProxyType(
    {"train_release": Split.TRAIN, "test_release": Split.TEST}
)
# Subjects of each part, by the paper; both parts count from 1.
OFFICIAL_COUNTS: Mapping[str, int] = MappingProxyType({"train_release": 20, "test_release": 30})
# The authors publish no dev part: the last five of their train part are it.
DEV_SUBJECTS = frozenset({"train_16", "train_17", "train_18", "train_19", "train_20"})
# Video to quality and species, by the paper.
VIDEOS: Mapping[str, tuple[str, str | None]] = MappingProxyType(
    {
        "1": ("normal", None),
        "2": ("low", None),
        "HR_1": ("high", None),
        "3": ("normal", "warped_photo"),
        "4": ("low", "warped_photo"),
        "HR_2": ("high", "warped_photo"),
        "5": ("normal", "cut_photo"),
        "6": ("low", "cut_photo"),
        "HR_3": ("high", "cut_photo"),
        "7": ("normal", "tablet_video"),
        "8": ("low", "tablet_video"),
        "HR_4": ("high", "tablet_video"),
    }
)
QUALITIES = ("low", "normal", "high")


@dataclass(frozen=True, slots=True)
class CasiaFasd:
    """Lists the videos of CASIA-FASD; one video is one presentation.

    Protocols are the authors' seven scenarios: "overall", three of one quality ("low",
    "normal", "high") and three of one species. The authors' test part stays the test part;
    ``DEV_SUBJECTS`` are taken out of their train part.

    Attributes:
        root: Folder that holds ``train_release`` and ``test_release``.
        protocol: One of ``protocols``.
    """

    root: Path
    protocol: str = "overall"
    name = "casia_fasd"
    protocols = ("overall", *QUALITIES, "warped_photo", "cut_photo", "tablet_video")

    def __post_init__(self) -> None:
        check_protocol(TITLE, self.protocol, self.protocols)

    def samples(self) -> Iterator[Sample]:
        """Yield every video of the protocol, by part, subject and number.

        A subject is named by part and folder ("train_1", "test_1"), as both parts count
        from 1. ``attributes`` has ``quality`` ("low", "normal", "high").

        Raises:
            DatasetError: The folder or a part is missing, a part has no subjects, a folder
                is no subject of it, or a subject lacks a video; the message names it.
        """
        yield from (sample for sample in self._all() if self._uses(sample))

    def notices(self) -> tuple[str, ...]:
        """Return what a reader of results should know of this copy: subsets, and surplus videos.

        Raises:
            DatasetError: As `samples`.
        """
        counts = {
            part: (len(self._subjects(part)), number) for part, number in OFFICIAL_COUNTS.items()
        }
        paths = (sample.path for sample in self._all())
        return (
            *count_notices(counts, "subjects"),
            *surplus_notices(self.root, paths, (".avi",), "number of a video"),
        )

    def _all(self) -> Iterator[Sample]:
        check_root(TITLE, self.root, " and ".join(PARTS))
        for part, split in PARTS.items():
            for folder in self._subjects(part):
                for video in VIDEOS:
                    yield self._sample(folder, split, video)

    def _uses(self, sample: Sample) -> bool:
        if self.protocol in QUALITIES:
            return sample.attributes["quality"] == self.protocol
        return self.protocol == "overall" or sample.pai_species in (None, self.protocol)

    def _subjects(self, part: str) -> list[Path]:
        """Return folders of the part's subjects, by number."""
        folder = self.root / part
        check_root(TITLE, folder, "one folder per subject, named 1, 2 ...")
        folders = [path for path in folder.iterdir() if path.is_dir() and path.name[0] != "."]
        numbers = {str(number) for number in range(1, OFFICIAL_COUNTS[part] + 1)}
        odd = sorted(path.name for path in folders if path.name not in numbers)
        if odd or not folders:
            raise DatasetError(
                f"{TITLE}: {folder} must hold folders named 1 to {OFFICIAL_COUNTS[part]}, "
                f"got {', '.join(odd) or 'none'}"
            )
        return sorted(folders, key=lambda path: int(path.name))

    def _sample(self, folder: Path, part: Split, video: str) -> Sample:
        path = folder / f"{video}.avi"
        if not path.is_file():
            raise DatasetError(f"{TITLE}: {path} is missing; each subject has {', '.join(VIDEOS)}")
        subject = f"{folder.parent.name.partition('_')[0]}_{folder.name}"
        quality, species = VIDEOS[video]
        return Sample(
            key=f"{self.name}/{folder.parent.name}/{folder.name}/{video}",
            path=str(path),
            subject=subject,
            split=Split.DEV if subject in DEV_SUBJECTS else part,
            pai_species=species,
            attributes={"quality": quality},
        )
