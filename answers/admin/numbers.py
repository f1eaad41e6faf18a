"""Numbers and times as the operator reads them. In English, as everything that the admin shows."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

UNKNOWN = "–"  # a cost; what it means is said beside it
MOST_TIMES = 10  # more than a comparison says: the site has only just begun
UNITS = [(10**9, "G"), (10**6, "M"), (10**3, "k")]


def count(number: float) -> str:
    return f"{number:,.0f}"


def short(number: float) -> str:
    """1,200 as 1.2k and 3,000,000 as 3M, for the axis of a plot."""
    for size, unit in UNITS:
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:g}"


def seconds(number: float | None) -> str:
    if number is None:
        return "-"
    return f"{number:.2f} s" if number < 10 else f"{number:,.0f} s"


def amount(money: Decimal | float) -> str:
    """Two decimals, or four if it is less than 1."""
    return f"{money:,.{2 if money >= 1 or not money else 4}f}"


def money(sum: Decimal | float) -> str:
    return f"{amount(sum)} {settings.ASKME_CURRENCY}"


def cost(sum: Decimal | float, unknown: int) -> str:
    """Of answers, of which so many have an unknown cost. Without any known cost it is not 0."""
    return UNKNOWN if unknown and not sum else money(sum)


def share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.3g}%" if whole else "-"


def change(now: float, before: float, days: int, *, less: str = "fewer") -> str:
    """Such as "12% more than in the 7 days before". Empty if there is nothing to compare with."""
    if not before or now > MOST_TIMES * before:
        return ""
    then = f"in the {days} days before" if days > 1 else "on the day before"
    percent = round(100 * (now - before) / before)
    if not percent:
        return f"as {'much' if less == 'less' else 'many'} as {then}"
    return f"{abs(percent):,}% {'more' if percent > 0 else less} than {then}"


def plural(number: int, one: str, many: str = "") -> str:
    """1 answer, 1,200 answers."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(at: datetime | None) -> str:
    """In the reader's time zone."""
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}" if at is not None else ""


def span(time: timedelta | None) -> str:
    """Such as 12 s, 5 min, 3 h, 2 days."""
    if time is None:
        return "-"
    total = max(0, int(time.total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if total >= 2 * size:
            return plural(total // size, unit) if unit == "day" else f"{total // size} {unit}"
    return f"{total} s"


def sentence(parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if part)
