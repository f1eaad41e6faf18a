"""How an answer is followed: the part of the public interface that is described in `answers/__init__.py`."""

from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser

from answers.asking.access import require_reader
from answers.asking.questions import Accepted
from answers.asking.requester import Requester
from answers.engine.runtime import current_runtime
from answers.live.follower import Follower
from answers.live.formatted_follower import FormattedFollower
from answers.live.progress import Progress


async def follow(
    requester: Requester | AbstractBaseUser,
    answer: UUID | Accepted,
    position: int = 0,
    *,
    share: str | None = None,
    reasoning_position: int = 0,
    edition: int = 0,
    html: bool = False,
) -> Follower:
    """An async iterator of an answer's events after `position` code points, then live until its end.

    `answer` is an id, or the result of `ask`. `position` is in this `edition` of the text, and
    `reasoning_position` is the position in the reasoning. With `share`, the token of a shared link, anybody
    may follow the answers of its thread, without their reasoning. With `html`, the events also have the text
    as HTML, from its first block (see `protocol.with_html`). Raises `Refused` if they may not be read.
    """
    id, notified = answer if isinstance(answer, Accepted) else (answer, None)
    progress = Progress(id, position, reasoning_position, edition)
    kind = FormattedFollower if html else Follower
    follower = kind(current_runtime().worker, progress, notified)
    if not isinstance(answer, Accepted):
        await require_reader(Requester.of(requester), id, share)
        if share is not None:
            progress.hide_reasoning()
    await follower.open()
    return follower
