"""The manifests are valid by the schemas of Kubernetes, and fit the images and each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
MONITORING = FOLDER / "monitoring"
VERSIONS = ("1.31", "1.37")


def listed(folder: Path) -> dict[str, Any]:
    """The kustomization of a folder, which must name every file in it."""
    read: dict[str, Any] = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    patches = [patch["path"] for patch in read.get("patches", ())]
    envs = [name for made in read.get("configMapGenerator", ()) for name in made["envs"]]
    files = {name for name in [*read["resources"], *patches, *envs] if name != ".."}
    assert {*files, "kustomization.yaml"} == {file.name for file in folder.iterdir() if file.is_file()}
    return read


def documents() -> list[dict[str, Any]]:
    return [
        document
        for folder in (FOLDER, MONITORING)
        for name in listed(folder)["resources"]
        if name != ".."
        for document in yaml.safe_load_all((folder / name).read_text(encoding="utf-8"))
    ]


def pods(document: dict[str, Any]) -> list[dict[str, Any]]:
    if document["kind"] == "CronJob":
        return [document["spec"]["jobTemplate"]["spec"]["template"]["spec"]]
    return [document["spec"]["template"]["spec"]] if document["kind"] in {"Deployment", "Job"} else []


def containers() -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [
        (pod, container)
        for document in documents()
        for pod in pods(document)
        for container in pod["containers"]
    ]


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
    assert kinds["drift"] == {"CronJob"}
    for pod, container in containers():
        if pod.get("restartPolicy") != "Never":
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)


def test_containers_run_as_the_images_do_on_a_read_only_root() -> None:
    images = [image for folder in (FOLDER, MONITORING) for image in listed(folder)["images"]]
    for pod, container in containers():
        assert container["image"] in {image["name"] for image in images}
        assert pod["securityContext"]["runAsUser"] == 10001
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert set(container["resources"]["limits"]) == {"memory"}


def test_monitoring_writes_what_the_api_reads() -> None:
    """The patch names what it changes: a wrong name would add a second container, and change nothing."""
    patch = yaml.safe_load((MONITORING / "api-reads-reports.yaml").read_text(encoding="utf-8"))
    (api,) = [
        each for each in documents() if each["kind"] == "Deployment" and each["metadata"] == patch["metadata"]
    ]
    (changed,) = patch["spec"]["template"]["spec"]["containers"]
    assert changed["name"] in {each["name"] for each in api["spec"]["template"]["spec"]["containers"]}
    (job,) = [each for each in documents() if each["kind"] == "CronJob"]
    ((_, drift),) = [(pod, container) for pod in pods(job) for container in pod["containers"]]
    assert changed["env"][0] in drift["env"]
    places = [
        {mount["name"]: mount["mountPath"] for mount in each["volumeMounts"]}["reports"]
        for each in (changed, drift)
    ]
    assert places == [changed["env"][0]["value"]] * 2
