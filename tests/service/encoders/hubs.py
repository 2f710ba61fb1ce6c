"""A model hub on loopback: the calls a download makes, over real HTTP."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

MAIN = "a" * 40
NAME = "somebody/model"


class FakeHub:
    """
    One repository of one revision.

    Args:
        folder: Its files.
        stalls: Whether weights never come to an end.
    """

    def __init__(self, folder, *, stalls=False):
        self.folder = folder
        self.downloaded = []
        self.closing = threading.Event()
        self.stalls = stalls

    def answer(self, path):
        """Return the JSON of an API path, None where there is none."""
        prefix = f"/api/models/{NAME}"
        if not path.startswith(prefix):
            return None
        files = self._files()
        if path.removeprefix(prefix).startswith("/tree"):
            return [
                {"type": "file", "path": name, "size": len(content), "oid": _etag(content)}
                for name, content in files.items()
            ]
        return {
            "id": NAME,
            "sha": MAIN,
            "siblings": [{"rfilename": name, "size": len(files[name])} for name in files],
        }

    def file(self, path):
        """Return a file's content, None where there is none."""
        prefix = f"/{NAME}/resolve/"
        if not path.startswith(prefix):
            return None
        _revision, _, name = path.removeprefix(prefix).partition("/")
        return self._files().get(name)

    def _files(self):
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self._file(body=False)

    def do_GET(self):
        answer = self.server.hub.answer(unquote(urlsplit(self.path).path))
        if answer is None:
            self._file(body=True)
        else:
            self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

    def _file(self, *, body):
        path = unquote(urlsplit(self.path).path)
        hub = self.server.hub
        content = hub.file(path)
        if content is None:
            self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
            return
        if body:
            hub.downloaded.append(Path(path).name)
        headers = {"ETag": f'"{_etag(content)}"', "X-Repo-Commit": MAIN}
        if body and hub.stalls and path.endswith(".safetensors"):
            hub.closing.wait()
        self._send(200, content, headers, body=body)

    def _send(self, status, content, headers, *, body=True):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_args):
        """Keep quiet."""


@contextmanager
def serve(hub):
    """Serve a hub on loopback and yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.hub = hub
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        hub.closing.set()
        server.shutdown()
        thread.join()


def _etag(content):
    return hashlib.sha1(content).hexdigest()
