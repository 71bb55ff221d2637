"""The command line: ``facepad check``, ``score``, ``metrics``, ``models`` and ``train``.

Start-up time is a feature: nothing here imports NumPy, OpenCV or rich before a command
that needs them runs.
"""

__all__ = ["main"]


def main() -> None:
    """Run the command line; the exit code says how it went (see `facepad.cli.errors`)."""
    from facepad.cli.errors import caught_faults, prepare_streams

    prepare_streams()
    with caught_faults():
        from facepad.cli.app import app

        app()
