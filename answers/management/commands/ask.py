"""Ask a question in a terminal, with the same worker as the site. The question and the answer are saved."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.management.base import BaseCommand, CommandError, CommandParser

import answers
from answers import Operator, Refused
from answers.engine.runtime import close_runtime, run_in_database_thread
from answers.models import Status
from answers.protocol import Event

EXIT_CODES = {Status.COMPLETE: 0, Status.STOPPED: 130, Status.FAILED: 1, Status.INTERRUPTED: 1}


class Command(BaseCommand):
    help = (
        "Ask a question and print the answer as it arrives. Ctrl-C stops it. "
        "Exit code: 0 complete, 1 failed, 2 refused, 130 stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question", help="the question, or - to read it from standard input")
        parser.add_argument("--model", help="one of ASKME_MODELS, by its name (default: the first)")
        parser.add_argument("--user", default="terminal", help="who asks, by username (default: %(default)s)")

    def handle(self, *args: Any, question: str, user: str, model: str | None, **options: Any) -> None:
        if options["verbosity"] < 2:
            for name in ("answers", "completions"):  # their lines would interrupt the answer
                logging.getLogger(name).setLevel(logging.WARNING)
        question = sys.stdin.read() if question == "-" else question
        try:
            end = asyncio.run(self._ask(user, question, model))
        except Refused as refused:
            raise CommandError(refused.message, returncode=2) from None
        self.stdout.write("")
        if end["type"] == "error":
            raise CommandError(end["message"])  # it was deleted
        if end["error"]:
            self.stderr.write(end["error"]["message"])
        elif end["finish_reason"] == "length":
            self.stderr.write("The answer reached its length limit.")
        elif end["status"] != Status.COMPLETE:
            self.stderr.write(f"The answer was {end['status']}.")
        if code := EXIT_CODES[Status(end["status"])]:
            sys.exit(code)

    async def _ask(self, username: str, question: str, model: str | None) -> Event:
        try:
            operator = Operator(await _user(username))
            accepted = await answers.ask(operator, question, model=model)
            tasks: set[asyncio.Task[None]] = set()

            def stop() -> None:
                tasks.add(asyncio.create_task(answers.stop(operator, accepted.answer)))

            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop)
            async for event in await answers.follow(operator, accepted):
                if event["type"] == "answer.text":
                    self._print(event["text"], stop)
            return event
        finally:
            await close_runtime()

    def _print(self, text: str, stop: Callable[[], None]) -> None:
        try:
            self.stdout.write(text, ending="")
            self.stdout.flush()
        except BrokenPipeError:  # the reader is gone, as after "| head": drop the rest
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            stop()


@run_in_database_thread
def _user(username: str) -> AbstractBaseUser:
    model = get_user_model()
    name: dict[str, Any] = {model.USERNAME_FIELD: username}
    user, created = model._default_manager.get_or_create(**name)
    if created:
        user.set_unusable_password()
        user.save()
    return user
