"""The command line: one file for each top-level command.

Importing it is fast: NumPy, OpenCV and rich are imported by the commands that need them.
"""

__all__ = ["main"]


def main() -> None:
    """Run the command line; the exit code says how it went (see `facepad.cli.errors`)."""
    from facepad.cli.errors import caught_faults, prepare_streams

    prepare_streams()
    with caught_faults():
        from facepad.cli.app import app

        app()
