"""The report of an evaluation: JSON, text, page and plots."""
