"""Devices on the page: what there is, and the choice of it."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from instrument.errors import UsageError
from instrument.live.inputs import VIRTUAL
from instrument.programs import python_program
from instrument.ui.engine_link import EngineLink

LOOK = python_program(
    "from instrument.cli import main; raise SystemExit(main(['devices', '--json']))"
)
"""Drivers are asked in a process of its own: none of them can hold up or end the page's."""

LOOK_SECONDS = 20.0
OUTPUT, INPUT = "--audio-out=", "--midi-in="


class Devices:
    """The sound devices and MIDI inputs of this computer."""

    def __init__(
        self,
        link: EngineLink,
        tell: Callable[[Mapping[str, Any]], None],
        command: Sequence[str] = LOOK,
    ) -> None:
        """Know of none yet.

        Args:
            link: To what plays.
            tell: Takes what there is, and what is chosen.
            command: That tells what there is, as JSON.
        """
        self._link = link
        self._tell = tell
        self._command = command
        self._outputs: list[str] = []
        self._inputs: list[str] = []
        self._looking: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Find out what there is, and tell it."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())

    def choose(self, output: str, midi_in: str) -> None:
        """Play on a device, from an input; the process that plays begins anew.

        Args:
            output: As it was told; empty for the default one.
            midi_in: The same, or "virtual"; empty for all.

        Raises:
            UsageError: There is no such device.
        """
        outputs = ("", self._chosen(OUTPUT), *self._outputs)
        inputs = ("", VIRTUAL, self._chosen(INPUT), *self._inputs)
        if output not in outputs or midi_in not in inputs:
            raise UsageError("there is no such device any more; look again")
        kept = [each for each in self._link.options if not each.startswith((OUTPUT, INPUT))]
        chosen = [OUTPUT + output] * bool(output) + [INPUT + midi_in] * bool(midi_in)
        self._link.restart([*kept, *chosen])
        self.tell()

    def tell(self, trouble: Sequence[str] = ()) -> None:
        """Tell what there is as far as it is known, and what is chosen."""
        self._tell(
            {
                "outputs": self._outputs,
                "inputs": self._inputs,
                "output": self._chosen(OUTPUT),
                "input": self._chosen(INPUT),
                "trouble": [*trouble],
            }
        )

    def _chosen(self, option: str) -> str:
        given = [each for each in self._link.options if each.startswith(option)]
        return given[-1].removeprefix(option) if given else ""

    async def _look(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
        )
        try:
            said, _ = await asyncio.wait_for(process.communicate(), LOOK_SECONDS)
            found = json.loads(said)
            outputs, inputs = found["outputs"], found["inputs"]
            self._outputs = [f"{each['name']} ({each['api']})" for each in outputs["found"]]
            self._inputs = [*dict.fromkeys(each["name"] for each in inputs["found"])]
            errors = outputs["error"], inputs["error"]
            self.tell([error for error in errors if error])
        except (TimeoutError, ValueError, LookupError, TypeError):
            self.tell(["the devices don't answer"])
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
