"""The process that plays: `arco play --osc`, started, watched, and started again when it dies."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from instrument.errors import UsageError
from instrument.live.osc import LOOPBACK, SUBSCRIBE, SUBSCRIBED_SECONDS, packed, unpacked
from instrument.live.osc_messages import Malformed

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

LONGEST_LINE = 1 << 20
LAST_LINES = 20

State: TypeAlias = dict[str, Any]
"""``running``; and ``text``, what is wrong, or ``about``, the facts that it told when ready."""


class EngineLink:
    """Keeps `arco play` running, and passes OSC messages to and fro.

    Attributes:
        ready: Is set once it has been ready for the first time.
        state: How it is now.
    """

    def __init__(
        self,
        options: Sequence[str],
        on_message: Callable[[str, list[Any]], None],
        on_state: Callable[[State], None],
        on_notice: Callable[[dict[str, Any]], None],
        command: Sequence[str] = (sys.executable, "-c", PROGRAM),
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
        self._command = [*command, "play", "--osc", "0", "--json", *options]
        self._on_message = on_message
        self._on_state = on_state
        self._on_notice = on_notice
        self._transport: asyncio.DatagramTransport | None = None
        self._said: deque[str] = deque(maxlen=LAST_LINES)
        self._heard_at = 0.0

    def send(self, address: str, *values: float | str) -> None:
        """Send an OSC message; while nothing runs it goes nowhere."""
        if self._transport is not None:
            self._transport.sendto(packed(address, *values))

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
            pause = FIRST_PAUSE if was_ready else min(2.0 * pause, LONGEST_PAUSE)
            self._change({"running": False, "text": self._reason()})
            await asyncio.sleep(pause)

    async def _run_once(self) -> bool:
        """Run it to its end; whether it got ready."""
        self._said.clear()
        process = await asyncio.create_subprocess_exec(
            *self._command,
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
        try:
            await process.wait()
            await asyncio.wait(listening[:2], timeout=1.0)
            return self._transport is not None
        finally:
            await _end(process)
            for task in listening:
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
                self._on_notice(told)
                continue
            await self._connect(told["osc_port"])
            self._change({"running": True, "about": told})
            self.ready.set()

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
            silent = loop.time() - self._heard_at
            if silent > ANSWER_SECONDS and self.state["running"]:
                self._change({**self.state, "running": False, "text": "it doesn't answer"})
            if silent > STUCK_SECONDS:
                process.kill()

    def _take(self, packet: bytes) -> None:
        try:
            address, values = unpacked(packet)
        except Malformed:
            return
        self._heard_at = asyncio.get_running_loop().time()
        if not self.state["running"]:
            self._change({"running": True, "about": self.state["about"]})
        self._on_message(address, values)

    def _change(self, state: State) -> None:
        self.state = state
        self._on_state(state)

    def _reason(self) -> str:
        """What it said last."""
        lines = [line for line in self._said if line]
        return lines[-1].removeprefix("arco: ") if lines else "it ended without a word"


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
