"""Commands and their options; each imports what it needs when it runs, so `--help` is quick."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["app"]

app = typer.Typer(
    name="nearhit",
    help="Picture search in natural language, with a semantic cache.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models = typer.Typer(help="Look at the models the settings name, or download them.")
app.add_typer(models, name="models", no_args_is_help=True)

_Url = Annotated[
    str | None,
    typer.Option(help="Address of a running service.", show_default="where the settings put it"),
]


@app.command()
def serve(
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on.", show_default="NEARHIT_HOST, or 127.0.0.1"),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="Port to listen on; 0 takes a free one.",
            show_default="NEARHIT_PORT, or 8080",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            help="Processes that share the port; each loads the models.",
            show_default="NEARHIT_WORKERS, or 1",
        ),
    ] = None,
) -> None:
    """
    Serve searches over HTTP until told to stop.

    What is searched and how is for settings to say: variables NEARHIT_…, or a
    file `.env` in this folder. docs/settings.md lists them all.
    """
    from service.cli import serve as command

    command.run(host, port, workers)


@app.command(hidden=True)
def worker() -> None:
    """Be one of the processes that `nearhit serve` starts for itself."""
    from service.cli import worker as command

    command.run()


@app.command()
def search(
    tag: Annotated[str, typer.Argument(help="Tag that pulls the pool of photos.")],
    query: Annotated[str, typer.Argument(help="What the photos should show.")],
    k: Annotated[int, typer.Option("--k", "-k", help="Photos wanted, 1 to 200.")] = 3,
    fresh: Annotated[bool, typer.Option("--fresh", help="Pass over remembered answers.")] = False,
    min_similarity: Annotated[
        float | None, typer.Option(help="Similarity a remembered query must reach.")
    ] = None,
    url: _Url = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Search a running service: a bar and the best so far while photos arrive, then a table."""
    from service.cli import search as command

    command.run(tag, query, k, fresh=fresh, min_similarity=min_similarity, url=url, as_json=as_json)


@app.command()
def stats(
    url: _Url = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Show the cache statistics of a running service."""
    from service.cli import stats as command

    command.run(url, as_json=as_json)


@app.command()
def warm(
    file: Annotated[
        typer.FileBinaryRead,
        typer.Argument(
            metavar="FILE",
            help="Searches to remember: JSONL, or CSV whose first line names the columns tag and "
            "query; `-` for standard input.",
        ),
    ],
    url: _Url = None,
    batch: Annotated[
        int, typer.Option(min=1, max=100, help="Searches sent with one call, at most.")
    ] = 5,
    timeout_s: Annotated[
        float, typer.Option(min=0, help="Longest wait without a search done, in seconds.")
    ] = 300.0,
) -> None:
    """Have a running service remember searches before anybody asks; needs NEARHIT_ADMIN_TOKEN."""
    from service.cli import warm as command

    command.run(file, url, batch=batch, timeout_s=timeout_s)


@app.command()
def delete(
    tag: Annotated[str | None, typer.Option(help="Delete entries and pools of this tag.")] = None,
    query: Annotated[
        str | None, typer.Option(help="Delete entries of this query; with --tag, only there.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Delete all there is.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before deleting all.")] = False,
    url: _Url = None,
) -> None:
    """Delete what a running service remembers, on all replicas; needs NEARHIT_ADMIN_TOKEN."""
    from service.cli import delete as command

    command.run(tag, query, everything=everything, yes=yes, url=url)


@app.command("demo-source")
def demo_source(
    folder: Annotated[
        Path | None,
        typer.Option(
            help="Folder of photos to serve in place of the drawn ones.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 8090,
    key: Annotated[str, typer.Option(help="The only API key taken.")] = "demo-key",
    latency_ms: Annotated[float, typer.Option(min=0, help="Wait before each answer.")] = 0.0,
    photo_latency_ms: Annotated[float, typer.Option(min=0, help="Wait before each photo.")] = 0.0,
    rate_limit: Annotated[int, typer.Option(min=1, help="Calls of the API within 60 s.")] = 100,
    announce: Annotated[
        bool,
        typer.Option(
            "--announce", help="Print the address alone, and stop when standard input ends."
        ),
    ] = False,
) -> None:
    """Serve a look-alike of the Pixabay API, offline, with pictures of its own."""
    from service.cli import demo_source as command

    command.run(
        folder,
        host=host,
        port=port,
        key=key,
        latency_ms=latency_ms,
        photo_latency_ms=photo_latency_ms,
        rate_limit=rate_limit,
        announce=announce,
    )


@models.command("list")
def models_list() -> None:
    """Show the models the settings name and whether they are on this machine."""
    from service.cli import models as command

    command.show()


@models.command("pull")
def models_pull() -> None:
    """Download the models the settings name, where they are not here yet."""
    from service.cli import models as command

    command.pull()
