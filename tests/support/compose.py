"""Docker Compose's file and the Dockerfile, as Docker Compose itself reads them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.sites import ROOT

PROGRAMS = str(Path(sys.executable).parent)
PROFILES = ("backup", "ollama", "tls")
# The variables that only docker-compose.yml reads.
COMPOSE_ONLY = {
    "ASKME_BACKUP_DAYS",
    "COMPOSE_PROFILES",
    "OLLAMA_MEMORY",
    "OLLAMA_MODEL",
    "PUBLISH",
    "WEB_REPLICAS",
}


def compose(folder: Path, command: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `docker compose COMMAND` on our file, with a `.env` of exactly these variables."""
    shutil.copy(ROOT / "docker-compose.yml", folder)
    shutil.copytree(ROOT / "deploy", folder / "deploy", dirs_exist_ok=True)
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    return subprocess.run(
        [f"{PROGRAMS}/docker-compose", *command.split()],
        cwd=folder,
        env={"PATH": PROGRAMS, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=30,
    )


def model(folder: Path, **variables: str) -> dict[str, dict]:
    """Return what Compose would run with these variables in `.env`: services, networks and volumes."""
    result = compose(folder, "config --format json", variables)
    assert (result.returncode, result.stderr) == (0, "")
    found: dict[str, dict] = json.loads(result.stdout)
    for service in found["services"].values():  # Compose doubles a `$` in a value
        service["environment"] = {
            name: value.replace("$$", "$") for name, value in service.get("environment", {}).items()
        }
    return found


def services(folder: Path, **variables: str) -> dict[str, dict]:
    return model(folder, **variables)["services"]


def all_services(folder: Path, **variables: str) -> dict[str, dict]:
    """Return the services of all profiles."""
    return services(folder, COMPOSE_PROFILES=",".join(PROFILES), **variables)


def create_secrets(folder: Path, secrets: dict) -> None:
    """Run the service `secrets`, with a folder instead of the volume."""
    command = [str(folder) if word == "/secrets" else word for word in secrets["command"]]
    environment = secrets["environment"] | {"PATH": PROGRAMS}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=30)


def dockerfile(instruction: str) -> str:
    """Return what follows the instruction in the Dockerfile."""
    found = re.search(rf"^ *{instruction} +(.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found, f"the Dockerfile has no {instruction}"
    return found[1]
