"""nearhit demo-source."""

import json
from pathlib import Path
from urllib.parse import urlsplit

import typer

from service.cli.console import sentences
from service.wiring.demo_source import run_source

__all__ = ["run"]


def run(
    folder: Path | None,
    *,
    host: str,
    port: int,
    key: str,
    latency_ms: float,
    photo_latency_ms: float,
    rate_limit: int,
    announce: bool,
) -> None:
    """Serve the look-alike until told to stop; exit with status 1 where nothing can listen."""

    def tell(url: str) -> None:
        if announce:
            typer.echo(url)
            return
        typer.echo("To search it, start nearhit with:")
        typer.echo(f"NEARHIT_PIXABAY_URL={url}/api/")
        typer.echo(f"NEARHIT_PIXABAY_API_KEY={key}")
        typer.echo(f"NEARHIT_PHOTO_HOSTS='{json.dumps([urlsplit(url).hostname])}'")

    with sentences():
        run_source(
            folder,
            host=host,
            port=port,
            key=key,
            latency_s=latency_ms / 1000,
            photo_latency_s=photo_latency_ms / 1000,
            rate_limit=rate_limit,
            on_listening=tell,
            while_stdin=announce,
        )
