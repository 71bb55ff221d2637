"""Simulates a whole folder in several processes; what is done is kept, so it can go on.

The output is a folder: pictures by part, class, species and person, and ``dataset.csv``, which
the listing ``csv`` reads. It gets that file when it is whole. Until then a folder ``work`` in
it holds one note for each source that is done, and what was ordered.
"""

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

from facepad.errors import DatasetError, InputError, SettingsError
from facepad.hdf5.pool import DIED, Piece, in_processes, pieces
from facepad.simulate.capture_set import Order, Taken, rounds
from facepad.simulate.recipe import BONA_FIDE
from facepad.types import Sample, Split

LIST, WORK, ABOUT = "dataset.csv", "work", "simulated.json"
COLUMNS = ("path", "subject", "pai_species", "split", "session", "camera", "source",
           "background", "licence", "parameters")  # fmt: skip
_FORMAT = 3  # raised when the same order gives other pictures or files
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")

Advance = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Made:
    """What a run made.

    Attributes:
        rows: Of ``dataset.csv``.
        skipped: Why each source that gave nothing could not be used.
    """

    rows: tuple[Mapping[str, str], ...]
    skipped: tuple[str, ...]


class Simulation:
    """One run into a folder.

    Attributes:
        done: Sources that an earlier run has done.

    Args:
        sources: Bona fide pictures.
        order: What to make of each.
        out: The folder; made when it is not there.
        resume: Whether to go on where an earlier run was ended.
        force: Whether to delete what an earlier run made, and begin again.

    Raises:
        SettingsError: The folder is not empty and neither was asked for, or it was not made
            by a simulation.
        DatasetError: There is no source, one is missing, or what is there was ordered
            otherwise.
    """

    def __init__(
        self,
        sources: Sequence[Sample],
        order: Order,
        out: Path,
        *,
        resume: bool = False,
        force: bool = False,
    ) -> None:
        if not sources:
            raise DatasetError("there are no bona fide pictures to begin with")
        self._sources, self._order, self._out = tuple(sources), order, out
        self._claim(words_of(sources, order), resume=resume, force=force)
        self._whole = (out / LIST).is_file()
        self.done = len(self._sources) if self._whole else len(self._notes())

    def take(self, workers: int, advance: Advance = lambda: None) -> None:
        """Take all pictures that are missing.

        Args:
            workers: Processes; 0 to work in this one.
            advance: Called once per source.
        """
        if self._whole:
            return
        noted = self._notes()
        todo = [piece for piece in pieces(self._sources, 1) if self._note(piece.start) not in noted]
        work = partial(_take, order=_sendable(self._order), out=self._out)
        for piece, done in in_processes(work, todo, workers):
            if done is None:
                _write_note(piece, self._out, [], f"{piece.samples[0].path}: {DIED}")
            advance()

    def finish(self) -> Made:
        """Write the list of all pictures.

        Raises:
            DatasetError: Not one source could be used.
        """
        about = json.loads((self._out / ABOUT).read_text(encoding="utf-8"))
        if self._whole:
            self._tidy()
            with (self._out / LIST).open(encoding="utf-8", newline="") as file:
                return Made(tuple(csv.DictReader(file)), tuple(about["skipped"]))
        notes = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(self._notes())]
        made = Made(
            tuple(row for note in notes for row in note["rows"]),
            tuple(note["skipped"] for note in notes if note["skipped"]),
        )
        if not made.rows:
            raise DatasetError(f"none of the {len(notes)} sources could be used: {made.skipped[0]}")
        _write(self._out / ABOUT, _json(about | {"skipped": made.skipped}))
        _write(self._out / LIST, _csv(made.rows))
        self._tidy()
        return made

    def _tidy(self) -> None:
        """Remove the notes, and what ended runs left half written."""
        _remove(self._out / WORK)
        for part in self._out.rglob(".*.tmp"):
            part.unlink()

    def _notes(self) -> set[Path]:
        return set((self._out / WORK).glob("*.json"))

    def _note(self, number: int) -> Path:
        return _note(self._out, number)

    def _claim(self, words: Mapping[str, str], *, resume: bool, force: bool) -> None:
        out, about = self._out, self._out / ABOUT
        begun = about.is_file()
        if out.exists() and not (out.is_dir() and (begun or _is_empty(out))):
            raise SettingsError(f"{out} is there and was not made by a simulation; name another")
        if begun and not (resume or force):
            raise SettingsError(
                f"{out} holds a simulation; --resume goes on with it, --force begins again"
            )
        if begun and not force:
            _check_same(about, words)
            return
        if begun:
            for name in (LIST, WORK, *Split, ABOUT):
                _remove(out / name)
        (out / WORK).mkdir(parents=True, exist_ok=True)
        _write(about, _json({"order": dict(words)}))


