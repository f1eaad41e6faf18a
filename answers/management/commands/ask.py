"""Ask a question in a terminal, with the same worker as the site. The question and the answer are saved.

Standard output has only the answer. Sources and errors go to standard error. So do activities, such as
"searching", if that is a terminal.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import IntegrityError

import answers
from answers import Accepted, Operator, Refused
from answers.engine.runtime import close_runtime, run_in_database_thread
from answers.models import Status
from answers.protocol import Event

# The account that asks if nobody is named. Django's usernames contain no parentheses, so nobody gets this one
# by signing up, with a password or with single sign-on. On a site with other rules, nobody can log in to it
# either: it is inactive and has no password.
TERMINAL = "(terminal)"

ACTIVITIES = {
    "thinking": "Thinking…",
    "searching": "Searching the web…",
    "retrying": "The model did not answer. Trying again…",
}
EXIT_CODES = {Status.COMPLETE: 0, Status.STOPPED: 130, Status.FAILED: 1, Status.INTERRUPTED: 1}


class Command(BaseCommand):
    help = (
        "Ask a question and print the answer as it arrives. Ctrl-C stops it. "
        "Exit code: 0 complete, 1 failed, 2 refused, 130 stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question", help="the question, or - to read it from standard input")
        parser.add_argument("--model", help="one of ASKME_MODELS, by its name (default: the first)")
        parser.add_argument(
            "--user",
            metavar="USERNAME",
            help="the person who asks, and finds the question in their history (default: an account for the"
            " terminal that nobody can log in to)",
        )

    def handle(self, *args: Any, question: str, user: str | None, model: str | None, **options: Any) -> None:
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
        for number, source in enumerate(end["sources"], 1):  # a pipe should read only the answer
            self.stderr.write(f"[{number}] " + ": ".join(filter(None, [source["title"], source["url"]])))
        if end["error"]:
            self.stderr.write(end["error"]["message"])
        elif end["finish_reason"] == "length":
            self.stderr.write("The answer reached its length limit.")
        elif end["status"] != Status.COMPLETE:
            self.stderr.write(f"The answer was {end['status']}.")
        if code := EXIT_CODES[Status(end["status"])]:
            sys.exit(code)

    async def _ask(self, username: str | None, question: str, model: str | None) -> Event:
        try:
            operator = Operator(await (_terminal() if username is None else _person(username)))
            asking = asyncio.create_task(answers.ask(operator, question, model=model))
            tasks: set[asyncio.Task[None]] = set()

            def stop() -> None:
                tasks.add(asyncio.create_task(_stop(operator, asking)))

            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop)
            edition = 0
            async for event in await answers.follow(operator, await asking):
                if event["type"] == "answer.text":
                    if event.get("edition", 0) != edition:
                        edition = event["edition"]
                        self.stdout.write("")
                        self.stderr.write("That was the model's reasoning. Here is its answer:")
                    self._print(event["text"], stop)
                elif event["type"] == "answer.activity" and self.stderr.isatty():
                    self.stderr.write(ACTIVITIES[event["activity"]])
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


async def _stop(operator: Operator, asking: "asyncio.Task[Accepted]") -> None:
    """A question that is just being saved is stopped once it is: nobody else would run it."""
    await asyncio.wait([asking])
    if asking.exception() is None:
        await answers.stop(operator, asking.result().answer)


@run_in_database_thread
def _person(username: str) -> AbstractBaseUser:
    """An existing user. If this created one, whoever gets that account would find the question in it."""
    model = get_user_model()
    try:
        return model._default_manager.get_by_natural_key(username)
    except model.DoesNotExist:
        raise CommandError(
            f"There is no user “{username}”. Name somebody who has an account,"
            " or leave out --user to ask as the terminal.",
            returncode=2,
        ) from None


@run_in_database_thread
def _terminal() -> AbstractBaseUser:
    model = get_user_model()
    try:
        user, _ = model._default_manager.get_or_create(
            **{model.USERNAME_FIELD: TERMINAL},
            defaults={"is_active": False, "password": make_password(None)},
        )
    except IntegrityError:  # a field that has no default
        raise CommandError(
            "A user of this site needs more than a name. Name somebody who has an account with --user.",
            returncode=2,
        ) from None
    if user.is_active or user.has_usable_password():
        raise CommandError(
            f"Somebody can log in to the account “{TERMINAL}”, and would find the question in its history."
            " Deactivate it and remove its password, or name a person with --user.",
            returncode=2,
        )
    return user
