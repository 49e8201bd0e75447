package dbtest

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/stretchr/testify/require"
)

// Archive is a dump of a new database.
var Archive = sync.OnceValues(func() ([]byte, error) {
	ctx := context.Background()
	db, err := pglite.Open(ctx, pglite.Memory)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = errors.Join(db.Dump(ctx, &b, dump.ArchiveConfig{}), db.Close())
	return b.Bytes(), err
})

// Rewritten is an archive after f has looked at each entry: it returns the name and content that the entry is to have, or
// no name.
func Rewritten(tb testing.TB, archive []byte, f func(h *tar.Header, content []byte) (*tar.Header, []byte)) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(tb, err)
		content, err := io.ReadAll(r)
		require.NoError(tb, err)
		if h, content = f(h, content); h != nil {
			h.Size = int64(len(content))
			h.Format = tar.FormatUnknown
			require.NoError(tb, w.WriteHeader(h))
			_, err = w.Write(content)
			require.NoError(tb, err)
		}
	}
	require.NoError(tb, w.Close())
	return out.Bytes()
}

// Changed is an archive whose file of a name has another content, or is gone.
func Changed(tb testing.TB, archive []byte, name string, content func([]byte) []byte) []byte {
	return Rewritten(tb, archive, func(h *tar.Header, b []byte) (*tar.Header, []byte) {
		if h.Name != name {
			return h, b
		}
		if b = content(b); b == nil {
			return nil, nil
		}
		return h, b
	})
}

// A FailingWriter is a writer that fails after so many bytes.
type FailingWriter struct {
	bytes.Buffer
	After int
	Err   error
}

func (f *FailingWriter) Write(p []byte) (int, error) {
	if f.Len()+len(p) > f.After {
		n, _ := f.Buffer.Write(p[:f.After-f.Len()])
		return n, f.Err
	}
	return f.Buffer.Write(p)
}
