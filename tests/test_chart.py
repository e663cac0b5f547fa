"""The charts in the documents are those of the tables."""

from __future__ import annotations

import pytest

from instrument.midi.layouts import NAMES, fixed_controllers, layout_of
from instrument.midi.layouts.chart import chart_of, fixed_chart, layouts_chart
from instrument.midi.layouts.roles import FIXED_ROLES, ROLES
from tests.chart import CHARTS, DOCUMENTS, charted, names


def test_the_documents_hold_the_charts_as_they_are_made() -> None:
    found = []
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        assert charted(text) == text, "run python -m tests.chart"
        found += names(text)
    assert set(found) == set(CHARTS)


def test_the_chart_of_layouts_has_every_controller_of_each() -> None:
    header, *rows = layouts_chart()
    for column, name in enumerate(header[1:], start=1):
        layout = layout_of(name)
        by_text = {row[0]: row[column] for row in rows}
        for number, role in layout.controllers.items():
            assert str(number) in by_text[ROLES[role]].replace(",", "").split()
        assert "pressure" in by_text[ROLES[layout.pressure]]
        assert "slide" in by_text[ROLES[layout.slide]]


def test_the_chart_of_what_is_fixed_has_every_number() -> None:
    told = " ".join(row[0] for row in fixed_chart()[1:]).replace(",", "").split()
    assert sorted(int(word) for word in told if word != "CC") == sorted(fixed_controllers())


@pytest.mark.parametrize("name", NAMES)
def test_the_chart_of_a_layout_has_every_number(name: str) -> None:
    rows = {row[0]: row[1] for row in chart_of(layout_of(name))}
    roles = fixed_controllers() | dict(layout_of(name).controllers)
    for number, role in roles.items():
        assert rows[f"CC {number}"] == (ROLES | FIXED_ROLES)[role]
