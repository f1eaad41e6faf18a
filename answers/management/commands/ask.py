"""Ask from a terminal: the same worker, row and journal as on the page; the answer is printed."""

import asyncio
import logging
import os
import signal
import sys
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from answers.completions import Prompt
from answers.events import Event
from answers.follower import Follower
from answers.forms import QuestionForm
from answers.models import Answer, Status, User
from answers.running import RunningAnswer
from answers.store import in_store
from answers.worker import close_workers, current_worker

EXIT_CODES = {Status.COMPLETE: 0, Status.STOPPED: 130, Status.FAILED: 1, Status.INTERRUPTED: 1}


class Command(BaseCommand):
    help = (
        "Ask a question and print the answer as it comes. Ctrl-C stops it. "
        "Exit code: 0 complete, 1 failed, 2 not asked, 130 stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("question", help="the question, or - to read it from standard input")
        parser.add_argument("--model", help="one of ASKME_MODELS, by its name (default: the first)")
        parser.add_argument("--user", default="terminal", help="whose question it is (default: %(default)s)")

    def handle(self, *args: Any, question: str, user: str, model: str | None, **options: Any) -> None:
        if options["verbosity"] < 2:
            logging.getLogger("answers").setLevel(logging.WARNING)  # the log would stand amid the answer
        question = sys.stdin.read() if question == "-" else question
        form = QuestionForm({"question": question, "model": model})
        if not form.is_valid():
            sentences = (str(error) for errors in form.errors.values() for error in errors)
            raise CommandError(" ".join(sentences), returncode=2)
        end = asyncio.run(self._ask(user, **form.cleaned_data))
        self.stdout.write("")
        if end["type"] == "error":
            raise CommandError(end["message"])  # somebody has deleted it
        if end["error"]:
            self.stderr.write(end["error"]["message"])
        elif end["finish_reason"] == "length":
            self.stderr.write("The answer reached its length limit.")
        elif end["status"] != Status.COMPLETE:
            self.stderr.write(f"The answer was {end['status']}.")
        if code := EXIT_CODES[Status(end["status"])]:
            sys.exit(code)

    async def _ask(self, username: str, question: str, model: str) -> Event:
        ends: asyncio.Queue[Event] = asyncio.Queue()

        async def show(event: Event) -> None:
            if event["type"] == "answer.text":
                try:
                    self.stdout.write(event["text"], ending="")
                    self.stdout.flush()
                except BrokenPipeError:  # nobody reads any more, as after "| head": the rest goes nowhere
                    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                    worker.stop(answer.id)
            elif event["type"] in ("answer.finished", "error"):
                ends.put_nowait(event)

        answer = await _save(username, question, model)
        worker = current_worker()
        follower = Follower(worker, show)
        await follower.open()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, worker.stop, answer.id)
        try:
            worker.ask(answer)
            await follower.follow(answer.id, 0)
            return await ends.get()
        finally:
            await follower.close()
            await close_workers()


@in_store
def _save(username: str, question: str, model: str) -> RunningAnswer:
    user, created = User.objects.get_or_create(username=username)
    if created:
        user.set_unusable_password()
        user.save()
    label = settings.ASKME_MODELS.get(model, "")
    answer = Answer.objects.ask(user, uuid4(), question, model_label=label)
    return RunningAnswer(answer.pk, user.pk, Prompt(question, model=model), label)
