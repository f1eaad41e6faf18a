"""What a migration may do while processes of the version before still run. CONTRIBUTING.md has the rules."""

from collections.abc import Iterator

from django.db.migrations import operations
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED, Field, ForeignKey, ManyToManyField

MARK = "safe_during_upgrade"  # an attribute of a migration that says why it is safe in spite of these rules
HARMLESS = (
    operations.AddIndex,
    operations.RemoveIndex,
    operations.RenameIndex,
    operations.RemoveConstraint,
    operations.AlterModelOptions,
    operations.AlterModelManagers,
    operations.AlterModelTableComment,
)


def problems(migration: Migration, state: ProjectState) -> list[str]:
    """Return what the code of the version before could not live with. `state` is what it knows."""
    if getattr(migration, MARK, ""):
        return []
    found: list[str] = []
    created: set[str] = set()
    state = state.clone()
    for operation in migration.operations:
        reasons = _reasons(operation, migration, state, created)
        found += [f"{operation.describe()}: {reason}" for reason in reasons]
        operation.state_forwards(migration.app_label, state)
    return found


def _reasons(
    operation: Operation, migration: Migration, state: ProjectState, created: set[str]
) -> Iterator[str]:
    if isinstance(operation, operations.CreateModel):
        created.add(operation.name_lower)
        for _, field in operation.fields:
            yield from _references(field)
    elif isinstance(operation, operations.AddField):
        yield from _references(operation.field)
        if operation.model_name_lower not in created:
            yield from _new_column(operation.field)
    elif isinstance(operation, operations.AlterField):
        model = state.models[migration.app_label, operation.model_name_lower]
        yield from _narrowed(model.fields[operation.name], operation.field)
    elif not isinstance(operation, HARMLESS):
        yield "the old code may still use what it changes, or hold what it forbids"


def _new_column(field: Field) -> Iterator[str]:
    if isinstance(field, ManyToManyField) or field.null:
        return
    if field.db_default is NOT_PROVIDED:
        yield "rows of the old code have no value for it: make it nullable, or give it a db_default"
    elif field.unique:
        yield "two rows of the old code would have the same value"


def _references(field: Field) -> Iterator[str]:
    if isinstance(field, ForeignKey) and field.db_constraint:
        yield "the old code cannot delete what it refers to: set db_constraint=False"


def _narrowed(before: Field, after: Field) -> Iterator[str]:
    if before.get_internal_type() != after.get_internal_type():
        yield "the type changes"
    if before.db_column != after.db_column:
        yield "the column is renamed"
    if before.null and not after.null:
        yield "the old code may write NULL"
    if after.unique and not before.unique:
        yield "the old code may write the same value twice"
    if after.max_length is not None and (before.max_length is None or after.max_length < before.max_length):
        yield "the old code may write a longer text"
    if before.db_default is not NOT_PROVIDED and after.db_default is NOT_PROVIDED:
        yield "the old code may leave its value to the database"
