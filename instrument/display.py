"""What is shown of a live session: sentences and a status line for people, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from instrument.midi.layouts import layout_of
from instrument.midi.layouts.chart import blown_by
from instrument.text import escaped

if TYPE_CHECKING:
    from instrument.live.notices import Notice
    from instrument.live.session import LiveSettings, Session
    from instrument.live.status import Status

DISPLAY_SECONDS = 0.1
SLOWEST_READER_SECONDS = 1.0


# --- In words ------------------------------------------------------------------------------------


def ready_sentences(session: Session, settings: LiveSettings) -> Iterator[str]:
    """What is played on what, when it begins."""
    inside, through = session.latency_seconds
    device = session.device
    if device is not None:
        yield f"Plays on {device.name} ({device.api}) at {session.sample_rate} Hz."
    yield f"A key sounds {1000 * inside:.1f} ms after it arrives."
    if through > 0.0:
        yield f"The device adds {1000 * through:.1f} ms, it says."
    for name in session.inputs:
        yield f"MIDI input: {name}"
    if session.osc_port is not None:
        yield f"OSC: UDP port {session.osc_port}"
    layout = layout_of(settings.engine.controls)
    if layout.breath is not None:
        yield f"Notes wait for breath: {blown_by(layout)}."
    yield "Ctrl-C ends it."


def report_sentences(
    status: Status, settings: LiveSettings, instrument: str = "violin"
) -> Iterator[str]:
    """What was played, when it is over; the instrument is named as it was chosen."""
    yield f"Notes played: {status.notes}."
    for name, count in status.mishaps().items():
        if count:
            yield f"{name[0].upper()}{name[1:]}: {count}."
    if status.stolen:
        yield f"Voices that faded early for others: {status.stolen}; more --voices keep them."
    if status.postponed:
        yield f"Messages that waited for another block: {status.postponed}."
    late = status.late_frames + status.late_notes
    if late:
        yield (
            f"Control frames that came late: {status.late_frames}, notes: {status.late_notes}; "
            "other programs kept Arco from its work."
        )
    if status.underruns:
        yield (
            f"Gaps that the sound device reported: {status.underruns}; try a larger --block, "
            "on JACK a larger period."
        )
    if status.unknown_bindings:
        names = ", ".join(status.unknown_bindings)
        yield f"Knobs were bound to what {instrument} doesn't have: {names}."
    if settings.record is not None:
        again = f"arco render {settings.record}"
        again += "" if instrument == "violin" else f" --instrument {instrument}"
        yield f"{settings.record}: '{again}' plays it again" + (
            ", but for what came late." if late else ", sample for sample."
        )
    if settings.record_audio is not None:
        yield f"{settings.record_audio}: what was heard."


def status_line(status: Status) -> str:
    """How a live session is getting on, in one line."""
    if status.learning is not None:
        target, one_way = status.learning
        return f"learning {target}: turn its knob" + (", the other way too" if one_way else "")
    parts = [
        f"{status.voices} voice{'' if status.voices == 1 else 's'}"
        if status.sounding
        else "silent",
        f"load {status.load:.0%}",
        f"late frames {status.late_frames}",
        f"underruns {status.underruns}",
    ]
    if status.late_notes:
        parts.append(f"late notes {status.late_notes}")
    if status.postponed:
        parts.append(f"postponed {status.postponed}")
    parts += [f"{name} {count}" for name, count in status.mishaps().items() if count]
    if status.last_change is not None:
        change = status.last_change
        parts.append(f"CC {change.controller} = {change.value} on {change.channel + 1}")
    return "  ".join(parts)


# --- As JSON -------------------------------------------------------------------------------------


def ready_facts(session: Session, settings: LiveSettings) -> dict[str, Any]:
    """What is played on what, when it begins, as it can be written as JSON."""
    inside, through = session.latency_seconds
    device = session.device
    return {
        "inputs": list(session.inputs),
        "osc_port": session.osc_port,
        "device": device.name if device else None,
        "api": device.api if device else None,
        "sample_rate": session.sample_rate,
        "block": session.block,
        "latency_seconds": inside,
        "device_latency_seconds": through,
        "mode": settings.engine.mode,
        "controls": settings.engine.controls,
        "voices": settings.engine.voices,
        "seed": settings.engine.seed,
        "preset": settings.engine.preset,
    }


def report_facts(status: Status, settings: LiveSettings) -> dict[str, Any]:
    """What was played, when it is over: every counter, as it can be written as JSON."""
    counts = asdict(status)
    for momentary in ("sounding", "load", "last_change", "learning"):
        del counts[momentary]
    paths = {"record": settings.record, "record_audio": settings.record_audio}
    return counts | {name: None if path is None else str(path) for name, path in paths.items()}


# --- While it plays ------------------------------------------------------------------------------


class _Reader:
    """Passes on what a session tells, in a thread of its own: the music waits for no reader."""

    def __init__(self) -> None:
        self._notices: SimpleQueue[Notice] = SimpleQueue()
        self._stopping = Event()

    def tell(self, notice: Notice) -> None:
        """Show it as soon as possible."""
        self._notices.put(notice)

    @contextmanager
    def following(self, line: Callable[[], str]) -> Iterator[None]:
        """Show what is told; a line that changes is shown, too, where there is a place for it."""
        thread = Thread(target=self._run, args=(line,), name="arco display", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join(SLOWEST_READER_SECONDS)

    def _run(self, line: Callable[[], str]) -> None:
        raise NotImplementedError

    def _rounds(self) -> Iterator[list[Notice]]:
        """What was told since the round before; there is one more round after the end."""
        ending = False
        while not ending:
            ending = self._stopping.wait(DISPLAY_SECONDS)
            told = []
            while not self._notices.empty():
                told.append(self._notices.get())
            yield told


class LiveDisplay(_Reader):
    """Sentences, and below them a line that follows a live session, on stderr.

    Where there is no terminal there is no line.
    """

    def _run(self, line: Callable[[], str]) -> None:
        # A terminal that was closed shows nothing more.
        with suppress(OSError), _own(sys.stderr) as stderr:
            console = Console(file=stderr, markup=False, highlight=False, emoji=False)
            with (
                # Redirected, what other threads print would wait for a slow terminal too.
                Live(
                    console=console,
                    auto_refresh=False,
                    transient=True,
                    redirect_stdout=False,
                    redirect_stderr=False,
                )
                if console.is_terminal
                else nullcontext()
            ) as shown:
                for told in self._rounds():
                    for notice in told:
                        for sentence in notice.text.split("\n"):
                            console.print(escaped(sentence), soft_wrap=True)
                    if shown is not None:
                        shown.update(Text(line(), no_wrap=True, overflow="ellipsis"), refresh=True)


class JsonLines(_Reader):
    """What happens in a live session as JSON on stdout, an object a line."""

    def _run(self, _line: Callable[[], str]) -> None:
        # A program that has gone reads nothing more.
        with suppress(OSError), _own(sys.stdout) as stdout:
            for told in self._rounds():
                for notice in told:
                    stdout.write(json.dumps({"event": notice.event, **notice.about}) + "\n")
                stdout.flush()


@contextmanager
def _own(stream: TextIO) -> Iterator[TextIO]:
    """Give stdout or stderr with a buffer and a descriptor of its own.

    When Python ends it empties the buffers, and hangs if a thread waits with one of them for the
    reader. And PortAudio's wrapper sends stderr's descriptor nowhere while it looks for devices.
    """
    try:
        descriptor = os.dup(stream.fileno())
    except OSError:  # something that stands in for it
        yield stream
        return
    with os.fdopen(descriptor, "w", errors="backslashreplace") as own:
        yield own
