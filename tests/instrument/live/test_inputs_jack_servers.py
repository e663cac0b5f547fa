"""What is played through JACK arrives, while servers come and go."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from instrument.audio import jack
from instrument.errors import UsageError
from instrument.live.inputs import Changes, Inputs, list_inputs
from tests.instrument.live.jack_inputs import NOTE_ON, becomes, controllers, heard_messages

pytestmark = pytest.mark.live


@pytest.mark.parametrize("death", ["kill", "stop"])
def test_the_server_dies_and_comes_back(
    midi_source: Callable[..., Any],
    jack_server: Any,
    open_inputs: Callable[..., Inputs],
    death: str,
) -> None:
    midi_source()
    inputs = open_inputs()
    for _ in range(3):
        getattr(jack_server, death)()
        assert inputs.poll() == []
        becomes(inputs, lost=["Arco", "Keys:out"])
        assert inputs.poll() == []
        jack_server.start()
        keys = midi_source()
        becomes(inputs, opened=["Arco", "Keys:out"])
        keys.send(controllers(1_000))
        assert heard_messages(inputs, 1_000) == controllers(1_000)


@pytest.mark.parametrize("death", ["kill", "stop"])
def test_the_server_dies_and_comes_back_before_anyone_looks(
    midi_source: Callable[..., Any],
    jack_server: Any,
    open_inputs: Callable[..., Inputs],
    death: str,
) -> None:
    midi_source()
    inputs = open_inputs("keys")
    for _ in range(3):
        getattr(jack_server, death)()
        jack_server.start()
        keys = midi_source()
        assert inputs.refresh() == Changes(lost=["Keys:out"])
        becomes(inputs, opened=["Keys:out"])
        keys.send([NOTE_ON])
        assert heard_messages(inputs, 1) == [NOTE_ON]


def test_the_server_dies_while_its_ports_are_looked_at(
    midi_source: Callable[..., Any],
    jack_server: Any,
    open_inputs: Callable[..., Inputs],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    midi_source()
    inputs = open_inputs()
    with monkeypatch.context() as unaware:
        unaware.setattr(jack.Watcher, "alive", True)
        unaware.setattr(jack.Watcher, "connections", lambda *_: [])
        jack_server.kill()
        assert inputs.refresh().lost == ["Keys:out"]
    becomes(inputs, lost=["Arco"])
    jack_server.start()
    midi_source()
    becomes(inputs, opened=["Arco", "Keys:out"])


@pytest.mark.parametrize("death", ["kill", "stop"])
def test_inputs_of_a_dead_server_can_be_closed(
    midi_source: Callable[..., Any],
    jack_server: Any,
    open_inputs: Callable[..., Inputs],
    death: str,
) -> None:
    midi_source()
    inputs = open_inputs()
    getattr(jack_server, death)()
    inputs.close()
    assert (inputs.names, inputs.poll(), inputs.refresh()) == ([], [], Changes())
    jack_server.start()
    assert open_inputs("virtual").names == ["Arco"]


def test_a_server_that_has_stopped_doesnt_keep_inputs_from_closing(
    jack_server: Any, open_inputs: Callable[..., Inputs]
) -> None:
    inputs = open_inputs()
    jack_server.freeze()
    inputs.close()
    assert inputs.names == []


def test_nothing_is_printed_when_servers_are_missing_or_die(
    only_jack: None,
    make_jack_server: Callable[..., Any],
    capfd: pytest.CaptureFixture[str],
) -> None:
    server = make_jack_server()
    with pytest.raises(UsageError, match="start a JACK server"):
        list_inputs()
    server.start()
    with closing(Inputs()) as inputs:
        server.kill()
        becomes(inputs, lost=["Arco"])
    assert capfd.readouterr() == ("", "")
