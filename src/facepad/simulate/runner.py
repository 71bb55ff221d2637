"""Simulate a whole folder in several processes; an interrupted run can be resumed.

The output is a folder: pictures by part, class, species and person, and ``dataset.csv``, which
the listing ``csv`` reads. The list is written last. Until then a folder ``work`` holds one note
for each finished source, and ``simulated.json`` holds the options.
"""

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import numpy as np

from facepad.errors import DatasetError, InputError, SettingsError
from facepad.jobs.csv_rows import encoded_row, read_csv
from facepad.jobs.files import write_file
from facepad.jobs.processes import ProcessPool, sendable
from facepad.jobs.progress import Advance, ignore
from facepad.jobs.work_folder import HoldsWork, Provenance, WorkFolder
from facepad.media.resize import to_long_side
from facepad.opencv import cv2
from facepad.simulate.capture_set import DEPTH_COLUMNS, Capture
from facepad.simulate.recipe import BONA_FIDE
from facepad.simulate.sources import digest
from facepad.sources import read_picture
from facepad.types import RgbImage, Sample, Split

LIST, WORK, ABOUT = "dataset.csv", "work", "simulated.json"
COLUMNS = ("path", "subject", "pai_species", "split", "session", "camera", "source",
           "background", "licence", "parameters")  # fmt: skip
TRUTH = "truth"  # column of the ground truth of a clip: the file, relative
DEPTH = "depth"  # folder of depth maps
SHEET_SUFFIXES = (".png", ".jpg", ".jpeg")
DIED = "the process that simulated it died"
_FORMAT = 4  # raised when equal options give other pictures or files
_NOTES = re.compile(r"[0-9]{6,}\.json")
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
_SIDE, _LINE = 240, 18  # of a contact sheet, pixels: a picture, the label below it
_TIME_S = 0.0  # of every file, so that a file's time does not depend on its class

Row = Mapping[str, str]
_Item = tuple[int, Sample]  # a source and its number


class Simulates(Protocol):
    """Makes all files of a source."""

    def captures(self, source: Sample) -> Iterator[Capture]:
        """Yield all files of one source, round after round."""


class Order(Protocol):
    """What is made of every source: `CaptureOptions` for pictures, `ClipOptions` for clips."""

    @property
    def backgrounds(self) -> tuple[Sample, ...]:
        """Pictures behind people and media."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of ``dataset.csv`` besides `COLUMNS`, which captures have as ``cells``."""

    def with_backgrounds(self, backgrounds: tuple[Sample, ...]) -> "Order":
        """Return the order with other backgrounds."""

    def facts(self) -> Mapping[str, str]:
        """Return everything else that the output depends on, in words."""

    def simulator(self) -> Simulates:
        """Return what makes the files; one for each process."""


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """The pictures of a run.

    Attributes:
        rows: The rows of ``dataset.csv``.
        skipped: For each source without pictures, the reason.
    """

    rows: tuple[Row, ...]
    skipped: tuple[str, ...]


