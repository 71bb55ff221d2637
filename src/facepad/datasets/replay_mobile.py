"""Replay-Mobile: 40 subjects, prints and a matte screen, videos by a phone and a tablet.

Layout:     <root>/{train,devel,test}/real/*.mov, .../attack/*.mov, the lists
            <root>/protocols/alldevices/real-alldevices-PART.txt and
            attack-grandtest-allsupports-alldevices-PART.txt with one path a line, and
            <root>/faceloc/rect/PATH.face where they were unpacked (one line a frame:
            number, left, top, width, height)
Reference:  Costa-Pazo, Bhattacharjee, Vazquez-Fernandez, Marcel (2016), BIOSIG,
            doi:10.1109/BIOSIG.2016.7736936
Licence:    research only, under Idiap's end user licence; this package downloads nothing
Apply to:   Idiap Research Institute, https://www.idiap.ch/dataset/replay-mobile
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

TITLE = "Replay-Mobile"
PARTS = {"train": Split.TRAIN, "devel": Split.DEV, "test": Split.TEST}
# Videos of each list, by Idiap's own interface (bob.db.replaymobile, its tests).
OFFICIAL_COUNTS: Mapping[str, int] = MappingProxyType(
    {
        "real-alldevices-train.txt": 120,
        "real-alldevices-devel.txt": 160,
        "real-alldevices-test.txt": 110,
        "attack-grandtest-allsupports-alldevices-train.txt": 192,
        "attack-grandtest-allsupports-alldevices-devel.txt": 256,
        "attack-grandtest-allsupports-alldevices-test.txt": 192,
    }
)
SPECIES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "grandtest": frozenset({"print", "mattescreen_photo", "mattescreen_video"}),
        "print": frozenset({"print"}),
        "mattescreen": frozenset({"mattescreen_photo", "mattescreen_video"}),
    }
)
_FOLDER = r"(?P<part>train|devel|test)/{}/(?:[a-z]+/)*"  # some copies sort attacks further
_REAL = re.compile(
    _FOLDER.format("real") + r"client(?P<subject>[0-9]{3})_session(?P<session>[0-9]{2})"
    r"_authenticate_(?P<camera>mobile|tablet)_(?P<light>[a-z]+)(?:_(?P<take>[0-9]+))?\.mov"
)
_ATTACK = re.compile(
    _FOLDER.format("attack") + r"attack_client(?P<subject>[0-9]{3})_session(?P<session>[0-9]{2})"
    r"_(?P<device>print|mattescreen)_(?P<support>fixed|hand)_(?P<camera>mobile|tablet)"
    r"_(?P<medium>photo|video)_(?P<light>lighton|lightoff)\.mov"
)


@dataclass(frozen=True, slots=True)
class ReplayMobile:
    """Lists the videos of Replay-Mobile; one video is one presentation.

    The three parts share no subject. Phone and tablet were held in different ways; readers
    that honour the files' rotation show them upright.

    Attributes:
        root: Folder that holds ``train``, ``devel``, ``test`` and ``protocols``.
        protocol: One of ``protocols``; "print" and "mattescreen" narrow the attacks.
    """

    root: Path
    protocol: str = "grandtest"
    name = "replay_mobile"
    protocols = tuple(SPECIES)

    def __post_init__(self) -> None:
        check_protocol(TITLE, self.protocol, self.protocols)

    def samples(self) -> Iterator[Sample]:
        """Yield every video of the protocol, in the order of the authors' lists.

        ``attributes`` has ``camera`` ("mobile", "tablet"), ``light`` and, for attacks,
        ``device``, ``support`` ("fixed", "hand") and ``medium`` ("photo", "video");
        ``face_location`` is the path of its face file, where there is one.

        Raises:
            DatasetError: The folder, a list or a listed file is missing, a list is empty,
                or a line is malformed, of another part or there twice; the message names it.
        """
        species = SPECIES[self.protocol]
        yield from (s for s in self._all() if s.pai_species is None or s.pai_species in species)

    def notices(self) -> tuple[str, ...]:
        """Return what a reader of results should know of this copy: subsets, and surplus videos.

        Raises:
            DatasetError: As `samples`.
        """
        counts = {
            name: (len(read_list(TITLE, self._lists / name)), official)
            for name, official in OFFICIAL_COUNTS.items()
        }
        paths = (sample.path for sample in self._all())
        return (
            *count_notices(counts, "videos"),
            *surplus_notices(self.root, paths, (".mov",)),
        )

    def _all(self) -> Iterator[Sample]:
        check_root(TITLE, self.root, "train, devel, test and protocols")
        for name, line, where in walk_lists(TITLE, self._lists, OFFICIAL_COUNTS):
            yield self._sample(name, line, where)

    @property
    def _lists(self) -> Path:
        return self.root / "protocols" / "alldevices"

    def _sample(self, name: str, line: str, where: str) -> Sample:
        part = name.removesuffix(".txt").rpartition("-")[2]
        match = (_REAL if name.startswith("real") else _ATTACK).fullmatch(line)
        if match is None or match["part"] != part:
            raise DatasetError(
                f"{TITLE}: {where} must be a {name.partition('-')[0]} video of the part {part}, "
                f"such as {_example(name, part)!r}, got {line!r}"
            )
        facts = match.groupdict()
        path = check_file(TITLE, self.root / line, where)
        face = (self.root / "faceloc" / "rect" / line).with_suffix(".face")
        kept = ("camera", "light", "take", "device", "support", "medium")
        attributes = {key: facts[key] for key in kept if facts.get(key)}
        if face.is_file():
            attributes["face_location"] = str(face)
        return Sample(
            key=f"{self.name}/{line.removesuffix('.mov')}",
            path=str(path),
            subject=facts["subject"],
            split=PARTS[part],
            pai_species=_species(facts),
            session=facts["session"],
            attributes=attributes,
        )


def _species(facts: Mapping[str, str]) -> str | None:
    if "device" not in facts:
        return None
    return "print" if facts["device"] == "print" else f"{facts['device']}_{facts['medium']}"


def _example(name: str, part: str) -> str:
    if name.startswith("real"):
        return f"{part}/real/client001_session02_authenticate_mobile_adverse.mov"
    return f"{part}/attack/attack_client001_session01_print_fixed_mobile_photo_lightoff.mov"
