"""The deploy script, run against a kubectl that only writes down what it is asked."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.tools import require

SCRIPT = Path(__file__).parents[2] / "k8s" / "deploy"
KEY = "0123-key-of-a-test"
# Renders for real, says yes to everything else, and keeps arguments and input apart
KUBECTL = """\
#!/usr/bin/env bash
set -eu
echo "$*" >>"$RECORD/arguments"
case $1 in
    kustomize) exec "$REAL_KUBECTL" "$@" ;;
    get) exit 1 ;;
    create) [[ $2 = namespace ]] || { echo "kind: Secret"; cat; } ;;
    apply)
        from=${!#}
        from=${from#--filename=}
        { cat "${from/#-//dev/stdin}"; echo ---; } >>"$RECORD/applied"
        ;;
esac
"""


@pytest.fixture
def deploy(tmp_path):
    """Run the script with arguments and a key; return how it ended."""
    fake = tmp_path / "bin" / "kubectl"
    fake.parent.mkdir()
    fake.write_text(KUBECTL)
    fake.chmod(0o755)

    def run(*arguments, key=""):
        environment = os.environ | {
            "PATH": f"{fake.parent}:{os.environ['PATH']}",
            "REAL_KUBECTL": require("kubectl"),
            "RECORD": str(tmp_path),
            "NEARHIT_PIXABAY_API_KEY": key,
        }
        return subprocess.run(
            [SCRIPT, *arguments], env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.parametrize(
    "image",
    [
        "registry.example:5000/team/nearhit:1.2",
        "registry.example:5000/team/nearhit@sha256:" + "0" * 64,
        "nearhit:1.2",
    ],
)
def test_deploys_the_image_it_is_given(deploy, tmp_path, image):
    """Every container of the deployment runs the image, by tag or by digest."""
    ended = deploy(image)

    assert ended.returncode == 0, ended.stderr
    pod = applied(tmp_path)["Deployment"]["spec"]["template"]["spec"]
    assert {each["image"] for each in pod["initContainers"] + pod["containers"]} == {image}


def test_an_image_without_a_tag_is_the_latest(deploy, tmp_path):
    """A port of the registry is not taken for a tag."""
    deploy("registry.example:5000/nearhit")

    pod = applied(tmp_path)["Deployment"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"] == "registry.example:5000/nearhit:latest"


def test_deploys_into_the_namespace_it_is_given(deploy, tmp_path):
    """Every document says the namespace, which is made where it is missing."""
    deploy("nearhit:1", "pictures")

    assert {each["metadata"]["namespace"] for each in applied(tmp_path).values()} == {"pictures"}
    assert "create namespace pictures" in asked(tmp_path)


def test_waits_for_the_rollout(deploy, tmp_path):
    """The last word is kubectl's on whether nearhit is ready."""
    deploy("nearhit:1")

    assert asked(tmp_path)[-1].startswith("rollout status deployment/nearhit")


def test_the_key_is_never_an_argument(deploy, tmp_path):
    """The key reaches the secret by way of pipes alone, and is not printed."""
    ended = deploy("nearhit:1", key=KEY)

    assert KEY in (tmp_path / "applied").read_text()
    assert not any(KEY in line for line in asked(tmp_path))
    assert KEY not in ended.stdout + ended.stderr


def test_without_a_key_the_secret_is_left_alone(deploy, tmp_path):
    """A secret made before stays as it is."""
    deploy("nearhit:1")

    assert not any("secret" in line for line in asked(tmp_path))


@pytest.mark.parametrize(
    "arguments", [(), ("",), ("--help",), ("nearhit:1", "Not A Name"), ("a:1", "b", "c")]
)
def test_refuses_what_it_does_not_understand(deploy, tmp_path, arguments):
    """A wrong call ends with a sentence before anything is asked of the cluster."""
    ended = deploy(*arguments)

    assert ended.returncode == 1
    assert ended.stderr
    assert not (tmp_path / "arguments").exists()


def asked(folder: Path) -> list[str]:
    return (folder / "arguments").read_text().splitlines()


def applied(folder: Path) -> dict[str, dict]:
    documents = yaml.safe_load_all((folder / "applied").read_text())
    return {document["kind"]: document for document in documents if document}
