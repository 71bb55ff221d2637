"""Records that the service keeps: the chain of the audit log, its checkpoints, jobs."""
