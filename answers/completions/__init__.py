"""A prompt in, an iterator of text out: `for text in client.ask(prompt)`, from any OpenAI-compatible API.

The way through the package: a `prompt` is a question with the turns before it. `client` decides how often to
try and when an answer is whole. It sends what `endpoint` describes with `transport`, the only importer of
`requests`, whose urllib3 `connections` hang on a `wire` that any thread can cut and that keeps the deadlines.
What comes back are lines, which `sse` makes whole and reads as events, `replies` finds the shape of, `deltas`
understands and `draft` turns into text, through the gate of `text`. What goes wrong is an error of `errors`,
made from the API's own by `failures`.

It knows nothing of Django, users, threads or the rest of askme.
"""

from answers.completions.client import Client, Completion
from answers.completions.deltas import Usage
from answers.completions.endpoint import DEFAULT_PROMPT_TEMPLATE, Endpoint
from answers.completions.errors import CompletionError
from answers.completions.prompt import Prompt, Turn

__all__ = [
    "DEFAULT_PROMPT_TEMPLATE",
    "Client",
    "Completion",
    "CompletionError",
    "Endpoint",
    "Prompt",
    "Turn",
    "Usage",
]
