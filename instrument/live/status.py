"""How a live session is getting on, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

from instrument.midi.events import ControlChange


@dataclass(frozen=True)
class Status:
    """How a session is getting on.

    Attributes:
        sounding: Whether there is a sound device.
        voices: That sound now.
        notes: That began.
        dropped: Notes that got no voice, or that came while there was no sound device.
        load: Share of its time that the audio callback needs, 0…1.
        late_frames: Control frames that came late: the sound was held for 4 ms.
        late_notes: Notes that began after their sample.
        postponed: Messages that had to wait for another block: notes take their time.
        underruns: Gaps that the sound device reported.
        stolen: Voices that had to fade away for others.
        messages_lost: Messages that overflowed a queue.
        samples_lost: Samples that the disk was too slow for.
        faults: Rounds of the control that failed inside.
        osc_malformed: OSC messages that meant nothing.
        unknown_bindings: Targets of bindings that this instrument doesn't have.
        last_change: The controller that moved last.
        learning: What is being learned, and whether the knob must be turned the other way too.
    """

    sounding: bool
    voices: int
    notes: int
    dropped: int
    load: float
    late_frames: int
    late_notes: int
    postponed: int
    underruns: int
    stolen: int
    messages_lost: int
    samples_lost: int
    faults: int
    osc_malformed: int
    unknown_bindings: tuple[str, ...]
    last_change: ControlChange | None
    learning: tuple[str, bool] | None

    def mishaps(self) -> dict[str, int]:
        """What should never happen, and how often it did."""
        return {
            "notes dropped": self.dropped,
            "messages lost": self.messages_lost,
            "OSC messages not understood": self.osc_malformed,
            "recorded samples lost": self.samples_lost,
            "faults": self.faults,
        }
