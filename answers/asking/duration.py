"""How long to wait, in the words of a sentence such as “Please ask again in 5 minutes.”"""

import math

from django.utils.translation import ngettext


def duration(seconds: int) -> str:
    if seconds < 100:
        return ngettext("%(number)d second", "%(number)d seconds", seconds) % {"number": seconds}
    if seconds < 6_000:
        minutes = math.ceil(seconds / 60)
        return ngettext("%(number)d minute", "%(number)d minutes", minutes) % {"number": minutes}
    hours = math.ceil(seconds / 3_600)
    return ngettext("%(number)d hour", "%(number)d hours", hours) % {"number": hours}
