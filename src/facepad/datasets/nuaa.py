r"""NUAA Photograph Imposter Database: 16 subjects, printed-photo attacks, stills.

Layout:     <root>/ClientRaw/0001/*.jpg, <root>/ImposterRaw/0001/*.jpg and the
            four lists <root>/{client,imposter}_{train,test}_raw.txt, one
            ``0001\0001_00_00_01_0.jpg`` a line: subject, glasses, pose, session, number
Reference:  Tan, Li, Liu, Jiang (2010), ECCV, doi:10.1007/978-3-642-15567-3_37
Licence:    research only; this package downloads nothing
Apply to:   the authors, by e-mail (Nanjing University of Aeronautics and Astronautics)
Checked:    against a copy with the full train lists and a part of the test lists
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from facepad.datasets import (
    check_file,
    check_protocol,
    check_root,
    count_notices,
    read_list,
    surplus_notices,
)
from facepad.errors import DatasetError
from facepad.evaluation.protocol import subject_disjoint
from facepad.types import Sample, Split

PAI_SPECIES = "print"
DEV_SUBJECTS = frozenset({"0005", "0009"})  # the authors publish no dev part
CLASSES = (("client", "ClientRaw", None), ("imposter", "ImposterRaw", PAI_SPECIES))
PARTS = (Split.TRAIN, Split.TEST)
# The authors' numbers of pictures, by list.
OFFICIAL_COUNTS: Mapping[str, int] = MappingProxyType(
    {
        "client_train_raw.txt": 1743,
        "client_test_raw.txt": 3362,
        "imposter_train_raw.txt": 1748,
        "imposter_test_raw.txt": 5761,
    }
)
# By the pictures; the database's own readme says the reverse. The code describes
# the person, in attacks too, not the printed photo.
GLASSES: Mapping[str, str] = MappingProxyType({"00": "without", "01": "with"})
# Copies that passed through other systems have "/" where the authors wrote "\".
_LINE = re.compile(
    r"(?P<subject>[0-9]{4})[\\/](?P<stem>(?P=subject)_(?P<glasses>0[01])_(?P<pose>[0-9]{2})"
    r"_(?P<session>[0-9]{2})_[0-9]{1,6})\.jpg"
)


@dataclass(frozen=True, slots=True)
class Nuaa:
    """Lists the samples of NUAA; reads no pixels, so listing is quick.

    The authors split by session (01 and 02 train, 03 test), not by subject: most
    attack subjects of the test part occur in train. The protocol "subject_disjoint" tests
    on the others only.

    Attributes:
        root: Folder that holds ``ClientRaw`` and ``ImposterRaw``.
        protocol: One of ``protocols``.
    """

    root: Path
    protocol: str = "official"
    name = "nuaa"
    protocols = ("official", "subject_disjoint")

    def __post_init__(self) -> None:
        check_protocol("NUAA", self.protocol, self.protocols)

    def samples(self) -> Iterator[Sample]:
        """Yield every sample, in the order of the authors' lists.

        The authors' test part stays the test part. ``DEV_SUBJECTS`` are taken
        out of the authors' train part; neither is among the bona fide test subjects.
        ``attributes`` has ``glasses`` ("with", "without") and ``pose`` ("00" to "08").

        Raises:
            DatasetError: The folder, a list or a listed file is missing, a list is
                empty, or a line is malformed or there twice; the message names it.
        """
        if self.protocol == "official":
            yield from self._official()
            return
        listed = tuple(self._official())
        new = {sample.key for sample in subject_disjoint(listed)}
        yield from (s for s in listed if s.split is not Split.TEST or s.key in new)

    def _official(self) -> Iterator[Sample]:
        for kind, folder, species in CLASSES:
            earlier: set[str] = set()
            for part in PARTS:
                name = f"{kind}_{part}_raw.txt"
                for number, line in enumerate(self._read_list(name), start=1):
                    where = f"{name} line {number}"
                    sample = self._sample(Path(folder), line, part, species, where=where)
                    if sample.key in earlier:
                        raise DatasetError(f"NUAA: {where} lists {line!r} a second time")
                    earlier.add(sample.key)
                    yield sample

    def subject_disjoint(self) -> Iterator[Sample]:
        """Yield the test samples of subjects that no other list has, in either class.

        Raises:
            DatasetError: As `samples`.
        """
        yield from subject_disjoint(tuple(self._official()))

    def notices(self) -> tuple[str, ...]:
        """Return what a reader of results should know of this copy: subsets, and surplus pictures.

        Raises:
            DatasetError: As `samples`.
        """
        counts = {
            name: (len(self._read_list(name)), official)
            for name, official in OFFICIAL_COUNTS.items()
        }
        paths = (sample.path for sample in self._official())
        return (
            *count_notices(counts, "pictures"),
            *surplus_notices(self.root, paths, (".jpg",)),
        )

    def _sample(
        self, folder: Path, line: str, part: Split, species: str | None, *, where: str
    ) -> Sample:
        match = _LINE.fullmatch(line)
        if match is None:
            raise DatasetError(
                f"NUAA: {where} must be like '0001\\0001_00_00_01_0.jpg', got {line!r}"
            )
        relative = folder / match["subject"] / f"{match['stem']}.jpg"
        path = check_file("NUAA", self.root / relative, where)
        in_dev = part is Split.TRAIN and match["subject"] in DEV_SUBJECTS
        return Sample(
            key=f"{self.name}/{relative.with_suffix('').as_posix()}",
            path=str(path),
            subject=match["subject"],
            split=Split.DEV if in_dev else part,
            pai_species=species,
            session=match["session"],
            attributes={"glasses": GLASSES[match["glasses"]], "pose": match["pose"]},
        )

    def _read_list(self, name: str) -> tuple[str, ...]:
        check_root("NUAA", self.root, name)
        return read_list("NUAA", self.root / name)
