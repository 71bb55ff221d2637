"""The entry point of the command line: ``facepad``, or ``python -m facepad``."""


def main() -> None:
    """Run the command line; the exit code says how it went (see `facepad.cli.errors`)."""
    from facepad.cli.errors import caught_faults, prepare_streams

    prepare_streams()
    with caught_faults():
        from facepad.cli.app import app

        app()


if __name__ == "__main__":
    main()
