"""Time from the click on /try to the answer on the page, in Chromium, with the real service.

    python benchmarks/try_page.py [--rounds 20]

One worker with one thread judges examples/astronaut.jpg: as a file, and as Chromium's fake
camera shows it. The time includes the browser: decoding, encoding a still, showing the answer.
Needs facepad[service], playwright and Chromium.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import service_pages

if TYPE_CHECKING:
    from playwright.sync_api import Page

ANSWER = ".verdict h3"


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        camera = Path(folder) / "camera.y4m"
        service_pages.write_camera(camera)
        with service_pages.real_service(Path(folder) / "state") as url:
            _measure(url, camera, rounds)


def _measure(url: str, camera: Path, rounds: int) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**service_pages.launch_options(camera))
        page = browser.new_context(permissions=["camera"]).new_page()
        page.goto(f"{url}/try")
        _file(page)  # the first one finds nothing loaded
        _print("file", [_file(page) for _ in range(rounds)])
        _print("webcam, camera opened anew", [_webcam(page) for _ in range(rounds)])
        browser.close()


def _file(page: "Page") -> float:
    page.evaluate("document.querySelector('#details').replaceChildren()")
    began = time.monotonic()
    page.set_input_files("#file", service_pages.PORTRAIT)
    page.locator(ANSWER).wait_for()
    return time.monotonic() - began


def _webcam(page: "Page") -> float:
    page.evaluate("document.querySelector('#details').replaceChildren()")
    began = time.monotonic()
    page.locator("#webcam").click()
    page.locator(ANSWER).wait_for()
    took = time.monotonic() - began
    page.locator("#webcam").click()
    page.wait_for_timeout(600)
    return took


def _print(what: str, times: list[float]) -> None:
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    print(f"{what}: p50 {statistics.median(times):.2f} s, p95 {p95:.2f} s of {len(times)}")


if __name__ == "__main__":
    main()
