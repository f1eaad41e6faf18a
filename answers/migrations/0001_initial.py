"""The tables of the answers and, in PostgreSQL, a search column and free space for updates on each page.

`search` is the text-search vector of each finished answer, which answers/pages/search.py queries. It has no field
in the model, since SQLite has no such type.

- It is NULL for a running answer. The text is saved every half second, and would be parsed again each time. And
  a value that stays NULL lets PostgreSQL update the row without touching its indexes (a heap-only tuple). An
  index on an expression of `text` would not.
- Words are reduced to their English stem, and none are dropped: the stock configuration drops "who", so that it
  could neither be found nor excluded with "-who". Words in other languages are found as they are written.
- Punctuation is replaced by spaces. PostgreSQL's parser looks for host names, addresses and files, and takes 12
  seconds for 40,000 code points of "a@a@a@...", during which the process could save no other answer.
- It also contains the word "user:" with the person's id, which no text contains, since its colon would be a space.
  So one index finds a word in one person's answers. With two indexes, PostgreSQL would read all answers with a
  common word, whoever asked them.
- Only the first 40,000 code points of an answer are indexed: if its vector exceeded PostgreSQL's limit of a
  megabyte, the answer could not be saved. The worst case in tests/pages/test_search.py, short words of four-byte
  letters, stays below the limit.

`fillfactor` leaves half of each page free, so that the new version of a row fits on the same page. With the
default, 3 to 9 % of the saves of short answers were heap-only; with 50, about 96 %.
"""

from string import punctuation

import answers.models.literal
import answers.models.share
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models

PUNCTUATION = punctuation.replace("'", "''")
TEXT = f"translate(left(question || ' ' || text, 40000), '{PUNCTUATION}', '{' ' * len(punctuation)}')"
ADD = (
    'CREATE TEXT SEARCH DICTIONARY askme_stem (TEMPLATE = snowball, LANGUAGE = english)',
    'CREATE TEXT SEARCH CONFIGURATION askme (COPY = english)',
    'ALTER TEXT SEARCH CONFIGURATION askme ALTER MAPPING REPLACE english_stem WITH askme_stem',
    f"""
    ALTER TABLE answers_answer ADD COLUMN search tsvector GENERATED ALWAYS AS (
        CASE WHEN status IN ('queued', 'running') THEN NULL
        ELSE to_tsvector('askme', {TEXT}) || array_to_tsvector(ARRAY['user:' || user_id::text]) END
    ) STORED
    """,
    'CREATE INDEX answer_by_words ON answers_answer USING gin (search)',
    'ALTER TABLE answers_answer SET (fillfactor = 50)',
)
REMOVE = (
    'ALTER TABLE answers_answer DROP COLUMN search',  # and its index
    'DROP TEXT SEARCH CONFIGURATION askme',
    'DROP TEXT SEARCH DICTIONARY askme_stem',
)


