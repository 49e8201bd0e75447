package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/peers"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/pgvector/pgvector-go"
	"github.com/stretchr/testify/require"
)

// TestInterchange carries the real quickstart, with the documentation of the standard library, to PGlite under Node and
// back. All three give the same answers.
func TestInterchange(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("indexes thousands of vectors, and most of it runs in the guest and under Node; `make test` runs it without the race detector, too")
	}
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	peers.Dir(t)
	ctx, tmp := t.Context(), t.TempDir()
	o := options{dir: filepath.Join(tmp, "data"), questions: questions}
	require.NoError(t, run(ctx, o, io.Discard))
	_, e, err := prepare(ctx, &report{w: io.Discard}, "")
	require.NoError(t, err)
	question := questions[0]
	embedding := e.Vector(question)

	// ask asks a database, and returns what the peer prints.
	ask := func(db *pglite.DB) (text string) {
		conn, err := db.Connect(ctx)
		require.NoError(t, err)
		defer conn.Close(ctx)
		found, err := byBoth(ctx, conn, question, embedding, limit)
		require.NoError(t, err)
		require.Len(t, found, limit)
		require.NoError(t, conn.QueryRow(ctx, sums).Scan(&text))
		for _, a := range found {
			text += "\n" + a.name()
		}
		return text
	}
	s, err := open(ctx, o.dir)
	require.NoError(t, err)
	want := ask(s.db)
	archive, err := os.Create(filepath.Join(tmp, "calf.tar"))
	require.NoError(t, err)
	require.NoError(t, s.db.Dump(ctx, archive, dump.ArchiveConfig{}))
	require.NoError(t, archive.Close())
	require.NoError(t, s.close(ctx))

	parameters, err := json.Marshal([]any{question, pgvector.NewVector(embedding).String(), limit})
	require.NoError(t, err)
	back := filepath.Join(tmp, "pglite.tar.gz")
	out := peers.Run(t, `
		import fs from "node:fs"
		import { PGlite } from "pglite-0.5"
		import { vector } from "pglite-0.5-pgvector"
		const [archive, back, sums, fused, parameters] = process.argv.slice(2)
		const db = await PGlite.create({ loadDataDir: new File([fs.readFileSync(archive)], "calf.tar"), extensions: { vector } })
		const lines = [(await db.query(sums)).rows[0].sums]
		for (const a of (await db.query(fused, JSON.parse(parameters))).rows) {
			lines.push(a.symbol ? a.package + "." + a.symbol : a.package)
		}
		console.log(lines.join("\n"))
		fs.writeFileSync(back, Buffer.from(await (await db.dumpDataDir("gzip")).arrayBuffer()))
		await db.close()`, archive.Name(), back, sums, fusedSQL, string(parameters))
	require.Equal(t, want, strings.TrimSpace(string(out)))

	r, err := os.Open(back)
	require.NoError(t, err)
	defer r.Close()
	db, err := pglite.OpenConfig(ctx, pglite.Config{Load: r})
	require.NoError(t, err)
	defer db.Close()
	require.Equal(t, want, ask(db))
}

// sums is what the table adds up to.
const sums = `SELECT count(*) || ' ' || md5(string_agg(d::text, '' ORDER BY id)) AS sums FROM quickstart.declaration d`
