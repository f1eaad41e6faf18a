"""The real parts: three Daphnes with one PostgreSQL and one Redis. Each may be killed and restarted."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
import requests

from tests.chaos.plans import PROCESSES
from tests.support.services import START_SECONDS, Postgres, Redis, free_port, stop_process, wait_for
from tests.support.sums import differences

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
ROOT = Path(__file__).resolve().parent.parent.parent
DRAIN_SECONDS = 4.0

SETTINGS = {
    "SECRET_KEY": "for chaos only, and as long as it has to be",
    "OPENAI_API_KEY": "sk-chaos",
    "ASKME_MODEL": "chaos",
    "ASKME_FIRST_TEXT_SECONDS": "10",
    "ASKME_SILENCE_SECONDS": "6",
    "ASKME_ANSWER_SECONDS": "60",
    "ASKME_DRAIN_SECONDS": str(DRAIN_SECONDS),
    "ASKME_CHECK_MODELS": "false",
    "ASKME_THREADS": "3",  # so that some questions wait
    "ASKME_QUESTIONS_PER_MINUTE": "0",  # pages ask faster than people
}


class Daphne:
    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"daphne-{self.port}.log"
        self._environment = environment
        self._process: subprocess.Popen[Any] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "daphne", "-v", "0", "-p", str(self.port), "askme.asgi:application"]
        with self.log.open("a") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        wait_for(self._answers, START_SECONDS, f"{self.url} answers; see {self.log}")

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None:
            stop_process(self._process, number, DRAIN_SECONDS + 15)
            self._process = None

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        except requests.RequestException:
            return False


class Stack:
    """Use it in threads, because every method blocks."""

    def __init__(self, folder: Path, api_url: str) -> None:
        self.postgres, self.redis = Postgres(), Redis()
        environment = {"PATH": os.environ["PATH"], "ENV_FILE": "", **SETTINGS}
        environment |= {"REDIS_URL": self.redis.url, "OPENAI_BASE_URL": api_url}
        environment["DATABASE_URL"] = self.postgres.url()
        self.daphnes = [Daphne(environment, folder) for _ in range(PROCESSES)]
        self._environment = environment

    def start(self) -> None:
        self.redis.start()
        self.postgres.start()
        self.postgres.create_database("askme")
        self.manage("migrate", "-v0")
        for daphne in self.daphnes:
            daphne.start()

    def stop(self) -> None:
        for daphne in self.daphnes:
            daphne.stop(signal.SIGKILL)
        self.redis.stop()
        self.postgres.delete()

    def errors(self) -> Counter[str]:
        """Count the errors that askme has logged, except outages of the database."""
        errors: Counter[str] = Counter()
        for daphne in self.daphnes:
            for line in daphne.log.read_text().splitlines():
                said = line.partition(" ERROR answers")[2]
                if said and "the database" not in said:
                    errors["answers" + UUID.sub("…", said)] += 1
        return errors

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self._environment, check=True, stdout=subprocess.PIPE)
        return done.stdout.decode()

    def wrong_figures(self) -> list[str]:
        """Where the usage page is wrong: before all answers are in the daily figures, and afterwards."""
        fresh = differences(self.postgres.url(), self.manage)
        self.manage("prune")
        return fresh + differences(self.postgres.url(), self.manage)

    def lock_rows(self, seconds: float) -> None:
        """Lock some rows of unfinished answers, as a session does that somebody has left open."""
        with psycopg.connect(self.postgres.url()) as connection:
            connection.execute(
                "SELECT 1 FROM answers_answer WHERE status IN ('queued', 'running') "
                "ORDER BY random() LIMIT 4 FOR UPDATE SKIP LOCKED"
            )
            time.sleep(seconds)

    def rows(self) -> dict[str, tuple[str, str]]:
        """Return the status and text of every answer."""
        with psycopg.connect(self.postgres.url()) as connection:
            rows = connection.execute("SELECT id, status, text FROM answers_answer")
            return {str(id): (status, text) for id, status, text in rows}
