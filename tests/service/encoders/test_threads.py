"""The thread policy: decided from cores, applied before the libraries load."""

import os
import subprocess
import sys

import pytest

from service.encoders.threads import ThreadPolicy, usable_cores

APPLY = "from service.encoders.threads import *; policy = ThreadPolicy(2, 1); apply(policy); "


def run(program):
    # Without what this process has applied to itself
    names = ThreadPolicy(1, 1).environment
    bare = {name: value for name, value in os.environ.items() if name not in names}
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=bare,
    )


@pytest.mark.parametrize(
    ("cores", "asked", "threads", "batches"),
    [(8, 0, 1, 8), (2, 0, 1, 2), (1, 0, 1, 1), (8, 2, 2, 4), (2, 2, 2, 1), (2, 6, 6, 1)],
)
def test_a_call_has_one_thread_unless_told(cores, asked, threads, batches):
    """Zero gives a call one thread, and photos the cores side by side; a number asked is taken."""
    policy = ThreadPolicy.of(cores, asked)

    assert (policy.encoder_threads, policy.image_batches) == (threads, batches)


@pytest.mark.parametrize(
    ("cores", "workers", "asked", "threads", "batches"),
    [(8, 2, 0, 1, 4), (8, 3, 0, 1, 2), (2, 4, 0, 1, 1), (8, 2, 2, 2, 2), (2, 2, 6, 6, 1)],
)
def test_workers_share_the_cores(cores, workers, asked, threads, batches):
    """Each worker's photos have its share of the cores, at least one of them."""
    policy = ThreadPolicy.of(cores, asked, workers)

    assert (policy.encoder_threads, policy.image_batches) == (threads, batches)


@pytest.mark.parametrize(("content", "cores"), [("150000 100000", 2), ("50000 100000", 1)])
def test_container_limit_counts_as_cores(tmp_path, monkeypatch, content, cores):
    """A limit of one and a half processors is two cores, of half a one is one."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    quota = tmp_path / "cpu.max"
    quota.write_text(content)

    assert usable_cores(quota) == cores


@pytest.mark.parametrize("content", ["max 100000", "", None])
def test_without_container_limit_affinity_counts(tmp_path, monkeypatch, content):
    """No limit, or none that can be read, leaves the cores of the affinity mask."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    quota = tmp_path / "cpu.max"
    if content is not None:
        quota.write_text(content)

    assert usable_cores(quota) == 3


def test_importing_the_policy_loads_no_library():
    """The policy can come first, as importing it imports neither torch nor NumPy."""
    ran = run("import sys, service.encoders.threads; print({'torch', 'numpy'} & set(sys.modules))")

    assert ran.stdout.strip() == "set()", ran.stderr


def test_libraries_loaded_afterwards_use_the_policy():
    """Torch and FAISS take their threads from the environment the policy set."""
    ran = run(
        APPLY + "import faiss, torch; print(torch.get_num_threads(), faiss.omp_get_max_threads())"
    )

    assert ran.stdout.strip() == "2 2", ran.stderr


def test_no_library_reports_to_its_makers(tmp_path, monkeypatch):
    """ONNX Runtime sends nothing, and leaves no file of its session behind."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    ran = run(APPLY + "import onnxruntime; print('imported')")

    assert ran.stdout.strip() == "imported", ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_confirm_tells_loaded_libraries_what_the_environment_cannot():
    """Torch gets one thread between operations; twice is fine."""
    ran = run(
        APPLY + "import faiss, torch; confirm(policy); confirm(policy); "
        "print(torch.get_num_threads(), torch.get_num_interop_threads(), "
        "faiss.omp_get_max_threads())"
    )

    assert ran.stdout.strip() == "2 1 2", ran.stderr


def test_confirm_imports_nothing():
    """Confirming a policy loads no library that was not there."""
    ran = run(APPLY + "import sys; confirm(policy); print({'torch', 'faiss'} & set(sys.modules))")

    assert ran.stdout.strip() == "set()", ran.stderr


def test_applying_too_late_is_refused():
    """Once torch is loaded, another number can no longer be set, and that is said."""
    ran = run("import torch; " + APPLY)

    assert "SetupError: The thread policy must be applied before torch is imported" in ran.stderr


def test_applying_the_same_again_is_fine():
    """A policy that holds already may be applied at any time."""
    ran = run(APPLY + "import torch; apply(policy); print('fine')")

    assert ran.stdout.strip() == "fine", ran.stderr
