"""Python imports this at its start if this folder is on PYTHONPATH. It logs where the process tries to write.

WRITE_LOG is the path of the log, which has a line for each attempt, allowed or not: the event and the path.
"""

import os
import sys

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = (
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "sqlite3.connect",
)

log = os.open(os.environ["WRITE_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        if (
            not isinstance(flags, int)
            or not flags & WRITES
            or not isinstance(path, str | bytes | os.PathLike)
        ):
            return  # it is read, or is a file descriptor that is open already
    elif event not in CHANGES:
        return
    os.write(log, f"{event} {os.fsdecode(arguments[0])}\n".encode())  # type: ignore[arg-type]


sys.addaudithook(hook)
