"""
Standard input as a lifeline: it ends when the process that holds its other end does.

So a child notices that its parent has gone, on every system and however that
went.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress

__all__ = ["hold"]

_STDIN = 0


def hold(on_end: Callable[[], object], *, grace_s: float | None = None) -> None:
    """
    Have a function called once standard input ends, from a thread of its own.

    Args:
        on_end: Called in that thread.
        grace_s: Seconds after which the process is ended hard, should it still run;
            None leaves it alone.
    """

    def wait() -> None:
        # Not through sys.stdin: its lock, held while this waits, would stop the process
        # from ending in another way.
        with suppress(OSError):  # raised where there is none
            while os.read(_STDIN, 4096):
                pass
        on_end()
        if grace_s is not None:
            time.sleep(grace_s)
            os._exit(1)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
