"""The command line: one file for each top-level command.

Importing it is fast: NumPy, OpenCV and rich are imported by the commands that need them.
"""
