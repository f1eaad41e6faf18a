"""deploy/backup.sh as the Compose service runs it."""

import os
import subprocess
from pathlib import Path

from tests.support.services import Postgres
from tests.support.sites import ROOT

SCRIPT = ROOT / "deploy" / "backup.sh"


class Backup:
    """The script with a folder of its own in place of /backups."""

    def __init__(self, server: Postgres, folder: Path, database: str, **variables: str) -> None:
        self.folder = folder
        secret = folder.parent / "postgres-password"
        secret.write_text(f"{server.password}\n")
        self.environment = {
            "PATH": f"{server.programs}:{os.defpath}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
            "PGUSER": "askme",
            "PGDATABASE": database,
            "POSTGRES_PASSWORD_FILE": str(secret),
            "BACKUP_FOLDER": str(folder),
            **variables,
        }

    def run(self, *arguments: str, stdin: Path = Path(os.devnull)) -> subprocess.CompletedProcess:
        with stdin.open() as file:
            command = ["sh", str(SCRIPT), *arguments]
            return subprocess.run(
                command, env=self.environment, stdin=file, capture_output=True, text=True, timeout=60
            )

    def start(self) -> subprocess.Popen:
        return subprocess.Popen(["sh", str(SCRIPT)], env=self.environment, stderr=subprocess.DEVNULL)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())
