#!/bin/sh
# Restores a dump into a database, which it replaces: restore.sh FILE DATABASE. All of it is restored, or nothing.
set -eu
[ $# = 2 ] || { echo "usage: restore.sh FILE DATABASE" >&2; exit 2; }
pg_restore --clean --if-exists --no-owner --single-transaction --exit-on-error --dbname="$2" "$1"
