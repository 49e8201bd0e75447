// A test in Node's runner, which finds its database in the environment: calf run -- node --test run.test.mjs
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import postgres from 'postgres'

test('node-postgres finds the database in PGHOST and so on', async () => {
	const client = new pg.Client()
	await client.connect()
	await client.query('CREATE TABLE t (a int)')
	await client.query('INSERT INTO t SELECT generate_series(1, 100)')
	assert.equal((await client.query('SELECT sum(a)::int FROM t')).rows[0].sum, 5050)
	await client.end()
})

test('postgres.js finds it in DATABASE_URL', async () => {
	const sql = postgres(process.env.DATABASE_URL)
	assert.equal((await sql`SELECT count(*)::int FROM t`)[0].count, 100)
	await sql.end()
})
