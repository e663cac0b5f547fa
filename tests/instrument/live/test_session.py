"""What a session begins with."""

from __future__ import annotations

from instrument.live.session import LiveSettings, _beginning
from instrument.midi.channel import CHANNELS
from instrument.midi.events import ControlChange


def test_by_default_nothing_is_set() -> None:
    assert list(_beginning(LiveSettings())) == []


def test_mono_is_for_every_channel() -> None:
    assert list(_beginning(LiveSettings(mono=True))) == [
        ControlChange(channel, 126, 1) for channel in range(CHANNELS)
    ]
