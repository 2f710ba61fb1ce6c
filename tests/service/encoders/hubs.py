"""A model hub on loopback: the calls a download makes, over real HTTP."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

MAIN = "a" * 40
CONVERSION = "b" * 40
NAME = "somebody/model"

_TITLE = "Adding `safetensors` variant of this model"


class FakeHub:
    """
    One repository: `main`, and where given a request that converts its weights.

    Args:
        main: Folder of the main revision.
        conversion: Folder of the request's revision.
        author: Who opened the request.
        parent: Commit the request builds on.
    """

    def __init__(self, main, conversion=None, *, author="SFconvertbot", parent=MAIN):
        self.folders = {MAIN: main}
        self.revisions = {"main": MAIN, MAIN: MAIN}
        self.author = author
        self.parent = parent
        if conversion:
            self.folders[CONVERSION] = conversion
            self.revisions |= {"refs/pr/7": CONVERSION, CONVERSION: CONVERSION}
        self.downloaded = []

    def answer(self, path):
        """Return the JSON of an API path, None where there is none."""
        prefix = f"/api/models/{NAME}"
        if not path.startswith(prefix):
            return None
        call, _, rest = path.removeprefix(prefix).lstrip("/").partition("/")
        if call == "discussions":
            return self._discussions()
        commit = self.revisions[rest.removesuffix("/")]
        if call == "commits":
            return [self._commit(commit), self._commit(self.parent)]
        files = self._files(commit)
        if call == "tree":
            return [
                {"type": "file", "path": name, "size": len(content), "oid": _etag(content)}
                for name, content in files.items()
            ]
        return {
            "id": NAME,
            "sha": commit,
            "siblings": [{"rfilename": name, "size": len(files[name])} for name in files],
        }

    def file(self, path):
        """Return a file's commit and content, None where there is none."""
        prefix = f"/{NAME}/resolve/"
        if not path.startswith(prefix):
            return None
        revision, _, name = path.removeprefix(prefix).partition("/")
        return self.revisions[revision], self._files(self.revisions[revision]).get(name)

    def _files(self, commit):
        folder = self.folders[commit]
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths}

    def _discussions(self):
        request = {
            "num": 7,
            "title": _TITLE,
            "status": "open",
            "author": {"name": self.author},
            "isPullRequest": True,
            "createdAt": "2024-01-01T00:00:00.000Z",
            "repo": {"name": NAME, "type": "model"},
        }
        requests = [request] if CONVERSION in self.folders else []
        return {"count": len(requests), "start": 0, "discussions": requests}

    def _commit(self, commit):
        return {
            "id": commit,
            "title": "A commit",
            "message": "",
            "date": "2024-01-01T00:00:00.000Z",
            "authors": [],
        }


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
        commit, content = self.server.hub.file(path) or (None, None)
        if content is None:
            self._send(404, b"", {"X-Error-Code": "RepoNotFound"})
            return
        if body:
            self.server.hub.downloaded.append(Path(path).name)
        headers = {"ETag": f'"{_etag(content)}"', "X-Repo-Commit": commit}
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
        server.shutdown()
        thread.join()


def _etag(content):
    return hashlib.sha1(content).hexdigest()
