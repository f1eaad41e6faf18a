"""A prompt in, an iterator of text out: `for text in client.ask(prompt)`, from any OpenAI-compatible API.

The path of a token, one module after the other:

1. `client`: `Client.ask` returns a `Completion`, the iterator that the caller reads.
2. `call` asks the question, in as many attempts as it takes, and decides what becomes of errors.
3. `request` makes the JSON body from the prompt and from what the API accepts (`dialects`).
4. `transport` sends it with `requests`. Only this module imports `requests`.
5. `connections` are the urllib3 connections that carry the reply.
6. `wire` holds the connection, so that any thread can cut it, and keeps the deadlines.
7. `replies` turns the bytes of the reply into lines and events. `deltas` and `responses` read those.
8. `draft` turns deltas into clean text, with `thinking` apart, and checks that the answer is complete.

`call` yields that text to the caller. Anything that goes wrong on the way is one of the `errors`. If the API
says what it is, `error_bodies` reads it, `refusals` finds what to leave out, and `api_errors` names the rest.

The package knows nothing of Django, users, threads or the rest of askme.
"""

from completions.client import Client, Completion
from completions.errors import CompletionError
from completions.listed_models import ListedModel
from completions.pieces import Activity, Piece, Source, Usage
from completions.request import DEFAULT_PROMPT_TEMPLATE, Endpoint, Prompt, Turn
from completions.transport import environment_proxy

__all__ = [
    "DEFAULT_PROMPT_TEMPLATE",
    "Activity",
    "Client",
    "Completion",
    "CompletionError",
    "Endpoint",
    "ListedModel",
    "Piece",
    "Prompt",
    "Source",
    "Turn",
    "Usage",
    "environment_proxy",
]
