// Reads an export that was unpacked in a folder as database.build imports one: the meta database first, with its own
// queries and its check of migrations, then each database. Prints what it found as JSON.
import fs from "node:fs"
import path from "node:path"
import { PGlite } from "pglite-0.5"
import { vector } from "pglite-0.5-pgvector"

const dir = process.argv[2]

async function load(file, migrations) {
	const loadDataDir = new File([fs.readFileSync(file)], path.basename(file), { type: "application/x-gzip" })
	const db = await PGlite.create({ loadDataDir, extensions: { vector } })
	const { rows } = await db.query("select version from meta.migrations order by version asc")
	// It compares by position.
	if (JSON.stringify(rows.map((row) => row.version)) !== JSON.stringify(migrations)) {
		throw new Error(`${file}: migrations ${JSON.stringify(rows)}`)
	}
	return db
}

const meta = await load(path.join(dir, "meta.tar.gz"), ["202406300001", "202406300002", "202411250001"])
const found = {
	databases: (await meta.query('select id, name, created_at as "createdAt", is_hidden as "isHidden" from databases where is_hidden = false order by created_at asc')).rows,
	messages: (await meta.query('select id, database_id as "databaseId", role, content, tool_invocations as "toolInvocations", created_at as "createdAt" from messages order by created_at asc')).rows,
	values: {},
}
await meta.close()
for (const name of fs.readdirSync(path.join(dir, "dbs"))) {
	const db = await load(path.join(dir, "dbs", name), ["202407160001"])
	await db.query("insert into meta.embeddings (content, embedding) values ('x', array_fill(0.5, array[384])::vector)")
	const { rows } = await db.query("select (select string_agg(name, ',' order by name) from planet) || '/' || (select count(*) from meta.embeddings) as value")
	found.values[name.replace(".tar.gz", "")] = rows[0].value
	await db.close()
}
process.stdout.write(JSON.stringify(found))
