#!/bin/sh
# Runs once, when the database is created: a role and a database of Sekretar's own.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$SEKRETAR_PASSWORD" -U "$POSTGRES_USER" <<'SQL'
CREATE ROLE sekretar LOGIN PASSWORD :'password';
CREATE DATABASE sekretar OWNER sekretar;
SQL
