"""docker-compose.yml: what Docker Compose reads is what the site needs, for each set of profiles."""

import itertools
import re
import subprocess
import tomllib

import pytest

from tests.support.compose import (
    PROFILES,
    PROGRAMS,
    all_services,
    compose,
    dockerfile,
    model,
    services,
)
from tests.support.sites import ROOT

URL = "https://ask.example.org"
# Each service with the profile that starts it. "" starts always.
STARTED_BY = {
    "secrets": "",
    "migrate": "",
    "web": "",
    "postgres": "",
    "redis": "",
    "caddy": "tls",
    "ollama": "ollama",
    "ollama-pull": "ollama",
    "backup": "backup",
}
ONE_SHOTS = {"secrets", "migrate", "ollama-pull"}


# -- Profiles and settings


@pytest.mark.parametrize(
    "profiles", [set(some) for n in range(4) for some in itertools.combinations(PROFILES, n)]
)
def test_each_set_of_profiles_starts_its_services_and_no_others(tmp_path, profiles):
    found = services(tmp_path, COMPOSE_PROFILES=",".join(profiles))
    assert set(found) == {name for name, profile in STARTED_BY.items() if profile in profiles | {""}}


@pytest.mark.parametrize("file", ["docker-compose.yml", "deploy/ports.yml"])
def test_the_files_follow_the_specification_of_compose(file):
    command = [f"{PROGRAMS}/check-jsonschema", "--builtin-schema", "vendor.compose-spec", file]
    check = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert check.returncode == 0, check.stdout + check.stderr


def test_no_setting_is_required(tmp_path):
    (tmp_path / ".env").touch()
    result = compose(tmp_path, "config --quiet", {})
    assert (result.returncode, result.stderr) == (0, "")


def test_every_setting_in_env_reaches_web_and_migrate(tmp_path):
    given = {
        "OPENAI_API_KEY_FILE": "/run/secrets/key",
        "OPENAI_BASE_URL": "http://api.example/v1",
        "ASKME_MODEL": "a-model",
        "ASKME_URL": URL,
    }
    found = services(tmp_path, **given)
    for name in ("web", "migrate"):
        assert given.items() <= found[name]["environment"].items()


def test_env_cannot_switch_on_development_settings(tmp_path):
    environment = services(tmp_path, DEBUG="true", DATABASE_URL="sqlite://:memory:")["web"]["environment"]
    assert environment["DEBUG"] == "false"
    assert environment["DATABASE_URL"].startswith("postgres://")


def test_without_settings_the_demo_model_answers_and_with_ollama_model_that_one(tmp_path):
    environment = services(tmp_path)["web"]["environment"]
    assert (environment["OPENAI_BASE_URL"], environment["ASKME_MODEL"]) == ("", "")
    found = services(tmp_path, COMPOSE_PROFILES="ollama", OLLAMA_MODEL="gemma3:1b")
    environment = found["web"]["environment"]
    assert (environment["OPENAI_BASE_URL"], environment["ASKME_MODEL"]) == (
        "http://ollama:11434/v1",
        "gemma3:1b",
    )
    assert found["ollama-pull"]["environment"]["OLLAMA_MODEL"] == "gemma3:1b"


# -- Who reaches what


@pytest.mark.parametrize(
    ("variables", "published"),
    [
        ({}, [("127.0.0.1", "8000")]),
        ({"COMPOSE_PROFILES": "backup,ollama"}, [("127.0.0.1", "8000")]),
        ({"ASKME_URL": URL, "COMPOSE_PROFILES": "tls"}, []),
        ({"ASKME_URL": URL, "PUBLISH": "127.0.0.1:8000-8009"}, [("127.0.0.1", "8000-8009")]),
        ({"PUBLISH": "127.0.0.1:9000"}, [("127.0.0.1", "9000")]),
        ({"PUBLISH": "", "ASKME_URL": ""}, [("127.0.0.1", "8000")]),  # as in a copy of .env.example
    ],
)
def test_web_publishes_a_port_on_loopback_but_none_behind_caddy(tmp_path, variables, published):
    found = services(tmp_path, **variables)
    ports = found.pop("web").get("ports", [])
    assert [(port["host_ip"], port["published"]) for port in ports] == published
    assert {name for name, service in found.items() if service.get("ports")} <= {"caddy"}


def test_caddy_publishes_http_and_https(tmp_path):
    ports = all_services(tmp_path)["caddy"]["ports"]
    assert {(port["published"], port["protocol"]) for port in ports} == {
        ("80", "tcp"),
        ("443", "tcp"),
        ("443", "udp"),
    }


