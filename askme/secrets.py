"""Creates the secrets of a deployment that nobody has set: `python -m askme.secrets FOLDER`.

Compose runs this before everything else, with a volume as the folder. What exists is kept, so that a restart
logs nobody out. A value in the environment replaces it. Only the standard library is used, because the
settings need these secrets.
"""

import os
import secrets
import sys
from pathlib import Path

# The name of each file, and the variable that replaces its content.
NAMES = {
    "secret-key": "SECRET_KEY",
    "postgres-password": "POSTGRES_PASSWORD",
    "metrics-token": "ASKME_METRICS_TOKEN",
}
# Its group is that of the image, and PostgreSQL's container is in it too. Nobody may write it.
MODE = 0o440


def create_secrets(folder: Path) -> None:
    for name, variable in NAMES.items():
        path, given = folder / name, os.environ.get(variable, "").strip()
        # An empty file is what a full disk leaves of a secret.
        is_there = path.is_file() and path.stat().st_size > 0
        if not is_there or (given and path.read_text() != given):
            _write(path, given or secrets.token_hex(32))


def _write(path: Path, value: str) -> None:
    """Write the file as a whole or not at all."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, MODE), "w") as file:
        file.write(value)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


if __name__ == "__main__":
    create_secrets(Path(sys.argv[1]))
