"""Text for people: safe to print, and with its plural right."""


def printable(text: str) -> str:
    r"""The text without control characters and lone surrogates, which become escapes.

    File names come from strangers and must not move the cursor or colour the terminal.

    Example:
        >>> printable("a" + chr(27) + "[31mb.jpg")
        'a\\x1b[31mb.jpg'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def counted(number: int, thing: str) -> str:
    """A number with its noun, in the plural where that is right.

    Example:
        >>> counted(1, "picture"), counted(2, "picture")
        ('1 picture', '2 pictures')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
