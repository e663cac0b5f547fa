"""The programs that play along through OSC: what they ask of a session, and what it tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from queue import Empty
from typing import TYPE_CHECKING

from instrument.dsp.meter import Levels, levels
from instrument.live.bindings import Binding
from instrument.live.controllers import Controllers
from instrument.live.learn import Learner
from instrument.live.performance import Performance
from instrument.live.recorder import Recorder
from instrument.live.requests import Forget, Learn, Record, Request

if TYPE_CHECKING:
    from instrument.live.osc import OscPort
    from instrument.live.status import Status

NOTHING_BOUND = -1
"""Stands for the controller of a target that has none."""

ANY_CHANNEL = 0

AUDIBLE_DB = -90.0
"""Of a room that rings out: below, nobody watches a meter."""


class Audience:
    """Carries out what programs ask for, and tells them how it is getting on."""

    def __init__(
        self,
        osc: OscPort,
        performance: Performance,
        controllers: Controllers,
        recorder: Recorder,
    ) -> None:
        """Have nothing told yet.

        Args:
            osc: Through which they are heard and told.
            performance: What plays.
            controllers: Of the hardware.
            recorder: Of takes.
        """
        self._osc = osc
        self._performance = performance
        self._controllers = controllers
        self._recorder = recorder
        self._bindings: list[Binding] | None = None
        self._learning: tuple[str, int] = ("", 0)
        self._recording = ""
        self._loud = Levels()

    def look(self, status: Status) -> bool:
        """Carry out what was asked for, and tell how it is getting on.

        Returns:
            Whether something is heard, and somebody wants to know it soon again.
        """
        for request in _last_of_each(self._requests()):
            self._carry_out(request)
        if not self._osc.heard:
            self._bindings = None
            return False
        loud = self._levels(sounding=status.sounding)
        counts = (status.voices, status.notes, status.late_frames, status.underruns, status.dropped)
        self._osc.tell("/status", *counts, status.load, *loud, status.late_notes)
        self._tell_bindings(anew=self._osc.newcomers())
        sounding = ((channel + 1, *at) for channel, *at in self._performance.engine.sounding_notes)
        self._osc.tell("/voices", *chain.from_iterable(sounding))
        return status.voices > 0 or max(loud.peak_left, loud.peak_right) > AUDIBLE_DB

    def _levels(self, *, sounding: bool) -> Levels:
        """How loud it is: a large block may last longer than from one look to the next."""
        playing = self._performance
        new = levels(playing.playback.meter, playing.engine.synth.limiter)
        self._loud = new or (self._loud if sounding else Levels())
        return self._loud

    def _requests(self) -> Iterator[Request]:
        while True:
            try:
                yield self._osc.requests.get_nowait()
            except Empty:
                return

    def _carry_out(self, request: Request) -> None:
        match request:
            case Learn(target):
                self._controllers.learner = Learner([] if target is None else [target])
            case Forget(target):
                self._controllers.knobs.unbind(target)
            case Record(on):
                (self._recorder.begin_take if on else self._recorder.end_take)()

    def _tell_bindings(self, *, anew: bool) -> None:
        """Tell what has changed of bindings, learning and recording; all of it to newcomers."""
        knobs, learner = self._controllers.knobs, self._controllers.learner
        if anew or knobs.bindings is not self._bindings:
            self._bindings = knobs.bindings
            bound = {binding.target: binding for binding in self._bindings}
            for target in self._osc.targets:
                self._osc.tell("/learned", target, *_of(bound.get(target)))
        waiting = None if learner is None else learner.target
        learning = ("", 0) if learner is None or waiting is None else (waiting, learner.one_way)
        if anew or learning != self._learning:
            self._learning = learning
            self._osc.tell("/learning", learning[0], int(learning[1]))
        if anew or self._recorder.running != self._recording:
            self._recording = self._recorder.running
            self._osc.tell("/recording", self._recording)


def _last_of_each(requests: Iterable[Request]) -> Iterable[Request]:
    """What of requests counts: a flood of them begins one take, not many."""
    return {
        request if isinstance(request, Forget) else type(request): request for request in requests
    }.values()


def _of(binding: Binding | None) -> tuple[int, int]:
    """Controller and channel of a binding."""
    if binding is None:
        return NOTHING_BOUND, ANY_CHANNEL
    channel = ANY_CHANNEL if binding.channel is None else binding.channel + 1
    return binding.controller, channel