def test_only_web_is_in_both_networks_and_the_data_has_no_way_out(tmp_path):
    found = model(tmp_path, COMPOSE_PROFILES=",".join(PROFILES))
    assert found["networks"]["internal"]["internal"]
    networks = {name: set(service.get("networks", {})) for name, service in found["services"].items()}
    assert networks == {
        "secrets": set(),
        "web": {"default", "internal"},
        "migrate": {"internal"},
        "postgres": {"internal"},
        "redis": {"internal"},
        "backup": {"internal"},
        "caddy": {"default"},
        "ollama": {"default"},
        "ollama-pull": {"default"},
    }
    assert found["services"]["secrets"]["network_mode"] == "none"


def test_only_who_needs_the_secrets_has_them_and_only_one_writes_them(tmp_path):
    mounts = {
        name: mount.get("read_only", False)
        for name, service in all_services(tmp_path).items()
        for mount in service.get("volumes", [])
        if mount["source"] == "secrets"
    }
    assert mounts == {"secrets": False, "web": True, "migrate": True, "postgres": True, "backup": True}


# -- Each container


@pytest.mark.parametrize("name", STARTED_BY)
def test_a_container_is_hardened(tmp_path, name):
    service = all_services(tmp_path)[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "caddy" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileged")
    assert any(path.startswith(("/tmp:size=", "/data:size=")) for path in service["tmpfs"])
    assert all(re.fullmatch(r"/[a-z./]+:size=\d+m", path) for path in service["tmpfs"])
    assert 0 < int(service["mem_limit"]) <= 8 << 30
    assert 0 < service["pids_limit"] <= 1024
    assert int(service["logging"]["options"]["max-file"]) * 10 <= 50
    assert service["logging"]["options"]["max-size"] == "10m"
    writable = {mount["target"] for mount in service.get("volumes", []) if not mount.get("read_only")}
    assert writable == {
        "secrets": {"/secrets"},
        "postgres": {"/var/lib/postgresql"},
        "caddy": {"/data"},
        "ollama": {"/root/.ollama"},
        "backup": {"/backups"},
    }.get(name, set())


def test_web_has_room_for_its_threads_and_postgres_for_parallel_queries(tmp_path, settings):
    found = services(tmp_path)
    assert found["web"]["pids_limit"] > settings.ASKME_THREADS + 100
    assert int(found["postgres"]["shm_size"]) > 64 << 20  # Docker's default


def test_images_are_pinned_to_a_minor_version(tmp_path):
    images = {service["image"] for service in all_services(tmp_path).values()} - {"askme"}
    bases = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(set(bases)) == 1
    for image in images | set(bases):
        assert re.fullmatch(r"[\w/.-]+:\d+\.\d[\w.-]*", image), image


def test_every_permanent_service_is_restarted_and_health_checked(tmp_path):
    for name, service in all_services(tmp_path).items():
        check = service["healthcheck"]
        if name in ONE_SHOTS:
            assert (service["restart"], check) == ("no", {"disable": True})
            continue
        assert service["restart"] == "unless-stopped"
        # Without a command of its own, a service has the one of its image.
        assert check["test"] if name != "web" else dockerfile("HEALTHCHECK")
        # Often at the start, seldom later.
        assert check["start_interval"] in ("1s", "5s")
        assert check["interval"] in ("30s", "10m0s")
        assert check["start_period"] in ("2m0s", "30m0s")


def test_services_start_after_what_they_need(tmp_path):
    waits = {
        name: {
            other: wait["condition"].removeprefix("service_") for other, wait in service["depends_on"].items()
        }
        for name, service in all_services(tmp_path).items()
        if "depends_on" in service
    }
    assert waits == {
        "postgres": {"secrets": "completed_successfully"},
        "migrate": {"postgres": "healthy"},
        "web": {
            "migrate": "completed_successfully",
            "redis": "healthy",
            "ollama-pull": "completed_successfully",
        },
        "caddy": {"web": "healthy"},
        "ollama-pull": {"ollama": "healthy"},
        "backup": {"postgres": "healthy"},
    }


def test_web_may_drain_as_long_as_its_answers_may_run(tmp_path, settings):
    grace = services(tmp_path)["web"]["stop_grace_period"]
    assert float(grace.removesuffix("s")) > settings.ASKME_DRAIN_SECONDS + 10


def test_the_label_of_the_image_has_the_version_of_the_project():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f'org.opencontainers.image.version="{version}"' in (ROOT / "Dockerfile").read_text()
