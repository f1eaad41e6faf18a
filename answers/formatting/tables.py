"""The elements of a table, and how large it may be."""

from collections.abc import Sequence

# pulldown-cmark fills up short rows: 12 KB of text can be a table of 300,000 cells.
MAX_CELLS = 4_000
MAX_MISSING = 500  # cells that short rows lack
CLASSES = {"Right": ' class="right"', "Center": ' class="center"'}
TABLE = (
    '<div class="table" tabindex="0" role="group" aria-labelledby="word-table"><table>',
    "</tbody></table></div>",
)


class Table:
    """One table while it is written."""

    def __init__(self, alignments: Sequence[str], rows: int = 0) -> None:
        """`rows` have been written before."""
        self._classes = [CLASSES.get(alignment, "") for alignment in alignments]
        self._rows_left = MAX_CELLS // max(1, len(self._classes)) - rows
        self._cell = "th"
        self._column = 0
        self._missing_left = MAX_MISSING
        self._row_end = 0

    def begins_row(self, end: int) -> bool:
        """Count a row that ends at an offset. False if it would be too much."""
        self._rows_left -= 1
        self._column = 0
        self._row_end = end
        return self._rows_left >= 0 and self._missing_left >= 0

    def end_head(self) -> None:
        self._cell = "td"

    def cell(self, start: int) -> tuple[str, str]:
        self._missing_left -= start >= self._row_end
        side = self._classes[self._column] if self._column < len(self._classes) else ""
        self._column += 1
        return f'<{self._cell} dir="auto"{side}>', f"</{self._cell}>"