def words_of(sources: Sequence[Sample], order: Order) -> dict[str, str]:
    """All that decides what will be made, by words that a person understands.

    Raises:
        DatasetError: A source or background is missing.
    """
    return {
        "attacks": ", ".join(order.attacks),
        "rounds an image": str(order.per_image),
        "seed": str(order.seed),
        "cameras": str(order.cameras),
        "mesh": _digest(order.mesh)[:16] if order.mesh else "",
        "people's own backgrounds": "kept" if order.keep_backgrounds else "changed in part",
        "bona fide pictures": _fingerprint(sources),
        "backgrounds": _fingerprint(order.backgrounds),
        "format": str(_FORMAT),
    }


def _fingerprint(samples: Iterable[Sample]) -> str:
    """Keys, people and contents as one hash."""
    found = sha256()
    for sample in samples:
        words = [sample.key, sample.subject, sample.split, _digest(sample.path)]
        found.update(_json(words).encode())
    return found.hexdigest()[:16]


def _digest(path: str) -> str:
    try:
        return sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error


def _is_empty(folder: Path) -> bool:
    """Whether a folder holds at most what a run leaves that was ended as it began."""
    return all(path.name == WORK or path.suffix == ".tmp" for path in folder.iterdir())


def _sendable(order: Order) -> Order:
    """The order with plain attributes, which can go to another process."""
    plain = (replace(one, attributes=dict(one.attributes)) for one in order.backgrounds)
    return replace(order, backgrounds=tuple(plain))


def _take(piece: Piece, order: Order, out: Path) -> bool:
    """Take the pictures of one source and note them; runs in a process of its own."""
    (source,) = piece.samples
    rows, skipped = [], ""
    try:
        for taken in rounds(source, order):
            path = _path(piece.start, source, taken)
            _write(out / path, taken.file)
            rows.append(_row(path, source, taken))
    except InputError as error:
        rows, skipped = [], str(error)
    _write_note(piece, out, rows, skipped)
    return True


def _path(number: int, source: Sample, taken: Taken) -> str:
    kind = BONA_FIDE if taken.species == BONA_FIDE else f"attack/{taken.species}"
    person = _UNSAFE.sub("-", source.subject) or "-"
    return f"{source.split}/{kind}/{person}/{number:06d}-{taken.round:04d}.jpg"


def _row(path: str, source: Sample, taken: Taken) -> dict[str, str]:
    values = (
        path, source.subject, "" if taken.species == BONA_FIDE else taken.species,
        str(source.split), f"{source.key}#{taken.round}", taken.camera, source.key,
        taken.background, source.attributes.get("licence", ""), taken.parameters,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def _note(out: Path, number: int) -> Path:
    return out / WORK / f"{number:06d}.json"


def _write_note(piece: Piece, out: Path, rows: list[dict[str, str]], skipped: str) -> None:
    _write(_note(out, piece.start), _json({"rows": rows, "skipped": skipped}))


def _check_same(about: Path, words: Mapping[str, str]) -> None:
    try:
        begun = dict(json.loads(about.read_text(encoding="utf-8"))["order"])
    except (ValueError, TypeError, KeyError) as error:
        raise DatasetError(f"{about} is damaged ({error!r}); --force begins again") from error
    for what, value in words.items():
        if begun.get(what) != value:
            raise DatasetError(
                f"{about.parent} was begun with another {what}: {begun.get(what)!r}, now "
                f"{value!r}; --force begins again"
            )


def _csv(rows: Iterable[Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=None) + "\n"


def _write(path: Path, content: bytes | str) -> None:
    """Write a file at once; its time is always the same, so that it tells nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(part, (0, 0))
    part.replace(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def chosen(made: Made, count: int) -> Iterator[tuple[Mapping[str, str], ...]]:
    """The pictures of some rounds, evenly over all; one tuple a round, bona fide first."""
    by_round: dict[str, list[Mapping[str, str]]] = {}
    for row in made.rows:
        by_round.setdefault(row["session"], []).append(row)
    all_rounds = list(by_round.values())
    step = max(1.0, len(all_rounds) / count)
    for at in range(min(count, len(all_rounds))):
        yield tuple(all_rounds[int(at * step)])
