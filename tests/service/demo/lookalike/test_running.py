"""The look-alike as a process of its own."""

import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from service.demo.lookalike import lookalike
from service.demo.lookalike.running import run
from service.errors import SetupError

ROOT = Path(__file__).parents[4]
PROGRAM = """
import sys
from pathlib import Path
from service.demo.lookalike import lookalike
from service.demo.lookalike.running import run

def tell(url):
    print(url, flush=True)

run(lookalike(Path(sys.argv[1])), host="127.0.0.1", port=0, on_listening=tell, while_stdin={})
"""
PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
print(child.pid, flush=True)
time.sleep(60)
"""


def has_ended(process):
    """Whether a process ends within ten seconds; nobody may be there to bury an orphan."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def command(folder, *, while_stdin):
    return [sys.executable, "-c", PROGRAM.format(while_stdin), str(folder)]


@contextmanager
def started(*arguments):
    """Run a command while the block runs."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(arguments, cwd=ROOT, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_tells_its_address_and_ends_with_its_standard_input(folder):
    """The first line is the address of the port it got; when the input closes it ends well."""
    with started(*command(folder, while_stdin=True)) as process:
        url = process.stdout.readline().strip()
        assert httpx.get(f"{url}/counters").json()["api_calls"] == 0

        process.stdin.close()

        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_it_does_not_outlive_a_parent_that_is_killed(folder):
    """No orphan stays, whatever happens to who started it."""
    with started(sys.executable, "-c", PARENT, *command(folder, while_stdin=True)) as parent:
        child = psutil.Process(int(parent.stdout.readline()))
        assert parent.stdout.readline().startswith("http://")

        parent.kill()

        assert has_ended(child)


@pytest.mark.parametrize("while_stdin", [True, False])
def test_ctrl_c_ends_it_quietly(folder, while_stdin):
    """No traceback, also while standard input is waited for."""
    with started(*command(folder, while_stdin=while_stdin)) as process:
        process.stdout.readline()

        process.send_signal(signal.SIGINT)

        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_down_closes_connections_on_its_own_loop_too(folder):
    """Whatever event loop a process runs on, `down` is no answer at all."""
    with started(*command(folder, while_stdin=True)) as process:
        url = process.stdout.readline().strip()
        httpx.put(f"{url}/faults", json={"api": "down"})

        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{url}/api/")

        process.stdin.close()
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_it_ends_while_photos_are_endless(folder):
    """Answers without an end do not keep it."""
    with started(*command(folder, while_stdin=True)) as process:
        url = process.stdout.readline().strip()
        httpx.put(f"{url}/faults", json={"others": "endless", "share": 1})
        hit = httpx.get(f"{url}/api/", params={"key": "demo-key"}).json()["hits"][0]
        with httpx.stream("GET", hit["previewURL"]) as answer:
            next(answer.iter_raw())
            process.stdin.close()

            assert process.wait(10) == 0


def test_without_standard_input_it_ends_at_once(folder):
    """Where nothing can end, nothing is waited for."""
    ran = subprocess.run(
        command(folder, while_stdin=True),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        timeout=30,
        check=False,
    )

    assert ran.returncode == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "999.1.1.1", "a..b", "203.0.113.1"])
def test_where_nothing_can_listen_it_says_so(folder, host):
    """A port that is taken, and hosts that are none of ours."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"Nothing can listen on {host}, port {port}."):
            run(lookalike(folder), host=host, port=port, on_listening=print)


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")
def test_an_address_of_ipv6_is_written_in_brackets(folder):
    """The address told can be called."""
    program = PROGRAM.format(True).replace("127.0.0.1", "::1")
    with started(sys.executable, "-c", program, str(folder)) as process:
        url = process.stdout.readline().strip()

        assert url.startswith("http://[::1]:")
        assert httpx.get(f"{url}/counters").status_code == 200
