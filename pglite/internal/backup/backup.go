package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/jackc/pgx/v5"
)

// A backup is a copy of the data directory in the making. Of a database in
// memory it is made from a fork of its volume, which is what a crash would have
// left at one moment. Of one on a disk it is PostgreSQL's base backup: files
// are copied while they are written to, and the log that was written meanwhile
// repairs them.
type backup struct {
	conn        *pgx.Conn // of a base backup
	vol         vfs.Volume
	base        bool   // a base backup has begun
	first, last string // the segments of the log that a base backup needs
	label       []byte // the content of backup_label, or nil
	control     []byte // the content of pg_control
	started     time.Time
}

// A Source is a running database: its data directory, and how to connect to it.
type Source struct {
	Volume vfs.Volume
	Server *pgx.ConnConfig
}

// begin waits for a checkpoint, so that little of the log is needed, and
// starts a backup. The caller ends it, unless it fails; more than once does no
// harm.
func (s Source) begin(ctx context.Context) (_ *backup, err error) {
	b := &backup{vol: s.Volume, started: time.Now()}
	if b.conn, err = s.Superuser(ctx); err != nil {
		return nil, err
	}
	mem, inMemory := s.Volume.(*vfs.Memory)
	if inMemory {
		err = b.snapshot(ctx, mem)
	} else {
		err = b.start(ctx)
	}
	if err != nil || inMemory {
		b.end(ctx)
	}
	return b, err
}

// Superuser connects as a superuser. No setting of a role or a database makes
// its statements fail.
func (s Source) Superuser(ctx context.Context) (*pgx.Conn, error) {
	cfg := s.Server.Copy()
	cfg.RuntimeParams = map[string]string{
		"application_name": "calf dump", "client_min_messages": "warning", "search_path": "pg_catalog",
		"statement_timeout": "0", "transaction_timeout": "0", "lock_timeout": "0", "idle_session_timeout": "0",
		"default_transaction_read_only": "off",
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	var super bool
	var bootstrap string // BOOTSTRAP_SUPERUSERID (pg_authid.dat)
	err = conn.QueryRow(ctx, "SELECT rolsuper, pg_get_userbyid(10) FROM pg_roles WHERE rolname = current_user").Scan(&super, &bootstrap)
	if err == nil && super {
		return conn, nil
	}
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return nil, err
	}
	cfg.User = bootstrap
	return pgx.ConnectConfig(ctx, cfg)
}

// snapshot copies a volume in memory.
func (b *backup) snapshot(ctx context.Context, mem *vfs.Memory) (err error) {
	if _, err := b.conn.Exec(ctx, "CHECKPOINT"); err != nil {
		return err
	}
	b.vol = mem.Fork()
	if b.control, err = datadir.ReadFile(b.vol, datadir.ControlName); err != nil {
		b.close()
	}
	return err
}

// close gives up the copy of a volume in memory.
func (b *backup) close() {
	if mem, ok := b.vol.(*vfs.Memory); ok {
		mem.Close()
	}
}

// start begins a base backup. A replication slot keeps the log.
func (b *backup) start(ctx context.Context) error {
	_, err := b.conn.Exec(ctx, "SELECT pg_create_physical_replication_slot('calf_dump_' || pg_backend_pid(), true, true)")
	if err != nil {
		return err
	}
	b.base = true
	return b.conn.QueryRow(ctx, "SELECT pg_walfile_name(pg_backup_start('calf', true))").Scan(&b.first)
}

// stop ends the copying of files.
func (b *backup) stop(ctx context.Context) error {
	if !b.base {
		return nil
	}
	// A process of PostgreSQL reads this file, since none runs beside it that
	// could be writing it.
	if err := b.conn.QueryRow(ctx, "SELECT pg_read_binary_file($1)", datadir.ControlName).Scan(&b.control); err != nil {
		return err
	}
	// Before the position there is at least one byte of the record that ends
	// the backup.
	return b.conn.QueryRow(ctx, "SELECT convert_to(labelfile, 'UTF8'), pg_walfile_name(lsn - 1) FROM pg_backup_stop(false)").
		Scan(&b.label, &b.last)
}

// endTimeout bounds what remains to be done after a dump, which takes
// milliseconds.
const endTimeout = 10 * time.Second

// end ends the session, and with it what is left of a base backup: PostgreSQL
// leaves the backup mode, and the slot is gone. If that fails, it is because the
// session has ended, which does the same.
func (b *backup) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if b.base {
		if b.last == "" {
			_, _ = b.conn.Exec(ctx, "SELECT pg_backup_stop(false)")
		}
		_, _ = b.conn.Exec(ctx, "SELECT pg_drop_replication_slot('calf_dump_' || pg_backend_pid())")
	}
	_ = b.conn.Close(ctx)
}

const (
	labelName = "backup_label"
	walDir    = "pg_wal"
)

// files lists what is to be copied but the log and what comes last, and tells
// how large it is in an archive.
func (b *backup) files() (names []string, size int64, err error) {
	list := &fileList{}
	if err := vfs.Walk(b.vol, ".", list.visit); err != nil {
		return nil, 0, fmt.Errorf("listing the files: %w", err)
	}
	names, size = list.result()
	return names, size, nil
}

// wal lists the segments of the log that are needed, and all files that tell
// the history of timelines.
func (b *backup) wal() (names []string, size int64, err error) {
	err = vfs.Walk(b.vol, walDir, func(name string, st vfs.Stat) error {
		needed := strings.HasSuffix(name, ".history")
		switch base := path.Base(name); {
		case st.IsDir():
			return fs.SkipDir
		case !isSegment(base):
		case b.base:
			needed = base[8:] >= b.first[8:] && base[8:] <= b.last[8:] // on any timeline
		default: // what a checkpoint had no use for is gone
			var err error
			if needed, err = isUsed(b.vol, name, st.Size); err != nil {
				return err
			}
		}
		if needed {
			names, size = append(names, name), size+vfs.TarSize(st)
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("listing the write-ahead log: %w", err)
	}
	for _, segment := range []string{b.first, b.last} {
		if b.base && !slices.Contains(names, walDir+"/"+segment) {
			return nil, 0, fmt.Errorf("segment %s of the write-ahead log is gone", segment)
		}
	}
	return names, size, nil
}

// add adds files to an archive. What was removed meanwhile is left out: the log
// says so too.
func (b *backup) add(tw *vfs.TarWriter, names []string) error {
	for _, name := range names {
		if err := tw.Add(b.vol, name); err != nil && vfs.ErrnoOf(err) != vfs.ENOENT {
			return err
		}
	}
	return nil
}

// addLast adds the files without which there is no database, so that an archive
// that was cut off cannot be opened by who does not notice.
func (b *backup) addLast(tw *vfs.TarWriter) error {
	if b.label != nil {
		if err := tw.AddBytes(labelName, b.label, 0o600, b.started); err != nil {
			return err
		}
	}
	return tw.AddBytes(datadir.ControlName, b.control, 0o600, b.started)
}
