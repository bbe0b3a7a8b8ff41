"""The chart renders what Kubernetes, KEDA and Atelier's own settings accept.

No cluster is asked: the schemas come with packages.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cloudcoil.models.keda import v1alpha1 as keda

from services.common.settings import ROOT
from services.common.worker import LAST_SECONDS
from tests.support.deployed import gateway_settings, worker_settings

CHART = ROOT / "deploy" / "helm" / "atelier"
KUBERNETES = "1.37"
WORKERS = ("llm", "tts", "image", "videogen")
FOREIGN = ("PodMonitor", "ScaledObject")
Object = dict[str, Any]
Render = Callable[..., list[Object]]

EVERYTHING = (
    "podMonitor.enabled=true",
    "podMonitor.labels.release=prometheus",
    "keda.enabled=true",
    "gateway.ingress.enabled=true",
    "gateway.ingress.host=atelier.example",
    "gateway.ingress.tlsSecret=page",
    "gateway.publicUrl=https://atelier.example",
    "access.allowedHosts={atelier.example,atelier.internal}",
    "settings=[gateway]",
    "secrets[0].name=hub",
    "secrets[0].mountPath=/etc/hub",
    "extraEnv[0].name=HF_TOKEN_PATH",
    "extraEnv[0].value=/etc/hub/token",
    "workers.runtimeClassName=nvidia",
)
LOCKED = (
    "tls.existingSecret.faces=faces",
    "tls.existingSecret.gateway=gateway",
    "tls.existingSecret.workers=workers",
)
VARIANTS: dict[str, tuple[str, ...]] = {
    "default": (),
    "cpu": ("--values=values-cpu.yaml",),
    "everything": EVERYTHING,
    "locked": LOCKED,
    "without keys": ("access.keysSecret=", "access.allowWithoutKey=true"),
    "without volumes": ("gateway.jobs.persistent=false", "workers.cache.persistent=false"),
}


def run_helm(helm: Path, command: str, *values: str) -> "subprocess.CompletedProcess[str]":
    options = [
        f"--values={CHART / value.removeprefix('--values=')}"
        if value.startswith("--values=")
        else f"--set={value}"
        for value in values
    ]
    arguments = ["lint", "--strict"] if command == "lint" else ["template", "atelier"]
    return subprocess.run(
        [helm, *arguments, CHART, *options],
        env={"HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def render(helm: Path) -> Render:
    known: dict[tuple[str, ...], list[Object]] = {}

    def rendered(*values: str) -> list[Object]:
        if values not in known:
            result = run_helm(helm, "template", *values)
            assert result.returncode == 0, result.stderr
            known[values] = [item for item in yaml.safe_load_all(result.stdout) if item]
        return known[values]

    return rendered


def one(objects: list[Object], kind: str, name: str) -> Object:
    (found,) = [
        item for item in objects if item["kind"] == kind and item["metadata"]["name"] == name
    ]
    return found


def pod_of(objects: list[Object], component: str) -> Object:
    pod: Object = one(objects, "Deployment", f"atelier-{component}")["spec"]["template"]["spec"]
    return pod


def env_of(pod: Object) -> dict[str, str]:
    variables = pod["containers"][0]["env"]
    names = [variable["name"] for variable in variables]
    assert len(names) == len(set(names))
    return {variable["name"]: variable["value"] for variable in variables}


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_helm_lint_finds_nothing(helm: Path, values: tuple[str, ...]) -> None:
    result = run_helm(helm, "lint", *values)
    assert result.returncode == 0, result.stdout
    assert "[WARNING]" not in result.stdout


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_kubernetes_knows_every_object_and_every_field(
    render: Render, values: tuple[str, ...]
) -> None:
    objects = [item for item in render(*values) if item["kind"] not in FOREIGN]
    assert objects
    for item in objects:
        # Raises for a kind without a schema as well.
        kubernetes_validate.validate(item, KUBERNETES, strict=True)


def kept_by_keda(item: Object) -> Object:
    """The spec as KEDA's model has it: fields that it does not know are lost. Raises if invalid."""
    spec = keda.ScaledObject.model_validate(item).spec
    kept: Object = spec.model_dump(by_alias=True, exclude_unset=True, mode="json")
    return kept


