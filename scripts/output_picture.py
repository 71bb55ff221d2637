"""Draw what `facepad check` prints on the demo pictures: docs/images/check.svg.

Usage: python scripts/output_picture.py
"""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "check.svg"
COMMAND = [
    "facepad",
    "check",
    "examples/astronaut.jpg",
    "examples/astronaut-simulated-recapture.jpg",
]
SHOWN = "$ facepad check examples/*.jpg"
COLUMNS = 120
# Rich's own frame loads a font from the network; this one takes what the reader has.
FRAME = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
<rect width="{width}" height="{height}" rx="8" fill="#292929" />
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>
"""


def main() -> None:
    """Run the command and write the picture."""
    environment = os.environ | {
        "FORCE_COLOR": "1",
        "COLUMNS": str(COLUMNS),
        "TERM": "xterm-256color",
    }
    program = str(Path(sys.executable).with_name(COMMAND[0]))
    done = subprocess.run(
        [program, *COMMAND[1:]],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    console = Console(record=True, width=COLUMNS, file=StringIO(), force_terminal=True)
    console.print(SHOWN, style="dim", highlight=False)
    console.print(Text.from_ansi(done.stdout))
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(console.export_svg(code_format=FRAME, unique_id="facepad"))


if __name__ == "__main__":
    main()
