// postgres.js: tagged templates, pipelining, cursors, COPY, transactions, cancellation, LISTEN.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import postgres from 'postgres'

const sql = postgres({ max: 5, onnotice: () => {} })
assert.deepEqual([...(await sql`SELECT ${1}::int AS a, ${'x'} AS b`)], [{ a: 1, b: 'x' }])
await sql`CREATE TABLE node_js (a int, b text)`
await pipeline(Readable.from([...Array(1000).keys()].map((i) => `${i}\trow ${i}\n`)), await sql`COPY node_js FROM STDIN`.writable())
const results = await Promise.all([...Array(50).keys()].map((i) => sql`SELECT b FROM node_js WHERE a = ${i}`))
assert.equal(results[49][0].b, 'row 49')
let rows = 0
await sql`SELECT * FROM node_js`.cursor(100, (batch) => { rows += batch.length })
assert.equal(rows, 1000)
await assert.rejects(sql.begin(async (tx) => { await tx`DELETE FROM node_js`; await tx`SELECT 1/0` }), { code: '22012' })
assert.equal((await sql`SELECT count(*)::int AS n FROM node_js`)[0].n, 1000)

const sleeping = sql`SELECT pg_sleep(600)`
const failed = assert.rejects(sleeping, { code: '57014' })
while ((await sql`SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event = 'PgSleep'`)[0].n === 0);
await sleeping.cancel()
await failed

let hear
const heard = new Promise((resolve) => { hear = resolve })
await sql.listen('node_js', hear)
await sql.notify('node_js', 'hello')
assert.equal(await heard, 'hello')
await sql`DROP TABLE node_js`
await sql.end()
console.log('postgres.js passed')
