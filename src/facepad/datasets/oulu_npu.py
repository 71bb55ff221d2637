"""OULU-NPU: 55 subjects, two printers and two displays, videos by six phones.

Layout:     <root>/{Train,Dev,Test}_files/PHONE_SESSION_SUBJECT_KIND.avi, with the eyes of
            each frame beside it as .txt, and the lists <root>/Protocols/Protocol_{1,2}/
            {Train,Dev,Test}.txt and Protocol_{3,4}/{Train,Dev,Test}_{1..6}.txt with one
            ``+1,1_1_01_1`` a line: +1 bona fide, -1 print, -2 (or -1) display
Reference:  Boulkenafet, Komulainen, Li, Feng, Hadid (2017), FG, doi:10.1109/FG.2017.77
Licence:    research only, on a signed agreement; this package downloads nothing
Apply to:   University of Oulu, https://sites.google.com/site/oulunpudatabase
Checked:    layout from the literature, not yet run on the original
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
    walk_lists,
)
from facepad.errors import DatasetError
from facepad.types import Sample, Split

TITLE = "OULU-NPU"
PARTS: Mapping[str, Split] = MappingProxyType(
    {"Train": Split.TRAIN, "Dev": Split.DEV, "Test": Split.TEST}
)
# Kind of a video to its species, by the authors' readme.
SPECIES: Mapping[str, str | None] = MappingProxyType(
    {"1": None, "2": "print_1", "3": "print_2", "4": "display_1", "5": "display_2"}
)
# Videos of the lists Train, Dev and Test of each protocol, by the paper's Table III; 3 and 4
# have six folds of the same size, one per phone that is left out.
OFFICIAL_COUNTS: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "1": (1200, 900, 600),
        "2": (1080, 810, 1080),
        "3": (1500, 1125, 300),
        "4": (600, 450, 60),
    }
)
FOLDS = range(1, 7)
_LINE = re.compile(
    r"(?P<sign>[+-]?) ?[012] *, *(?P<stem>(?P<phone>[1-6])_(?P<session>[1-3])"
    r"_(?P<subject>[0-9]{2})_(?P<kind>[1-5]))"
)


@dataclass(frozen=True, slots=True)
class OuluNpu:
    """Lists the videos of one protocol of OULU-NPU; one video is one presentation.

    Protocol 1 tests on an unseen session, 2 on an unseen printer and display, 3 on an
    unseen phone, 4 on all three. The three parts share no subject.

    Attributes:
        root: Folder that holds ``Train_files``, ``Dev_files``, ``Test_files``, ``Protocols``.
        protocol: One of ``protocols``: "1", "2", "3_1" to "3_6", "4_1" to "4_6".
    """

    root: Path
    protocol: str = "1"
    name = "oulu_npu"
    protocols = ("1", "2", *(f"{kind}_{fold}" for kind in (3, 4) for fold in FOLDS))

    def __post_init__(self) -> None:
        check_protocol(TITLE, self.protocol, self.protocols)

    def samples(self) -> Iterator[Sample]:
        """Yield every video of the protocol, in the order of the authors' lists.

        ``attributes`` has ``phone`` ("1" to "6") and, where it is there,
        ``eye_positions``: path of the file with the eyes of each frame.

        Raises:
            DatasetError: The folder, a list or a listed file is missing, a list is empty,
                or a line is malformed, contradicts itself or is there twice; the message
                names it.
        """
        check_root(TITLE, self.root, "Train_files, Dev_files, Test_files and Protocols")
        for name, line, where in walk_lists(TITLE, self._lists, self._names()):
            yield self._sample(self._names()[name], line, where)

    def notices(self) -> tuple[str, ...]:
        """Return what a reader of results should know of this copy.

        A list that is a subset, and videos that no list of any protocol names.

        Raises:
            DatasetError: As `samples`.
        """
        official = OFFICIAL_COUNTS[self.protocol[0]]
        counts = {
            name: (len(read_list(TITLE, self._lists / name)), number)
            for name, number in zip(self._names(), official, strict=True)
        }
        return (
            *count_notices(counts, "videos"),
            *surplus_notices(self.root, self._named_anywhere(), (".avi",)),
        )

    @property
    def _lists(self) -> Path:
        return self.root / "Protocols" / f"Protocol_{self.protocol[0]}"

    def _names(self) -> dict[str, str]:
        """Return part of each list of the protocol, by the list's name."""
        fold = self.protocol[1:]
        return {f"{part}{fold}.txt": part for part in PARTS}

    def _named_anywhere(self) -> set[str]:
        """Return paths of the videos that the lists in the root name, of whatever protocol."""
        samples = set[str]()
        for path in (self.root / "Protocols").glob("Protocol_[1-4]/*.txt"):
            part = path.stem.partition("_")[0]
            matches = (_LINE.fullmatch(line) for line in read_list(TITLE, path))
            samples |= {str(self._video(part, match["stem"])) for match in matches if match}
        return samples

    def _video(self, part: str, stem: str) -> Path:
        return self.root / f"{part}_files" / f"{stem}.avi"

    def _sample(self, part: str, line: str, where: str) -> Sample:
        match = _LINE.fullmatch(line)
        if match is None:
            raise DatasetError(f"{TITLE}: {where} must be like '+1,1_1_01_1', got {line!r}")
        species = SPECIES[match["kind"]]
        if (species is None) != (match["sign"] != "-"):
            raise DatasetError(
                f"{TITLE}: {where} contradicts itself: {line!r} has the sign of "
                f"{'an attack' if species is None else 'bona fide'}, but kind {match['kind']}"
            )
        path = check_file(TITLE, self._video(part, match["stem"]), where)
        attributes = {"phone": match["phone"]}
        if path.with_suffix(".txt").is_file():
            attributes["eye_positions"] = str(path.with_suffix(".txt"))
        return Sample(
            key=f"{self.name}/{part}_files/{match['stem']}",
            path=str(path),
            subject=match["subject"],
            split=PARTS[part],
            pai_species=species,
            session=match["session"],
            attributes=attributes,
        )