def run(statements):
    def on_postgresql(apps, schema_editor):
        if schema_editor.connection.vendor == 'postgresql':
            for statement in statements:
                schema_editor.execute(statement, params=None)  # so that a % in it is literal

    return on_postgresql


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PersonalSettings',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='personal_settings', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('questions_per_day', models.PositiveIntegerField(blank=True, help_text='Empty: ASKME_QUESTIONS_PER_DAY. 0: no limit.', null=True)),
                ('tokens_per_day', models.PositiveBigIntegerField(blank=True, help_text='Empty: ASKME_TOKENS_PER_DAY. 0: no limit.', null=True)),
                ('cost_per_day', models.DecimalField(blank=True, decimal_places=2, help_text='Empty: ASKME_COST_PER_DAY. 0: no limit.', max_digits=14, null=True)),
                ('keep_days', models.PositiveIntegerField(blank=True, help_text='Chosen by the person. Empty: ASKME_KEEP_DAYS.', null=True)),
            ],
            options={
                'verbose_name': 'limits of this person',
                'verbose_name_plural': 'limits of this person',
            },
        ),
        migrations.CreateModel(
            name='Process',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField(auto_now_add=True)),
                ('heartbeat_at', models.DateTimeField(help_text='Updated every two seconds.')),
                ('host', models.CharField(blank=True, help_text='The name of its machine or container.', max_length=255)),
                ('pid', models.PositiveIntegerField(help_text='Its id on that machine.', null=True)),
                ('lag_seconds', models.FloatField(help_text='How late its event loop was at worst since the last heartbeat.', null=True)),
                ('draining', models.BooleanField(default=False, help_text='It is shutting down, and finishes its answers.')),
            ],
            options={
                'verbose_name_plural': 'processes',
                'default_permissions': ['view'],
            },
        ),
        migrations.CreateModel(
            name='PruneRun',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ('active_at', models.DateTimeField(help_text='When a process last began or continued it.')),
                ('ended_at', models.DateTimeField(help_text='When the last prune was complete.', null=True)),
                ('deleted', models.JSONField(default=dict, help_text='How many rows of each kind it deleted.')),
            ],
        ),
        migrations.CreateModel(
            name='DailyUsage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('status', models.CharField(blank=True, choices=[('queued', 'Queued'), ('running', 'Running'), ('complete', 'Complete'), ('stopped', 'Stopped'), ('failed', 'Failed'), ('interrupted', 'Interrupted')], max_length=12)),
                ('model', models.CharField(blank=True, max_length=200)),
                ('error_code', models.CharField(blank=True, max_length=20)),
                ('answers', models.PositiveIntegerField(default=0)),
                ('people', models.PositiveIntegerField(default=0)),
                ('prompt_tokens', models.PositiveBigIntegerField(default=0)),
                ('completion_tokens', models.PositiveBigIntegerField(default=0)),
                ('cached_tokens', models.PositiveBigIntegerField(default=0)),
                ('reasoning_tokens', models.PositiveBigIntegerField(default=0)),
                ('tokens_estimated', models.PositiveIntegerField(default=0, help_text='Answers whose tokens are estimated.')),
                ('tokens_unknown', models.PositiveIntegerField(default=0, help_text='Answers whose tokens are not known.')),
                ('cost', models.DecimalField(decimal_places=8, default=0, max_digits=20)),
                ('cost_unknown', models.PositiveIntegerField(default=0, help_text='Answers whose cost is not known.')),
                ('first_text', models.JSONField(default=dict, help_text='Answers by seconds to the first text, in buckets; see answers/models/buckets.py.')),
                ('good', models.PositiveIntegerField(default=0, help_text='Answers that are rated good.')),
                ('bad', models.PositiveIntegerField(default=0, help_text='Answers that are rated bad.')),
            ],
            options={
                'verbose_name': 'daily usage',
                'verbose_name_plural': 'usage',
                'default_permissions': ['view'],
                'constraints': [models.UniqueConstraint(fields=('day', 'status', 'model', 'error_code'), name='one_usage_per_day')],
            },
        ),
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('staff_name', models.CharField(help_text='It stays when the account is deleted.', max_length=150)),
                ('action', models.CharField(choices=[('read', 'Read'), ('searched', 'Searched'), ('exported', 'Exported'), ('stopped', 'Stopped'), ('deleted', 'Deleted'), ('changed', 'Changed')], max_length=12)),
                ('what', models.CharField(help_text='Such as an answer, a person, or what was exported.', max_length=200)),
                ('person', models.CharField(blank=True, help_text='Whose it was.', max_length=150)),
                ('words', models.CharField(blank=True, help_text='What was searched for.', max_length=500)),
                ('number', models.PositiveIntegerField(help_text='Of how many rows.', null=True)),
                ('staff', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'audit entry',
                'verbose_name_plural': 'audit entries',
                'ordering': ['-at', '-pk'],
                'default_permissions': ['view'],
                'indexes': [models.Index(fields=['-at', '-id'], name='audit_by_time'), models.Index(fields=['staff_name', '-at', '-id'], name='audit_by_staff'), models.Index(fields=['action', '-at', '-id'], name='audit_by_action'), models.Index(fields=['staff_name', 'action', '-at', '-id'], name='audit_by_staff_and_action'), models.Index(fields=['person', '-at', '-id'], name='audit_by_person')],
            },
        ),
        migrations.CreateModel(
            name='PersonalUsage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('answers', models.PositiveIntegerField(default=0)),
                ('prompt_tokens', models.PositiveBigIntegerField(default=0)),
                ('completion_tokens', models.PositiveBigIntegerField(default=0)),
                ('cost', models.DecimalField(decimal_places=8, default=0, max_digits=20)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'daily usage of a person',
                'verbose_name_plural': 'daily usage of people',
                'default_permissions': [],
                'indexes': [models.Index(fields=['day', 'user'], name='personal_usage_by_day'), models.Index(models.F('day'), models.OrderBy(django.db.models.expressions.CombinedExpression(models.F('prompt_tokens'), '+', models.F('completion_tokens')), descending=True), name='personal_usage_busiest')],
                'constraints': [models.UniqueConstraint(fields=('user', 'day'), name='one_personal_usage_per_day')],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('thread', models.UUIDField(editable=False)),
                ('question', models.TextField()),
                ('text', models.TextField(blank=True, verbose_name='answer')),
                ('edition', models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, help_text='How often the text has started over; see completions/pieces.py.')),
                ('reasoning', models.TextField(blank=True, db_default='', default='', help_text="The model's reasoning, as far as the API sends it.")),
                ('sources', models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list, help_text='Pages that the answer cites.')),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('complete', 'Complete'), ('stopped', 'Stopped'), ('failed', 'Failed'), ('interrupted', 'Interrupted')], default='queued', max_length=12)),
                ('turn', models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ('model', models.CharField(blank=True, help_text="The model's name in the API.", max_length=200)),
                ('model_label', models.CharField(blank=True, db_default='', default='', help_text='The label that was chosen.', max_length=200)),
                ('finish_reason', models.CharField(blank=True, max_length=40)),
                ('prompt_tokens', models.PositiveIntegerField(blank=True, null=True)),
                ('completion_tokens', models.PositiveIntegerField(blank=True, null=True)),
                ('cached_tokens', models.PositiveIntegerField(blank=True, help_text="Prompt tokens that were in the API's cache.", null=True)),
                ('reasoning_tokens', models.PositiveIntegerField(blank=True, help_text='Completion tokens that were used for reasoning.', null=True)),
                ('cost', models.DecimalField(blank=True, decimal_places=8, help_text='As reported by the API, or computed from the price of the model.', max_digits=14, null=True)),
                ('tokens_estimated', models.BooleanField(default=False, help_text='The API did not report the numbers.')),
                ('response_id', models.CharField(blank=True, db_default='', default='', help_text="The API's id for the answer.", max_length=1000)),
                ('request_id', models.CharField(blank=True, db_default='', default='', help_text="The API's id for the HTTP request.", max_length=1000)),
                ('sent_turns', models.PositiveIntegerField(db_default=0, default=0, editable=False, help_text='How many earlier turns were sent with the question.')),
                ('error_code', models.CharField(blank=True, max_length=20)),
                ('error_message', models.TextField(blank=True, help_text='The message that the person saw.', verbose_name='error')),
                ('error_detail', models.TextField(blank=True, help_text="The API's own message, for operators only.")),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('first_text_seconds', models.FloatField(blank=True, null=True)),
                ('seconds', models.FloatField(blank=True, null=True)),
                ('stop_requested_at', models.DateTimeField(blank=True, null=True)),
                ('rating', models.SmallIntegerField(blank=True, choices=[(1, 'Good'), (-1, 'Bad')], null=True)),
                ('rating_note', models.CharField(blank=True, help_text="The person's comment.", max_length=500)),
                ('follows', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='answers.answer')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='answers', to=settings.AUTH_USER_MODEL)),
                ('process', models.ForeignKey(blank=True, db_constraint=False, db_index=False, editable=False, help_text='The process that runs it. Empty while it waits, and once it has ended.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='answers', to='answers.process')),
            ],
            options={
                'ordering': [models.OrderBy(models.F('asked_at'), descending=True)],
                'permissions': [('read_answer', 'Can read questions and answers'), ('export_answer', 'Can export questions and answers'), ('stop_answer', 'Can stop answers')],
                'default_permissions': ['view', 'delete'],
                'indexes': [models.Index(fields=['user', '-asked_at', '-id', 'thread'], name='answer_by_user'), models.Index(fields=['user', 'status', '-asked_at', '-id'], name='answer_by_status'), models.Index(fields=['-asked_at', '-id'], name='answer_by_time'), models.Index(fields=['status', '-asked_at', '-id'], name='answer_all_by_status'), models.Index(fields=['model', '-asked_at', '-id'], name='answer_by_model'), models.Index(condition=models.Q(('error_code', ''), _negated=True), fields=['error_code', '-asked_at', '-id'], name='answer_by_error'), models.Index(answers.models.literal.Ending('response_id'), condition=models.Q(('response_id', ''), _negated=True), name='answer_by_response'), models.Index(answers.models.literal.Ending('request_id'), condition=models.Q(('request_id', ''), _negated=True), name='answer_by_request'), models.Index(fields=['thread', 'user', 'asked_at', 'id'], name='answer_by_thread'), models.Index(condition=models.Q(('process__isnull', False)), fields=['process', 'user', 'turn'], name='answer_owned'), models.Index(condition=models.Q(('status', 'queued')), fields=['status', 'turn', 'asked_at', 'id'], name='answer_queued'), models.Index(condition=models.Q(('rating__isnull', False)), fields=['rating', '-asked_at', '-id'], name='answer_rated')],
            },
        ),
        migrations.CreateModel(
            name='QuestionLog',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answer', models.UUIDField(editable=False, null=True, unique=True)),
                ('address', models.CharField(blank=True, max_length=43)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='question_log', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'logged question',
                'indexes': [models.Index(fields=['user', '-asked_at'], name='question_log_by_user'), models.Index(condition=models.Q(('address', ''), _negated=True), fields=['address', '-asked_at'], name='question_log_by_address'), models.Index(fields=['asked_at'], name='question_log_by_time')],
            },
        ),
        migrations.CreateModel(
            name='Share',
            fields=[
                ('token', models.CharField(default=answers.models.share.make_token, editable=False, max_length=32, primary_key=True, serialize=False)),
                ('thread', models.UUIDField(editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='shares', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'shared link',
                'indexes': [models.Index(fields=['-created_at', '-token'], name='share_by_time')],
                'constraints': [models.UniqueConstraint(fields=('user', 'thread'), name='one_share_per_thread')],
            },
        ),
        migrations.CreateModel(
            name='UsageLog',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answer', models.UUIDField(editable=False, unique=True)),
                ('asked_at', models.DateTimeField()),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('complete', 'Complete'), ('stopped', 'Stopped'), ('failed', 'Failed'), ('interrupted', 'Interrupted')], max_length=12)),
                ('model', models.CharField(blank=True, max_length=200)),
                ('error_code', models.CharField(blank=True, max_length=20)),
                ('prompt_tokens', models.PositiveIntegerField(null=True)),
                ('completion_tokens', models.PositiveIntegerField(null=True)),
                ('cached_tokens', models.PositiveIntegerField(null=True)),
                ('reasoning_tokens', models.PositiveIntegerField(null=True)),
                ('tokens_estimated', models.BooleanField(default=False)),
                ('cost', models.DecimalField(decimal_places=8, max_digits=14, null=True)),
                ('first_text_seconds', models.FloatField(null=True)),
                ('seconds', models.FloatField(null=True)),
                ('user', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'logged usage',
                'indexes': [models.Index(fields=['user', 'asked_at'], name='usage_log_by_user'), models.Index(fields=['asked_at'], name='usage_log_by_time')],
            },
        ),
        migrations.RunPython(run(ADD), run(REMOVE)),
    ]
