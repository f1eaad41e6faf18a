"""What is asked: a question and the turns before it, as a value; and as text for the older API."""

from dataclasses import dataclass, replace
from typing import Self

QUESTION = "{question}"


@dataclass(frozen=True, slots=True)
class Turn:
    """A question that was asked before, with what was answered."""

    question: str
    answer: str

    @property
    def chars(self) -> int:
        return len(self.question) + len(self.answer)


@dataclass(frozen=True, slots=True)
class Prompt:
    question: str
    earlier: tuple[Turn, ...] = ()  # the oldest first
    model: str = ""  # none: the endpoint's

    @property
    def chars(self) -> int:
        """Of all that people and model have said in it."""
        return len(self.question) + sum(turn.chars for turn in self.earlier)

    def with_fewer_turns(self) -> Self:
        """With the newer half of the earlier turns."""
        return replace(self, earlier=self.earlier[(len(self.earlier) + 1) // 2 :])


def filled(template: str, prompt: Prompt) -> str:
    """The template with its question, after the earlier turns in the same form.

    The form of a turn begins with the line of the first {question} or, if nothing stands before it there,
    with the last line above that says something. What comes before is said once. So of the usual template
    the instruction is said once, and "Question: ...\\nAnswer: ...\\n\\n" for each turn.
    """
    # replace, not format: braces in a question or a template are only text
    if not prompt.earlier:
        return template.replace(QUESTION, prompt.question)
    before, _, _ = template.partition(QUESTION)
    start = before.rstrip().rfind("\n") + 1
    form = template[start:]
    space = "" if form[-1:].isspace() else " "
    turns = (
        f"{form.replace(QUESTION, turn.question)}{space}{turn.answer.strip()}\n\n" for turn in prompt.earlier
    )
    return "".join([template[:start], *turns, form.replace(QUESTION, prompt.question)])
