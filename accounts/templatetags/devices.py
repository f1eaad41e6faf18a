"""The filter `device`: a browser and its system in words."""

from django import template

from accounts.devices import described

register = template.Library()
register.filter("device", described)
