"""``python -m facepad`` is the command line."""

from facepad.cli import main

if __name__ == "__main__":
    main()
