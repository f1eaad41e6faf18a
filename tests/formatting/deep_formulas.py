r"""A program of its own: it converts deep formulas in a thread with a small stack, and ends, or crashes.

    python -m tests.formatting.deep_formulas SEED NUMBER KILOBYTES [open]

Each formula repeats some tokens as often as the gate lets it (`open`: 300 times, without the gate). All
commands of the converter take part.
"""

import random
import re
import sys
import threading
from contextlib import suppress
from pathlib import Path

import math_core

from answers.formatting.maths import converter
from answers.formatting.tex import ARGUMENTS, MAX_TOKENS, SPACES, SYMBOLS, prepared

UNGATED = 300
TOKENS = [
    "{",
    "}",
    "[",
    "]",
    "^",
    "_",
    "&",
    r"\\",
    "x",
    "1",
    "'",
    " ",
    "+",
    "(",
    "|",
    "~",
    r"\,",
    r"\ ",
    r"\{",
    r"\left(",
    r"\right)",
    r"\left.",
    r"\begin{matrix}",
    r"\end{matrix}",
    r"\begin{aligned}",
    r"\end{aligned}",
    r"\begin{cases}",
    r"\begin{array}{c}",
    r"\end{array}",
    r"\middle|",
    r"\big(",
    r"\bigl[",
    "{red}",
    "{a}",
    "{1em}",
]
OPENING = re.compile(r"\\begin\{(\w+)\}|\\left.|[{\[]")
NESTING = [
    "{",
    r"\sqrt{",
    r"\sqrt ",
    r"\sqrt[",
    r"\sqrt[3]{",
    r"\frac1",
    r"\frac{1}{",
    r"\frac ",
    r"\binom{",
    "x^{",
    "x_{",
    r"\hat ",
    r"\mathrm{",
    r"\textcolor{red}{",
    r"\color{red}",
    r"\displaystyle ",
    r"\boxed{",
    r"\text{",
    r"\left(",
    r"\begin{pmatrix}",
    r"\begin{cases}",
    r"\overset a",
    r"\underbrace{",
    r"\xrightarrow{",
    r"\not ",
    r"{x \over ",
    "(",
    "[",
    r"\{",
    "{(}",
    r"\langle ",
    "x+(",
    r"\bigl[",
    "({",
    r"\mathopen(",
    r"\lgroup ",
    r"\genfrac(){1pt}{1}{",
    r"\sideset{_",
    r"\bra{",
    r"\mathop{",
    r"\phantom{",
    r"\cancel{",
    r"\sqrt_",
    r"\prod ^",
    r"\sum\limits_",
    r"x^\max_",
    r"\displaystyle &",
]


def commands() -> list[str]:
    """The names that the converter knows. They stand in its file, one after the other without spaces."""
    data = next(Path(math_core.__file__).parent.glob("*.so")).read_bytes()
    tables = [table.decode() for table in re.findall(rb"[A-Za-z]{150,}", data)]
    names = {table[at : at + size] for table in tables for at in range(len(table)) for size in range(2, 21)}
    return [*sorted(filter(is_known, names)), *sorted(ARGUMENTS | SYMBOLS | SPACES)]


def is_known(name: str) -> bool:
    try:
        converter().convert_with_local_state(f"\\{name}", displaystyle=False)
    except math_core.LatexError as error:
        return "Unknown command" not in str(error)
    return True


def closing(opened: str) -> str:
    kinds = [
        f"\\end{{{match[1]}}}" if match[1] else {"{": "}", "[": "]"}.get(match[0], r"\right)")
        for match in OPENING.finditer(opened)
    ]
    return "".join(reversed(kinds))


def deepest(unit: str, middle: str, end: str, *, is_gated: bool) -> str:
    """The longest formula of this shape that passes the gate."""

    def formula(number: int) -> str:
        return unit * number + middle + end * number

    if not is_gated:
        return formula(UNGATED)
    low, high = 0, MAX_TOKENS
    while low < high:
        number = (low + high + 1) // 2
        low, high = (number, high) if prepared(formula(number)) is not None else (low, number - 1)
    return prepared(formula(low)) or ""


def work(seed: int, number: int, *, is_gated: bool) -> None:
    chance = random.Random(seed)
    names = commands()
    for unit in NESTING + [random_unit(chance, names) for _ in range(number)]:
        end = closing(unit) if chance.random() < 0.7 else chance.choice(["", "x", "xy"])
        tex = deepest(unit, chance.choice(["", "x", "x x"]), end, is_gated=is_gated)
        with suppress(math_core.LatexError):
            converter().convert_with_local_state(tex, displaystyle=True)


def random_unit(chance: random.Random, names: list[str]) -> str:
    return "".join(
        f"\\{chance.choice(names)} " if chance.random() < 0.5 else chance.choice(TOKENS)
        for _ in range(chance.randint(1, 4))
    )


if __name__ == "__main__":
    seed, number, kilobytes = map(int, sys.argv[1:4])
    threading.stack_size(kilobytes * 1024)
    thread = threading.Thread(target=work, args=(seed, number), kwargs={"is_gated": len(sys.argv) == 4})
    thread.start()
    thread.join()
