"""The settings: `site` is what an operator may change; the others follow from it."""

from askme.settings.accounts import *
from askme.settings.framework import *
from askme.settings.mail import *
from askme.settings.site import *
