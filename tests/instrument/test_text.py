"""Text that others wrote steers no terminal."""

from __future__ import annotations

import pytest

from instrument.text import encodable, escaped, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Geige, gestrichen – 弓", "Geige, gestrichen – 弓"),
        (" two\n\tlines\r\n", "two lines"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066\u200b\ufeff", r"\u2066\u200b\ufeff"),
        ("\udcff.mid", r"\udcff.mid"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_a_text_is_shown_in_one_line(text: str, shown: str) -> None:
    assert one_line(text) == shown
    assert one_line(shown) == shown


def test_what_steers_a_terminal_is_escaped_and_spaces_stay() -> None:
    assert escaped(" two  words ") == " two  words "
    assert escaped("two\n\x1b[2J  lines") == r"two\n\x1b[2J  lines"


def test_what_is_no_text_is_escaped_and_all_else_stays() -> None:
    assert encodable("caf\udce9 é\n") == "caf\\udce9 é\n"
