"""The programs that are measured: what they say, and what is missing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from instrument import display as ui
from instrument.bench.live.measure import measure_live
from instrument.bench.live.programs import OwnCounts, missing_fluidsynth
from instrument.errors import UsageError
from instrument.live.session import LiveSettings, Status

# --- What Arco says ------------------------------------------------------------------------------


def status(**counts: Any) -> Status:
    nothing: dict[str, Any] = dict.fromkeys(Status.__dataclass_fields__, 0)
    return Status(
        **{
            **nothing,
            "sounding": True,
            "last_change": None,
            "learning": None,
            "unknown_bindings": (),
            **counts,
        }
    )


def test_the_counts_are_read_from_what_arco_really_says() -> None:
    counts = {
        "notes": 1000,
        "dropped": 1,
        "messages_lost": 2,
        "postponed": 3,
        "late_frames": 4,
        "late_notes": 5,
        "underruns": 6,
    }
    said = "\n".join(ui.report_sentences(status(**counts), LiveSettings()))
    assert OwnCounts.read(said) == OwnCounts(0.0, 1000, 1, 2, 3, 4, 5, 6)


def test_the_latency_is_read_from_what_arco_really_says() -> None:
    class Session:
        latency_seconds = (0.0027, 0.0)
        device = None
        inputs = ()

    said = "\n".join(ui.ready_sentences(Session()))  # type: ignore[arg-type]
    assert OwnCounts.read(said).latency_ms == 2.7


def test_what_went_well_is_a_zero() -> None:
    said = "\n".join(ui.report_sentences(status(notes=7), LiveSettings()))
    assert OwnCounts.read(said) == OwnCounts(notes=7)


# --- What is missing -----------------------------------------------------------------------------


def test_without_jack_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jack", None)
    with pytest.raises(UsageError, match=r"JACK-Client isn't installed: pip install 'arco\[bench"):
        measure_live(1)


def test_without_fluidsynth_or_a_soundfont_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folders in ("PATH", "XDG_DATA_HOME", "XDG_DATA_DIRS"):
        monkeypatch.setenv(folders, str(tmp_path))
    assert "apt install fluidsynth" in missing_fluidsynth(None)
    (tmp_path / "fluidsynth").touch(0o755)
    assert "apt install fluid-soundfont-gm" in missing_fluidsynth(None)
    soundfont = tmp_path / "some.sf2"
    assert f"there is no soundfont {soundfont}" in missing_fluidsynth(soundfont)
    soundfont.touch()
    assert missing_fluidsynth(soundfont) == ""
