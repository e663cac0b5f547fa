"""Bindings: which there are, and the file that keeps them."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from instrument.errors import OutputError, UsageError
from instrument.live.bindings import (
    KINDS,
    NOT_KNOBS,
    TAKEOVERS,
    Binding,
    bind,
    config_path,
    load_bindings,
    save_bindings,
    save_changes,
)
from instrument.midi.channel import CHANNELS
from instrument.midi.controllers import AXIS_CONTROLLERS

AXES = ("release-time", "swell", "attack-time")
SWELL = AXIS_CONTROLLERS[1]
KNOB = 20

values = st.integers(0, 127)
channels = st.integers(0, CHANNELS - 1)


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


def test_only_what_has_changed_is_written(tmp_path: Path) -> None:
    """Each of two that play keeps what the other has learned."""
    path = tmp_path / "knobs.toml"
    at_first = [Binding("swell", 20), Binding("pan", 21)]
    save_bindings(path, at_first)
    save_changes(path, at_first, bind(at_first, Binding("vibrato", 22)))
    save_changes(path, at_first, [Binding("pan", 21), Binding("swell", 23)])
    assert load_bindings(path) == [Binding("pan", 21), Binding("vibrato", 22), Binding("swell", 23)]
    save_changes(path, at_first, [Binding("swell", 20)])
    assert load_bindings(path) == [Binding("vibrato", 22), Binding("swell", 23)]


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


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="the variable is XDG's")
@pytest.mark.parametrize("folder", ["", "config"])
def test_a_config_folder_that_is_not_absolute_counts_as_none(
    monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.delenv("ARCO_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", folder)
    assert config_path() == Path.home() / ".config" / "arco" / "knobs.toml"
