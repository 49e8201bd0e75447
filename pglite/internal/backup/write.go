package backup

import (
	"context"
	"io"

	"github.com/calfdb/calf/runtime/vfs"
)

// Write writes the database as a tar archive while it is used. report is told how far that is, unless it is nil.
func (s Source) Write(ctx context.Context, w io.Writer, report func(Progress)) error {
	out := &meter{ctx: ctx, w: w, report: report}
	out.begin("writing a checkpoint", 0)
	b, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	defer b.end(ctx)
	files, size, err := b.files()
	if err != nil {
		return err
	}
	tw := vfs.NewTarWriter(out)
	out.begin("copying the files", size)
	if err := b.add(tw, files); err != nil {
		return err
	}
	if err := b.stop(ctx); err != nil {
		return err
	}
	wal, size, err := b.wal()
	if err != nil {
		return err
	}
	out.begin("copying the write-ahead log", size)
	if err := b.add(tw, wal); err != nil {
		return err
	}
	if err := b.addLast(tw); err != nil {
		return err
	}
	return tw.Close()
}

// Fork copies a database in memory, without copying its pages.
func (s Source) Fork(ctx context.Context) (*vfs.Memory, error) {
	b, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	return b.vol.(*vfs.Memory), nil
}
