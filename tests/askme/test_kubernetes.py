"""deploy/kubernetes: manifests that Kubernetes accepts, that fit together, and are as hardened as Compose.

No cluster is started. What a probe or a signal does is tested on real processes elsewhere.
"""

import warnings

import kubernetes_validate
import pytest
import yaml
from django.conf import settings

from answers import conf
from tests.support.sites import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
MANIFESTS = {
    (manifest["kind"], manifest["metadata"]["name"]): manifest
    for path in sorted(FOLDER.glob("*.yml"))
    for manifest in yaml.safe_load_all(path.read_text())
}
DEPLOYMENT, JOB = MANIFESTS["Deployment", "askme"], MANIFESTS["Job", "askme-migrate"]
PODS = {"web": DEPLOYMENT["spec"]["template"]["spec"], "migrate": JOB["spec"]["template"]["spec"]}


def container(name: str) -> dict:
    [found] = PODS[name]["containers"]
    assert found["name"] == name
    return found


@pytest.mark.parametrize("kind", sorted(MANIFESTS), ids="-".join)
def test_kubernetes_knows_every_field(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the validator's own libraries
        kubernetes_validate.validate(MANIFESTS[kind], kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("name", PODS)
def test_a_pod_has_no_rights_that_it_does_not_need(name):
    pod, hardened = PODS[name], container(name)["securityContext"]
    assert hardened == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert f"--uid {pod['securityContext']['runAsUser']} " in (ROOT / "Dockerfile").read_text()
    assert pod["automountServiceAccountToken"] is False
    assert container(name)["resources"]["limits"]["memory"]
    [mount], [volume] = container(name)["volumeMounts"], pod["volumes"]
    assert (mount["mountPath"], mount["name"]) == ("/tmp", volume["name"])


@pytest.mark.parametrize("name", PODS)
def test_a_pod_reads_its_settings_and_no_others(name):
    assert PODS[name]["enableServiceLinks"] is False  # or ASKME_PORT=tcp://..., after the Service's name
    sources = container(name)["envFrom"]
    names = {(kind, one["name"]) for source in sources for kind, one in source.items()}
    assert names == {("configMapRef", "askme"), ("secretRef", "askme")}
    assert "env" not in container(name)


def test_every_setting_of_the_example_exists_and_is_where_it_belongs():
    public = set(MANIFESTS["ConfigMap", "askme"]["data"])
    secret = set(MANIFESTS["Secret", "askme"]["stringData"])
    assert public | secret <= settings.ENVIRONMENT_NAMES
    assert not public & secret
    assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"} <= secret


def test_running_answers_get_the_time_that_the_settings_give_them():
    pause = int(container("web")["lifecycle"]["preStop"]["exec"]["command"][1])
    grace = PODS["web"]["terminationGracePeriodSeconds"]
    assert grace >= pause + conf.ASKME_DRAIN_SECONDS + 10


def test_a_restart_needs_a_dead_event_loop_and_not_a_dead_database():
    web = container("web")
    paths = {
        name: web[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")
    }
    assert paths == {
        "startupProbe": "/livez",
        "readinessProbe": "/readyz?exclude=redis",
        "livenessProbe": "/livez",
    }
    assert {web[name]["httpGet"]["port"] for name in paths} == {web["ports"][0]["name"]}


def test_an_upgrade_never_leaves_people_without_a_process():
    assert DEPLOYMENT["spec"]["replicas"] >= 2
    assert DEPLOYMENT["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert (
        MANIFESTS["PodDisruptionBudget", "askme"]["spec"]["maxUnavailable"] < DEPLOYMENT["spec"]["replicas"]
    )
    assert container("web")["image"] == container("migrate")["image"]


def test_the_way_in_leads_to_the_web_processes_and_to_nothing_else():
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    service = MANIFESTS["Service", "askme"]["spec"]
    selectors = [
        DEPLOYMENT["spec"]["selector"],
        MANIFESTS["PodDisruptionBudget", "askme"]["spec"]["selector"],
    ]
    assert service["selector"] == labels
    assert [selector["matchLabels"] for selector in selectors] == [labels, labels]
    assert JOB["spec"]["template"]["metadata"]["labels"] != labels
    [rule] = MANIFESTS["Ingress", "askme"]["spec"]["rules"]
    [path] = rule["http"]["paths"]
    backend = path["backend"]["service"]
    assert (backend["name"], backend["port"]["name"]) == ("askme", service["ports"][0]["name"])
    assert service["ports"][0]["targetPort"] == container("web")["ports"][0]["name"]
    assert MANIFESTS["ConfigMap", "askme"]["data"]["ASKME_URL"] == f"https://{rule['host']}"
