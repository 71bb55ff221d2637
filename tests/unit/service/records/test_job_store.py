"""Jobs in the database: read by their owner, also by the next service, until they are old."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from facepad.service.records.jobs import MOST_KEPT, Job, JobStore
from facepad.service.store import Store

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def jobs(database: Store) -> JobStore:
    return JobStore(database, lambda: NOW)


def ended(name: str, owner: str = "key:a", at: datetime = NOW) -> Job:
    return Job(name, owner, "calibration", at, "done", at, {"grade": "good"})


def test_a_job_is_the_same_in_the_next_service(
    open_store: Callable[[Path], Store], tmp_path: Path
) -> None:
    first = open_store(tmp_path)
    JobStore(first).add(ended("job_1"))
    first.close()
    assert JobStore(open_store(tmp_path)).get("key:a", "job_1") == ended("job_1")


def test_a_job_is_its_owner_s_alone(jobs: JobStore) -> None:
    jobs.add(ended("job_1"))
    assert jobs.get("key:b", "job_1") is None
    assert jobs.get("key:a", "job_2") is None


def test_how_far_a_job_is_can_change(jobs: JobStore) -> None:
    jobs.add(Job("job_1", "key:a", "calibration", NOW))
    jobs.save(Job("job_1", "key:a", "calibration", NOW, "failed", NOW, {}, "worker_lost", "It did"))
    found = jobs.get("key:a", "job_1")
    assert found is not None
    assert (found.status, found.problem, found.detail) == ("failed", "worker_lost", "It did")


def test_a_job_that_did_not_end_has_failed_with_advice(jobs: JobStore) -> None:
    jobs.add(Job("job_1", "key:a", "calibration", NOW))
    jobs.add(Job("job_2", "key:a", "calibration", NOW, "running"))
    jobs.add(ended("job_3"))
    assert jobs.fail_unfinished() == 2
    found = jobs.get("key:a", "job_2")
    assert found is not None
    assert (found.status, found.problem, found.finished_at) == ("failed", "interrupted", NOW)
    assert "send them again, with a new Idempotency-Key" in str(found.detail)
    assert jobs.get("key:a", "job_3") == ended("job_3")
    assert jobs.fail_unfinished() == 0


def test_the_newest_jobs_of_each_key_are_kept(jobs: JobStore) -> None:
    jobs.add(ended("of_b", "key:b", NOW - timedelta(days=1)))
    jobs.add(Job("running", "key:a", "calibration", NOW - timedelta(days=1)))
    for number in range(MOST_KEPT + 2):
        jobs.add(ended(f"job_{number}", at=NOW + timedelta(seconds=number)))
    assert jobs.get("key:a", "job_1") is None
    assert jobs.get("key:a", "job_2") is not None
    assert jobs.get("key:a", "running") is not None
    assert jobs.get("key:b", "of_b") is not None


def test_jobs_are_deleted_after_their_time_but_none_that_runs(jobs: JobStore) -> None:
    old = NOW - timedelta(days=31)
    jobs.add(ended("old", at=old))
    jobs.add(Job("running", "key:a", "calibration", old))
    jobs.add(ended("new"))
    assert jobs.purge(timedelta(days=30)) == 1
    assert [jobs.get("key:a", name) is None for name in ("old", "running", "new")] == [
        True,
        False,
        False,
    ]
