"""What a file of scores was begun with, kept beside it, so that no run goes on with other models.

The facts lie in ``SCORES.csv.run.json`` and not in the file itself, whose columns are a contract.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from facepad.errors import SettingsError

NOTHING = "none"

Facts = Mapping[str, str]


def facts_file(scores: Path) -> Path:
    """Where the facts of a file of scores are kept."""
    return scores.with_name(f"{scores.name}.run.json")


def keep_facts(scores: Path, facts: Facts, *, begun: bool) -> None:
    """Write the facts of a run that begins; see that one that goes on has the same.

    Args:
        scores: The file of scores.
        facts: Versions and choices that its values depend on, by name.
        begun: Whether it holds rows of an earlier run.

    Raises:
        SettingsError: The earlier run had other facts, all of which are named with both
            versions; or they are not known; or the facts cannot be written.
    """
    file = facts_file(scores)
    if not begun:
        _write(file, facts)
        return
    earlier = _read(file)
    if earlier is None:
        raise SettingsError(
            f"{scores}: what it was begun with is not known, since {file.name} is missing or "
            "damaged; --force begins again"
        )
    if changed := _changed(earlier, facts):
        raise SettingsError(
            f"{scores} was begun with {changed}; going on would mix their scores. "
            "Go on with what it was begun with, or --force begins again"
        )


def _changed(earlier: Facts, now: Facts) -> str:
    names = [name for name in {**earlier, **now} if earlier.get(name) != now.get(name)]
    return ", ".join(
        f"{name} {earlier.get(name, NOTHING)} and not {now.get(name, NOTHING)}" for name in names
    )


def _write(file: Path, facts: Facts) -> None:
    try:
        file.write_text(json.dumps(dict(facts), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{file}: cannot be written: {error.strerror}") from error


def _read(file: Path) -> Facts | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
