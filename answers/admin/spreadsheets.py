"""Cells that a spreadsheet shows as they are, whoever wrote the text.

A spreadsheet computes a cell that begins with a sign such as =, and a formula can send what other cells
contain to another site. So a text that begins with one gets an apostrophe in front (OWASP ASVS 1.2.10).
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

# The wide ones are from Asian keyboards, and Excel reads them as the others.
SIGNS = "=+\\-@＝＋－＠"
INVISIBLE = r"\s\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff"
FORMULA = re.compile(f'[{INVISIBLE}"]*[{SIGNS}]|[\t\r\n]')

# Where numbers have a comma, as in German, French and Spanish, Excel expects semicolons between cells. It
# opens a file with commas all the same, splits texts at their semicolons, and takes each of their lines for a
# row. So a sign there could begin a cell too. A space keeps it a text, and lists stay lists in Markdown.
FORMULA_WITHIN = re.compile(f'([\t\r\n;]"*)([{SIGNS}])')

# A cell of Excel has no more, in UTF-16. It puts the rest into other cells, where a sign could come first.
CELL_UNITS = 32_767


def cell(value: Any) -> str:
    """How a value is written into a CSV file. Times are in UTC, without saying so."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"  # the form that spreadsheets know
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, float):
        return f"{value:.3f}"
    return harmless(value) if isinstance(value, str) else str(value)


def harmless(text: str) -> str:
    """The text as it can stand in a cell. It is cut if it is too long, and then says so."""
    shown = FORMULA_WITHIN.sub(r"\1 \2", text.replace("\0", ""))
    if FORMULA.match(shown):
        shown = "'" + shown
    return _cut(shown, f"… [cut: {len(text):,} characters; JSON Lines has all of them]")


def _cut(text: str, mark: str) -> str:
    if len(text) <= CELL_UNITS // 2:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * CELL_UNITS:
        return text
    return units[: 2 * (CELL_UNITS - len(mark))].decode("utf-16-le", "ignore") + mark
