"""Replies of real servers that have confused clients, piece by piece, and what they must become."""

import json
from typing import Any, NamedTuple


def event(delta: Any = None, *, finish_reason: str | None = None, index: int = 0) -> bytes:
    """One chunk of a chat completion, as an event."""
    choice = {"index": index, "delta": {"content": delta} if isinstance(delta, str) else delta or {}}
    choice["finish_reason"] = finish_reason
    payload = {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


END = event(finish_reason="stop") + b"data: [DONE]\n\n"


class KnownReply(NamedTuple):
    pieces: list[bytes]
    text: str = ""
    outcome: str = "complete"
    status: int = 200


def refusal(status: int, body: Any) -> KnownReply:
    return KnownReply([json.dumps(body).encode()], outcome="not_configured", status=status)


MISTRAL_THOUGHT = {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm "}]}]}
DETAILED_THOUGHT = {"reasoning_details": [{"type": "reasoning.text", "text": "hm "}]}
NOT_VERIFIED = {
    "message": "Your organization must be verified to stream this model. Please go to the settings.",
    "type": "invalid_request_error",
    "param": "stream",
    "code": "unsupported_value",
}
RESPONSES_ONLY = {
    "message": "This model is only supported in v1/responses and not in v1/chat/completions.",
    "type": "invalid_request_error",
    "param": "model",
    "code": None,
}
WRONG_KEY = {
    "code": 400,
    "message": "API key not valid. Please pass a valid API key.",
    "status": "INVALID_ARGUMENT",
}

KNOWN_REPLIES = {
    "reasoning in parts of the content": KnownReply(
        [*[event(MISTRAL_THOUGHT)] * 6, event("Yes."), END], "Yes."
    ),
    "reasoning in details": KnownReply([*[event(DETAILED_THOUGHT)] * 6, event("Yes."), END], "Yes."),
    "reasoning in the text": KnownReply(
        [event("<th"), event("ink>\nhm hm\n</think>\n\n"), event("Yes."), END], "Yes."
    ),
    "not verified": refusal(400, {"error": NOT_VERIFIED}),
    "only in Responses": refusal(400, {"error": RESPONSES_ONLY}),
    "gone": refusal(410, {"error": {"message": "Sonar is now the Agent API", "type": "gone", "code": 410}}),
    "an error in an array": refusal(400, [{"error": WRONG_KEY}]),
    "a second choice": KnownReply(
        [
            event("X", index=1),
            event("A"),
            event("Y", index=1, finish_reason="stop"),
            event("B"),
            END,
        ],
        "AB",
    ),
    "a carriage return, then a line feed": KnownReply(
        [
            b'data: {"choices":[{"index":0,\rdata: "delta":{"content":"A"}}]}',
            b"\n\n",
            event("B"),
            END,
        ],
        "AB",
    ),
    "single newlines": KnownReply(
        [
            b'data: {"choices":[{"index":0,"delta":{"content":"A"}}]}\n',
            b'data: {"choices":[{"index":0,"delta":{"content":"B"}}]}\n',
            b"data: [DONE]\n",
        ],
        "AB",
    ),
}
