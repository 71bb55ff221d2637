"""Replay-Attack: 50 subjects, prints and screens of phone and tablet, webcam videos.

Layout:     <root>/{train,devel,test}/real/*.mov, .../attack/{fixed,hand}/*.mov, the lists
            <root>/protocols/real-PART.txt and attack-grandtest-allsupports-PART.txt with
            one path a line, and <root>/face-locations/PATH.face where they were unpacked
            (one line a frame: number, left, top, width, height)
Reference:  Chingovska, Anjos, Marcel (2012), BIOSIG, "On the effectiveness of local binary
            patterns in face anti-spoofing"
Licence:    research only, under Idiap's end user licence; this package downloads nothing
Apply to:   Idiap Research Institute, https://www.idiap.ch/dataset/replayattack
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

TITLE = "Replay-Attack"
PARTS = {"train": Split.TRAIN, "devel": Split.DEV, "test": Split.TEST}
# Videos of each list, by Idiap's own interface (bob.db.replay 3.0.2, its tests).
OFFICIAL_COUNTS: Mapping[str, int] = MappingProxyType(
    {
        "real-train.txt": 60,
        "real-devel.txt": 60,
        "real-test.txt": 80,
        "attack-grandtest-allsupports-train.txt": 300,
        "attack-grandtest-allsupports-devel.txt": 300,
        "attack-grandtest-allsupports-test.txt": 400,
    }
)
# The authors' protocols, and the species that the attacks of each are of.
SPECIES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "grandtest": frozenset(
            {"print", "mobile_photo", "mobile_video", "highdef_photo", "highdef_video"}
        ),
        "print": frozenset({"print"}),
        "mobile": frozenset({"mobile_photo", "mobile_video"}),
        "highdef": frozenset({"highdef_photo", "highdef_video"}),
        "photo": frozenset({"print", "mobile_photo", "highdef_photo"}),
        "digitalphoto": frozenset({"mobile_photo", "highdef_photo"}),
        "video": frozenset({"mobile_video", "highdef_video"}),
    }
)
SUPPORTS = ("fixed", "hand")
_REAL = re.compile(
    r"(?P<part>train|devel|test)/real/client(?P<subject>[0-9]{3})_session(?P<session>[0-9]{2})"
    r"_webcam_authenticate_(?P<light>adverse|controlled)_(?P<take>[0-9])\.mov"
)
_ATTACK = re.compile(
    r"(?P<part>train|devel|test)/attack/(?P<support>fixed|hand)/attack_"
    r"(?P<device>print|mobile|highdef)_client(?P<subject>[0-9]{3})_session(?P<session>[0-9]{2})"
    r"_(?P<original>mobile|highdef)_(?P<medium>photo|video)_(?P<light>adverse|controlled)\.mov"
)


@dataclass(frozen=True, slots=True)
class ReplayAttack:
    """Lists the videos of Replay-Attack; one video is one presentation.

    The three parts share no subject. A protocol narrows the attacks to some species
    (`SPECIES`) and, with "-fixed" or "-hand" behind it, to how the attack was held.

    Attributes:
        root: Folder that holds ``train``, ``devel``, ``test`` and ``protocols``.
        protocol: One of ``protocols``.
    """

    root: Path
    protocol: str = "grandtest"
    name = "replay_attack"
    protocols = tuple(f"{kind}{support}" for support in ("", "-fixed", "-hand") for kind in SPECIES)

    def __post_init__(self) -> None:
        check_protocol(TITLE, self.protocol, self.protocols)

    def samples(self) -> Iterator[Sample]:
        """Yield every video of the protocol, in the order of the authors' lists.

        ``attributes`` has ``light`` and, for bona fide, ``take``; for attacks ``support``
        ("fixed", "hand"), ``device``, ``medium`` and ``original`` (camera that the shown
        picture came from); ``face_location`` is the path of its face file, where there.

        Raises:
            DatasetError: The folder, a list or a listed file is missing, a list is empty,
                or a line is malformed, of another part or there twice; the message names it.
        """
        kind, _, support = self.protocol.partition("-")
        for sample in self._all():
            right_kind = sample.pai_species is None or sample.pai_species in SPECIES[kind]
            held = sample.attributes.get("support", support)
            if right_kind and support in ("", held):
                yield sample

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
        return self.root / "protocols"

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
        face = (self.root / "face-locations" / line).with_suffix(".face")
        kept = ("light", "take", "support", "device", "medium", "original")
        attributes = {key: facts[key] for key in kept if key in facts}
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
        return f"{part}/real/client001_session01_webcam_authenticate_adverse_1.mov"
    return f"{part}/attack/fixed/attack_print_client001_session01_highdef_photo_adverse.mov"
