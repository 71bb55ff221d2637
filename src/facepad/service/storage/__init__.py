"""What a service keeps: the database, its secret, API keys, audit log, idempotency keys."""
