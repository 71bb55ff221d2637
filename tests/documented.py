"""Commands that documents show: their fenced blocks, as something that can be run.

A block marked ``sh`` is run as one script and must end with exit code 0; a block marked
``python`` or ``javascript`` is run as one program. Those that name ``FACEPAD_KEY`` find a running
service. Blocks with another mark (``text``, ``console``) only show,
and so do tests for the reader to write (``def test_``): they are nothing without pytest.
"""

import re
from dataclasses import dataclass
from pathlib import Path

# Running the suite from within the suite would never end; make tells what it would do.
RUNS_THE_SUITE = re.compile(r"^make (?:test\S*)(?: .*)?$|^(?:bash )?\.ci/run$", re.MULTILINE)
LONG = re.compile(
    r"\bfacepad (?:train|dataset (?:verify|pack))\b|\bmake (?:bench|types|lint)\b|\bbenchmarks/"
)
LANGUAGES = frozenset({"sh", "python", "javascript"})
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block that can be run.

    Attributes:
        where: File and line, for people.
        language: One of `LANGUAGES`.
        text: What is between the fences.
    """

    where: str
    language: str
    text: str

    @property
    def script(self) -> str:
        """The block, without what would run the suite inside of the suite."""
        if self.language != "sh":
            return self.text
        return RUNS_THE_SUITE.sub(_dry, self.text)

    @property
    def needs_shared(self) -> bool:
        """Whether it reads the folder of data beside the repository."""
        return "../shared" in self.text

    @property
    def needs_service(self) -> bool:
        """Whether it asks a running service."""
        return "FACEPAD_KEY" in self.text

    @property
    def is_long(self) -> bool:
        """Whether it takes minutes."""
        return LONG.search(self.text) is not None


def _dry(command: re.Match[str]) -> str:
    words = command.group().split()
    return (
        "test -x .ci/run"
        if words[0] != "make"
        else " ".join(["make", "-n", *words[1:], ">/dev/null"])
    )


def blocks(document: Path, root: Path) -> list[Block]:
    """The blocks of a document that can be run, in order."""
    text = document.read_text()
    name = document.relative_to(root).as_posix()
    return [
        Block(f"{name}:{text.count(chr(10), 0, found.start()) + 1}", found[1], found[2])
        for found in BLOCK.finditer(text)
        if found[1] in LANGUAGES and "\ndef test_" not in found[2]
    ]
