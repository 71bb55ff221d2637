"""The commands that the README and the documentation show do run.

The data beside the repository is that of a miniature, unless in the nightly runs.

Each block runs in a folder of its own that looks like the repository (links to all that it
holds), so that what a command writes does not land in the work tree; `make` runs in the
repository itself, where the environment is.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from documented import Block, blocks
from facepad.testing import made_up_dataset
from running_service import RunningService

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").glob("*.md")),
]
# In the order in which one would type them; each worker of xdist takes any of them.
BLOCKS = [block for document in DOCUMENTS for block in blocks(document, ROOT)]
EVERY_BLOCK = [
    pytest.param(
        block,
        id=block.where,
        marks=[pytest.mark.slow] if block.is_long or "make" in block.text else [],
    )
    for block in BLOCKS
]
PROGRAMS = {
    "sh": ["bash", "-euo", "pipefail", "-c"],
    "python": [sys.executable, "-c"],
    "javascript": ["node", "--input-type=module", "-e"],
}
OF_DATA = [pytest.param(block, id=block.where) for block in BLOCKS if block.needs_shared]
LIMIT_S = 1500


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder that looks like the repository, with a picture of the reader's own."""
    place = tmp_path / "facepad"
    place.mkdir()
    for entry in ROOT.iterdir():
        if entry.name not in {".git", ".pytest_cache", ".mypy_cache", ".ruff_cache"}:
            (place / entry.name).symlink_to(entry)
    (place / "photo.jpg").symlink_to(ROOT / "examples" / "astronaut.jpg")
    return place


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Address and key of a running service, for the blocks that ask one."""
    with RunningService(tmp_path_factory.mktemp("service")).wait_until_ready() as service:
        yield {"FACEPAD_URL": service.url, "FACEPAD_KEY": service.key}


@pytest.mark.parametrize("block", EVERY_BLOCK)
def test_what_a_document_shows_runs(
    block: Block, place: Path, request: pytest.FixtureRequest
) -> None:
    if block.needs_shared:
        made_up_dataset(place.parent / "shared" / "data" / "nuaa")
    variables = request.getfixturevalue("address") if block.needs_service else {}
    assert_runs(block, place, variables)


@pytest.mark.nightly
@pytest.mark.parametrize("block", OF_DATA)
def test_what_a_document_shows_runs_on_the_data(block: Block, place: Path) -> None:
    if not SHARED.is_dir():
        pytest.skip("the folder of data, ../shared, is not beside the repository")
    (place.parent / "shared").symlink_to(SHARED)
    assert_runs(block, place, {})


def assert_runs(block: Block, place: Path, variables: Mapping[str, str]) -> None:
    """Run a block in a folder and compare how it ends."""
    program = PROGRAMS[block.language]
    needed = [program[0], *(["curl"] if re.search(r"\bcurl ", block.text) else [])]
    for one in needed:
        if shutil.which(one) is None:
            pytest.skip(f"{one} is not installed")
    in_root = block.language == "sh" and re.match(r"make\b", block.text) is not None
    done = subprocess.run(
        [*program, block.script],
        cwd=ROOT if in_root else place,
        env={**environment(), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stdout + done.stderr


def environment() -> dict[str, str]:
    """As in a shell in which the project's environment is active."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "MAKE"))}
    return mine | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def test_the_first_two_commands_of_the_readme_are_the_demo_and_the_test() -> None:
    first = blocks(ROOT / "README.md", ROOT)[0]
    assert first.text == "make demo\nmake test\n"


def test_the_readme_shows_about_ten_lines_of_python() -> None:
    shown = [b for b in blocks(ROOT / "README.md", ROOT) if b.language == "python"]
    assert 1 <= sum(len(b.text.splitlines()) for b in shown) <= 12


def test_every_link_of_a_document_leads_somewhere() -> None:
    missing = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#]+)", document.read_text())
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("line", "run"),
    [
        ("make test", "make -n test >/dev/null"),
        ("make test-nightly", "make -n test-nightly >/dev/null"),
        (".ci/run", "test -x .ci/run"),
        ("make demo", "make demo"),
        ("facepad check make test", "facepad check make test"),
    ],
)
def test_only_what_would_run_the_suite_is_left_out(line: str, run: str) -> None:
    assert Block("", "sh", line + "\n").script == run + "\n"


def test_a_block_that_only_shows_is_not_run(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("# A\n\n```text\nrm x\n```\n\n```sh\ntrue\n```\n")
    assert blocks(document, tmp_path) == [Block("a.md:7", "sh", "true\n")]
