"""What docs/operating.md lets an operator paste works, and names rights that exist."""

import re

import pytest
from django.contrib.auth.models import Group, Permission

from tests.support.sites import ROOT

pytestmark = pytest.mark.django_db
DOCUMENT = (ROOT / "docs" / "operating.md").read_text()


def test_the_groups_can_be_created_and_contain_what_they_name():
    [recipe] = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    found: dict = {}
    for _ in range(2):  # again, which changes nothing
        exec(recipe, found)
    assert Group.objects.count() == 4
    for name, codes in found["GROUPS"].items():
        given = Group.objects.get(name=name).permissions.values_list("codename", flat=True)
        assert set(given) == set(codes.split()), name


def test_the_rights_in_the_table_exist():
    table = DOCUMENT.partition("| permission |")[2].partition("\n\n")[0]
    named = re.findall(r"Can [a-z ]+(?=,| \|)", table)
    assert len(named) > 10
    assert set(named) <= set(Permission.objects.values_list("name", flat=True))
