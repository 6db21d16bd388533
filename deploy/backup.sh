#!/bin/sh
# Dumps the database of the ledger into BACKUP_FOLDER; "daily" repeats it every day. A dump has its name once it is
# complete. PGHOST, PGUSER and PGPASSWORD say where the database is.
set -eu
: "${BACKUP_FOLDER:?}" "${BACKUP_DAYS:=14}" "${PGDATABASE:=ledger}"

dump() {
	file=$BACKUP_FOLDER/$PGDATABASE-$(date -u +%Y%m%dT%H%M%SZ).dump
	# A dump that cannot be listed cannot be restored.
	pg_dump --format=custom --file="$file.part" "$PGDATABASE" && pg_restore --list "$file.part" >/dev/null || return
	mv "$file.part" "$file"
	echo "dumped $file"
	find "$BACKUP_FOLDER" -name "$PGDATABASE-*.dump" -mtime "+$BACKUP_DAYS" -exec rm {} +
}

if [ "${1:-}" != daily ]; then
	dump
	exit
fi
while :; do
	if dump; then
		sleep 86400
	else
		echo "the dump failed; it is tried again in an hour" >&2
		sleep 3600
	fi
done
