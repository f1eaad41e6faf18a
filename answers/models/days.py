"""The days of the site, in its time zone (`TIME_ZONE`), whatever zone the reader's page is shown in."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone


def today() -> date:
    return day_of(timezone.now())


def day_of(moment: datetime) -> date:
    return moment.astimezone(timezone.get_default_timezone()).date()


def start_of(day: date) -> datetime:
    """Midnight. A day may have 23 or 25 hours, so its end is the start of the next one."""
    return datetime.combine(day, time(), timezone.get_default_timezone())


def end_of(day: date) -> datetime:
    """The midnight after this day."""
    return start_of(day + timedelta(days=1))
