// Makes a directory with a release of PGlite: node make.mjs RELEASE SQL DIRECTORY, and writes beside it what dumpDataDir
// returns. Prints what SQL says of it.
import { readFileSync, writeFileSync } from 'node:fs'
const [release, sql, dir] = process.argv.slice(2)
const { PGlite } = await import(release)
const db = await PGlite.create('file://' + dir)
for (const statement of readFileSync(sql, 'utf8').split('\n')) {
  if (statement) await db.exec(statement)
}
const rows = async (sql) => (await db.query(sql)).rows
const relations = await rows(`
  SELECT c.oid::int, nspname AS schema, relname AS name, relkind::text AS kind, coalesce(pg_relation_filenode(c.oid), 0)::int AS filenode,
    relpersistence::text AS persistence, relispartition AS partition, coalesce(pg_relation_size(c.oid) / 8192, 0)::int AS pages, reltuples::float8,
    coalesce((SELECT indrelid::regclass::text FROM pg_index WHERE indexrelid = c.oid), (SELECT oid::regclass::text FROM pg_class WHERE reltoastrelid = c.oid)) AS "of"
  FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace ORDER BY c.oid`)
const counts = {}
for (const r of relations) {
  if ('rmt'.includes(r.kind)) {
    counts[r.oid] = Number((await rows(`SELECT count(*) AS n FROM "${r.schema}"."${r.name.replaceAll('"', '""')}"`))[0].n)
  }
}
const found = {
  relations,
  counts,
  database: (await rows('SELECT current_database() AS name'))[0].name,
  databases: await rows(`
    SELECT oid::int, datname AS name, pg_get_userbyid(datdba) AS owner, pg_encoding_to_char(encoding) AS encoding,
      datcollate AS collate, datctype AS ctype, datistemplate AS template, datallowconn AS allow_connections
    FROM pg_database ORDER BY datname`),
  extensions: await rows('SELECT extname AS name, extversion AS version, extnamespace::regnamespace::text AS schema FROM pg_extension'),
  roles: await rows(`SELECT oid::int, rolname AS name, rolsuper AS superuser, rolcanlogin AS login FROM pg_roles WHERE oid = 10 OR oid >= 16384 ORDER BY rolname`),
  columns: await rows(`
    SELECT attrelid::int AS relation, attname AS name, attlen::int AS length, attalign::text AS align
    FROM pg_attribute WHERE attrelid IN (1259, 1262, 1260, 1213, 2615, 3079, 2610) AND attnum > 0 ORDER BY attrelid, attnum`),
  system: (await rows('SELECT system_identifier::text, pg_control_version, catalog_version_no FROM pg_control_system()'))[0],
  wal: (await rows('SELECT pg_current_wal_lsn()::text AS written, pg_current_wal_insert_lsn()::text AS inserted'))[0],
}
for (const [ext, compression] of [['tar', 'none'], ['tar.gz', 'gzip']]) {
  const file = await db.dumpDataDir(compression)
  writeFileSync(dir + '.' + ext, Buffer.from(await file.arrayBuffer()))
}
await db.close()
console.log(JSON.stringify(found))
