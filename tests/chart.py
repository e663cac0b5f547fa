"""Writes the charts of the layouts into the documents: `python -m tests.chart`.

Each stands between two comments, `<!-- chart NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from pathlib import Path

from instrument.midi.layouts.chart import (
    articulations_chart,
    fixed_chart,
    layouts_chart,
    markdown,
)

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", ROOT / "docs" / "midi.md")
CHARTS = {
    "short": lambda: markdown(layouts_chart(short=True)),
    "layouts": lambda: markdown(layouts_chart()),
    "fixed": lambda: markdown(fixed_chart()),
    "articulations": lambda: markdown(articulations_chart()),
}
PLACE = re.compile(r"(<!-- chart (\w+) -->\n\n).*?(<!-- end -->)", re.DOTALL)


def charted(text: str) -> str:
    """A document whose charts are as the tables are now."""
    return PLACE.sub(lambda place: f"{place[1]}{CHARTS[place[2]]()}\n{place[3]}", text)


def names(text: str) -> list[str]:
    """The charts that a document has."""
    return [place[2] for place in PLACE.finditer(text)]


if __name__ == "__main__":
    for path in DOCUMENTS:
        path.write_text(charted(path.read_text(encoding="utf-8")), encoding="utf-8")
