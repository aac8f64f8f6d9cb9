-- A PostgreSQL role that can read one schema of one database and do nothing else.
--
-- Run it once with psql, connected to the shop's database as its owner or as a superuser; again is harmless:
--
--   psql "postgresql://postgres@localhost/shop" -v reader=shoptalk_reader -v password=… -v schema=public \
--        -f reader_postgres.sql
--
-- Left out: reader is shoptalk_reader, schema is public; without a password the role's stays as it is.
-- It also takes from PUBLIC, that is from every role of this database, what would let a reader write or
-- fill the disk: temporary tables, creating in the schema, and large objects. A role that needs one of them
-- gets it back by a GRANT of its own. Tables made later by whoever runs this are readable at once; after new
-- tables of others, run it again. Check the result with: shoptalk doctor --shop postgresql://…

\set ON_ERROR_STOP on
\if :{?reader}
\else
  \set reader shoptalk_reader
\endif
\if :{?schema}
\else
  \set schema public
\endif
\if :{?password}
\else
  \set password ''
\endif

BEGIN;

SELECT format('CREATE ROLE %I', :'reader')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'reader') \gexec

ALTER ROLE :"reader" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 40;
SELECT format('ALTER ROLE %I PASSWORD %L', :'reader', :'password') WHERE :'password' <> '' \gexec

-- Whatever it was given before, directly or as a member of another role, is taken away.
SELECT format('REVOKE %I FROM %I', granted.rolname, :'reader')
FROM pg_auth_members AS m
JOIN pg_roles AS granted ON granted.oid = m.roleid
JOIN pg_roles AS member ON member.oid = m.member
WHERE member.rolname = :'reader' \gexec
REVOKE ALL ON ALL TABLES IN SCHEMA :"schema" FROM :"reader";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA :"schema" FROM :"reader";
REVOKE ALL ON SCHEMA :"schema" FROM :"reader";

-- Nobody creates anything in the schema or in temporary tables unless it is granted to them by name.
REVOKE CREATE ON SCHEMA :"schema" FROM PUBLIC;
SELECT format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, %I', current_database(), :'reader') \gexec
SELECT format('REVOKE CREATE ON DATABASE %I FROM PUBLIC, %I', current_database(), :'reader') \gexec

-- What it may do: connect, and read the schema's tables and views.
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), :'reader') \gexec
GRANT USAGE ON SCHEMA :"schema" TO :"reader";
GRANT SELECT ON ALL TABLES IN SCHEMA :"schema" TO :"reader";
ALTER DEFAULT PRIVILEGES IN SCHEMA :"schema" GRANT SELECT ON TABLES TO :"reader";

-- Functions that write even inside a read-only transaction (large objects before PostgreSQL 16). Only a
-- superuser may take them from PUBLIC; another owner is told by doctor that they are still there.
SELECT format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', p.oid::regprocedure)
FROM pg_proc AS p
WHERE p.pronamespace = 'pg_catalog'::regnamespace
  AND p.proname IN ('lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lo_unlink', 'lo_truncate',
                    'lo_truncate64', 'lowrite', 'lo_open', 'lo_import', 'lo_export')
  AND (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \gexec

-- Settings for all its sessions, also for those of other programs that use the role.
ALTER ROLE :"reader" SET default_transaction_read_only = on;
ALTER ROLE :"reader" SET statement_timeout = '60s';
ALTER ROLE :"reader" SET lock_timeout = '2s';
ALTER ROLE :"reader" SET idle_in_transaction_session_timeout = '60s';
SELECT format('ALTER ROLE %I IN DATABASE %I SET search_path = %I', :'reader', current_database(), :'schema') \gexec
-- Files of sorts and hashes that do not fit into memory; only a superuser may set it, and the role not raise it.
SELECT format('ALTER ROLE %I SET temp_file_limit = ''4GB''', :'reader')
WHERE (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \gexec

COMMIT;
