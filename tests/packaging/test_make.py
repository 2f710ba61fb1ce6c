"""What `make` offers."""

import re
import subprocess
from pathlib import Path

from tests.tools import require

ROOT = Path(__file__).parents[2]


def test_make_alone_prints_what_there_is():
    """Without a target nothing is done, and every target is explained."""
    made = subprocess.run(
        [require("make")], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    (targets,) = re.findall(r"^\.PHONY: (help .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    explained = re.findall(r"^  make (\w+) — \S", made, re.MULTILINE)

    assert sorted(explained) == sorted(targets.split())


def test_scripts_can_be_started():
    """Scripts are executable and say what reads them."""
    for name in (".ci/run", "k8s/deploy", "tests/system-packages"):
        script = ROOT / name
        assert script.stat().st_mode & 0o111
        assert script.read_text().startswith("#!/")
