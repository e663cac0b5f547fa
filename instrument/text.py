"""Text that others wrote, as a terminal may show it."""

from __future__ import annotations

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def one_line(text: str) -> str:
    """A text in one line, with what could steer a terminal replaced.

    Spaces and line breaks become single spaces. Control characters, marks that turn the direction
    of writing, and parts of broken characters become U+FFFD.
    """
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(sign if sign.isprintable() else REPLACEMENT for sign in line)
