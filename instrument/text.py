"""Text that others wrote, as a terminal may show it."""

from __future__ import annotations


def one_line(text: str) -> str:
    r"""A text in one line, in which nothing steers a terminal.

    Spaces and line breaks become single spaces. Control characters, marks that turn the direction
    of writing, and bytes that are no text become escapes: ``\x1b``.
    """
    return escaped(" ".join(text.split()))


def escaped(text: str) -> str:
    """A text in which nothing steers a terminal, as ``one_line``, with all of its spaces."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def encodable(text: str) -> str:
    r"""A text that UTF-8 can hold: bytes of a name that are no text become escapes: ``\udce9``."""
    return text.encode("utf-8", "backslashreplace").decode()


def last_words(said: str) -> str:
    """The last line of what a program wrote before it failed."""
    return (said.strip().splitlines() or ["it says nothing"])[-1]
