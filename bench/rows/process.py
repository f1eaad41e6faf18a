"""Migrates and fills the database, and prints what each operation costs as JSON.

The arguments are the number of rows, and after how many seconds no more runs of an operation begin.
"""

import json
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "askme.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from answers.engine.own_connection import use_own_connection  # noqa: E402
from bench.rows.fill import fill  # noqa: E402
from bench.rows.operations import measure_all  # noqa: E402


def main() -> None:
    use_own_connection()  # one for everything, so that its costs can be counted
    call_command("migrate", verbosity=0)
    setup_test_environment()
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    start = time.perf_counter()
    fill(int(sys.argv[1]))
    print(f"{sys.argv[1]} rows in {time.perf_counter() - start:.1f} s", file=sys.stderr)
    print(json.dumps(measure_all(float(sys.argv[2]))))


if __name__ == "__main__":
    main()
