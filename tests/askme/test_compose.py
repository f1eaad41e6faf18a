"""docker-compose.yml and .env.example: what Docker Compose reads is what the site needs."""

import json
import re
import subprocess
import sys

import pytest
from django.conf import settings

from tests.support.compose import PROGRAMS, REQUIRED, compose, dockerfile, services
from tests.support.sites import ROOT

COMPOSE_ONLY = {"POSTGRES_PASSWORD", "PUBLISH"}


# -- docker-compose.yml


@pytest.mark.parametrize("missing", sorted(REQUIRED))
def test_compose_says_what_to_write_when_a_required_setting_is_missing(tmp_path, missing):
    result = compose(tmp_path, "config --quiet", REQUIRED | {missing: ""})
    assert result.returncode != 0
    assert f"Write {missing}=... into .env" in result.stderr


def test_compose_accepts_the_file_with_the_required_settings_alone(tmp_path):
    result = compose(tmp_path, "config --quiet", REQUIRED)
    assert (result.returncode, result.stderr) == (0, "")


def test_every_setting_in_env_reaches_web_and_migrate(tmp_path):
    given = {
        "OPENAI_API_KEY_FILE": "/run/secrets/key",
        "ASKME_MODEL": "a-model",
        "ALLOWED_HOSTS": "a.example",
    }
    for name in ("web", "migrate"):
        environment = services(tmp_path, **given)[name]["environment"]
        assert given.items() <= environment.items()
        assert environment["SECRET_KEY"] == REQUIRED["SECRET_KEY"]


def test_env_cannot_switch_on_development_settings(tmp_path):
    environment = services(tmp_path, DEBUG="true", DATABASE_URL="sqlite://:memory:")["web"]["environment"]
    assert environment["DEBUG"] == "false"
    assert environment["DATABASE_URL"].startswith("postgres://")


def test_the_site_is_published_on_loopback_by_default(tmp_path):
    (port,) = services(tmp_path)["web"]["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "8000", 8000)
    (port,) = services(tmp_path, PUBLISH="127.0.0.1:8000-8009")["web"]["ports"]
    assert port["published"] == "8000-8009"


def test_images_are_pinned_to_a_version(tmp_path):
    images = {service["image"] for service in services(tmp_path).values()} - {"askme"}
    for image in images | {dockerfile("FROM")}:
        assert re.fullmatch(r"[\w/.-]+:\d[\w.-]*", image), image


def test_every_permanent_service_is_restarted_and_health_checked(tmp_path):
    found = services(tmp_path)
    assert found.pop("migrate")["restart"] == "no"
    for name, service in found.items():
        assert service["restart"] == "unless-stopped"
        # Without a health check of its own, a service has the one of its image.
        assert service["healthcheck"]["test"] if name != "web" else dockerfile("HEALTHCHECK")


def test_web_waits_for_migrations_and_for_its_services(tmp_path):
    waits = {name: wait["condition"] for name, wait in services(tmp_path)["web"]["depends_on"].items()}
    assert waits == {
        "migrate": "service_completed_successfully",
        "postgres": "service_healthy",
        "redis": "service_healthy",
    }


# -- .env.example


def example_variables() -> dict[str, str]:
    text = (ROOT / ".env.example").read_text()
    return dict(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_env_example_names_exactly_the_settings_that_are_read():
    names = re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(names) == sorted(settings.ENVIRONMENT_NAMES | COMPOSE_ONLY)


def settings_read_from(env_file: str) -> dict:
    code = (
        "import json, askme.settings as s; assert not s.ENVIRONMENT_PROBLEMS, s.ENVIRONMENT_PROBLEMS;"
        "found = {n: getattr(s, n) for n in dir(s) if n.isupper() and n != 'ENVIRONMENT_NAMES'};"
        "print(json.dumps(found, default=lambda v: sorted(v) if isinstance(v, set) else str(v)))"
    )
    environment = {"PATH": PROGRAMS, "ENV_FILE": env_file}
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_env_example_shows_the_defaults(tmp_path):
    spelled_out = tmp_path / "env"
    spelled_out.write_text("".join(f"{name}={value}\n" for name, value in example_variables().items()))
    assert settings_read_from(str(spelled_out)) == settings_read_from("")
