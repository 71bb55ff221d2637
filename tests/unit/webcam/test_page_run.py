"""The page is served on loopback, ends cleanly, and says in one line what is missing."""

import builtins
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from facepad.errors import SettingsError
from facepad.webcam.page import run_page
from made_up_live import MadeUpLive, served_page

SERVE = """
import os, sys
sys.path[:0] = [{tests!r}]
from made_up_live import MadeUpLive
from facepad.webcam.page import run_page
say = lambda line: print(line, flush=True)
run_page(MadeUpLive(), port=0, open_browser=False, say=say)
print("ended", flush=True)
"""


def run(**options: Any) -> list[str]:  # noqa: ANN401
    """Serve a made-up view with these options; give what was said."""
    lines: list[str] = []
    given = {"port": 0, "open_browser": False, "say": lines.append, **options}
    run_page(cast("Any", given.pop("session", MadeUpLive())), **given)
    return lines


def answer(url: str, path: str = "") -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    connection.request("GET", f"{parts.path}{path}")
    found = connection.getresponse()
    body = found.read(2000)
    connection.close()
    return found.status, body


def test_the_page_is_served_on_loopback_with_a_token_and_ends_when_asked() -> None:
    with served_page(MadeUpLive()) as url:
        assert urlsplit(url).hostname == "127.0.0.1"
        assert len(urlsplit(url).path) > 40
        status, body = answer(url)
        assert (status, body[:15]) == (200, b"<!doctype html>")
        assert answer(url, "picture")[1].startswith(
            b"--facepad-picture\r\nContent-Type: image/jpeg"
        )
    with pytest.raises(ConnectionRefusedError):
        answer(url)


def test_a_port_that_is_used_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"127\.0\.0\.1 port {port} \(Address.*--port"):
            run(port=port)


def test_a_missing_library_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_uvicorn(name: str, *others: Any) -> Any:  # noqa: ANN401
        if name == "uvicorn":
            raise ModuleNotFoundError("No module named 'uvicorn'", name="uvicorn")
        return real(name, *others)

    monkeypatch.setattr(builtins, "__import__", without_uvicorn)
    with pytest.raises(SettingsError, match=r"needs uvicorn: pip install 'facepad\[service\]'"):
        run()


def test_it_ends_after_the_given_time() -> None:
    (line,) = run(seconds=0.2)
    with pytest.raises(ConnectionRefusedError):
        answer(line.split()[3])


def test_what_ends_the_view_ends_the_page() -> None:
    live = MadeUpLive(failure=RuntimeError("a thread ended"))

    def look(line: str) -> None:
        threading.Thread(target=answer, args=[line.split()[3], "picture"]).start()

    with pytest.raises(RuntimeError, match="a thread ended"):
        run(session=live, say=look)


@pytest.mark.parametrize("display", ["", ":0"])
def test_a_browser_is_opened_at_an_address_that_works_once(
    monkeypatch: pytest.MonkeyPatch, display: str
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    live = MadeUpLive()
    said: list[str] = []
    opened: list[str] = []

    def look(url: str) -> None:
        opened.append(url)
        live.failure = RuntimeError("ends the page")
        status, _ = answer(url)
        assert (status, answer(url)[0]) == (303, 404)
        answer(said[0].split()[3], "picture")

    monkeypatch.setattr("webbrowser.open", look)

    def say(line: str) -> None:
        said.append(line)
        if not display:  # where a browser would open in the terminal, none does
            live.failure = RuntimeError("ends the page")
            threading.Thread(target=answer, args=[line.split()[3], "picture"]).start()

    with pytest.raises(RuntimeError, match="ends the page"):
        run(session=live, say=say, open_browser=True)
    assert len(said) == 1
    assert len(opened) == (1 if display else 0)
    assert not set(opened) & set(said[0].split())


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_without_a_traceback_while_a_picture_is_sent(kind: signal.Signals) -> None:
    script = SERVE.format(tests=str(Path(__file__).resolve().parents[2]))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", script], **cast("Any", pipes)) as process:
        assert process.stdout is not None
        parts = urlsplit(process.stdout.readline().split()[3])
        with socket.create_connection((str(parts.hostname), int(parts.port or 0)), 10) as viewer:
            request = f"GET {parts.path}picture HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
            viewer.sendall(request.encode())
            assert b"200" in viewer.recv(100)  # and reads no further
            process.send_signal(kind)
            out, errors = process.communicate(timeout=30)
    assert (process.returncode, out, errors) == (0, "ended\n", "")
