"""Worker processes: the pool of them, what runs in one, and how they are asked."""
