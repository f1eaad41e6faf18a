"""Docker Compose's file and the Dockerfile, as Docker Compose itself reads them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.services import Postgres
from tests.support.sites import ROOT

PROGRAMS = str(Path(sys.executable).parent)
REQUIRED = {"SECRET_KEY": "a-key-for-tests-as-long-as-it-has-to-be", "POSTGRES_PASSWORD": Postgres.password}


def compose(folder: Path, command: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `docker compose COMMAND` on our file, with a `.env` of exactly these variables."""
    shutil.copy(ROOT / "docker-compose.yml", folder)
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    return subprocess.run(
        [f"{PROGRAMS}/docker-compose", *command.split()],
        cwd=folder,
        env={"PATH": PROGRAMS, "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=30,
    )


def services(folder: Path, **variables: str) -> dict[str, dict]:
    result = compose(folder, "config --format json", REQUIRED | variables)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)["services"]
    for service in found.values():  # Compose doubles a `$` in a value
        service["environment"] = {
            name: value.replace("$$", "$") for name, value in service.get("environment", {}).items()
        }
    return found


def dockerfile(instruction: str) -> str:
    """Return what follows the instruction in the Dockerfile."""
    found = re.search(rf"^ *{instruction} +(.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found, f"the Dockerfile has no {instruction}"
    return found[1]
