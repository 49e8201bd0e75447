// Opens a database with PGlite, runs statements, and prints the first value of the last result of each, as JSON. The
// argument is JSON:
//
//	release      the package's name, such as pglite-0.5
//	dir          the data directory; without, the database is in memory
//	load         an archive to begin with; name and type say whether it is compressed
//	preload      an extension that changes shared_preload_libraries
//	sql          a list of scripts
//	dump         a file to write an archive to, compressed if it ends in gz
//	kill         end by SIGKILL, after the scripts
import { spawnSync } from "node:child_process"
import fs from "node:fs"
import path from "node:path"

const spec = JSON.parse(process.argv[2])
if (spec.kill && !process.env.PEER_TO_BE_KILLED) {
	const child = spawnSync(process.execPath, process.argv.slice(1), { env: { ...process.env, PEER_TO_BE_KILLED: "1" } })
	if (child.signal !== "SIGKILL") {
		throw new Error(`not killed: ${child.stderr}`)
	}
	process.stdout.write(child.stdout)
	process.exit(0)
}
const { PGlite } = await import(spec.release)
const options = { dataDir: spec.dir && "file://" + spec.dir, extensions: {} }
if (spec.release === "pglite-0.5") {
	options.extensions.vector = (await import("pglite-0.5-pgvector")).vector
	for (const name of [
		"amcheck", "bloom", "btree_gin", "btree_gist", "citext", "cube", "hstore", "intarray", "isn", "ltree", "pgcrypto",
		"seg", "uuid_ossp",
	]) {
		options.extensions[name] = (await import("pglite-0.5/contrib/" + name))[name]
	}
}
if (spec.preload) {
	options.extensions[spec.preload] = (await import("pglite-0.5/contrib/" + spec.preload))[spec.preload]
}
if (spec.load) {
	options.loadDataDir = new File([fs.readFileSync(spec.load)], path.basename(spec.load))
}
const db = await PGlite.create(options)
const values = []
for (const sql of spec.sql ?? []) {
	const row = (await db.exec(sql)).at(-1).rows[0]
	values.push(row ? Object.values(row)[0] : null)
}
if (spec.dump) {
	const archive = await db.dumpDataDir(spec.dump.endsWith("gz") ? "gzip" : "none")
	fs.writeFileSync(spec.dump, Buffer.from(await archive.arrayBuffer()))
}
fs.writeSync(1, JSON.stringify(values))
if (spec.kill) {
	process.kill(process.pid, "SIGKILL")
}
await db.close()
