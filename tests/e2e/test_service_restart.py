"""`facepad serve` across restarts: jobs and the audit log outlive the process."""

import json
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from command_line import command, skip_without_face_models
from facepad.cli.app import app
from facepad.service.state import open_state
from facepad.service.store import FILE
from running_service import RunningService

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PORTRAIT = Path(__file__).parents[2] / "examples" / "astronaut.jpg"
FIELDS = {"name": "desk", "consent": "true", "self_attacks": "false"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    skip_without_face_models()
    return tmp_path_factory.mktemp("service")


@pytest.fixture(scope="module")
def jobs(folder: Path) -> Iterator[tuple[RunningService, str, str]]:
    """A service after two restarts, with the ids of an ended job and of a killed one."""
    calibrations = {"FACEPAD_CALIBRATION_DIR": str(folder / "calibrations")}
    slow = {"FACEPAD_SERVICE_TESTS_DEADLINE_S": "600", **calibrations}
    with RunningService(folder, env=slow) as first:
        first.wait_until_ready()
        done = asked(first, "a")["job_id"]
        while look(first, done)["status"] in ("queued", "running"):
            time.sleep(0.1)
        assert first.stop() == 0
    with RunningService(folder, env=slow) as second:
        second.wait_until_ready()
        assert look(second, done)["status"] == "done"
        killed = asked(second, "b")["job_id"]
        second.kill()
    with RunningService(folder, env=slow) as third:
        yield third.wait_until_ready(), done, killed


def asked(service: RunningService, key: str) -> dict[str, Any]:
    """Ask for a calibration, with an idempotency key."""
    picture = np.asarray(cv2.imread(str(PORTRAIT)))
    frames = [cv2.imencode(".png", picture[n:, 3 * n :])[1].tobytes() for n in (0, 20, 40, 60)]
    files = [("frame", (f"{at}.png", data)) for at, data in enumerate(frames)]
    fields = {**FIELDS, "overwrite": "true"}
    with service.http() as client:
        headers = {"Idempotency-Key": key}
        answer = client.post("/v1/calibrations", files=files, data=fields, headers=headers)
    assert answer.status_code == httpx2.codes.ACCEPTED, answer.text
    body: dict[str, Any] = answer.json()
    return body


def look(service: RunningService, job_id: str) -> dict[str, Any]:
    with service.http() as client:
        answer = client.get(f"/v1/jobs/{job_id}")
    assert answer.status_code == httpx2.codes.OK, answer.text
    body: dict[str, Any] = answer.json()
    return body


def audit(state: Path, *arguments: str, text: str | None = None) -> Result:
    runner = CliRunner(env={"FACEPAD_STATE_DIR": str(state), "COLUMNS": "200"})
    return runner.invoke(app, ["service", "audit", *arguments], input=text)


def test_an_ended_job_is_found_after_a_restart(jobs: tuple[RunningService, str, str]) -> None:
    service, done, _ = jobs
    job = look(service, done)
    assert (job["status"], job["problem"]) == ("done", None)
    assert job["result"]["calibration"].startswith("desk+")


def test_a_job_that_a_killed_service_ran_has_failed(jobs: tuple[RunningService, str, str]) -> None:
    service, _, killed = jobs
    job = look(service, killed)
    assert (job["status"], job["problem"], job["result"]) == ("failed", "interrupted", None)
    assert "pictures were in memory only and are gone" in job["detail"]
    with service.http("") as client:
        assert client.get("/problems/interrupted").status_code == httpx2.codes.OK


def test_a_repeated_request_gets_the_id_of_the_killed_job(
    jobs: tuple[RunningService, str, str],
) -> None:
    service, _, killed = jobs
    assert asked(service, "b")["job_id"] == killed


def test_the_log_of_a_killed_service_shows_that_its_audit_log_lost_its_end(
    jobs: tuple[RunningService, str, str],
) -> None:
    service = jobs[0]
    made = audit(service.state, "checkpoint").stdout
    service.kill()
    logged = [line for line in service.output.splitlines() if '"audit_checkpoint"' in line]
    assert logged  # at the start of the service
    kept = "\n".join([*logged, made])
    good = audit(service.state, "verify", "--checkpoint", "-", text=kept)
    assert good.exit_code == 0, good.output
    assert "found in the log, unchanged" in good.stdout
    with closing(sqlite3.connect(service.state / FILE)) as connection:
        for name in ("audit_log_no_DELETE", "audit_checkpoints_no_DELETE"):
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM audit_checkpoints")
        connection.execute("DELETE FROM audit_log WHERE seq > (SELECT max(seq) FROM audit_log) - 2")
        connection.commit()
    bad = audit(service.state, "verify", "--checkpoint", "-", "--json", text=kept)
    assert bad.exit_code == 4
    problems = json.loads(bad.stdout)["problems"]
    assert any("the end was cut off" in one for one in problems)


def test_a_service_whose_database_is_locked_stops_with_one_line(tmp_path: Path) -> None:
    skip_without_face_models()
    state = tmp_path / "state"
    open_state(state).store.close()
    with closing(sqlite3.connect(state / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = subprocess.run(
            ["env", f"FACEPAD_STATE_DIR={state}", *command("serve", "--port", "0")],
            capture_output=True,
            text=True,
            timeout=120.0,
            check=False,
        )
    assert done.returncode == 4, done.stderr
    assert done.stderr.startswith(f"facepad: error: {state / FILE} cannot be used: another process")
    assert done.stderr.count("\n") == 1
    assert "fpk_" not in done.stdout
