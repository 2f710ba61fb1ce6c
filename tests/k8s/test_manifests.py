"""The Kubernetes manifests, as kustomize renders them."""

import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from service.settings import Settings
from tests.tools import require

BASE = Path(__file__).parents[2] / "k8s" / "base"
KINDS = [
    "ConfigMap",
    "Deployment",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Service",
    "ServiceAccount",
]


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    """Every rendered document by its kind."""
    rendered = subprocess.run(
        [require("kubectl"), "kustomize", str(BASE)], check=True, capture_output=True, text=True
    )
    found = list(yaml.safe_load_all(rendered.stdout))
    assert sorted(document["kind"] for document in found) == KINDS
    return {document["kind"]: document for document in found}


@pytest.fixture
def pod(documents: dict[str, Any]) -> dict[str, Any]:
    """The pod template's specification."""
    return documents["Deployment"]["spec"]["template"]["spec"]


@pytest.fixture
def container(pod: dict[str, Any]) -> dict[str, Any]:
    """The one container that serves."""
    (only,) = pod["containers"]
    return only


@pytest.mark.parametrize("kind", KINDS)
def test_documents_satisfy_the_schemas(documents, kind):
    """Each document is valid, unknown fields counting as mistakes."""
    newest = ".".join(kubernetes_validate.latest_version().split(".")[:2])

    kubernetes_validate.validate(documents[kind], newest, strict=True)


def test_no_document_names_a_namespace(documents):
    """The namespace is chosen when deploying."""
    assert not any("namespace" in document["metadata"] for document in documents.values())


def test_no_secret_is_rendered(documents):
    """Key, token and the store's address come from secrets made elsewhere, or are absent."""
    secrets = {
        entry["name"]: entry["valueFrom"]["secretKeyRef"]
        for entry in documents["Deployment"]["spec"]["template"]["spec"]["containers"][0]["env"]
        if "valueFrom" in entry
    }

    assert "Secret" not in documents
    assert secrets == {
        "NEARHIT_PIXABAY_API_KEY": {"name": "nearhit-pixabay", "key": "api-key", "optional": True},
        "NEARHIT_STORE": {"name": "nearhit-store", "key": "url", "optional": True},
        "NEARHIT_ADMIN_TOKEN": {"name": "nearhit-admin", "key": "token", "optional": True},
    }


@pytest.mark.parametrize(
    ("probe", "path"),
    [("startupProbe", "/alive"), ("livenessProbe", "/alive"), ("readinessProbe", "/ready")],
)
def test_probes_ask_what_they_are_for(container, probe, path):
    """Liveness asks whether the loop turns, readiness whether answers can be given."""
    assert container[probe]["httpGet"] == {"path": path, "port": "http"}


def test_ports_meet(documents, container):
    """The service sends to the named port, which is the one nearhit listens on."""
    (service_port,) = documents["Service"]["spec"]["ports"]

    assert service_port["targetPort"] == "http"
    assert container["ports"] == [
        {"name": "http", "containerPort": Settings.model_fields["port"].default}
    ]


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget", "Deployment"])
def test_selectors_match_the_pods(documents, kind):
    """Whatever selects pods selects ours."""
    labels = documents["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selector = documents[kind]["spec"]["selector"]

    wanted = selector.get("matchLabels", selector)

    assert wanted.items() <= labels.items()


def test_the_autoscaler_scales_the_deployment(documents):
    """Its target exists, and does not fix its own number of replicas."""
    target = documents["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    deployment = documents["Deployment"]

    assert target == {
        "apiVersion": deployment["apiVersion"],
        "kind": "Deployment",
        "name": deployment["metadata"]["name"],
    }
    assert "replicas" not in deployment["spec"]


def test_the_autoscaler_has_a_request_to_divide_by(container):
    """A share of the CPU means a share of what is requested."""
    assert "cpu" in container["resources"]["requests"]


def test_pods_run_under_the_account_without_a_token(documents, pod):
    """The account exists, and its token is mounted nowhere."""
    assert pod["serviceAccountName"] == documents["ServiceAccount"]["metadata"]["name"]
    assert pod["automountServiceAccountToken"] is False
    assert documents["ServiceAccount"]["automountServiceAccountToken"] is False


def test_containers_are_confined(pod):
    """No root, no capabilities, no writing but to the volumes: the restricted standard."""
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["initContainers"] + pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_user_is_that_of_the_image(pod):
    """The pod's user owns the folders the image prepared."""
    dockerfile = (BASE.parents[1] / "Dockerfile").read_text()
    user = pod["securityContext"]

    assert f"USER {user['runAsUser']}:{user['runAsGroup']}" in dockerfile.splitlines()


def test_every_mount_has_a_volume(pod):
    """Data, models and temporary files have a volume each, in every container."""
    volumes = {volume["name"] for volume in pod["volumes"]}

    for container in pod["initContainers"] + pod["containers"]:
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert mounts == {"data": "/data", "models": "/models", "tmp": "/tmp"}
        assert mounts.keys() == volumes


def test_settings_are_real_and_valid(documents, monkeypatch):
    """Every NEARHIT_ name is a field of Settings, and takes the value given."""
    values = documents["ConfigMap"]["data"]
    for name, value in values.items():
        monkeypatch.setenv(name, value)

    settings = Settings(_env_file=None)

    fields = {name.removeprefix("NEARHIT_").lower() for name in values}
    assert fields <= settings.model_fields_set


def test_containers_read_the_rendered_settings(documents, pod):
    """Containers name the map by its rendered name, so new settings mean new pods."""
    name = documents["ConfigMap"]["metadata"]["name"]

    for container in pod["initContainers"] + pod["containers"]:
        assert container["envFrom"] == [{"configMapRef": {"name": name}}]


def test_photos_fit_their_volume(documents, pod):
    """The byte budget of photos leaves half of the data volume to the store."""
    (limit,) = [
        volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"] if volume["name"] == "data"
    ]

    budget = int(documents["ConfigMap"]["data"]["NEARHIT_PHOTO_BUDGET_BYTES"])

    assert limit.endswith("Gi")
    assert 2 * budget <= int(limit.removesuffix("Gi")) * 1024**3


def test_the_grace_period_outlasts_a_search(pod):
    """A pod that is told to go may finish the longest search."""
    longest = Settings.model_fields["search_timeout_s"].default

    assert pod["terminationGracePeriodSeconds"] > longest
