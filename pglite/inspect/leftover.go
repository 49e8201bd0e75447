package inspect

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/calfdb/calf/internal/filelock"
	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/internal/pgdata/tree"
	"github.com/calfdb/calf/pglite/internal/datadir"
)

// leftovers are files whose presence says something by itself.
var leftovers = map[string]string{
	datadir.IncompleteName: "calf was interrupted while it made the database; opening the directory begins anew",
	datadir.ICUName:        "calf opened it with ICU's data of all languages, and will not without",
	"backup_label":         "this is a base backup: recovery starts where this file says, and needs the log from there on",
	"tablespace_map":       "this is a base backup with tablespaces",
	"recovery.signal":      "the server will start recovery from an archive",
	"standby.signal":       "the server will start as a standby",
	"recovery.conf":        "a file of PostgreSQL 11 or older, with which no later server starts",
	"promote":              "a request to a standby to become the primary",
}

// readLeftovers finds what running and interrupted programs leave.
func (i *inspector) readLeftovers() {
	note := func(file, format string, args ...any) {
		i.info.Leftovers = append(i.info.Leftovers, Leftover{file, fmt.Sprintf(format, args...)})
	}
	temporary, prepared, slots := 0, 0, map[string]bool{}
	for _, f := range i.tree.Files() {
		meaning, ok := leftovers[f.Name]
		dir := path.Dir(f.Name)
		switch {
		case ok:
			note(f.Name, "%s", meaning)
		case f.Name == "postmaster.pid":
			note(f.Name, "%s", i.pidMeaning())
		case f.Name == datadir.LockName:
			note(f.Name, "%s", i.lockMeaning())
		case dir == "pg_twophase":
			prepared++
		case path.Base(f.Name) == "state" && path.Dir(dir) == "pg_replslot":
			slots[path.Base(dir)] = true
		case strings.Contains("/"+dir+"/", "/pgsql_tmp/"):
			temporary++
		default:
			if r, ok := pgdata.ParseRelFile(f.Name); ok && r.Temp {
				temporary++
			}
		}
	}
	if prepared > 0 {
		note("pg_twophase", "%d prepared transactions wait for COMMIT PREPARED or ROLLBACK PREPARED", prepared)
	}
	if len(slots) > 0 {
		note("pg_replslot", "%d replication slots keep the write-ahead log", len(slots))
	}
	if temporary > 0 {
		note("base", "%d files of temporary tables and sorts, which the next start removes", temporary)
	}
}

// pidMeaning says what postmaster.pid means.
func (i *inspector) pidMeaning() string {
	b, err := i.tree.ReadFile("postmaster.pid", 4096)
	if err != nil {
		return "it cannot be read"
	}
	f, ok := pgdata.DecodePIDFile(b)
	if !ok {
		return "it does not have a process id"
	}
	since := ""
	if !f.Start.IsZero() {
		since = " since " + f.Start.Format(time.RFC3339)
	}
	switch {
	case f.PID == -42:
		return fmt.Sprintf("PGlite had the directory open%s, and leaves this file; it is no lock, so see to it that no PGlite has it open now", since)
	case i.info.Container != string(tree.Folder):
		return fmt.Sprintf("process %d had the directory open%s when this archive was made", f.PID, since)
	case !i.isHere(f.DataDir):
		return fmt.Sprintf("a server had the directory open%s, as %s", since, text(f.DataDir))
	case processRuns(f.PID):
		i.info.InUse = true
		return fmt.Sprintf("process %d has had the directory open%s, and a process with that number runs", f.PID, since)
	}
	return fmt.Sprintf("process %d had the directory open%s; it does not run any more on this machine", f.PID, since)
}

// isHere tells whether a server knows the directory by a path that leads here. A guest has paths of its own, and a
// number that is no process of this machine's.
func (i *inspector) isHere(dir string) bool {
	here, err1 := os.Stat(filepath.Join(i.info.Path, i.info.Root))
	there, err2 := os.Stat(dir)
	return err1 == nil && err2 == nil && os.SameFile(here, there)
}

// processRuns tells whether there is a process. A negative number is that of a single-user server.
func processRuns(pid int) bool {
	if pid < 0 {
		pid = -pid
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	if runtime.GOOS == "windows" { // where only one that runs is found
		return true
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}

// lockMeaning says whether calf has the directory open, by trying its lock for a moment.
func (i *inspector) lockMeaning() string {
	if i.info.Container != string(tree.Folder) {
		return "calf has used the directory"
	}
	root, err := os.OpenRoot(i.info.Path)
	if err != nil {
		return "it cannot be read"
	}
	defer root.Close()
	f, err := root.Open(path.Join(i.info.Root, datadir.LockName))
	if err != nil {
		return "it cannot be read"
	}
	defer f.Close()
	switch err := filelock.Try(f); {
	case err == nil:
		return "calf has used the directory; nobody has it locked now"
	case errors.Is(err, filelock.ErrHeld):
		i.info.InUse = true
		b, _ := i.tree.ReadFile(datadir.LockName, 200)
		return "calf has the directory open: " + text(strings.TrimSpace(string(b)))
	}
	return "calf has used the directory; whether it is locked cannot be told here"
}
