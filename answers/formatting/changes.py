"""What has changed between two lists of blocks, in as few characters as possible.

No character of a block's HTML lies beyond U+FFFF, so code points equal the units of JavaScript's strings.
"""

from collections.abc import Sequence
from itertools import chain, compress, count, repeat
from operator import is_not

# (block, keep, html): the first `keep` characters of this block's HTML stay, and `html` follows them.
Change = tuple[int, int, str]


def changes(before: Sequence[str], after: Sequence[str]) -> list[Change]:
    """What turns `before` into `after`, in order. A new block keeps 0 characters."""
    found: list[Change] = []
    # Nearly all blocks are the same objects, which is seen without a loop in Python.
    for number in compress(count(), map(is_not, chain(before, repeat("")), after)):
        old, html = before[number] if number < len(before) else "", after[number]
        if old != html:
            keep = _common_prefix(old, html)
            found.append((number, keep, html[keep:]))
    return found


def _common_prefix(one: str, other: str) -> int:
    """The length of what both begin with. Comparing halves is faster than a loop over characters."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
