"""The command line as a user runs it."""

import subprocess

from tests.servers import NEARHIT

__all__ = ["fails", "nearhit"]


def nearhit(
    *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does, in a terminal wide enough for a table."""
    return subprocess.run(
        [str(NEARHIT), *arguments],
        env={"PATH": "", "COLUMNS": "160", **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def fails(ran: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence of a command that failed as a command should."""
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    (sentence,) = [line for line in ran.stderr.splitlines() if line.startswith("nearhit: ")]
    return sentence
