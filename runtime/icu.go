package runtime

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/calfdb/calf/internal/icudata"
	"github.com/calfdb/calf/runtime/vfs"
)

// icuPath is where the guest looks for ICU's data.
const icuPath = "/pglite/icu"

// addICU puts files of ICU's into a file system; they replace those with the
// same name.
func addICU(fs *vfs.FS, files icudata.Files) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := fs.WriteFile(icuPath+"/"+name, files[name], 0o444); err != nil {
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}

// ICUData is ICU's data of all languages, for clusters in place of what the
// guest has. It is safe for concurrent use, and needs no closing. Clusters
// share its memory.
type ICUData struct {
	files icudata.Files

	mu  sync.Mutex
	fss map[*Module]*vfs.FS // the module's file system with these files
}

// NewICUData returns the data that is in files.
func NewICUData(files icudata.Files) *ICUData {
	return &ICUData{files: files, fss: map[*Module]*vfs.FS{}}
}

// files returns a copy of what every cluster has, with the given data of ICU
// unless that is nil.
func (m *Module) files(icu *ICUData) (*vfs.FS, error) {
	base := m.fs
	if icu != nil {
		var err error
		if base, err = icu.on(m); err != nil {
			return nil, fmt.Errorf("unpacking ICU's data: %w", err)
		}
	}
	fs, _, err := base.Fork()
	return fs, err
}

// collationVersion marks the version of a collation, four bytes at the address
// version, if the order follows from attributes that ICU ignores where it lacks
// [icudata.Supplement], as in PGlite. So both notice what the other has sorted.
func (p *process) collationVersion(locale, version uint32) {
	if icudata.HasAttributes(p.guest.CString(locale)) {
		p.guest.Bytes(version, 4)[3]++
	}
}

// on returns the module's file system with the data. Making it takes some
// milliseconds, once.
func (d *ICUData) on(m *Module) (*vfs.FS, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if fs := d.fss[m]; fs != nil {
		return fs, nil
	}
	fs, _, err := m.fs.Fork()
	if err != nil {
		return nil, err
	}
	if err := addICU(fs, d.files); err != nil {
		return nil, err
	}
	d.fss[m] = fs
	return fs, nil
}
