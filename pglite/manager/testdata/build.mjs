// Makes what database.build exports, with a release of PGlite: meta.tar.gz and the archives of databases, in a folder. The
// arguments are the package's name, the folder, the SQL of the meta database, and that of each database by id, as JSON.
import fs from "node:fs"
import path from "node:path"

const [release, dir, spec] = process.argv.slice(2)
const { meta, dbs } = JSON.parse(spec)
const { PGlite } = await import(release)
const { vector } = await import(release === "pglite-0.5" ? "pglite-0.5-pgvector" : release + "/vector")

async function make(name, scripts) {
	const db = await PGlite.create({ extensions: { vector } })
	for (const sql of scripts) {
		await db.exec(sql)
	}
	const archive = await db.dumpDataDir("gzip")
	fs.writeFileSync(path.join(dir, name + ".tar.gz"), Buffer.from(await archive.arrayBuffer()))
	await db.close()
}

await make("meta", meta)
for (const [id, scripts] of Object.entries(dbs)) {
	await make(id, scripts)
}