class Simulation(HoldsWork):
    """One run into a folder; a context manager that locks the folder.

    Attributes:
        done: Number of sources that an earlier run has finished.
        note: A sentence for the user when the folder cannot be locked; else "".

    Args:
        sources: Bona fide pictures.
        options: What to make of each.
        out: The folder; made if it is missing.
        resume: Whether to resume an interrupted run.
        force: Whether to delete what an earlier run made, and start again.

    Raises:
        SettingsError: The folder is not empty and neither was asked for, it was not made by a
            simulation, it was begun with other sources or options, or another run uses it.
        DatasetError: There is no source, or one is missing.
    """

    def __init__(
        self,
        sources: Sequence[Sample],
        options: Order,
        out: Path,
        *,
        resume: bool = False,
        force: bool = False,
    ) -> None:
        if not sources:
            raise DatasetError("expected at least one bona fide picture, got none")
        self._sources, self._options, self._out = tuple(sources), options, out
        about = Provenance(out / ABOUT, subject=out, key="order")
        self._work = WorkFolder(out / WORK, _NOTES, about)
        self._claim(facts_of(sources, options), resume=resume, force=force)
        self.note = self._work.note
        self._complete = (out / LIST).is_file()
        self.done = len(self._sources) if self._complete else len(self._notes())

    def take(self, workers: int, advance: Advance = ignore) -> None:
        """Simulate all sources that are not finished.

        Args:
            workers: Number of processes; 0 to work in this one.
            advance: Called once per source.
        """
        if self._complete:
            return
        noted = self._notes()
        todo = [item for item in enumerate(self._sources) if _note(self._out, item[0]) not in noted]
        backgrounds = tuple(sendable(sample) for sample in self._options.backgrounds)
        context = self._options.with_backgrounds(backgrounds).simulator
        work = partial(_simulate, out=self._out)
        with ProcessPool(work, workers, context) as pool:
            sent = ((number, sendable(source)) for number, source in todo)
            for _ in pool.map(sent, died=self._note_death):
                advance()

    def finish(self) -> SimulationResult:
        """Write the list of all pictures.

        Raises:
            DatasetError: No source could be used.
        """
        about = json.loads((self._out / ABOUT).read_text(encoding="utf-8"))
        if self._complete:
            self._tidy()
            rows = tuple(row for _, row in read_csv(self._out / LIST).rows())
            return SimulationResult(rows, tuple(about["skipped"]))
        notes = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(self._notes())]
        columns = (*COLUMNS, *self._options.columns)
        result = SimulationResult(
            tuple(
                {name: row.get(name, "") for name in columns}
                for note in notes
                for row in note["rows"]
            ),
            tuple(note["skipped"] for note in notes if note["skipped"]),
        )
        if not result.rows:
            first = result.skipped[0]
            raise DatasetError(f"none of the {len(notes)} sources could be used: {first}")
        _write(self._out / ABOUT, _json(about | {"skipped": result.skipped}))
        lines = [columns, *(tuple(row.values()) for row in result.rows)]
        _write(self._out / LIST, "".join(encoded_row(line) for line in lines))
        self._tidy()
        return result

    def _claim(self, facts: Mapping[str, str], *, resume: bool, force: bool) -> None:
        out = self._out
        begun = (out / ABOUT).is_file()
        if out.exists() and not (out.is_dir() and (begun or _is_empty(out))):
            raise SettingsError(f"{out} exists and was not made by a simulation; name another")
        if begun and not (resume or force):
            raise SettingsError(
                f"{out} holds a simulation; --resume resumes it, --force overwrites it"
            )
        self._work.claim(facts, resume=resume, force=force, begin=self._clear)

    def _clear(self) -> None:
        for name in (LIST, *Split, DEPTH, ABOUT):
            path = self._out / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _notes(self) -> set[Path]:
        return set((self._out / WORK).glob("*.json"))

    def _note_death(self, item: _Item) -> None:
        number, source = item
        _write_note(self._out, number, [], f"{source.path}: {DIED}")

    def _tidy(self) -> None:
        """Remove the notes, and temporary files of interrupted runs."""
        self._work.remove()
        for part in self._out.rglob(".*.tmp"):
            part.unlink()


def facts_of(sources: Sequence[Sample], options: Order) -> dict[str, str]:
    """Return everything that the output depends on, in words that a person understands.

    Raises:
        DatasetError: A source or background is missing.
    """
    return {
        **options.facts(),
        "bona fide pictures": _fingerprint(sources),
        "backgrounds": _fingerprint(options.backgrounds),
        "format": str(_FORMAT),
    }


def check_contact_sheet(path: Path) -> None:
    """Refuse a file name that no sheet can be written to.

    Raises:
        SettingsError: It does not end in .png or .jpg, or its folder is not there.
    """
    if path.suffix.lower() not in SHEET_SUFFIXES:
        raise SettingsError(f"a contact sheet ends in {', '.join(SHEET_SUFFIXES)}, got {path}")
    if not path.parent.is_dir():
        raise SettingsError(f"{path.parent} is not a folder; the contact sheet goes into one")


