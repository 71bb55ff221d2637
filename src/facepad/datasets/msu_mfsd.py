"""MSU Mobile Face Spoofing Database (MSU-MFSD): 35 subjects; print, phone, tablet.

Layout:     <root>/scene01/real/real_client001_android_SD_scene01.mp4 (phone) and
            ..._laptop_SD_scene01.mov (laptop), <root>/scene01/attack/attack_client001_CAMERA_
            SD_{ipad_video,iphone_video,printed_photo}_scene01.*, with face files .face
            beside them (one line a frame: number, left, top, right, bottom, eyes), and the
            lists <root>/{train,test}_sub_list.txt with the number of one subject a line
Reference:  Wen, Han, Jain (2015), IEEE TIFS, doi:10.1109/TIFS.2015.2400395
Licence:    research only, on a signed agreement; this package downloads nothing
Apply to:   Michigan State University, Biometrics Research Group,
            http://biometrics.cse.msu.edu/Publications/Databases/MSUMobileFaceSpoofing
Checked:    layout from the literature, not yet run on the original
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from facepad.datasets import (
    check_file,
    check_root,
    count_notices,
    surplus_notices,
    walk_lists,
)
from facepad.errors import DatasetError
from facepad.types import Sample, Split

TITLE = "MSU-MFSD"
LISTS: Mapping[str, Split] = MappingProxyType(
    {"train_sub_list.txt": Split.TRAIN, "test_sub_list.txt": Split.TEST}
)
# Subjects of each list, by the paper.
OFFICIAL_COUNTS: Mapping[str, int] = MappingProxyType(
    {"train_sub_list.txt": 15, "test_sub_list.txt": 20}
)
# The authors publish no dev part: the last four of their train list are it.
DEV_SUBJECTS = frozenset({"034", "053", "054", "055"})
CAMERAS: Mapping[str, str] = MappingProxyType({"android": ".mp4", "laptop": ".mov"})
INSTRUMENTS: Mapping[str, str] = MappingProxyType(
    {"ipad_video": "tablet_video", "iphone_video": "phone_video", "printed_photo": "print"}
)
# Recorded upside down, by bob.db.msu_mfsd_mod. Whether a reader shows them so depends on
# the rotation that their files state; their face files do not fit an upright frame.
UPSIDE_DOWN = frozenset({"003", "005", "006", "007", "008", "009"})


@dataclass(frozen=True, slots=True)
class MsuMfsd:
    """Lists the videos of MSU-MFSD; one video is one presentation.

    The authors' test part stays the test part. ``DEV_SUBJECTS`` are taken out of their
    train part; no subject is in two parts.

    Attributes:
        root: Folder that holds ``scene01`` and the two lists.
    """

    root: Path
    name = "msu_mfsd"

    def samples(self) -> Iterator[Sample]:
        """Yield every video, in the order of the lists: bona fide, then attacks, of each.

        ``attributes`` has ``camera`` ("android", "laptop") and, where they apply,
        ``face_location`` (path of the face file) and ``upside_down`` ("yes").

        Raises:
            DatasetError: The folder, a list or a video of a listed subject is missing, a
                list is empty, or a line is malformed or there twice; the message names it.
        """
        check_root(TITLE, self.root, "scene01, train_sub_list.txt and test_sub_list.txt")
        earlier: set[str] = set()
        for name, line, where in walk_lists(TITLE, self.root, LISTS):
            if not (line.isascii() and line.isdigit() and len(line) <= 3):
                raise DatasetError(
                    f"{TITLE}: {where} must be a number of up to 3 digits, got {line!r}"
                )
            subject = line.zfill(3)
            if subject in earlier:
                raise DatasetError(f"{TITLE}: {where} lists subject {subject} a second time")
            earlier.add(subject)
            yield from self._of_subject(subject, LISTS[name], where)

    def notices(self) -> tuple[str, ...]:
        """Return what a reader of results should know of this copy: subsets, and surplus videos.

        Raises:
            DatasetError: As `samples`.
        """
        paths = [sample.path for sample in self.samples()]
        listed = [name for name, _, _ in walk_lists(TITLE, self.root, LISTS)]
        counts = {name: (listed.count(name), n) for name, n in OFFICIAL_COUNTS.items()}
        return (
            *count_notices(counts, "subjects"),
            *surplus_notices(self.root, paths, (".mp4", ".mov")),
        )

    def _of_subject(self, subject: str, part: Split, where: str) -> Iterator[Sample]:
        split = Split.DEV if part is Split.TRAIN and subject in DEV_SUBJECTS else part
        for camera in CAMERAS:
            stem = f"real/real_client{subject}_{camera}_SD_scene01"
            yield self._sample(stem, split, None, where)
        for camera in CAMERAS:
            for instrument, species in INSTRUMENTS.items():
                stem = f"attack/attack_client{subject}_{camera}_SD_{instrument}_scene01"
                yield self._sample(stem, split, species, where)

    def _sample(self, stem: str, split: Split, species: str | None, where: str) -> Sample:
        _, client, camera, *_ = stem.rpartition("/")[2].split("_")
        subject = client.removeprefix("client")
        video = self.root / "scene01" / f"{stem}{CAMERAS[camera]}"
        face = video.with_suffix(".face")
        attributes = {"camera": camera}
        if face.is_file():
            attributes["face_location"] = str(face)
        if species is None and camera == "android" and subject in UPSIDE_DOWN:
            attributes["upside_down"] = "yes"
        return Sample(
            key=f"{self.name}/scene01/{stem}",
            path=str(check_file(TITLE, video, f"{where} by its subject")),
            subject=subject,
            split=split,
            pai_species=species,
            session="scene01",
            attributes=attributes,
        )