def test_a_field_that_keda_does_not_know_is_seen() -> None:
    spec = {"scaleTargetRef": {"name": "x", "nmae": "y"}, "maxReplicas": 2, "triggers": []}
    kept = kept_by_keda({"metadata": {"name": "x"}, "spec": spec})
    assert kept == {"scaleTargetRef": {"name": "x"}, "triggers": []}


def test_keda_accepts_its_objects_and_asks_for_a_metric_that_exists(render: Render) -> None:
    scaled = [item for item in render(*EVERYTHING) if item["kind"] == "ScaledObject"]
    assert len(scaled) == len(WORKERS)
    declared = (ROOT / "services/common/worker_metrics.py").read_text()
    for item in scaled:
        assert kept_by_keda(item) == item["spec"]
        assert item["spec"]["scaleTargetRef"]["name"] == item["metadata"]["name"]
        query = item["spec"]["triggers"][0]["metadata"]["query"]
        metric = re.search(r"atelier_\w+", query)
        assert metric is not None
        assert f'"{metric[0]}"' in declared


def test_what_scales_sets_no_number_of_pods(render: Render) -> None:
    for name in WORKERS:
        deployment = one(render(*EVERYTHING), "Deployment", f"atelier-{name}")
        assert "replicas" not in deployment["spec"]


def test_pod_monitors_find_each_pod_once_at_a_port_that_it_has(render: Render) -> None:
    objects = render(*EVERYTHING)
    monitors = [item for item in objects if item["kind"] == "PodMonitor"]
    for component in ("gateway", *WORKERS):
        template = one(objects, "Deployment", f"atelier-{component}")["spec"]["template"]
        labels = template["metadata"]["labels"].items()
        (monitor,) = [
            item for item in monitors if item["spec"]["selector"]["matchLabels"].items() <= labels
        ]
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        ports = template["spec"]["containers"][0]["ports"]
        assert endpoint["port"] in [port["name"] for port in ports]
        assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
        assert monitor["metadata"]["labels"]["release"] == "prometheus"
        job = "atelier-gateway" if component == "gateway" else "atelier-worker"
        assert {"targetLabel": "job", "replacement": job} in endpoint["relabelings"]


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_the_gateway_accepts_its_environment_and_finds_its_workers(
    render: Render, values: tuple[str, ...]
) -> None:
    objects = render(*values)
    env = env_of(pod_of(objects, "gateway"))
    env.pop("ATELIER_SETTINGS", None)
    settings = gateway_settings(env, keys="ATELIER_ACCESS_KEYS_FILE" in env)
    for row in settings.capabilities:
        service = one(objects, "Service", row.host)
        assert service["spec"]["clusterIP"] == "None"
        assert [port["port"] for port in service["spec"]["ports"]] == [row.port]


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_accepts_its_environment(
    render: Render, name: str, values: tuple[str, ...]
) -> None:
    pod = pod_of(render(*values), name)
    env = env_of(pod)
    env.pop("ATELIER_SETTINGS", None)
    settings = worker_settings(name, env)
    ports = {port["name"]: port["containerPort"] for port in pod["containers"][0]["ports"]}
    assert ports == {"grpc": settings.port, "metrics": settings.metrics_port}
    limits = pod["containers"][0]["resources"]["limits"]
    assert (limits.get("nvidia.com/gpu") == 1) is (settings.device == "cuda:0")
    assert ("cpu" in pod["containers"][0]["image"]) is (settings.device == "cpu")


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("component", ["gateway", *WORKERS])
def test_a_pod_may_little_and_has_time_to_drain(
    render: Render, component: str, values: tuple[str, ...]
) -> None:
    pod = pod_of(render(*values), component)
    container = pod["containers"][0]
    assert pod["enableServiceLinks"] is False
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    (grace,) = [
        float(value)
        for name, value in env_of(pod).items()
        if name.endswith("_SHUTDOWN_GRACE_SECONDS")
    ]
    asleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > asleep + grace + LAST_SECONDS


