"""`facepad serve` in a process of its own, on a free port of this machine."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import httpx2

from command_line import command
from facepad import settings

START_S = 120.0
_BANNER = re.compile(r"listening on (\S+)")
_KEY = re.compile(r"API key, shown this once: (\S+)")


class RunningService:
    """A service with one worker.

    Attributes:
        folder: Holds its state, its home, its temporary files and what it printed.
        url: Its address.
        key: The API key of its first start.
    """

    def __init__(
        self,
        folder: Path,
        options: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
    ) -> None:
        """Start a service; wait until it listens.

        Args:
            folder: A second service of the same folder has the same state.
            options: Further options of the command.
            env: Further variables.
            before: Command that runs the service, such as a tracer.
        """
        self.folder, self._is_traced = folder, bool(before)
        for name in ("home", "tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.printed = folder / "printed.txt"
        kept = {name: value for name, value in os.environ.items() if not _is_own(name)}
        places = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
        models = str(settings.folder("model_dir").absolute())
        state = {"FACEPAD_STATE_DIR": str(self.state), "FACEPAD_MODEL_DIR": models}
        line = [*before, *command("serve", "--port", "0", "--workers", "1", *options)]
        with self.printed.open("wb") as out:
            self.process = subprocess.Popen(
                line,
                env={**kept, **places, **state, "OMP_NUM_THREADS": "1", **(env or {})},
                cwd=folder / "home",
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.url = self._printed(_BANNER)
        known = folder / "key.txt"
        if not known.exists():
            known.write_text(self._printed(_KEY))
        self.key = known.read_text()

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.folder / "state"

    @property
    def output(self) -> str:
        """What it printed so far."""
        return self.printed.read_text(errors="replace")

    def http(self, key: str | None = None) -> httpx2.Client:
        """A plain client with an API key; that of the first start if None, "" for none."""
        text = self.key if key is None else key
        headers = {"Authorization": f"Bearer {text}"} if text else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=120.0)

    def wait_until_ready(self) -> Self:
        """Wait until checks are answered."""
        with self.http("") as client:
            until = time.monotonic() + START_S
            while client.get("/readyz").status_code != httpx2.codes.OK:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise AssertionError(self.output)
                time.sleep(0.1)
        return self

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        if self.process.poll() is None:
            os.kill(self._pid, signal.SIGTERM)
        try:
            return self.process.wait(60.0)
        finally:
            self._end_group()

    def kill(self) -> None:
        """End it, and its workers, at once."""
        self._end_group()
        self.process.wait()

    def __enter__(self) -> Self:
        """Return the service, which ends with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the service."""
        self.kill()

    @property
    def _pid(self) -> int:
        """Process number of the service itself, also below a tracer."""
        pid = self.process.pid
        if not self._is_traced:
            return pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def _printed(self, pattern: re.Pattern[str]) -> str:
        until = time.monotonic() + START_S
        while not (found := pattern.search(self.output)):
            if time.monotonic() > until or self.process.poll() is not None:
                self.kill()
                raise AssertionError(self.output)
            time.sleep(0.05)
        return found[1]

    def _end_group(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


def can_trace() -> bool:
    """Whether processes can be traced here."""
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(["strace", "-qq", "true"], capture_output=True, check=False)
    return done.returncode == 0


def _is_own(name: str) -> bool:
    hidden = {"ORT_DISABLE_TELEMETRY", "CI"}  # both keep ONNX Runtime's telemetry quiet
    return name in hidden or name.startswith(("FACEPAD_", "XDG_"))
