"""The process that plays: `arco play --osc`, started, watched, and started again when it dies."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

from instrument.errors import UsageError
from instrument.live.osc import LOOPBACK, SUBSCRIBE, SUBSCRIBED_SECONDS, packed, unpacked
from instrument.live.osc_messages import Malformed
from instrument.programs import python_program

PROGRAM = """
import os, signal, threading
def end_with_page_server():
    while os.read(0, 1):
        pass
    signal.raise_signal(signal.SIGTERM)
threading.Thread(target=end_with_page_server, daemon=True).start()
from instrument.cli import main
raise SystemExit(main())
"""
"""`arco` in a process that ends when its stdin does: when this one ends, however it does so."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
"""Before it is started again: longer each time it doesn't get ready."""

ENDING_SECONDS = 15.0
ANSWER_SECONDS, STUCK_SECONDS = 5.0, 30.0
"""Without a word for so long it is said to be silent, and then ended."""

RECORDINGS = ("--record", "--record-audio")
LEARN = "--learn="

DEVICE = ("device", "api", "sample_rate")
"""Facts that may be others when there is a sound device again."""

LONGEST_LINE = 1 << 20
LAST_LINES = 20

State: TypeAlias = dict[str, Any]
"""``running``; ``text``, what is wrong, if anything is; ``about``, the facts that it told when
ready, as long as that process runs; ``changing`` while it is started with other options; and
``silent`` while it doesn't answer."""


