"""Migrations after a release only expand the schema, so that old processes can work with the new one."""

from pathlib import Path

import pytest
from django.apps import apps
from django.db.migrations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    AlterModelOptions,
    CreateModel,
    DeleteModel,
    Migration,
    RemoveField,
    RenameField,
    RunPython,
    RunSQL,
)
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models import (
    CASCADE,
    BigAutoField,
    CharField,
    ForeignKey,
    Index,
    IntegerField,
    TextField,
    UniqueConstraint,
)

from tests.support.migration_rules import MARK, problems
from tests.support.sites import ROOT

OURS = [config.label for config in apps.get_app_configs() if Path(config.path).parent == ROOT]


def migrated(*changes, **attributes):
    """Return what is wrong with a migration of these operations, after one release with one table."""
    state = ProjectState()
    note = [
        ("id", BigAutoField(primary_key=True)),
        ("title", CharField(max_length=50, null=True)),
        ("stars", IntegerField(db_default=0)),
        ("text", TextField()),
    ]
    CreateModel("Note", note).state_forwards("notes", state)
    migration = type("Migration", (Migration,), {"operations": list(changes), **attributes})(
        "0002_x", "notes"
    )
    return problems(migration, state)


def test_the_migrations_since_the_first_release_only_expand_the_schema():
    loader = MigrationLoader(None)
    ours = {key: migration for key, migration in loader.disk_migrations.items() if key[0] in OURS}
    assert {("accounts", "0001_initial"), ("answers", "0001_initial")} <= set(ours)
    for key, migration in ours.items():
        if not key[1].startswith("0001_"):
            assert problems(migration, loader.project_state(key, at_end=False)) == [], key


@pytest.mark.parametrize(
    "change",
    [
        CreateModel("Tag", [("id", BigAutoField(primary_key=True)), ("name", CharField(max_length=9))]),
        AddField("note", "seen", IntegerField(null=True)),
        AddField("note", "seen", IntegerField(db_default=0)),
        AddField("note", "by", ForeignKey("notes.note", CASCADE, null=True, db_constraint=False)),
        AlterField("note", "title", CharField(max_length=80, null=True, help_text="What it is about.")),
        AlterField("note", "title", CharField(max_length=50, null=True, choices=[("a", "A")])),
        AddIndex("note", Index(fields=["stars"], name="by_stars")),
        AlterModelOptions("note", {"verbose_name": "remark"}),
    ],
    ids=lambda change: change.describe(),
)
def test_a_migration_may_expand(change):
    assert migrated(change) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (RemoveField("note", "title"), "may still use"),
        (RenameField("note", "title", "name"), "may still use"),
        (DeleteModel("note"), "may still use"),
        (AddConstraint("note", UniqueConstraint(fields=["title"], name="one_title")), "forbids"),
        (RunPython(RunPython.noop), "may still use"),
        (RunSQL("DROP TABLE notes_note"), "may still use"),
        # Django removes a `default` from the database after the migration.
        (AddField("note", "seen", IntegerField(default=0)), "db_default"),
        (AddField("note", "seen", IntegerField(db_default=0, unique=True)), "same value"),
        (AddField("note", "by", ForeignKey("notes.note", CASCADE, null=True)), "db_constraint=False"),
        (AlterField("note", "title", CharField(max_length=50)), "NULL"),
        (AlterField("note", "title", CharField(max_length=40, null=True)), "longer text"),
        (AlterField("note", "title", CharField(max_length=50, null=True, unique=True)), "twice"),
        (AlterField("note", "title", CharField(max_length=50, null=True, db_column="name")), "renamed"),
        (AlterField("note", "stars", IntegerField()), "leave its value"),
        (AlterField("note", "stars", TextField(db_default="")), "type"),
    ],
    ids=lambda value: value.describe() if hasattr(value, "describe") else "",
)
def test_a_migration_must_not_take_away_what_the_old_code_needs(change, reason):
    [problem] = migrated(change)
    assert reason in problem
    # One release later nothing uses it any more, and the migration says so.
    assert migrated(change, **{MARK: "Nothing has used it since 0.2."}) == []


def test_the_guide_for_developers_names_the_mark():
    assert f"`{MARK} = " in (ROOT / "CONTRIBUTING.md").read_text()
