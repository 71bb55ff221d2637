"""Data, recipes and tables of `benchmarks/choice.py`."""