class EngineLink:
    """Keeps `arco play` running, and passes OSC messages to and fro.

    Attributes:
        ready: Is set once it has been ready for the first time.
        state: How it is now.
        options: Of `arco play`, with which it plays or will soon.
        runs: How often it was started.
    """

    def __init__(
        self,
        options: Sequence[str],
        on_message: Callable[[str, list[Any]], None],
        on_state: Callable[[State], None],
        on_notice: Callable[[dict[str, Any]], None],
        command: Sequence[str] = python_program(PROGRAM),
    ) -> None:
        """Prepare it.

        Args:
            options: Of `arco play`, but for ``--osc`` and ``--json``.
            on_message: Takes an OSC message that came back: address and values.
            on_state: Takes how it is, when that changes.
            on_notice: Takes what it tells besides.
            command: That starts ``arco``.
        """
        self.ready = asyncio.Event()
        self.state: State = {"running": False, "text": "starting"}
        self.options = [*options]
        self._command = [*command, "play", "--osc", "0", "--json"]
        self.runs = 0
        self._former: list[str] | None = None
        self._stop = asyncio.Event()
        self._on_message = on_message
        self._on_state = on_state
        self._on_notice = on_notice
        self._transport: asyncio.DatagramTransport | None = None
        self._said: deque[str] = deque(maxlen=LAST_LINES)
        self._heard_at = 0.0
        self._about: dict[str, Any] = {}
        self._trouble = ""

    def send(self, address: str, *values: float | str) -> None:
        """Send an OSC message; while nothing runs it goes nowhere."""
        if self._transport is not None:
            self._transport.sendto(packed(address, *values))

    def restart(self, options: Sequence[str]) -> None:
        """End it well and start it with other options; with the former ones if it refuses them."""
        if self._former is None and self.state["running"]:
            self._former = self.options
        self.options = [*options]
        self._stop.set()
        changing = {"running": False, "text": "it changes its devices", "changing": True}
        self._change({**self.state, **changing})

    async def run(self) -> None:
        """Keep it running until this is cancelled, which ends it well.

        Raises:
            UsageError: It was refused before it was ever ready; in the sentence that it said.
        """
        pause = FIRST_PAUSE
        while True:
            was_ready = await self._run_once()
            if not self.ready.is_set():
                raise UsageError(self._reason())
            if self._stop.is_set():
                continue
            if self._former is not None:
                error = f"{self._reason()}; it plays with the former devices again"
                self.options, self._former = self._former, None
                self._on_notice({"event": "refused", "error": error})
                continue
            pause = FIRST_PAUSE if was_ready else min(2.0 * pause, LONGEST_PAUSE)
            self._change({"running": False, "text": self._reason()})
            with suppress(TimeoutError):  # or until it is to be started with other options
                await asyncio.wait_for(self._stop.wait(), pause)

    async def _run_once(self) -> bool:
        """Run it to its end; whether it got ready."""
        self._said.clear()
        self.runs += 1
        self._stop.clear()
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *(self.options if self.runs == 1 else not_again(self.options)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            limit=LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for this process, which tells it
        )
        listening = [
            asyncio.create_task(self._read_stdout(process)),
            asyncio.create_task(self._read_stderr(process)),
            asyncio.create_task(self._keep_asking(process)),
        ]
        over = [asyncio.create_task(process.wait()), asyncio.create_task(self._stop.wait())]
        try:
            await asyncio.wait(over, return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                await _end(process)
            await asyncio.wait(listening[:2], timeout=1.0)
            return self._transport is not None
        finally:
            await _end(process)
            for task in (*listening, *over):
                task.cancel()
            if self._transport is not None:
                self._transport.close()
                self._transport = None

    async def _read_stdout(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 (a pipe)
        async for line in process.stdout:
            try:
                told = json.loads(line)
            except ValueError:
                continue
            if told.get("event") != "ready":
                self._follow_device(told)
                self._on_notice(told)
                continue
            await self._connect(told["osc_port"])
            self._former = None
            self._about, self._trouble = told, ""
            self._change(self._well())
            self.ready.set()

    def _follow_device(self, told: dict[str, Any]) -> None:
        """The sound device has gone, or there is one again; it runs on meanwhile."""
        match told.get("event"):
            case "device-lost":
                name = told.get("device")
                self._trouble = f"No sound: the sound device {name} is gone. It is waited for …"
                self._about = {**self._about, "device": None}
            case "device-opened":
                self._trouble = ""
                there = {name: told[name] for name in DEVICE if name in told}
                self._about = {**self._about, **there}
            case _:
                return
        if self.state["running"]:
            self._change(self._well())

    def _well(self) -> State:
        """It runs."""
        trouble = {"text": self._trouble} if self._trouble else {}
        return {"running": True, "about": self._about, **trouble}

    async def _read_stderr(self, process: Process) -> None:
        assert process.stderr is not None  # noqa: S101 (a pipe)
        async for line in process.stderr:
            self._said.append(line.decode(errors="backslashreplace").strip())

    async def _connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Receiver(self._take), remote_addr=(LOOPBACK, port)
        )
        self._heard_at = loop.time()
        self.send(SUBSCRIBE)

    async def _keep_asking(self, process: Process) -> None:
        """Ask for its state again and again, and end it when it is stuck."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SUBSCRIBED_SECONDS / 10.0)
            if self._transport is None:
                continue
            self.send(SUBSCRIBE)
            waited = loop.time() - self._heard_at
            if waited > ANSWER_SECONDS and self.state["running"]:
                silent = {"running": False, "silent": True, "text": "it doesn't answer"}
                self._change({**self.state, **silent})
            if waited > STUCK_SECONDS:
                process.kill()

    def _take(self, packet: bytes) -> None:
        try:
            address, values = unpacked(packet)
        except Malformed:
            return
        self._heard_at = asyncio.get_running_loop().time()
        if not self.state["running"] and not self._stop.is_set():
            self._change(self._well())
        self._on_message(address, values)

    def _change(self, state: State) -> None:
        self.state = state
        self._on_state(state)

    def _reason(self) -> str:
        """What it said last."""
        lines = [line for line in self._said if line]
        return lines[-1].removeprefix("arco: ") if lines else "it ended without a word"


def not_again(options: Iterable[str]) -> list[str]:
    """Options of a later run, which neither learns again nor overwrites what was recorded.

    It records take-2.mid for take.mid.
    """

    def other(option: str) -> str:
        name, given, value = option.partition("=")
        if not given or name not in RECORDINGS:
            return option
        path = Path(value)
        paths = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
        return f"{name}={next(path for path in paths if not path.exists())}"

    return [other(option) for option in options if not option.startswith(LEARN)]


class _Receiver(asyncio.DatagramProtocol):
    """Passes packets on."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 (it is ours)
        """A packet has come."""
        self._take(data)


async def _end(process: Process) -> None:
    """Let it play its last notes and write its recordings, and kill it if it doesn't end."""
    if process.returncode is not None:
        return
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), ENDING_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
