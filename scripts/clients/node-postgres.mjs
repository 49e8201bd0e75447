// node-postgres: parameters, types, transactions, errors, cursors through a pool, LISTEN.
import assert from 'node:assert/strict'
import pg from 'pg'

const pool = new pg.Pool({ max: 5 })
const one = async (sql, args) => (await pool.query(sql, args)).rows[0]

assert.deepEqual(await one('SELECT $1::int AS a, $2::text AS b, $3::jsonb AS c', [1, 'ä', { d: [1] }]), { a: 1, b: 'ä', c: { d: [1] } })
await pool.query('CREATE TABLE node_pg (a int PRIMARY KEY, b bytea)')
await Promise.all([...Array(100).keys()].map((i) => pool.query('INSERT INTO node_pg VALUES ($1, $2)', [i, Buffer.from([i])])))
assert.equal((await one('SELECT count(*)::int AS n FROM node_pg')).n, 100)
assert.deepEqual((await one('SELECT b FROM node_pg WHERE a = 7')).b, Buffer.from([7]))

const a = await pool.connect()
const b = await pool.connect()
await a.query('BEGIN')
await a.query('DELETE FROM node_pg')
assert.equal((await b.query('SELECT count(*)::int AS n FROM node_pg')).rows[0].n, 100, 'sessions are isolated')
await a.query('ROLLBACK')
await assert.rejects(a.query('SELECT 1/0'), { code: '22012' })
await assert.rejects(a.query({ text: 'SELECT $1::int', values: ['x'] }), { code: '22P02' })
assert.equal((await a.query({ name: 'named', text: 'SELECT $1::int AS v', values: [3] })).rows[0].v, 3)

const heard = new Promise((resolve) => a.on('notification', resolve))
await a.query('LISTEN node_pg')
await b.query("NOTIFY node_pg, 'hello'")
assert.equal((await heard).payload, 'hello')
await pool.query(`SELECT '${'x'.repeat(5_000_000)}'`)
a.release()
b.release()
await pool.query('DROP TABLE node_pg')
await pool.end()
console.log('node-postgres passed')
