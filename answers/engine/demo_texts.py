"""What the demo model says, in Markdown, so that one sees what formatted answers look like."""

import re

SHOWN_TURNS, SHOWN_CHARS = 5, 60  # of the earlier questions
# What could mean something in Markdown, also at the beginning of a line.
MARKUP = re.compile(r"[\\`*_~$<>\[\]|#&]|://|^\s*(?:[-+=]|\d+[.)])|^[ \t]{4}", re.M)

FIRST = """\
You asked {name}, so this is not a real answer.

{question}

## What you can see here

- Answers arrive **a few words at a time**. Each word takes the path of a real answer: over HTTP, through a \
thread, the event loop and the channel layer, into your browser.
- Reload this page while I'm still writing, or press **Stop**. The text stays, because the answer belongs to \
the server, not to the tab.
- Models write Markdown, and askme formats it while it arrives.

| Models write | You see |
|---|---|
| `**bold**` | **bold** |
| `1. first` | a numbered list |
| `$e^{{i\\pi}}$` | $e^{{i\\pi}}$ |

I wait 30 milliseconds between two words, so this is how fast I write:

$$\\frac{{1\\ \\text{{word}}}}{{0.03\\ \\text{{s}}}} \\approx 33\\ \\text{{words per second}}$$

## Connect a real model

Set `OPENAI_API_KEY` and `ASKME_MODEL` in the environment, or in a file named `.env`, and start askme again. \
Any other server that speaks OpenAI's API works too, such as Ollama, vLLM or llama.cpp:

```sh
export OPENAI_BASE_URL=http://127.0.0.1:11434/v1
export ASKME_MODEL=name-of-the-model
make run
```

Have fun! 🎈"""

FOLLOW_UP = """\
You asked {name}, so this is not a real answer either.

{question}

## What was sent with it

I have read {turns} of our conversation, and understood none of it. {before}

{earlier}

A real model would now know what you mean by “it”, “there” and “why?”. It forgets everything between two \
questions, so your questions and its answers are sent again each time:

```python
messages = [*earlier_messages, {{"role": "user", "content": question}}]
```

| Sent | Messages |
|---|--:|
| Your questions | {questions} |
| My answers | {answers} |

With $n$ earlier turns, that makes

$$2n + 1 = {messages}$$

Keep asking. Like an elephant, I never forget, as long as somebody tells me everything again. 🐘"""
DEMO = "askme's built-in demo model"
CHOSEN = "“{label}”, which is just another name for " + DEMO


def text(question: str, earlier: list[str], label: str) -> str:
    """The answer to a question after these earlier ones. `label` is that of the chosen model, or empty."""
    number = len(earlier)
    shown = earlier[-SHOWN_TURNS:]
    lines = (f"{at}. {_line(asked)}" for at, asked in enumerate(shown, number - len(shown) + 1))
    return (FOLLOW_UP if earlier else FIRST).format(
        name=CHOSEN.format(label=_inline(label)) if label else DEMO,
        question=_quoted(question),
        before="You asked me before:" if number == len(shown) else f"Your last {len(shown)} questions were:",
        earlier="\n".join(lines),
        turns="one turn" if number == 1 else f"{number} turns",
        questions=number + 1,
        answers=number,
        messages=2 * number + 1,
    )


def _quoted(question: str) -> str:
    """As a quote, or as code if there is anything in it that a quote would format."""
    question = question.strip("\n")
    if MARKUP.search(question):
        fence = _longer_than_in(question, least=3)
        return f"{fence}\n{question}\n{fence}"
    return "> " + "\n> ".join(question.splitlines())


def _line(question: str) -> str:
    line = " ".join(question.split())
    return _inline(line if len(line) <= SHOWN_CHARS else line[: SHOWN_CHARS - 1] + "…")


def _inline(line: str) -> str:
    if not MARKUP.search(line):
        return line
    ticks = _longer_than_in(line, least=1)
    return f"{ticks} {line} {ticks}"


def _longer_than_in(text: str, *, least: int) -> str:
    """So many backticks that none in the text end the code."""
    return "`" * max([least, *(len(run) + 1 for run in re.findall("`+", text))])
