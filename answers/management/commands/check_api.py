"""Ask each configured model a short question, and print in plain words what works and what does not."""

import asyncio
import logging
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from answers.engine.api_check import ApiCheck, Finding, findings_of
from answers.engine.model_options import configured
from answers.engine.provider import Provider

SIGNS = {"good": "ok", "note": "note", "bad": "BAD"}  # words, because a terminal may show no colours
WAYS = ("OPENAI_BASE_URL", "ASKME_API_PROXY")  # without them, a key could reach OpenAI, or pass no proxy
SUBJECT_CHARS = 11  # the longest is "request id"


class Command(BaseCommand):
    help = (
        "Ask each configured model a short question, and print what works. Needs no database and saves"
        " nothing. Exit code: 0 if every model answered, otherwise 1."
    )
    requires_system_checks = []  # this command helps to find out what is wrong

    def handle(self, *args: Any, **options: Any) -> None:
        if options["verbosity"] < 2:
            logging.getLogger("completions").setLevel(logging.ERROR)  # its log repeats what is printed
        if not self._print_settings():
            sys.exit(1)
        try:
            every_model_answered = asyncio.run(self._check_demo()) if settings.ASKME_DEMO else self._check()
        except KeyboardInterrupt:
            self.stderr.write("Stopped.")
            sys.exit(130)
        if not every_model_answered:
            sys.exit(1)

    def _check(self) -> bool:
        provider = Provider(connections=1)
        try:
            return self._run(ApiCheck(provider.client))
        finally:
            provider.close()

    async def _check_demo(self) -> bool:
        """The demo model answers on this event loop, so the check runs in a thread."""
        provider = Provider(connections=1)
        check = ApiCheck(provider.client)
        try:
            return await asyncio.to_thread(self._run, check)
        finally:
            check.stop()  # after Ctrl-C, because the process waits for its threads
            provider.close()

    def _run(self, check: ApiCheck) -> bool:
        models = configured()
        for title, findings in findings_of(check, models):
            self._write(f"\n{title}")
            for finding in findings:
                self._print(finding)
        return check.answered == len(models)

    def _print_settings(self) -> bool:
        """Return False if questions, and the key, would go another way than the operator meant."""
        problems = getattr(settings, "ENVIRONMENT_PROBLEMS", {})
        for name, problem in problems.items():
            instead = "" if name in WAYS else " The default is used."
            self._print(Finding("bad", "settings", f"{problem.message}{instead} {problem.hint}"))
        if wrong := [name for name in WAYS if name in problems]:
            text = f"{wrong[0]} says where questions and the key go, so nothing was sent."
            self._print(Finding("bad", "stopped", text))
            return False
        if settings.ASKME_DEMO:
            text = "OPENAI_API_KEY and OPENAI_BASE_URL are not set, so this checks the built-in demo model."
            self._print(Finding("note", "demo", text))
        return True

    def _print(self, finding: Finding) -> None:
        style = {"good": self.style.SUCCESS, "note": self.style.WARNING, "bad": self.style.ERROR}
        sign = style[finding.level](f"{SIGNS[finding.level]:4}")
        self._write(f"  {sign}  {finding.subject:{SUBJECT_CHARS}} {finding.text}")

    def _write(self, line: str) -> None:
        encoding = getattr(self.stdout, "encoding", None) or "utf-8"
        self.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding))
        self.stdout.flush()
