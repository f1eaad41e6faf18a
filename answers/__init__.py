"""Questions and their streamed answers: a Django application.

This is its public interface, for a site's own code. All three functions are coroutines. They raise `Refused`
with a message for the person, and DatabaseError if the database does not respond:

    from answers import ask, follow, stop

    accepted = await ask(user, "Why is the sky blue?")      # saved, and about to be answered
    async for event in await follow(user, accepted):        # answer.queued, .started, .text, .finished
        print(event.get("text", ""), end="")
    await stop(user, accepted.answer)

`user` is a user that you have authenticated, or a `SessionRequester` for the user of a session. The events
are those of `answers.protocol`. Subclass `Hooks` to decide who may ask and read, what is sent to the model,
and what happens at the end.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from answers.asking.questions import Accepted, ask, stop
    from answers.asking.requester import Operator, Requester, SessionRequester
    from answers.engine.hooks import Hooks
    from answers.live.follow import follow
    from answers.live.follower import Follower
    from answers.protocol import Refused

# Imported at first use, since models cannot be imported before Django is set up.
_MODULES = {
    "Accepted": "answers.asking.questions",
    "Follower": "answers.live.follower",
    "Hooks": "answers.engine.hooks",
    "Operator": "answers.asking.requester",
    "Refused": "answers.protocol",
    "Requester": "answers.asking.requester",
    "SessionRequester": "answers.asking.requester",
    "ask": "answers.asking.questions",
    "follow": "answers.live.follow",
    "stop": "answers.asking.questions",
}
__all__ = [
    "Accepted",
    "Follower",
    "Hooks",
    "Operator",
    "Refused",
    "Requester",
    "SessionRequester",
    "ask",
    "follow",
    "stop",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
