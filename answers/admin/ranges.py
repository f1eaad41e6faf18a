"""The days that the usage page shows: a number of days until today, or two dates."""

from datetime import date, timedelta
from typing import NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from answers.models.usage_report import YEARS

CHOICES = [7, 30, 90, 365]  # days
DEFAULT = 30
MOST_DAYS = 366


class DayRange(NamedTuple):
    since: date
    until: date
    days: int  # one of CHOICES, or 0 if two dates were given


class RangeForm(forms.Form):
    since = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(label="To", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if not (since and until):
            return
        if since.year not in YEARS or until.year not in YEARS:
            raise ValidationError("There are no figures of that year.")
        if since > until:
            raise ValidationError("The first day is after the last one.")
        if (until - since).days >= MOST_DAYS:
            raise ValidationError(f"Choose at most {MOST_DAYS} days.")


def last_days(number: int, today: date) -> DayRange:
    return DayRange(today - timedelta(days=number - 1), today, number)


def chosen(query: QueryDict, today: date) -> tuple[DayRange, RangeForm]:
    """What was asked for, and the form to choose two dates, with errors if these were invalid."""
    if "since" in query or "until" in query:
        form = RangeForm(query)
        if form.is_valid():
            return DayRange(form.cleaned_data["since"], form.cleaned_data["until"], 0), form
        return last_days(DEFAULT, today), form
    text = query.get("days", "")
    found = last_days(int(text) if text in map(str, CHOICES) else DEFAULT, today)
    return found, RangeForm(initial={"since": found.since, "until": found.until})
