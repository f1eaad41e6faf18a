"""The tables of people, with two indexes that are not in the model: for the search of the admin's list.

They find the beginning of a username or an email address, whatever its case. The classes of operators that
PostgreSQL needs for LIKE are unknown to SQLite, on which accounts/person_search.py compares instead.
"""

import accounts.models
import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

COLUMNS = ('username', 'email')


def add_indexes(apps, schema_editor):
    is_postgresql = schema_editor.connection.vendor == 'postgresql'
    for column in COLUMNS:
        expression = f'upper({column}::text) text_pattern_ops' if is_postgresql else f'upper({column})'
        schema_editor.execute(f'CREATE INDEX user_by_upper_{column} ON accounts_user ({expression})')


def remove_indexes(apps, schema_editor):
    for column in COLUMNS:
        schema_editor.execute(f'DROP INDEX user_by_upper_{column}')


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('is_guest', models.BooleanField(default=False, verbose_name='guest')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'abstract': False,
                'indexes': [models.Index(fields=['date_joined', 'id'], name='user_by_age'), models.Index(fields=['is_guest', 'date_joined', 'id'], name='user_guests_by_age'), models.Index(condition=models.Q(('is_staff', True)), fields=['date_joined', 'id'], name='user_staff_by_age'), models.Index(condition=models.Q(('is_superuser', True)), fields=['date_joined', 'id'], name='user_superusers_by_age'), models.Index(condition=models.Q(('is_active', False)), fields=['date_joined', 'id'], name='user_inactive_by_age')],
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='GuestKey',
            fields=[
                ('key', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('user', models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='guest_key', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('for_whom', models.CharField(help_text='Who gets the link. Only operators see this.', max_length=200)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(default=accounts.models.in_two_weeks)),
                ('used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('used_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-made_at'],
            },
        ),
        migrations.RunPython(add_indexes, remove_indexes),
    ]
