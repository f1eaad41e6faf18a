"""How a line of the log looks: as text, or as a JSON object on one line (`ASKME_LOG=json`).

Either way a line names the answer that it is about, and the id that a proxy gave the request.
"""

import json
import logging
import logging.config
import sys
import threading
from datetime import UTC, datetime
from socket import gethostname
from types import TracebackType
from typing import Any
from uuid import UUID

from answers.engine.answer_log import current_answer, current_request

log = logging.getLogger("answers.process")

OWN_HANDLERS = ("uvicorn", "uvicorn.access", "django.server")  # which know no JSON


class TextFormatter(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:
        """The first line, before any traceback."""
        line = super().formatMessage(record)
        if (answer := current_answer.get()) is not None and str(answer) not in line:
            line += f" answer={answer}"
        return f"{line} request={request}" if (request := current_request.get()) else line


class JsonFormatter(logging.Formatter):
    host = gethostname()

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "process": f"{self.host}:{record.process}",
            "thread": record.threadName,
        }
        if answer := _answer(record):
            line["answer"] = str(answer)
        if request := current_request.get():
            line["request"] = request
        if facts := getattr(record, "facts", None):
            line["facts"] = facts
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(line, default=str)  # in ASCII, so that no character can break the line


def _answer(record: logging.LogRecord) -> UUID | None:
    """The one that the message names. Otherwise the one that this thread or task works for."""
    args = record.args if isinstance(record.args, tuple) else ()
    return next((arg for arg in args if isinstance(arg, UUID)), current_answer.get())


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # the arguments do not fit; logging itself would print a traceback, which is no JSON
        return f"{record.msg} {record.args!r}"


def configure(config: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG. With JSON, what does not go through `logging` is sent through it too."""
    logging.config.dictConfig(config)
    if config["handlers"]["console"]["formatter"] == "json":
        for name in OWN_HANDLERS:
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).propagate = True
        logging.captureWarnings(True)
        sys.excepthook = _log_uncaught
        threading.excepthook = _log_uncaught_in_thread
        sys.unraisablehook = _log_unraisable


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
    else:
        log.critical("an exception ends the process", exc_info=(kind, error, traceback))


def _log_uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        name = args.thread.name if args.thread else "?"
        info = (args.exc_type, args.exc_value, args.exc_traceback)
        log.critical("an exception ends the thread %s", name, exc_info=info)


def _log_unraisable(args: "sys.UnraisableHookArgs") -> None:
    info = (args.exc_type, args.exc_value, args.exc_traceback) if args.exc_value else None
    log.error("%s: %r", args.err_msg or "an exception was ignored", args.object, exc_info=info)
