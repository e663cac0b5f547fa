"""A panel of the tiny instrument, with what it sends and a clock in the test's hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from instrument.model.graphs import Instrument
from instrument.ui.messages import Message, MessageReader
from instrument.ui.panel import Panel
from instrument.ui.presets import OwnPresets

Sent = list[tuple[Any, ...]]


class Desk:
    """A panel, and what a page says to it as keywords.

    Attributes:
        sent: The OSC messages that the instrument was sent.
        now: What the clock says.
    """

    def __init__(self, instrument: Instrument, own: OwnPresets) -> None:
        self.sent: Sent = []
        self.now = 100.0
        self.panel = Panel(instrument, own, self._send, lambda: self.now)

    def _send(self, address: str, *values: float | str) -> None:
        self.sent.append((address, *values))

    def say(self, kind: str, page: str = "page", **fields: Any) -> None:
        self.panel.handle(Message(kind, fields), page)

    def addresses(self) -> list[str]:
        return [address for address, *_ in self.sent]


@pytest.fixture
def own(tmp_path: Path, tiny: Instrument) -> OwnPresets:
    return OwnPresets(tmp_path / "config", tiny.spec.digest, tiny.spec.envelope_size.latent)


@pytest.fixture
def desk(tiny: Instrument, own: OwnPresets) -> Desk:
    return Desk(tiny, own)


@pytest.fixture
def reader(tiny: Instrument) -> MessageReader:
    return MessageReader(points=len(tiny.spec.map), axes=8, presets=len(tiny.spec.presets))
