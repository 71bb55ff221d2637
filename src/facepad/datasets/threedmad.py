"""3D Mask Attack Database (3DMAD): 17 subjects, masks worn, clips of colour and depth.

Layout:     PP_SS_NN.hdf5 anywhere below <root> (the archives unpack to folders "Data"):
            person 01 to 17, session 01 to 03, clip 01 to 05; 01 and 02 are bona fide, in
            03 the mask of the person is worn. Each holds 300 frames, `media.depth_video`
Reference:  Erdogmus, Marcel (2014), IEEE TIFS, doi:10.1109/TIFS.2014.2322255
Licence:    research only, under Idiap's end user licence; this package downloads nothing
Apply to:   Idiap Research Institute, https://www.idiap.ch/dataset/3dmad
Checked:    layout from the literature, not yet run on the original
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from facepad.datasets import check_protocol, check_root, name_surplus
from facepad.errors import DatasetError
from facepad.types import Sample, Split

TITLE = "3DMAD"
PAI_SPECIES = "mask"
MASK_SESSION = "03"
PEOPLE = tuple(f"{number:02d}" for number in range(1, 18))
SESSIONS = ("01", "02", "03")
CLIPS = tuple(f"{number:02d}" for number in range(1, 6))
OFFICIAL_COUNT = 255  # 76,500 frames in clips of 300, by the authors
# Collins (2019), Durham University, project report "Facial liveness testing": the split by
# subject of which this project repeats the experiments. It leaves 14 to 17 unused.
SUBJECTS = {
    Split.TRAIN: frozenset(PEOPLE[:5]),
    Split.DEV: frozenset(PEOPLE[5:7]),
    Split.TEST: frozenset(PEOPLE[7:13]),
}
# Idiap's own split for classification (bob.db.maskattack): 7, 5 and 5 people.
IDIAP = {
    Split.TRAIN: frozenset(PEOPLE[:7]),
    Split.DEV: frozenset(PEOPLE[7:12]),
    Split.TEST: frozenset(PEOPLE[12:]),
}
DEV_BEHIND = 2  # of those not left out, as many are dev: the next ones, round the end
_NAME = re.compile(r"(?P<subject>[0-9]{2})_(?P<session>[0-9]{2})_(?P<clip>[0-9]{2})\.hdf5")


@dataclass(frozen=True, slots=True)
class ThreeDMad:
    """Lists the clips of 3DMAD; one clip is one presentation.

    Protocols: "subjects" splits by subject (train 01 to 05, dev 06 and 07, test 08 to 13;
    14 to 17 are in no part); "idiap" is its authors' split of all 17; "leave_out_PP" tests
    on person PP, takes the next two as dev and all others as train.

    Attributes:
        root: Folder with the clips in it or in folders below.
        protocol: One of ``protocols``.
    """

    root: Path
    protocol: str = "subjects"
    name = "3dmad"
    protocols = ("subjects", "idiap", *(f"leave_out_{person}" for person in PEOPLE))

    def __post_init__(self) -> None:
        check_protocol(TITLE, self.protocol, self.protocols)

    def samples(self) -> Iterator[Sample]:
        """Yield every clip of a person that the protocol uses, by person, session, clip.

        ``attributes`` has the clip's number and the names of the arrays in its file:
        ``colour``, ``depth_source`` and ``eye_positions``.

        Raises:
            DatasetError: The folder is missing or has no clips, a person lacks a clip, or
                one is there twice; the message names it.
        """
        files, _ = self._files()
        for subject in sorted({name[:2] for name in files}):
            split = self._split(subject)
            for session in SESSIONS:
                for clip in CLIPS:
                    path = files.get(f"{subject}_{session}_{clip}.hdf5")
                    if path is None:
                        raise DatasetError(
                            f"{TITLE}: {subject}_{session}_{clip}.hdf5 is missing below "
                            f"{self.root}, which has other clips of person {subject}"
                        )
                    if split is not None:
                        yield _sample(path, split)

    def notices(self) -> tuple[str, ...]:
        """Return what a reader of results should know: missing or unused people, surplus files.

        Raises:
            DatasetError: As `samples`.
        """
        files, others = self._files()
        people = {name[:2] for name in files}
        unused = sorted(person for person in people if self._split(person) is None)
        notices = []
        if missing := sorted(set(PEOPLE) - people):
            notices.append(
                f"subset: {len(files)} of the official {OFFICIAL_COUNT} clips; people "
                f"{', '.join(missing)} are missing"
            )
        if unused:
            notices.append(
                f"unused: people {', '.join(unused)} are in no part of the protocol "
                f"{self.protocol!r}"
            )
        return (*notices, *name_surplus(self.root, others, "person, session and clip"))

    def _split(self, subject: str) -> Split | None:
        if self.protocol.startswith("leave_out_"):
            behind = (PEOPLE.index(subject) - PEOPLE.index(self.protocol[-2:])) % len(PEOPLE)
            if behind == 0:
                return Split.TEST
            return Split.DEV if behind <= DEV_BEHIND else Split.TRAIN
        parts = SUBJECTS if self.protocol == "subjects" else IDIAP
        return next((split for split, people in parts.items() if subject in people), None)

    def _files(self) -> tuple[dict[str, Path], list[Path]]:
        """Return paths of the clips by name, and HDF5 files that are none."""
        check_root(TITLE, self.root, "clips named like 01_01_01.hdf5")
        files: dict[str, Path] = {}
        others = []
        for path in sorted(self.root.rglob("*.hdf5")):
            if not _is_clip(path.name):
                others.append(path)
            elif path.name in files:
                raise DatasetError(f"{TITLE}: {path} is there twice, also as {files[path.name]}")
            else:
                files[path.name] = path
        if not files:
            raise DatasetError(f"{TITLE}: {self.root} holds no clips named like 01_01_01.hdf5")
        return files, others


def _is_clip(name: str) -> bool:
    match = _NAME.fullmatch(name)
    return (
        match is not None
        and match["subject"] in PEOPLE
        and match["session"] in SESSIONS
        and match["clip"] in CLIPS
    )


def _sample(path: Path, split: Split) -> Sample:
    subject, session, clip = path.stem.split("_")
    return Sample(
        key=f"3dmad/{path.stem}",
        path=str(path),
        subject=subject,
        split=split,
        pai_species=PAI_SPECIES if session == MASK_SESSION else None,
        session=session,
        attributes={
            "clip": clip,
            "colour": "Color_Data",
            "depth_source": "Depth_Data",
            "eye_positions": "Eye_Pos",
        },
    )
