r"""NUAA Photograph Imposter Database: 16 subjects, printed-photo attacks, stills.

Layout:     <root>/ClientRaw/0001/*.jpg, <root>/ImposterRaw/0001/*.jpg and the
            four lists <root>/{client,imposter}_{train,test}_raw.txt, one
            ``0001\0001_00_00_01_0.jpg`` a line: subject, glasses, pose, session, number
Reference:  Tan, Li, Liu, Jiang (2010), ECCV, doi:10.1007/978-3-642-15567-3_37
Licence:    research only, on request to the authors; this package downloads nothing.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from facepad.errors import DatasetError
from facepad.evaluation import protocol
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
    attack subjects of the test part occur in train. `subject_disjoint` gives the rest.

    Attributes:
        root: Folder that holds ``ClientRaw`` and ``ImposterRaw``.
    """

    root: Path
    name = "nuaa"

    def samples(self) -> Iterator[Sample]:
        """Yield every sample, in the order of the authors' lists.

        The authors' test part stays the test part. ``DEV_SUBJECTS`` are taken
        out of the authors' train part; neither is among the bona fide test subjects.
        ``attributes`` has ``glasses`` ("with", "without") and ``pose`` ("00" to "08").

        Raises:
            DatasetError: The folder, a list or a listed file is missing, a list is
                empty, or a line is malformed or there twice; the message names it.
        """
        for kind, folder, species in CLASSES:
            seen: set[str] = set()
            for part in PARTS:
                name = f"{kind}_{part}_raw.txt"
                for number, line in enumerate(self._read_list(name), start=1):
                    where = f"{name} line {number}"
                    sample = self._sample(Path(folder), line, part, species, where=where)
                    if sample.key in seen:
                        raise DatasetError(f"NUAA: {where} lists {line!r} a second time")
                    seen.add(sample.key)
                    yield sample

    def subject_disjoint(self) -> Iterator[Sample]:
        """Yield the test samples of subjects that no other list has, in either class.

        Raises:
            DatasetError: As `samples`.
        """
        yield from protocol.subject_disjoint(tuple(self.samples()))

    def notices(self) -> tuple[str, ...]:
        """What a reader of results should know of this copy: its lists that are subsets.

        Raises:
            DatasetError: A list is missing or empty.
        """
        found = {name: len(self._read_list(name)) for name in OFFICIAL_COUNTS}
        return tuple(
            f"subset: {name} lists {found[name]} of the official {official} pictures"
            for name, official in OFFICIAL_COUNTS.items()
            if found[name] < official
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
        path = self.root / relative
        if not path.is_file():
            raise DatasetError(f"NUAA: {path} is listed in {where} but missing")
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

    def _read_list(self, name: str) -> list[str]:
        if not self.root.is_dir():
            raise DatasetError(f"NUAA: {self.root} is not a folder; it must hold {name}")
        path = self.root / name
        try:
            lines = path.read_text(encoding="ascii").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise DatasetError(f"NUAA: list {path} cannot be read: {error}") from error
        found = [line.strip() for line in lines if line.strip()]
        if not found:
            raise DatasetError(f"NUAA: list {path} is empty; expected one picture a line")
        return found
