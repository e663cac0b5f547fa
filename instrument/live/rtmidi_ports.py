"""The seam to the MIDI libraries: python-rtmidi, or rtmidi2 where that one has no wheels.

Both wrap the same C++ library, RtMidi, each in its own way. What is asked of them is little: which
ports there are, one of them open, and its messages with the times between them. The library's own
thread puts these into a queue; nobody is called from there, since a callback would need the GIL in
the driver's thread. For JACK there is ``jack``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from instrument.errors import UsageError, install
from instrument.programs import python_program

Module: TypeAlias = Any  # the libraries have no types
MidiIn: TypeAlias = Any


class Message(NamedTuple):
    """What arrived.

    Attributes:
        data: Bytes.
        seconds: Since the message before, by the driver's clock; 0 for the first one.
        sample: Of what plays, at which it came, where that is known.
    """

    data: Sequence[int]
    seconds: float
    sample: int | None = None


class Refused(Exception):  # noqa: N818 (no error of a person's)
    """A MIDI system or port that can't be opened, or that has gone."""


class MidiClient(Protocol):
    """A client of a MIDI system, with at most one input open.

    Attributes:
        own: Full name of the open port at this end, where that is known; else empty.
    """

    own: str

    @property
    def lost(self) -> int | None:
        """How many messages found its queue full; None if it doesn't count them."""

    def ports(self) -> list[str]:
        """Names of all ports that messages can come from; empty where it isn't known.

        Raises:
            Refused: One vanished meanwhile.
        """

    def open(self, place: int) -> None:
        """Open the port in that place among `ports`.

        Raises:
            Refused: It can't be.
        """

    def open_virtual(self, name: str) -> None:
        """Open a port that other programs connect to.

        Raises:
            Refused: There are none here.
        """

    def take(self) -> Message | None:
        """The next message that has arrived; None if there is none."""

    def close(self) -> None:
        """Give everything back; it must not be used any more."""


class Library(Protocol):
    """A MIDI library.

    Attributes:
        path: The file of its compiled part, through which the C libraries it uses are found.
        systems: Titles of the MIDI systems that it was built for.
    """

    path: str
    systems: list[str]

    def open_client(self, system: str, name: str, queue_size: int) -> MidiClient:
        """Make a client of a MIDI system.

        Args:
            system: Its title.
            name: By which other programs know the client.
            queue_size: Messages that are kept until they are taken.

        Raises:
            Refused: The MIDI system doesn't answer.
        """


def load_library() -> Library:
    """The MIDI library that is installed.

    Raises:
        UsageError: None is.
    """
    try:
        import rtmidi  # noqa: PLC0415 (an extra, which may be missing)
    except ImportError:
        pass
    else:
        return PythonRtMidi(rtmidi)
    try:
        import rtmidi2  # noqa: PLC0415 (stands in for it)
    except ImportError:
        raise UsageError(
            f"no MIDI library is installed, python-rtmidi or rtmidi2: {install('live')}"
        ) from None
    return RtMidi2(rtmidi2)


# --- python-rtmidi -------------------------------------------------------------------------------


class PythonRtMidi:
    """python-rtmidi: wheels up to Python 3.12; ALSA, CoreMIDI and Windows."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._apis = {
            "ALSA": module.API_LINUX_ALSA,
            "CoreMIDI": module.API_MACOSX_CORE,
            "Windows": module.API_WINDOWS_MM,
        }
        compiled = module.get_compiled_api()
        self.path = str(module._rtmidi.__file__)
        self.systems = [title for title, api in self._apis.items() if api in compiled]

    def open_client(self, system: str, name: str, queue_size: int) -> MidiClient:
        """Make a client: see `Library`."""
        try:
            midi_in = self._module.MidiIn(self._apis[system], name, queue_size)
        except self._module.RtMidiError as error:
            raise Refused(str(error)) from None
        return _PythonRtMidiClient(midi_in, self._module.RtMidiError)


class _PythonRtMidiClient:
    own, lost = "", None

    def __init__(self, midi_in: MidiIn, fault: type[Exception]) -> None:
        # RtMidi times messages from the one before, even if it ignored that one.
        midi_in.ignore_types(sysex=False, timing=False, active_sense=False)
        self._midi_in = midi_in
        self._fault = fault

    def take(self) -> Message | None:
        found = self._midi_in.get_message()
        return None if found is None else Message(*found)

    def ports(self) -> list[str]:
        try:
            return list(self._midi_in.get_ports())
        except self._fault as error:
            raise Refused(str(error)) from None

    def open(self, place: int) -> None:
        try:
            self._midi_in.open_port(place, "in")
        except (self._fault, ValueError) as error:
            raise Refused(str(error)) from None

    def open_virtual(self, name: str) -> None:
        try:
            self._midi_in.open_virtual_port(name)
        except (self._fault, NotImplementedError) as error:
            raise Refused(str(error)) from None

    def close(self) -> None:
        # Its objects free nothing when Python collects them.
        self._midi_in.delete()


# --- rtmidi2 -------------------------------------------------------------------------------------

SEQUENCER = "/dev/snd/seq"
"""Through this Linux's programs reach the ALSA sequencer."""

