"""Work in processes, until every user has moved to `facepad.jobs.processes`."""
