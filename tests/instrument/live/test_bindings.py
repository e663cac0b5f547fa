"""Knobs: what they turn, how they take over, and the file that keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import OutputError, UnknownName, UsageError
from instrument.live.bindings import (
    CONTROLS,
    KINDS,
    NOT_KNOBS,
    TAKEOVERS,
    Binding,
    Kind,
    Knobs,
    Takeover,
    bind,
    config_path,
    controls,
    load_bindings,
    save_bindings,
)
from instrument.midi.channel import CHANNELS, Channel
from instrument.midi.controllers import AXIS_CONTROLLERS, CONTROLLERS
from instrument.midi.events import ControlChange

AXES = ("release-time", "swell", "attack-time")
SWELL = AXIS_CONTROLLERS[1]
KNOB = 20

values = st.integers(0, 127)
channels = st.integers(0, CHANNELS - 1)


def turned(knobs: Knobs, *settings: int, controller: int = KNOB, channel: int = 0) -> list[int]:
    """Values that the target took, as a knob was turned through settings."""
    taken = []
    for setting in settings:
        changes = knobs.translate(ControlChange(channel, controller, setting))
        taken += [change.value for change in changes[:1]]
    return taken


def bound(
    *, channel: int | None = None, kind: Kind = "absolute", takeover: Takeover = "soft"
) -> Knobs:
    """One knob, bound to the swell."""
    return Knobs([Binding("swell", KNOB, channel, kind, takeover)], AXES)


# --- What a knob turns -----------------------------------------------------------------------


@given(channel=channels, controller=values, value=values)
def test_a_controller_that_nothing_binds_is_left_alone(
    channel: int, controller: int, value: int
) -> None:
    event = ControlChange(channel, controller, value)
    assert Knobs([], AXES).translate(event) == [event]


@given(channel=channels, value=values)
def test_a_bound_knob_turns_its_target_on_all_channels(channel: int, value: int) -> None:
    changes = bound().translate(ControlChange(channel, KNOB, value))
    assert changes == [ControlChange(every, SWELL, value) for every in range(CHANNELS)]


@pytest.mark.parametrize(
    ("target", "controller"),
    [
        ("release-time", 71),
        ("swell", 72),
        ("attack-time", 73),
        ("vibrato", 1),
        ("portamento-time", 5),
        ("volume", 7),
        ("pan", 10),
        ("expression", 11),
        ("sustain", 64),
        ("portamento", 65),
        ("sostenuto", 66),
        ("soft", 67),
        ("legato", 68),
    ],
)
def test_a_target_has_a_controller_of_its_own(target: str, controller: int) -> None:
    knobs = Knobs([Binding(target, KNOB)], AXES)
    assert knobs.translate(ControlChange(0, KNOB, 9))[0] == ControlChange(0, controller, 9)


def test_only_the_first_eight_axes_have_a_controller() -> None:
    names = [f"axis-{number}" for number in range(10)]
    assert controls(names).keys() - CONTROLS.keys() == set(names[:8])


def test_a_binding_goes_before_what_midi_makes_of_a_controller() -> None:
    knobs = Knobs([Binding("swell", 1)], AXES)
    changes = knobs.translate(ControlChange(0, 1, 30))
    assert {change.controller for change in changes} == {SWELL}


def test_a_knob_may_be_bound_on_one_channel_only() -> None:
    knobs = bound(channel=3)
    elsewhere = ControlChange(2, KNOB, 30)
    assert knobs.translate(elsewhere) == [elsewhere]
    assert knobs.translate(ControlChange(3, KNOB, 30))[0] == ControlChange(0, SWELL, 30)


def test_a_target_of_another_instrument_is_named_and_its_knob_left_alone() -> None:
    knobs = Knobs([Binding("reed-stiffness", KNOB), Binding("swell", 21)], AXES)
    event = ControlChange(0, KNOB, 30)
    assert knobs.unknown == ["reed-stiffness"]
    assert knobs.translate(event) == [event]


@pytest.mark.parametrize("target", CONTROLS)
def test_a_control_starts_and_is_reset_as_a_channel_is(target: str) -> None:
    control = CONTROLS[target]
    move = CONTROLLERS[control.controller]
    channel = Channel()
    move(channel, control.start)
    assert channel == Channel()
    move(channel, 127 - control.start)
    channel.reset()
    assert (channel == Channel()) is control.resets


# --- Soft takeover ---------------------------------------------------------------------------


def test_a_knob_moves_at_once_what_nothing_has_moved_before() -> None:
    assert turned(bound(), 90, 95) == [90, 95]


def test_a_knob_waits_until_it_reaches_its_target() -> None:
    knobs = bound()
    knobs.turn("swell", 0.5)
    assert turned(knobs, 10, 40, 63) == []
    assert turned(knobs, 64, 66) == [64, 66]


def test_a_knob_takes_over_when_it_crosses_its_target() -> None:
    knobs = bound()
    knobs.turn("swell", 0.5)
    assert turned(knobs, 70, 60, 50) == [60, 50]


def test_a_knob_lets_go_when_its_target_is_moved_by_another() -> None:
    knobs = bound()
    assert turned(knobs, 10) == [10]
    knobs.translate(ControlChange(5, SWELL, 100))
    assert turned(knobs, 20, 90) == []
    assert turned(knobs, 101) == [101]


def test_two_knobs_with_one_target_each_take_over_softly() -> None:
    knobs = Knobs([Binding("swell", KNOB), Binding("swell", 21)], AXES)
    assert turned(knobs, 30) == [30]
    assert turned(knobs, 80, 50, controller=21) == []
    assert turned(knobs, 20, controller=21) == [20]
    assert turned(knobs, 31) == []


def test_one_controller_on_two_channels_is_two_knobs() -> None:
    knobs = bound()
    assert turned(knobs, 30, channel=0) == [30]
    assert turned(knobs, 90, channel=1) == []


def test_breath_moves_what_expression_moves() -> None:
    knobs = Knobs([Binding("expression", KNOB)], AXES)
    knobs.translate(ControlChange(0, 2, 100))
    assert turned(knobs, 30, 101) == [101]


def test_a_reset_moves_vibrato_back_but_no_axis() -> None:
    knobs = Knobs([Binding("vibrato", KNOB), Binding("swell", 21)], AXES)
    assert turned(knobs, 80) == [80]
    assert turned(knobs, 80, controller=21) == [80]
    knobs.translate(ControlChange(0, 121, 0))
    assert turned(knobs, 81, 0) == [0]
    assert turned(knobs, 81, controller=21) == [81]


def test_a_knob_that_jumps_takes_its_target_along() -> None:
    knobs = bound(takeover="jump")
    knobs.turn("swell", 1.0)
    assert turned(knobs, 10) == [10]


def test_a_knob_that_was_set_otherwise_needs_a_name_that_there_is() -> None:
    with pytest.raises(UnknownName, match="did you mean 'swell'"):
        Knobs([], AXES).turn("swel", 0.5)


turns = st.tuples(st.sampled_from(["knob", "other knob", "target itself"]), values)


@given(start=st.none() | st.floats(0.0, 1.0), moves=st.lists(turns, max_size=60))
def test_a_target_never_jumps_further_than_the_knob_was_moved(
    start: float | None, moves: list[tuple[str, int]]
) -> None:
    sources = {"knob": KNOB, "other knob": 21, "target itself": SWELL}
    knobs = Knobs([Binding("swell", KNOB), Binding("swell", 21)], AXES)
    target: int | None = None
    if start is not None:
        knobs.turn("swell", start)
        target = round(127 * start)
    stood: dict[str, int] = {}
    for source, value in moves:
        for change in knobs.translate(ControlChange(0, sources[source], value))[:1]:
            if source != "target itself" and target is not None:
                assert abs(change.value - target) <= abs(value - stood.get(source, value))
            assert change.value == value
            target = value
        stood[source] = value


@given(start=st.floats(0.0, 1.0), sweep=st.lists(values, max_size=20))
def test_a_knob_turned_from_end_to_end_always_takes_over(start: float, sweep: list[int]) -> None:
    knobs = bound()
    knobs.turn("swell", start)
    assert turned(knobs, 0, *sorted(sweep), 127)[-1] == 127


# --- Encoders --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "up_3", "down_2"),
    [("twos-complement", 3, 126), ("binary-offset", 67, 62), ("sign-magnitude", 3, 66)],
)
def test_an_encoder_steps_its_target(kind: Kind, up_3: int, down_2: int) -> None:
    assert turned(bound(kind=kind), up_3, up_3, down_2) == [67, 70, 68]


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_step_of_nothing_changes_nothing(kind: Kind) -> None:
    assert turned(bound(kind=kind), 64 if kind == "binary-offset" else 0) == []


def test_an_encoder_starts_where_its_target_stands() -> None:
    expression = Knobs([Binding("expression", KNOB, kind="twos-complement")], AXES)
    assert turned(expression, 127) == [126]
    swell = bound(kind="twos-complement")
    swell.translate(ControlChange(0, SWELL, 20))
    assert turned(swell, 1) == [21]


@given(
    kind=st.sampled_from(KINDS),
    takeover=st.sampled_from(TAKEOVERS),
    moves=st.lists(st.tuples(channels, values), max_size=60),
)
def test_a_target_stays_within_what_midi_can_say(
    kind: Kind, takeover: Takeover, moves: list[tuple[int, int]]
) -> None:
    knobs = bound(kind=kind, takeover=takeover)
    for channel, value in moves:
        for change in knobs.translate(ControlChange(channel, KNOB, value)):
            assert 0 <= change.value <= 127


# --- Which bindings there are ----------------------------------------------------------------


def test_a_new_binding_takes_the_place_of_those_with_its_target_or_controller() -> None:
    old = [Binding("swell", 20), Binding("pan", 21), Binding("vibrato", 22, channel=1)]
    assert bind(old, Binding("swell", 21)) == [old[2], Binding("swell", 21)]
    assert bind(old, Binding("volume", 22, channel=2))[:3] == old
    assert bind(old, Binding("volume", 22))[:2] == old[:2]


# --- The file --------------------------------------------------------------------------------


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "knobs.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


all_bindings = st.builds(
    Binding,
    target=st.text(min_size=1),
    controller=st.sampled_from(sorted(set(range(128)) - NOT_KNOBS)),
    channel=st.none() | channels,
    kind=st.sampled_from(KINDS),
    takeover=st.sampled_from(TAKEOVERS),
)


@given(bindings=st.lists(all_bindings, unique_by=lambda binding: binding.controller))
def test_bindings_come_back_from_the_file_as_they_were(
    bindings: list[Binding], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("config") / "arco" / "knobs.toml"
    save_bindings(path, bindings)
    assert load_bindings(path) == bindings


def test_without_a_file_nothing_is_bound(tmp_path: Path) -> None:
    assert load_bindings(tmp_path / "knobs.toml") == []


def test_a_person_may_write_the_file_and_leave_out_what_is_usual(tmp_path: Path) -> None:
    text = """
        [[knob]]  # on my desk
        target = "swell"
        controller = 20

        [[knob]]
        target = "pan"
        controller = 20
        channel = 16
        kind = "binary-offset"
        takeover = "jump"
    """
    with pytest.raises(UsageError, match="controller 20 turns 'swell' already"):
        load_bindings(written(tmp_path, text))
    path = written(tmp_path, text.replace("20", "21", 1))
    assert load_bindings(path) == [
        Binding("swell", 21, None, "absolute", "soft"),
        Binding("pan", 20, 15, "binary-offset", "jump"),
    ]


def test_channels_count_from_1_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "knobs.toml"
    save_bindings(path, [Binding("swell", 20, channel=0)])
    assert "channel = 1\n" in path.read_text()


def knob(*lines: str, without: Iterable[str] = ()) -> str:
    usual = {"target": 'target = "swell"', "controller": "controller = 20"}
    kept = [line for name, line in usual.items() if name not in without]
    return "\n".join(["[[knob]]", *kept, *lines])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[knob]", "not TOML: .*line 1.* mend it, or remove it"),
        (b"\xff", "not TOML: 'utf-8' codec"),
        ("x = " + "[" * 5000, "not TOML"),
        (f"x = {'9' * 5000}", "not TOML"),
        ("knob = 5", "write \\[\\[knob\\]\\] above"),
        ("knob = [5]", "write \\[\\[knob\\]\\] above"),
        ("[knob]\ncontroller = 5", "write \\[\\[knob\\]\\] above"),
        ("[[knobs]]", "what is 'knobs'"),
        (knob(without=["target"]), "\\[\\[knob\\]\\] 1: has no target"),
        (knob(without=["controller"]), "\\[\\[knob\\]\\] 1: has no controller"),
        (knob('chanel = "5"'), "no entry named 'chanel'; did you mean 'channel'"),
        (knob("target = 5", without=["target"]), "target = 5: should be a name in quotes"),
        (knob('target = ""', without=["target"]), "target = '': should be a name in quotes"),
        (knob("controller = 128", without=["controller"]), "128: should be .* from 0 to 127"),
        (knob("controller = -1", without=["controller"]), "-1: should be .* from 0 to 127"),
        (knob("controller = 5.0", without=["controller"]), "5.0: should be .* from 0 to 127"),
        (knob("controller = true", without=["controller"]), "True: should be .* from 0 to 127"),
        (knob("controller = 123", without=["controller"]), "123: is part of MIDI itself"),
        (knob("channel = 0"), "channel = 0: should be a number from 1 to 16"),
        (knob("channel = 17"), "channel = 17: should be a number from 1 to 16"),
        (knob('kind = "relative"'), "kind = 'relative': should be absolute, .* or sign-magnitude"),
        (knob("kind = [1]"), "kind = \\[1\\]: should be absolute"),
        (knob('takeover = "hard"'), "takeover = 'hard': should be soft or jump"),
        (knob() + "\n" + knob("channel = 3"), "2: controller 20 turns 'swell' already, in .* 1"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_in_one_line(
    text: str | bytes, said: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError, match=said) as caught:
        load_bindings(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_cannot_be_read_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_bindings(tmp_path)


def test_a_config_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "arco").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        save_bindings(tmp_path / "arco" / "knobs.toml", [])


def test_the_file_lies_in_the_users_config_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ARCO_CONFIG", str(tmp_path))
    assert config_path() == tmp_path / "knobs.toml"
    monkeypatch.delenv("ARCO_CONFIG")
    assert config_path() == Path(typer.get_app_dir("arco")) / "knobs.toml"
