package pglite

import (
	"fmt"
	"io"

	"github.com/calfdb/calf/internal/icudata"
	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
)

// ICUData is ICU's data of all languages: see [Config].ICU. It is safe for
// concurrent use, shared by all databases that are opened with it, and needs no
// closing.
type ICUData = runtime.ICUData

// ReadICUData reads ICU's data, of version 76, from the archive that PGlite's
// icuDataDir takes, a tar or tar.gz with the folder icudt76l; or from a file that
// has it in one piece: icudt76l.dat of ICU's releases, or a library or program
// that it is part of, such as libicudata.so.76. The error for anything else wraps
// [ErrBadICU].
//
// It holds all of it in memory, some 32 MB.
func ReadICUData(r io.Reader) (*ICUData, error) {
	files, err := icudata.Read(r)
	if err != nil {
		return nil, fmt.Errorf("pglite: reading ICU's data: %w", err)
	}
	return runtime.NewICUData(files), nil
}

// icuNote is what is in the file of a directory that was opened with Config.ICU, for who looks.
const icuNote = "calf had ICU's data of all languages when it opened this database.\n" +
	"It insists on it until this file is removed.\n"

// checkICU refuses a cluster that was opened with ICU's data before, and is not
// now.
func (db *DB) checkICU() error {
	if db.cfg.ICU != nil {
		return nil
	}
	_, err := db.vol.Lstat(datadir.ICUName)
	switch {
	case err == nil:
		return ErrNeedsICU
	case vfs.ErrnoOf(err) != vfs.ENOENT:
		return err
	}
	return nil
}

// markICU notes that a cluster was opened with ICU's data.
func (db *DB) markICU() error {
	if db.cfg.ICU == nil {
		return nil
	}
	f, err := db.vol.Open(datadir.ICUName, vfs.O_WRONLY|vfs.O_CREAT, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte(icuNote), 0); err != nil {
		return err
	}
	return f.Sync(false)
}
