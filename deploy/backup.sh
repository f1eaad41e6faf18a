#!/bin/sh
# Dumps PostgreSQL into a folder, /backups in the Compose service `backup`, and restores a dump.
#
#   sh backup.sh                  one dump each day (UTC), until it is stopped
#   sh backup.sh now              one dump
#   sh backup.sh restore NAME     a dump of the folder into an empty database; without NAME, standard input
#
# Dumps older than KEEP_DAYS (14; 0: none) are deleted after a new one is complete. PGHOST, PGUSER and PGDATABASE name
# the database. The password is in POSTGRES_PASSWORD_FILE or PGPASSWORD.
set -eu
umask 077
folder=${BACKUP_FOLDER:-/backups}
keep_days=${KEEP_DAYS:-14}
look_seconds=600  # between two looks at whether a new day has begun, or after a failure

say() {
    echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) backup: $*" >&2
}

case $keep_days in
    '' | *[!0-9]* | 0?*)
        say "KEEP_DAYS is '$keep_days'. Set it to a number of days; 0 keeps all dumps."
        exit 2
        ;;
esac

# Each time, since the password may be replaced while this runs.
read_password() {
    if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
        PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
        export PGPASSWORD
    fi
}

# A database that has lost its tables gives a dump too. It must not replace the older ones, day after day.
has_answers() {
    content=$(pg_restore --list "$1") || return 1
    case $content in
        *'TABLE DATA public answers_answer '*) ;;
        *)
            say "The database has no tables. If it is new, wait for its migrations."
            return 1
            ;;
    esac
}

# A dump gets its name once it is complete and on the disk, so that whoever copies *.dump never copies half of one.
dump() {
    read_password
    name=askme-$(date -u +%Y-%m-%dT%H%M%SZ)
    partial=$folder/.$name.$$.partial
    if pg_dump --format=custom --file="$partial" && has_answers "$partial" \
        && mv "$partial" "$folder/$name.dump"; then
        say "wrote $name.dump, $(wc -c < "$folder/$name.dump") bytes"
    else
        rm -f "$partial"
        say "FAILED: there is no new dump, and no older one is deleted"
        return 1
    fi
    find "$folder" -name '.askme-*.partial' -mmin +1440 -exec rm -f {} +  # of a dump that was killed
    if [ "$keep_days" -gt 0 ]; then
        find "$folder" -name 'askme-*.dump' -mmin "+$((keep_days * 1440))" -exec rm -f {} +
    fi
}

# All or nothing. A database with tables is refused, because pg_restore would mix the dump with what is there.
restore() {
    read_password
    tables=$(psql --no-psqlrc --tuples-only --no-align --command \
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    if [ "$tables" -ne 0 ]; then
        say "The database is not empty ($tables tables). Nothing was changed."
        exit 1
    fi
    if [ $# -gt 0 ]; then
        exec < "$folder/${1##*/}"
    fi
    pg_restore --dbname="${PGDATABASE:-askme}" --single-transaction --exit-on-error --no-owner --no-privileges
    psql --no-psqlrc --quiet --command ANALYZE  # the planner knows nothing about a table that was just filled
    say "restored"
}

daily() {
    trap 'kill "$sleeper" 2> /dev/null; exit 0' TERM INT
    sleeper=
    while :; do
        set -- "$folder/askme-$(date -u +%Y-%m-%d)T"*.dump
        if [ ! -e "$1" ]; then
            dump || say "trying again in $look_seconds seconds"
        fi
        sleep "$look_seconds" &
        sleeper=$!
        wait "$sleeper" || :  # a signal interrupts `wait`, but not a plain `sleep`
    done
}

case ${1:-daily} in
    daily) daily ;;
    now) dump ;;
    restore)
        shift
        restore "$@"
        ;;
    *)
        say "unknown command '$1'; use now, or restore"
        exit 2
        ;;
esac
