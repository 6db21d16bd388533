"""The manifests are valid by the schemas of Kubernetes, and fit the images and each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
VERSIONS = ("1.31", "1.37")


def documents() -> list[dict[str, Any]]:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
    assert {*listed, "kustomization.yaml"} == {file.name for file in FOLDER.iterdir()}
    return [
        document
        for name in listed
        for document in yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8"))
    ]


def containers() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    pods = [each["spec"]["template"]["spec"] for each in documents() if each["kind"] in {"Deployment", "Job"}]
    return [(pod, container) for pod in pods for container in pod["containers"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid(version: str) -> None:
    for document in documents():
        kubernetes_validate.validate(document, version, strict=True)
    wrong = {**documents()[-1], "spec": {"podSelektor": {}}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, version, strict=True)


def test_every_service_has_probes_and_those_that_scale_a_budget() -> None:
    kinds: dict[str, set[str]] = {}
    for document in documents():
        kinds.setdefault(document["metadata"]["name"], set()).add(document["kind"])
    scaled = {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget"}
    assert kinds["api"] == {*scaled, "NetworkPolicy"}
    assert kinds["dashboard"] == scaled
    assert kinds["mlflow"] == {"Deployment", "Service"}
    assert kinds["migrate"] == {"Job"}
    for pod, container in containers():
        if pod.get("restartPolicy") != "Never":
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)


def test_containers_run_as_the_images_do_on_a_read_only_root() -> None:
    images = yaml.safe_load((FOLDER / "kustomization.yaml").read_text(encoding="utf-8"))["images"]
    for pod, container in containers():
        assert container["image"] in {image["name"] for image in images}
        assert pod["securityContext"]["runAsUser"] == 10001
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"] == {"memory": "512Mi"}
