package runtime

import (
	"errors"
	"fmt"

	"github.com/calfdb/calf/runtime/vfs"
)

// What PostgreSQL would accept and nobody would do is refused at the start.

// errStandby is why a standby's directory does not open: its startup process
// would wait for WAL for ever, and nobody could connect.
var errStandby = errors.New("the directory is a standby's, which calf cannot be; without the file standby.signal it becomes a primary")

func refuseStandby(fs *vfs.FS) error {
	if _, err := fs.StatAt(nil, DataPath+"/standby.signal", 0); err != nil {
		return nil
	}
	return errStandby
}

// refuse looks at the settings with which the postmaster has started.
func (pm *postmaster) refuse() error {
	for _, r := range []struct{ name, want, why string }{
		{"archive_mode", "off", "there are no programs that archive_command could run, and the write-ahead log would grow for ever"},
		{"external_pid_file", "", "the guest's file system is not the host's; postmaster.pid names the process"},
	} {
		switch value, err := pm.proc.option(r.name); {
		case err != nil:
			return err
		case value != r.want:
			return fmt.Errorf("%s is %q, but %s", r.name, value, r.why)
		}
	}
	return nil
}
