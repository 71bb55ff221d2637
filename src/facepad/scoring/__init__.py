"""Score many presentations: workers, resumable tables, and the systems an evaluation compares."""
