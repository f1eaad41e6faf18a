"""Delete what is out of date. Running processes do the same every hour."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from answers.engine.pruning import prunables, prune
from answers.models import PruneRun


class Command(BaseCommand):
    help = (
        "Delete what is out of date, such as the record of who asked when, after a day. One of the running"
        " processes does the same every hour."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only show what would be deleted")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        if dry_run:
            totals = {kind.name: number for kind in prunables() if (number := kind.total())}
            for name, number in totals.items():
                self.stdout.write(f"{name}: {number:,}")
            self.stdout.write("Nothing was deleted." if totals else "There is nothing to delete.")
            return
        PruneRun.objects.renew()
        found = False
        for name, number in prune(time.sleep):
            found = True
            self.stdout.write(f"{name}: {number:,}")
        if not found:
            self.stdout.write("There was nothing to delete.")
