"""The look-alike of the photo API, as its own command runs it."""

from collections.abc import Callable
from pathlib import Path

from service.demo.lookalike import lookalike
from service.demo.lookalike.running import run
from service.demo.lookalike.scene_stock import SceneStock

__all__ = ["run_source"]


def run_source(
    folder: Path | None,
    *,
    host: str,
    port: int,
    key: str,
    latency_s: float,
    photo_latency_s: float,
    rate_limit: int,
    on_listening: Callable[[str], None],
    while_stdin: bool,
) -> None:
    """
    Serve the look-alike until told to stop.

    Args:
        folder: Photos to serve; the drawn scenes where None.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        key: The only key taken.
        latency_s: Wait before each answer of the API.
        photo_latency_s: Wait before each photo.
        rate_limit: Calls of the API within 60 s.
        on_listening: Called with the address once it answers.
        while_stdin: Stop also when standard input ends.

    Raises:
        SetupError: If nothing can listen there.
    """
    app = lookalike(
        folder or SceneStock(),
        key=key,
        latency_s=latency_s,
        photo_latency_s=photo_latency_s,
        rate_limit=rate_limit,
    )
    run(app, host=host, port=port, on_listening=on_listening, while_stdin=while_stdin)
