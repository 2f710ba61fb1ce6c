"""Children that notice the end of their standard input."""

import subprocess
import sys

WAIT = "time.sleep(60)"


def run(program: str) -> int:
    """Run a child whose standard input ends at once; return its exit status."""
    imports = "import os, sys, time; from service import lifeline; "
    return subprocess.run(
        [sys.executable, "-c", imports + program],
        stdin=subprocess.DEVNULL,
        timeout=30,
        check=False,
    ).returncode


def test_the_end_of_standard_input_is_told():
    """A child may end in its own way."""
    assert run(f"lifeline.hold(lambda: os._exit(3)); {WAIT}") == 3


def test_who_does_not_end_in_time_is_ended():
    """A child that is stuck outlives its parent by the grace alone."""
    assert run(f"lifeline.hold(lambda: None, grace_s=0.1); {WAIT}") == 1


def test_without_a_grace_nobody_is_ended():
    """Who only wants to know is left alone."""
    program = "lifeline.hold(lambda: print('told')); time.sleep(0.5); sys.exit(4)"

    assert run(program) == 4
