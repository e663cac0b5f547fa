"""Instructions are counted by file, from where a program says that it is ready."""

from __future__ import annotations

import os
import sys
from textwrap import dedent

import pytest

from instrument.bench.callgrind import (
    UNKNOWN,
    by_file,
    count_instructions,
    missing_programs,
)
from instrument.errors import ArcoError

needs_valgrind = pytest.mark.skipif(bool(missing_programs()), reason="Valgrind isn't here")


def test_instructions_belong_to_the_file_that_they_are_from() -> None:
    """A name stands where it is first needed, and what a call cost isn't the caller's."""
    profile = dedent("""
        version: 1
        events: Ir
        ob=(1) /lib/python.so
        fn=(1) call
        0 100
        cob=(2) /lib/graphs.so
        cfn=(2) run
        calls=3 0
        0 7000
        +2 20
        ob=(2)
        fn=(2)
        * 7000
        ob=(3) ???
        fn=(3) 0x55
        0 50
        ob=(1)
        fn=(4) more
        -1 5
        totals: 7175
    """)
    assert by_file(profile) == {"/lib/python.so": 125, "/lib/graphs.so": 7000, UNKNOWN: 50}


def counted(work: str) -> int:
    program = f"print('ready', flush=True); input(); {work}"
    command = [sys.executable, "-S", "-c", program]
    return count_instructions(command, "ready", os.environ).total()


@needs_valgrind
def test_what_a_program_does_once_it_is_ready_is_counted() -> None:
    little, much = counted("pass"), counted("sum(range(1_000_000))")
    assert 0 < little < much
    assert 1e6 < much - little < 1e9


@needs_valgrind
def test_a_program_that_fails_is_an_error_with_its_last_words() -> None:
    with pytest.raises(ArcoError, match="failed under Valgrind"):
        counted("raise SystemExit(3)")
