"""Copy the SQLite database into a folder while the site runs. For PostgreSQL there is deploy/backup.sh."""

import os
import sqlite3
import time
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connection

DAY_SECONDS = 24 * 3600
PARTIAL = ".partial"  # at the end of a name: a copy that is not complete


class Command(BaseCommand):
    help = (
        "Copy the SQLite database into a folder, as askme-TIME.sqlite3, while the site runs. For PostgreSQL,"
        " use deploy/backup.sh or pg_dump."
    )
    requires_system_checks: list[str] = []  # a setting that is wrong must not prevent a backup

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder",
            nargs="?",
            type=Path,
            default=settings.VAR_DIR / "backups",
            help="default: var/backups",
        )
        parser.add_argument(
            "--keep-days",
            type=_days,
            default=14,
            help="then delete copies there that are older than this; 0 keeps all of them (default: 14)",
        )

    def handle(self, *args: Any, folder: Path, keep_days: int, **options: Any) -> None:
        if connection.vendor != "sqlite":
            raise CommandError("The database is not SQLite. Use deploy/backup.sh or pg_dump.")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = _copy(folder)
            _delete_old(folder, keep_days)
        except (OSError, Error, sqlite3.Error) as error:
            raise CommandError(f"There is no new backup: {error}") from error
        self.stdout.write(f"Wrote {path}, {path.stat().st_size:,} bytes.")


def _days(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError("must be a number of days, 0 or more")
    return int(text)


def _copy(folder: Path) -> Path:
    path = folder / f"askme-{datetime.now(UTC):%Y-%m-%dT%H%M%S.%fZ}.sqlite3"
    partial = path.with_name(path.name + PARTIAL)
    try:
        os.close(
            os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        )  # VACUUM accepts an empty file
        with connection.cursor() as cursor:
            # Unlike a copy of the file, it has what is still in the write-ahead log, and delays no writer.
            cursor.execute("VACUUM INTO %s", [str(partial)])
        _sync(partial)
        partial.rename(path)
        _sync(folder)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return path


def _sync(path: Path) -> None:
    """Wait until the disk has it: SQLite does not when it writes a copy."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _delete_old(folder: Path, keep_days: int) -> None:
    oldest = time.time() - keep_days * DAY_SECONDS
    for path in folder.glob("askme-*.sqlite3*"):
        is_partial = path.name.endswith(PARTIAL)  # of a command that was killed
        limit = time.time() - DAY_SECONDS if is_partial else oldest
        if (keep_days or is_partial) and path.stat().st_mtime < limit:
            path.unlink()
