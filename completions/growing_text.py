"""A text that grows by small pieces and is rarely read as a whole."""

PIECES = 100


class GrowingText:
    """A small string takes 50 bytes besides its text, so a hundred of them are joined to one."""

    __slots__ = ("_blocks", "_pieces")

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._pieces: list[str] = []

    def append(self, text: str) -> None:
        self._pieces.append(text)
        if len(self._pieces) == PIECES:
            self._blocks.append("".join(self._pieces))
            self._pieces.clear()

    def __str__(self) -> str:
        return "".join(self._blocks) + "".join(self._pieces)

    def __bool__(self) -> bool:
        """Whether anything was appended."""
        return bool(self._pieces or self._blocks)

    def clear(self) -> None:
        self._blocks.clear()
        self._pieces.clear()
