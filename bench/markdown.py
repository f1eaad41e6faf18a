"""The tokens of an answer of mixed Markdown: prose, a list, code and a table.

They are nearly as short as real ones (four characters, by OpenAI's rule of thumb), because formatting is paid
by the character. So only every fourth of them carries its number and time.
"""

TIMED = 4  # one token of so many is "NUMBER:MICROSECONDS "; numbers are those of all tokens
WORDS = ("it ", "is ", "so ")
PROSE = 80  # tokens, as a share of the cycle that is repeated
LIST = PROSE + 48
CODE = LIST + 60
CYCLE = CODE + 36
COLUMNS = 3
LINE = 8  # tokens, in lists and code
FENCE = "```"


def token(number: int, microseconds: int) -> str:
    place = number % TIMED
    word = WORDS[place - 1] if place else f"{number}:{microseconds} "
    return markup_before(number) + word


def markup_before(number: int) -> str:
    """What comes before this token. Tokens themselves end with a space and contain no markup."""
    place = number % CYCLE
    if place < PROSE:
        return _prose(place, number // CYCLE)
    if place < LIST:
        return ("\n\n" if place == PROSE else "\n") + "- " if (place - PROSE) % LINE == 0 else ""
    if place < CODE:
        return f"\n\n{FENCE}python\n" if place == LIST else "\n    " if (place - LIST) % LINE == 0 else ""
    cell = place - CODE
    if cell == 0:
        return f"\n{FENCE}\n\n| a | b | c |\n|---|--:|---|\n| "
    return "|\n| " if cell % COLUMNS == 0 else "| "


def _prose(place: int, cycle: int) -> str:
    if place == 0:
        return f"|\n\n## Part {cycle}\n\n" if cycle else "# Title\n\n"
    if place == PROSE // 2:
        return "\n\n"
    return {5: "some **bold** ", 9: "and `code` ", 20: "a [link](https://example.org/) "}.get(place, "")
