"""The tiny instrument's description, edited."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from instrument.errors import InstrumentError
from instrument.model.spec import SPEC_FILE, read_spec
from tests.instrument.model.spec_edits import Edit


@pytest.fixture
def refusal(tiny_instrument: Path, tmp_path: Path) -> Callable[[Edit], str]:
    """What is said of the tiny instrument after an edit of its JSON."""

    def refuse(edit: Edit) -> str:
        content = json.loads((tiny_instrument / SPEC_FILE).read_text(encoding="utf-8"))
        edit(content)
        (tmp_path / SPEC_FILE).write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(InstrumentError) as caught:
            read_spec(tmp_path)
        message = str(caught.value)
        assert message.isprintable()
        assert len(message) < 1000
        assert message.startswith(str(tmp_path / SPEC_FILE))
        assert "export the instrument anew" in message
        return message

    return refuse
