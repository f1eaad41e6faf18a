"""Write answers to a file, newest first, however many there are. The admin writes the same files.

A file only gets its name once it is complete. Until then its name ends with `.part`.
"""

import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TextIO

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from answers.admin.auditing import record_command
from answers.admin.export_files import (
    Export,
    Format,
    allowed_columns,
    as_csv,
    as_json_lines,
    as_rated_pairs,
)
from answers.models import Action, Answer, AnswerQuerySet, AuditEntry, Status

FORMATS = {"csv": as_csv, "jsonl": as_json_lines}
# Outside this range, a time in one zone may have no date in another.
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(9999, 12, 30)


class Command(BaseCommand):
    help = (
        "Write questions and answers to a file, newest first, with everything that the admin shows: as JSON"
        " Lines for programs, or as CSV for spreadsheets. Days are those of the site's time zone (TIME_ZONE);"
        " times in the file are in UTC."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=day, metavar="YYYY-MM-DD", help="the first day")
        parser.add_argument("--until", type=day, metavar="YYYY-MM-DD", help="the last day")
        parser.add_argument("--user", metavar="USERNAME", help="only what this person asked")
        parser.add_argument("--status", choices=Status.values, help="only answers with this status")
        parser.add_argument("--model", help="only answers of this model, by its name in the API")
        parser.add_argument("--format", choices=sorted(FORMATS), default="jsonl", help="default: jsonl")
        parser.add_argument(
            "--rated",
            action="store_true",
            help="only rated answers, as JSON Lines: with the rating, the comment and the conversation that"
            " was sent, but without who asked; the bad ones come first",
        )
        parser.add_argument("--output", metavar="FILE", help="default: standard output")

    def handle(self, *args: Any, output: str | None, **options: Any) -> None:
        export = Export(_format(options), _chosen(options))
        what = _description(export.format, options)
        entry = record_command(Action.EXPORTED, what, person=options["user"] or "")
        try:
            if output is None or output == "-":
                self._print(export)
            else:
                with new_file(Path(output)) as file:
                    file.writelines(export.parts())
        except OSError as error:
            raise CommandError(f"The file could not be written: {error}") from None
        finally:
            AuditEntry.objects.filter(pk=entry.pk).update(number=export.number)
        self.stderr.write(f"{export.number:,} answer{'' if export.number == 1 else 's'}.")

    def _print(self, export: Export) -> None:
        try:
            for part in export.parts():
                self.stdout.write(part, ending="")
            self.stdout.flush()
        except BrokenPipeError:  # the reader is gone, as after "| head"
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ArgumentTypeError(f"“{text}” is not a day like 2026-03-31")
    return day


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """A file that only its owner may read, since it contains what people wrote."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)  # it may have other permissions
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
    with open(descriptor, "w", encoding="utf-8", newline="") as file:
        yield file
    part.replace(path)


def _format(options: dict[str, Any]) -> Format:
    if options["rated"]:
        if options["format"] == "csv":
            raise CommandError("Rated answers are written as JSON Lines. Leave out --format csv.")
        return as_rated_pairs()
    return FORMATS[options["format"]](allowed_columns(texts=True, names=True))


def _chosen(options: dict[str, Any]) -> AnswerQuerySet:
    answers = Answer.objects.all()
    if options["since"]:
        answers = answers.filter(asked_at__gte=_start(options["since"]))
    if options["until"]:
        answers = answers.filter(asked_at__lt=_start(options["until"] + timedelta(1)))
    if options["user"] is not None:
        answers = answers.filter(user=_person(options["user"]))
    if options["status"]:
        answers = answers.filter(status=options["status"])
    if options["model"]:
        answers = answers.filter(model=options["model"])
    return answers


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def _person(username: str) -> Any:
    model = get_user_model()
    try:
        return model._default_manager.get_by_natural_key(username)
    except model.DoesNotExist:
        raise CommandError(f"There is no user “{username}”.") from None


def _description(format: Format, options: dict[str, Any]) -> str:
    names = ("since", "until", "user", "status", "model")
    filters = ", ".join(f"{name}={options[name]}" for name in names if options[name])
    return ": ".join(filter(None, [format.name, filters]))
