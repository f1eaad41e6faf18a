"""Auto-delete: the page on which people choose to have old threads deleted sooner than the site does.

What is too old by then is deleted at once. Later, the prune does it (answers/engine/retention.py).
"""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from answers.engine.pruning import USAGE_DAYS
from answers.engine.retention import OutdatedThreads, days_kept
from answers.models import PersonalSettings, in_batches
from answers.pages.deletion import MOST_COUNTED
from answers.pages.history import own_answers

OFFERED_DAYS = (1, 7, 30, 90, 180, 365)


class AutoDeleteForm(forms.Form):
    """`days` is None for what the site does."""

    days = forms.TypedChoiceField(
        label="", coerce=int, empty_value=None, required=False, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, chosen: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        site = settings.ASKME_KEEP_DAYS
        days = sorted({*OFFERED_DAYS, *([chosen] if chosen else [])})
        shorter = [(str(one), _after(one)) for one in days if not site or one < site]
        site_default = _("%(time)s (the site's default)") % {"time": _after(site)}
        field: Any = self.fields["days"]
        field.choices = [*shorter, ("", site_default if site else _("Until you delete them"))]
        field.initial = str(chosen) if str(chosen) in dict(shorter) else ""


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def auto_delete(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("history")  # nothing is stored
    own = PersonalSettings.objects.filter(user=request.user.pk)
    chosen = own.values_list("keep_days", flat=True).first()
    form = AutoDeleteForm(request.POST or None, chosen=chosen, label_suffix="")
    if not form.is_valid():
        context = {"form": form, "site_days": settings.ASKME_KEEP_DAYS, "usage_days": USAGE_DAYS}
        return render(request, "answers/auto_delete.html", context, status=400 if form.is_bound else 200)
    days = form.cleaned_data["days"]
    outdated = OutdatedThreads(own_answers(request), days) if days else None
    if outdated and "confirmed" not in request.POST and (count := outdated.total(MOST_COUNTED)):
        context = {"days": days, "count": min(count, MOST_COUNTED), "has_more": count > MOST_COUNTED}
        return render(request, "answers/auto_delete_confirm.html", context)
    if days:
        PersonalSettings.objects.update_or_create(user_id=request.user.pk, defaults={"keep_days": days})
    else:
        own.update(keep_days=None)
    if outdated:
        in_batches(outdated.delete)
    messages.success(request, _saved(days))
    return redirect("auto_delete")


def _after(days: int) -> str:
    text = ngettext("%(days)d day after the newest answer", "%(days)d days after the newest answer", days)
    return text % {"days": days}


def _saved(chosen: int | None) -> str:
    days = days_kept(chosen)
    if not days:
        return _("Saved. Your threads are kept until you delete them.")
    saved = ngettext(
        "Saved. Your threads are deleted %(days)d day after their newest answer.",
        "Saved. Your threads are deleted %(days)d days after their newest answer.",
        days,
    )
    return saved % {"days": days}
