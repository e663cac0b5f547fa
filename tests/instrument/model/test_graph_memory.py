"""All graphs together have so much memory and no more, whatever one of them took."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrument.errors import InstrumentError
from instrument.model.graphs import load_instrument
from instrument.model.spec import read_spec
from tests.instrument.model.graph_maker import copy_with, giant, much


def test_what_took_all_memory_leaves_it_to_the_next(tiny_instrument: Path, tmp_path: Path) -> None:
    spec = read_spec(tiny_instrument)
    refused = copy_with(tiny_instrument, tmp_path / "much", timbre=much("frame")(spec))
    with pytest.raises(InstrumentError, match="1024 MB"):
        load_instrument(refused)
    playing = [load_instrument(tiny_instrument) for _ in range(12)]
    two_gb = copy_with(tiny_instrument, tmp_path / "giant", timbre=giant(spec, 1 << 29))
    with pytest.raises(InstrumentError, match="1024 MB"):
        load_instrument(two_gb)
    assert all(instrument.fault is None for instrument in playing)
