"""Arco: MIDI events in, the sound of a violin that lives in a latent space out.

::

    import instrument as arco

    violin = arco.load("violin")
    audio = violin.render([arco.Note(start=0.0, duration=1.0, key=69, velocity=100)])

Names are imported when they are first used: ``import instrument`` alone takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instrument.arrays import Envelope as Envelope
    from instrument.corpus.loading import CorpusItem as CorpusItem
    from instrument.errors import ArcoError as ArcoError
    from instrument.errors import InstrumentError as InstrumentError
    from instrument.errors import MidiFileError as MidiFileError
    from instrument.errors import OutputError as OutputError
    from instrument.errors import RecordingError as RecordingError
    from instrument.errors import UnknownName as UnknownName
    from instrument.errors import UsageError as UsageError
    from instrument.joins import Join as Join
    from instrument.listening.example import Example as Example
    from instrument.midi.events import ChannelPressure as ChannelPressure
    from instrument.midi.events import ControlChange as ControlChange
    from instrument.midi.events import Event as Event
    from instrument.midi.events import KeyPressure as KeyPressure
    from instrument.midi.events import Latent as Latent
    from instrument.midi.events import Note as Note
    from instrument.midi.events import NoteOff as NoteOff
    from instrument.midi.events import NoteOn as NoteOn
    from instrument.midi.events import PitchBend as PitchBend
    from instrument.midi.events import ProgramChange as ProgramChange
    from instrument.model.catalogue import shipped_instruments as shipped_instruments
    from instrument.player import Player as Player
    from instrument.player import load as load
    from instrument.report import RenderReport as RenderReport
    from instrument.stream import Stream as Stream

__version__ = "0.1.0"

_PLACES = {
    "arrays": ("Envelope",),
    "corpus.loading": ("CorpusItem",),
    "errors": (
        "ArcoError",
        "InstrumentError",
        "MidiFileError",
        "OutputError",
        "RecordingError",
        "UnknownName",
        "UsageError",
    ),
    "joins": ("Join",),
    "listening.example": ("Example",),
    "midi.events": (
        "ChannelPressure",
        "ControlChange",
        "Event",
        "KeyPressure",
        "Latent",
        "Note",
        "NoteOff",
        "NoteOn",
        "PitchBend",
        "ProgramChange",
    ),
    "model.catalogue": ("shipped_instruments",),
    "player": ("Player", "load"),
    "report": ("RenderReport",),
    "stream": ("Stream",),
}
"""Modules of the package → the public names in them."""

_PLACE = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [  # noqa: PLE0604 (the names above are texts)
    "__version__",
    *_PLACE,
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 (any of the public names)
    if name not in _PLACE:
        raise AttributeError(f"module 'instrument' has no attribute {name!r}")
    value = getattr(import_module(f"instrument.{_PLACE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
