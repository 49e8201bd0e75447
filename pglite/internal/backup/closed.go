package backup

import (
	"context"
	"fmt"
	"io"
	"path"

	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/runtime/vfs"
)

// WriteClosed writes a data directory that nobody uses as a tar archive, as it is.
func WriteClosed(ctx context.Context, v vfs.Volume, w io.Writer, report func(Progress)) error {
	names, size, err := wholeDirectory(v)
	if err != nil {
		return err
	}
	out := &meter{ctx: ctx, w: w, report: report}
	out.begin("copying the files", size)
	tw := vfs.NewTarWriter(out)
	for _, name := range append(names, datadir.ControlName) {
		if err := tw.Add(v, name); err != nil {
			return err
		}
	}
	return tw.Close()
}

// wholeDirectory lists what is in a data directory but pg_control, which comes
// last, as in [backup.addLast].
func wholeDirectory(v vfs.Volume) (names []string, size int64, err error) {
	err = vfs.Walk(v, ".", func(name string, st vfs.Stat) error {
		size += vfs.TarSize(st)
		dir, base := path.Split(name)
		switch {
		case name == datadir.ControlName:
			return nil
		case dir == "" && (datadir.IsOurs(name) || name == "postmaster.pid" || name == "postmaster.opts"):
			size -= vfs.TarSize(st)
			return skip(st)
		case dir == "pg_tblspc/" && st.IsLink():
			return fmt.Errorf("%w, such as the one with the OID %s", errTablespace, base)
		case dir == walDir+"/" && isSegment(base) && st.IsRegular():
			used, err := isUsed(v, name, st.Size)
			if err != nil || !used {
				size -= vfs.TarSize(st)
				return err
			}
		}
		names = append(names, name)
		return nil
	})
	return names, size, err
}
