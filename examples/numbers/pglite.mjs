// The same work as numbers_test.go's, by PGlite in Node. It reads lines "OPERATION TIMES" and answers each with how many
// nanoseconds that took. The argument is a folder for data directories.
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { PGlite } from 'pglite-0.5'

const folder = process.argv[2]
const once = async (dir) => {
  const db = await PGlite.create(dir)
  await db.query('SELECT 1')
  await db.close()
}
let made = 0
await once(join(folder, 'existing'))
const memory = await PGlite.create()
const directory = await PGlite.create(join(folder, 'directory'))
for (const db of [memory, directory]) await db.exec('CREATE TEMP TABLE fast (n int, s text); CREATE TABLE kept (n int, s text)')
const rows = new Blob([Array.from({ length: 10000 }, (_, i) => `${i}\tsome text of a row\n`).join('')])

const operations = {
  'Open/new/memory': () => once(),
  'Open/new/directory': () => once(join(folder, `new-${made++}`)),
  'Open/existing/directory': () => once(join(folder, 'existing')),
}
for (const [name, db] of Object.entries({ memory, directory })) {
  operations['Select/' + name] = () => db.query('SELECT $1::int', [1])
  operations['InsertTemp/' + name] = () => db.query('INSERT INTO fast VALUES ($1, $2)', [1, 'text'])
  operations['Insert/' + name] = () => db.query('INSERT INTO kept VALUES ($1, $2)', [1, 'text'])
  operations['Sum/' + name] = () => db.query('SELECT sum(n::bigint * n) FROM generate_series(1, 1000000) AS n')
  operations['Sort/' + name] = () =>
    db.query('SELECT count(*) FROM (SELECT md5(n::text) AS s FROM generate_series(1, 100000) AS n ORDER BY s OFFSET 0) AS sorted')
  operations['Copy/' + name] = () => db.query("COPY kept FROM '/dev/blob'", [], { blob: rows })
}
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const [name, times] = line.split(' ')
  const start = process.hrtime.bigint()
  for (let i = 0; i < Number(times); i++) await operations[name]()
  console.log(String(process.hrtime.bigint() - start))
}
process.exit(0)
