"""``arco corpus``: what it prints, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from instrument.cli import options

Arco = Callable[..., tuple[int, str, str]]
Refused = Callable[..., str]


@pytest.fixture
def make(arco: Arco, tiny_instrument: Path) -> Arco:
    """``arco corpus song.mid -o set`` in this process, and what a test adds."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        given = arguments or ("song.mid",)
        options = ("-o", "set", "--workers", "0", "--instrument", tiny_instrument)
        return arco("corpus", *given, *options)

    return run


def test_a_corpus_is_made_checked_and_gone_on_with(make: Arco, arco: Arco, desk: Path) -> None:
    status, out, err = make("song.mid", "letter.mid", "--variants=2", "--tempo=2..4", "--shards")
    assert (status, err) == (0, "")
    assert "2 items, 2 of them new" in out
    assert "letter.mid" in out
    assert len(list((desk / "set/shards").iterdir())) == 1
    told = json.loads(make("song.mid", "--variants=2", "--tempo=2..4", "--json")[1])
    assert {name: told[name] for name in ("items", "new", "refused", "strays")} == {
        "items": 2,
        "new": 0,
        "refused": 0,
        "strays": 0,
    }
    assert arco("corpus", "check", "set")[0] == 0
    next((desk / "set").glob("items/*/*/mix.flac")).unlink()
    status, out, err = arco("corpus", "check", "set", "--json")
    assert status == 2
    assert len(json.loads(out)["wrong"]) == 1
    assert len(err.splitlines()) == 1


def test_a_dry_run_tells_how_much_it_will_be_and_makes_nothing(make: Arco, desk: Path) -> None:
    status, out, err = make("song.mid", "letter.mid", "--variants=2", "--dry-run", "--json")
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert (told["items"], told["refused"]) == (2, 2)
    assert not (desk / "set").exists()


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_where_no_score_can_be_played_the_status_says_so(make: Arco, more: tuple[str, ...]) -> None:
    status, _, err = make("letter.mid", *more)
    assert status == 2
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("missing.mid", "missing.mid"),
        ("folder.wav", "scores"),
        ("song.mid --variants 0", "variants 0"),
        ("song.mid --tempo 0..1", "--tempo 0"),
        ("song.mid --transpose 1..x", "--transpose 1..x"),
        ("song.mid --knob swell", "--knob swell"),
        ("song.mid --knob no-such-knob=0..1", "no-such-knob"),
        ("song.mid --preset no-such-preset", "no-such-preset"),
        ("song.mid --split 1,2", "--split"),
        ("song.mid --frame-rate 0", "frame rate 0"),
        ("song.mid --sample-rate 96001", "sample rate 96001"),
        ("song.mid --workers -1", "--workers -1"),
        ("song.mid --workers 1 --memory-limit lots", "--memory-limit lots"),
        ("song.mid --workers 1 --memory-limit 1MB", "--memory-limit 1MB"),
        ("song.mid --joins glue", "--joins"),
    ],
)
def test_bad_input_gives_one_line_and_leaves_nothing(
    arco: Arco, refused: Refused, tiny_instrument: Path, arguments: str, said: str
) -> None:
    rest = ("-o", "set", "--instrument", tiny_instrument)
    assert said in refused(arco, "corpus", *arguments.split(), *rest)


@pytest.mark.parametrize("arguments", ["corpus", "corpus --help", "corpus make --help"])
def test_help_is_there(arco: Arco, arguments: str) -> None:
    status, out, _ = arco(*arguments.split())
    assert status in {0, 2}
    assert "corpus" in out


def test_a_missing_library_is_named_with_how_to_get_it(
    arco: Arco, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(name: str) -> Any:
        return None if name == "pyarrow" else find_spec(name)

    monkeypatch.setattr(options, "find_spec", found)
    line = refused(arco, "corpus", "song.mid", "-o", "set")
    assert "pyarrow" in line
    assert "'.[corpus]'" in line
