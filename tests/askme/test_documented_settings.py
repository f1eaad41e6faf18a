"""The settings that README and docs/operating.md show for `.env` give the site that they promise."""

import re

import pytest

from tests.support.compose import create_secrets, services
from tests.support.documented import section
from tests.support.sites import Site


def settings_of(text: str) -> list[dict[str, str]]:
    blocks = re.findall(r"^```ini\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    return [dict(line.split("=", 1) for line in block.splitlines()) for block in blocks]


SITES = settings_of(section("README.md", "Run it for a team")) + settings_of(
    section("docs/operating.md", "Install")
)


def test_each_document_has_a_public_site_and_a_local_model():
    profiles = [variables["COMPOSE_PROFILES"] for variables in SITES]
    assert profiles == ["tls,backup", "ollama"] * 2


@pytest.mark.parametrize("variables", SITES, ids=lambda variables: variables["COMPOSE_PROFILES"])
def test_compose_starts_what_the_documented_settings_promise(tmp_path, variables):
    found = services(tmp_path, **variables)
    if "ollama" in variables["COMPOSE_PROFILES"]:
        assert "ollama-pull" in found
        assert found["web"]["ports"]
    else:
        assert {"caddy", "backup"} <= set(found)
        assert not found["web"].get("ports")
        assert found["caddy"]["environment"]["ASKME_URL"] == variables["ASKME_URL"]


@pytest.mark.parametrize("variables", SITES, ids=lambda variables: variables["COMPOSE_PROFILES"])
def test_web_accepts_the_documented_settings_without_a_warning(tmp_path, variables):
    found = services(tmp_path, **variables, ASKME_BACKUP_DAYS="30")  # which only Compose reads
    folder = tmp_path / "secrets"
    folder.mkdir()
    create_secrets(folder, found["secrets"])
    given = found["web"]["environment"]
    environment = {name: value.replace("/secrets/", f"{folder}/") for name, value in given.items()}
    done = Site(tmp_path, **environment | {"SECRET_KEY": ""}).manage("check")
    assert (done.returncode, done.stderr) == (0, "")
