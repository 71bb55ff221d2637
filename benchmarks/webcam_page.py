"""Pictures a second that the page of `facepad webcam` shows, with a clip as the camera.

    python benchmarks/webcam_page.py CLIP [--seconds 30] [--viewers 1] [--stalled 0] [--tests NAMES]

Viewers read the live picture as a browser does; stalled ones open it and never read. Prints each
viewer's pictures a second beside the clip's own rate, the decisions a second, and the memory of the
process at the begin and at the end (Linux). Needs facepad[service].
"""

import argparse
import http.client
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from facepad.annotating import rate_of
from facepad.media.formats.clips import inspect_clip

SETTLED_S = 5.0  # before counting begins: models are loaded, the first decision is made


def main() -> None:
    """Print the rates."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("clip", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--viewers", type=int, default=1)
    parser.add_argument("--stalled", type=int, default=0)
    parser.add_argument("--tests", default="")
    options = parser.parse_args()
    tests = ["--tests", options.tests] if options.tests else []
    with ExitStack() as stack:
        process, url = stack.enter_context(_served(options.clip, tests))
        for _ in range(options.stalled):
            stack.enter_context(_stalled(url))
        with ThreadPoolExecutor(options.viewers + 1) as pool:
            seconds = options.seconds
            counts = [pool.submit(_count, url, seconds) for _ in range(options.viewers)]
            time.sleep(SETTLED_S)
            before, began = _decisions(url), _memory_mb(process.pid)
            time.sleep(seconds)
            after, ended = _decisions(url), _memory_mb(process.pid)
            rate = rate_of(inspect_clip(options.clip).video)
            for number, (pictures, size) in enumerate((one.result() for one in counts), 1):
                share = pictures / seconds / rate
                print(
                    f"viewer {number}: {pictures / seconds:.1f} pictures a second, "
                    f"{share:.2f} of the clip's {rate:.1f}; {size / max(1, pictures) / 1e3:.0f} kB"
                )
    decisions = after - before
    print(f"decisions a second: {decisions / seconds:.2f}")
    print(f"memory: {began:.0f} MB at the begin, {ended:.0f} MB at the end")


@contextmanager
def _served(clip: Path, more: list[str]) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    command = [sys.executable, "-m", "facepad", "webcam", "--no-open", "--camera", str(clip), *more]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload]
        try:
            lines = (re.search(r"http://\S+", line) for line in process.stdout or ())
            found = next(filter(None, lines), None)
            if found is None:
                raise RuntimeError(f"{' '.join(command)} ended before it served")
            yield process, found.group()
        finally:
            process.terminate()


@contextmanager
def _stalled(url: str) -> Iterator[socket.socket]:
    """Ask for the picture and read nothing."""
    parts = urlsplit(url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 80))) as viewer:
        request = f"GET {parts.path}picture HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
        viewer.sendall(request.encode())
        yield viewer


def _count(url: str, seconds: float) -> tuple[int, int]:
    """Return how many pictures come within some seconds once it is settled, and their bytes."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("GET", f"{parts.path}picture")
    answer = connection.getresponse()
    begin_s = time.monotonic() + SETTLED_S
    pictures = size = 0
    while (now_s := time.monotonic()) < begin_s + seconds:
        length = _next_length(answer)
        answer.read(length)
        if now_s >= begin_s:
            pictures += 1
            size += length
    connection.close()
    return pictures, size


def _next_length(answer: http.client.HTTPResponse) -> int:
    """Read up to the next picture, and return its bytes."""
    length = 0
    while (line := answer.readline()) != b"\r\n" or not length:
        if not line:
            raise RuntimeError("the live view has ended")
        if line.startswith(b"Content-Length: "):
            length = int(line.split()[1])
    return length


def _decisions(url: str) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request("GET", f"{parts.path}state")
    found = json.loads(connection.getresponse().read())
    connection.close()
    return int(found["decisions"])


def _memory_mb(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return float("nan")
    return int(re.findall(r"VmRSS:\s*(\d+)", text)[0]) / 1e3


if __name__ == "__main__":
    main()