def write_contact_sheet(path: Path, rows: Iterable[Row], root: Path, most: int) -> None:
    """Write one line of pictures for each of some capture sets, bona fide first.

    Args:
        path: The sheet; see `check_contact_sheet`.
        rows: Rows of ``dataset.csv``.
        root: Folder of the pictures.
        most: Number of capture sets; evenly spaced over all.
    """
    lines = [[_cell(row, root) for row in chosen] for chosen in _some_rounds(rows, most)]
    wide = max(len(line) for line in lines)
    empty = np.full((_SIDE + _LINE, _SIDE, 3), 255, np.uint8)
    full = [np.hstack([*line, *[empty] * (wide - len(line))]) for line in lines]
    _, data = cv2.imencode(path.suffix.lower(), np.vstack(full)[..., ::-1])
    write_file(path, data.tobytes())


def _fingerprint(samples: Iterable[Sample]) -> str:
    """Return keys, people and contents as one hash."""
    fingerprint = sha256()
    for sample in samples:
        words = [sample.key, sample.subject, sample.split, digest(sample.path)]
        fingerprint.update(_json(words).encode())
    return fingerprint.hexdigest()[:16]


def _is_empty(folder: Path) -> bool:
    """Return whether a folder holds at most what a run leaves that ended as it began."""
    return all(path.name == WORK or path.suffix == ".tmp" for path in folder.iterdir())


def _simulate(simulator: Simulates, item: _Item, out: Path) -> None:
    """Simulate one source and note its pictures; runs in a worker process."""
    number, source = item
    rows, skipped = [], ""
    try:
        for capture in simulator.captures(source):
            path = _path(number, source, capture)
            _write(out / path, capture.file)
            row = _row(path, source, capture) | _write_depth(out, path, capture)
            rows.append(row | dict(capture.cells) | _write_truth(out, path, capture))
    except InputError as error:
        rows, skipped = [], str(error)
    _write_note(out, number, rows, skipped)


def _path(number: int, source: Sample, capture: Capture) -> str:
    kind = BONA_FIDE if capture.species == BONA_FIDE else f"attack/{capture.species}"
    person = _UNSAFE.sub("-", source.subject) or "-"
    return f"{source.split}/{kind}/{person}/{number:06d}-{capture.round:04d}{capture.suffix}"


def _row(path: str, source: Sample, capture: Capture) -> dict[str, str]:
    values = (
        path, source.subject, "" if capture.species == BONA_FIDE else capture.species,
        str(source.split), f"{source.key}#{capture.round}", capture.camera, source.key,
        capture.background, source.attributes.get("licence", ""), capture.parameters,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _write_depth(out: Path, path: str, capture: Capture) -> dict[str, str]:
    """Write the depth map of a picture; return its cells, none without one."""
    if capture.depth is None:
        return {}
    file = f"{DEPTH}/{Path(path).with_suffix('.png').as_posix()}"
    _write(out / file, capture.depth.content)
    return dict(zip(DEPTH_COLUMNS, (file, f"{capture.depth.offset:.4f}"), strict=True))


def _write_truth(out: Path, path: str, capture: Capture) -> dict[str, str]:
    """Write the ground truth of a clip beside it; return its cell."""
    if not capture.truth:
        return {}
    file = Path(path).with_suffix(".csv").as_posix()
    _write(out / file, capture.truth)
    return {TRUTH: file}


def _note(out: Path, number: int) -> Path:
    return out / WORK / f"{number:06d}.json"


def _write_note(out: Path, number: int, rows: list[dict[str, str]], skipped: str) -> None:
    _write(_note(out, number), _json({"rows": rows, "skipped": skipped}))


def _write(path: Path, content: bytes | str) -> None:
    write_file(path, content, time_s=_TIME_S)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=None) + "\n"


def _some_rounds(rows: Iterable[Row], most: int) -> list[list[Row]]:
    by_round: dict[str, list[Row]] = {}
    for row in rows:
        by_round.setdefault(row["session"], []).append(row)
    all_rounds = list(by_round.values())
    step = max(1.0, len(all_rounds) / most)
    return [all_rounds[int(at * step)] for at in range(min(most, len(all_rounds)))]


def _cell(row: Row, root: Path) -> RgbImage:
    small = to_long_side(read_picture(root / row["path"]).image, _SIDE)
    height, width = small.shape[:2]
    cell = np.full((_SIDE + _LINE, _SIDE, 3), 255, np.uint8)
    cell[:height, :width] = small
    label = row["pai_species"] or "bona fide"
    cv2.putText(cell, label, (4, _SIDE + 13), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1)
    return cell
