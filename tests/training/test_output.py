"""What reports are written with."""

from __future__ import annotations

from training.output import markdown_table


def test_a_bar_does_not_break_a_table() -> None:
    assert markdown_table(["a"], [["x | y\nz"]]).splitlines() == ["| a |", "|---|", "| x \\| y z |"]
