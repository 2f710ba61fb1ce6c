"""The published approach, rebuilt for comparison: it does what it is said to do."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from benchmarks.published import Published
from benchmarks.redis_server import redis_server
from tests import models
from tests.service.sources.doubles import jpeg
from tests.tools import require


class Stock(BaseHTTPRequestHandler):
    """Three photos, whatever the tag."""

    def do_GET(self):
        self.server.asked.append(self.path)
        host = f"http://127.0.0.1:{self.server.server_port}"
        hits = [{"webformatURL": f"{host}/{colour}.jpg"} for colour in ("red", "green", "navy")]
        name = self.path.rpartition("/")[2].partition(".")[0]
        is_photo = self.path.endswith(".jpg")
        body = jpeg(color=name) if is_photo else json.dumps({"hits": hits}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        return


@pytest.fixture
def stock():
    """A photo source."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stock)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_photos_are_downloaded_for_the_first_query_alone(stock, tmp_path):
    """A second query finds the pictures in Redis, and still ranks all of them."""
    require("redis-server")
    folder = models.tiny_clip(tmp_path / "clip")

    with redis_server() as server:
        rival = Published(folder, server.url(0), stock.server_port)
        first = rival.search("fruit", "a red apple")
        downloads = len(stock.asked)
        second = rival.search("fruit", "a green apple")

    assert downloads == 1 + 3
    assert len(stock.asked) == downloads
    assert len(first) == len(second) == 3
    assert sum(score for _, score in first) == pytest.approx(1)