TRIES_WITHIN_SECONDS = 10.0
TRIES_AGAIN_SECONDS = 5.0
"""A port that refused is let alone so long: to try it takes another program."""

TRY = """
import sys
if sys.platform == "win32":
    import ctypes
    ctypes.windll.kernel32.SetErrorMode(3)
import rtmidi2
api, place, name = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
rtmidi2.MidiIn(name, 1, api).open_port(place)
"""
"""Opens a port as another program would, without a window if that ends badly."""


class RtMidi2:
    """rtmidi2: wheels up to Python 3.14; ALSA, CoreMIDI and Windows."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._apis = {
            "linux": {"ALSA": module.API_LINUX_ALSA},
            "darwin": {"CoreMIDI": module.API_MACOSX_CORE},
            "win32": {"Windows": module.API_WINDOWS_MM},
        }.get(sys.platform, {})
        self.path = str(module.__file__)
        self.systems = list(self._apis)
        self._refusals: dict[str, float] = {}

    def open_client(self, system: str, name: str, queue_size: int) -> MidiClient:
        """Make a client: see `Library`."""
        # It would print that there is no sequencer, again and again.
        if system == "ALSA" and not os.access(SEQUENCER, os.R_OK | os.W_OK):
            raise Refused("there is no ALSA sequencer")
        try:
            midi_in = self._module.MidiIn(name, queue_size, self._apis[system])
        except RuntimeError as error:
            raise Refused(str(error)) from None
        has_virtual = system != "Windows"
        return _RtMidi2Client(
            midi_in, self._apis[system], name, self._refusals, has_virtual=has_virtual
        )


class _RtMidi2Client:
    own, lost = "", None

    def __init__(
        self,
        midi_in: MidiIn,
        api: int,
        name: str,
        refusals: dict[str, float],
        *,
        has_virtual: bool,
    ) -> None:
        midi_in.ignore_types(False, False, False)
        self._refusals = refusals
        self._midi_in = midi_in
        self._api = api
        self._name = name
        self._has_virtual = has_virtual

    def ports(self) -> list[str]:
        return [name or "" for name in self._midi_in.ports]

    def open(self, place: int) -> None:
        # A port that refuses is a C++ exception that rtmidi2 lets through: the end of the program.
        # So another program tries it first.
        port = "".join(self.ports()[place : place + 1])
        if time.monotonic() < self._refusals.get(port, float("-inf")) + TRIES_AGAIN_SECONDS:
            raise Refused("the port refused lately")
        if not opens_elsewhere(self._api, place, self._name):
            self._refusals[port] = time.monotonic()
            raise Refused("the port refuses")
        try:
            self._midi_in.open_port(place)
        except ValueError as error:  # it has gone
            raise Refused(str(error)) from None

    def open_virtual(self, name: str) -> None:
        # Windows has none, which rtmidi2 prints and doesn't tell.
        if not self._has_virtual:
            raise Refused("there are no virtual ports here")
        self._midi_in.open_virtual_port(name)

    def take(self) -> Message | None:
        data = self._midi_in.get_message()
        return None if data is None else Message(data, self._midi_in.deltatime)

    def close(self) -> None:
        self._midi_in.close_port()
        # It frees the rest when nothing refers to it any more.
        self._midi_in = None


def opens_elsewhere(api: int, place: int, name: str) -> bool:
    """Whether rtmidi2 can open a port, tried in a process of its own."""
    if not sys.executable:
        return True
    try:
        done = subprocess.run(  # noqa: S603 (the command is above)
            [*python_program(TRY), str(api), str(place), name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TRIES_WITHIN_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