@pytest.mark.parametrize("component", ["gateway", *WORKERS])
def test_probes_ask_for_health_only_and_are_patient_with_the_living(
    render: Render, component: str
) -> None:
    container = pod_of(render(), component)["containers"][0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        # The process itself, not a service: no look at any other process follows from it.
        assert container[probe]["grpc"].keys() == {"port"}
    alive = container["livenessProbe"]
    assert alive["periodSeconds"] * alive["failureThreshold"] >= 300
    if component != "gateway":
        start = container["startupProbe"]
        assert start["periodSeconds"] * start["failureThreshold"] >= 1800


@pytest.mark.parametrize("component", ["gateway", *WORKERS])
def test_with_tls_no_probe_speaks_plain_text(render: Render, component: str) -> None:
    container = pod_of(render(*LOCKED), component)["containers"][0]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        http = container[probe].get("httpGet", {})
        assert http.get("scheme") == "HTTPS" or "tcpSocket" in container[probe]


@pytest.mark.parametrize("values", VARIANTS.values(), ids=VARIANTS)
def test_volumes_and_mounts_belong_together(render: Render, values: tuple[str, ...]) -> None:
    objects = render(*values)
    for component in ("gateway", *WORKERS):
        pod = pod_of(objects, component)
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        mounts = [mount["name"] for mount in pod["containers"][0]["volumeMounts"]]
        assert sorted(mounts) == sorted(volumes)
        for volume in volumes.values():
            if "persistentVolumeClaim" in volume:
                name = volume["persistentVolumeClaim"]["claimName"]
                one(objects, "PersistentVolumeClaim", name)


def test_only_the_gateway_may_call_a_worker(render: Render) -> None:
    objects = render()
    gateway = one(objects, "Deployment", "atelier-gateway")["spec"]["selector"]["matchLabels"]
    for name in WORKERS:
        policy = one(objects, "NetworkPolicy", f"atelier-{name}")["spec"]
        calls, metrics = policy["ingress"]
        assert calls["from"] == [{"podSelector": {"matchLabels": gateway}}]
        assert calls["ports"] == [{"protocol": "TCP", "port": "grpc"}]
        assert metrics["ports"] == [{"protocol": "TCP", "port": "metrics"}]
        assert policy["egress"] == []


def test_there_is_one_gateway_at_a_time(render: Render) -> None:
    deployment = one(render(), "Deployment", "atelier-gateway")["spec"]
    assert deployment["replicas"] == 1
    assert deployment["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (("access.keysSecret=",), "name a keysSecret, or set allowWithoutKey"),
        (("networkPolicy.enabled=false",), "set access.allowPublicWorkers"),
        (("tls.existingSecret.gateway=one",), "gateway and workers belong together"),
        (("gateway.ingress.enabled=true",), "name the host"),
        (("capabilities.llm.modle=x",), "modle"),
        (("workers.gpus=many",), "gpus"),
    ],
)
def test_values_that_cannot_work_are_refused(
    helm: Path, values: tuple[str, ...], says: str
) -> None:
    result = run_helm(helm, "template", *values)
    assert result.returncode != 0
    assert says in result.stderr


def keys_and_comments(text: str) -> Iterator[tuple[str, bool]]:
    """The keys of a YAML file, each with whether a comment stands above it."""
    commented = False
    for line in text.splitlines():
        match = re.match(r"( *)([a-zA-Z]+):", line)
        if match:
            yield match[2], commented
        commented = line.lstrip().startswith("#")


def test_every_value_is_documented() -> None:
    documented: dict[str, bool] = {}
    for key, commented in keys_and_comments((CHART / "values.yaml").read_text()):
        documented[key] = documented.get(key, False) or commented
    groups = {"image", "access", "tls", "gateway", "service", "jobs", "ingress", "cache"}
    groups |= {"existingSecret", "networkPolicy", "podDisruptionBudget", "podMonitor", "keda"}
    groups |= {"workers", "capabilities", *WORKERS, "requests", "limits"}
    assert [key for key, is_so in documented.items() if not is_so and key not in groups] == []
