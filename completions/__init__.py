"""A prompt in, an iterator of text out: `for text in client.ask(prompt)`, from any OpenAI-compatible API.

The path of a token, one module after the other:

1. `client`: `Client.ask` returns a `Completion`, the iterator that the caller reads.
2. `call` asks the question, in as many attempts as it takes, and decides which errors to retry. `call_record`
   keeps the figures for the log.
3. `request` makes the JSON body from the prompt and from what the API accepts (`dialects`).
4. `transport` sends it with `requests`. Only this module imports `requests`.
5. `connections` are the urllib3 connections that carry the reply. `resolver` looks up their hosts.
6. `wire` holds the connection, so that any thread can cut it, and keeps the deadlines.
7. `replies` turns the bytes of the reply into lines and events. `payloads` and `responses` turn these into
   deltas (`delta`), with the help of `parsing`, `sources` and `usage`.
8. `draft` turns deltas into clean text, checks that the answer is complete, and uses `thinking` to separate
   the reasoning from the text.

`call` yields the answer to the caller in `pieces`. Anything that goes wrong on the way becomes one of the
`errors`. `connection_errors` chooses it if the API was not reached. If the API returns an error,
`error_bodies` reads it. Then `refusals` finds a field to leave out, or `api_errors` chooses the error.

`listed_models` asks for the list of models instead of an answer.

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
