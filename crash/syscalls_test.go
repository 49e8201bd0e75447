package crash

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/runtime/vfs"
)

// traced runs a child under strace and returns its system calls that make
// something durable or remove a name, and what it said, in order, each as it
// ended.
func traced(t *testing.T, o order) []string {
	t.Helper()
	module(t)
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("needs strace, to see what reaches the kernel")
	}
	text, err := json.Marshal(o)
	require.NoError(t, err)
	exe, err := os.Executable()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command(strace, "-f", "-y", "-s", "100", "-o", file, "-e", "trace=fsync,fdatasync,unlinkat,write", exe)
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	if out, err := cmd.CombinedOutput(); err != nil {
		if strings.Contains(string(out), "ptrace") {
			t.Skipf("strace may not be used here: %s", out)
		}
		require.NoError(t, err, string(out))
	}
	trace, err := os.ReadFile(file)
	require.NoError(t, err)
	return calls(string(trace))
}

var (
	straceCall = regexp.MustCompile(`^(fsync|fdatasync|unlinkat|write)\((.*)\)\s+= (?:0|\d+)$`)
	straceFile = regexp.MustCompile(`^\d+<([^>]*)>`)
	straceText = regexp.MustCompile(`"([^"\\]*)`)
)

// calls reads a trace. Calls that others interrupt are put together.
func calls(trace string) (list []string) {
	unfinished := map[string]string{}
	for line := range strings.Lines(trace) {
		pid, call, _ := strings.Cut(strings.TrimSpace(line), " ")
		call = strings.TrimSpace(call)
		if begin, ok := strings.CutSuffix(call, "<unfinished ...>"); ok {
			unfinished[pid] = begin
			continue
		}
		if _, end, ok := strings.Cut(call, "resumed>"); ok && strings.HasPrefix(call, "<...") {
			call = unfinished[pid] + end
		}
		m := straceCall.FindStringSubmatch(call)
		if m == nil {
			continue
		}
		subject := m[2]
		if f := straceFile.FindStringSubmatch(m[2]); f != nil && m[1] != "write" && m[1] != "unlinkat" {
			subject = f[1]
		} else if text := straceText.FindStringSubmatch(m[2]); text != nil {
			subject = text[1]
		}
		list = append(list, m[1]+" "+subject)
	}
	return list
}

// With Durability Full, the kernel is asked to write the WAL before a commit is
// reported, and all files of a new cluster, and the directories that they are in,
// before it counts as complete.
func TestSyncsReachTheKernel(t *testing.T) {
	t.Parallel()
	alone(t)
	parent, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	dir := filepath.Join(parent, "new", "data")
	trace := traced(t, order{Dir: dir, Seed: 1, Steps: 20})

	synced, complete, commits := map[string]bool{}, false, 0
	wal := [childSessions]bool{} // since the last commit of each session
	for _, call := range trace {
		kind, subject, _ := strings.Cut(call, " ")
		switch {
		case kind == "unlinkat" && strings.HasSuffix(subject, "calf.incomplete"):
			complete = true
			for _, name := range newCluster(t) {
				require.Contains(t, synced, filepath.Join(dir, name))
			}
			require.Contains(t, synced, parent)
			require.Contains(t, synced, filepath.Join(parent, "new"))
			clear(synced)
		case strings.HasPrefix(subject, "committed "):
			session := subject[len("committed ")] - '0'
			require.True(t, wal[session], "%s without a sync of the WAL", subject)
			wal[session] = false
			commits++
		case kind == "fsync" || kind == "fdatasync":
			if !complete || subject == dir {
				synced[subject] = true
			}
			if strings.HasPrefix(subject, filepath.Join(dir, "pg_wal", "0")) {
				wal = [childSessions]bool{true, true, true, true}
			}
		case strings.HasPrefix(subject, "open"):
			require.True(t, complete)
			require.Contains(t, synced, dir, "the name calf.incomplete is gone for good")
		}
	}
	require.Greater(t, commits, 40)
}

// newCluster returns the files and directories of a new cluster.
func newCluster(t *testing.T) (names []string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	host, err := vfs.OpenHost(dir, vfs.HostOptions{Sync: vfs.SyncNone})
	require.NoError(t, err)
	require.NoError(t, module(t).CopyTemplate(t.Context(), host))
	require.NoError(t, host.Close())
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		names = append(names, rel)
		return err
	}))
	require.Greater(t, len(names), 900)
	return names
}

// With Durability None the kernel is asked for nothing.
func TestNoneSyncsNothing(t *testing.T) {
	t.Parallel()
	alone(t)
	dir := filepath.Join(t.TempDir(), "data")
	o := order{Dir: dir, Seed: 1, Steps: 5, Durability: pglite.None}
	open := false
	for _, call := range traced(t, o) {
		kind, subject, _ := strings.Cut(call, " ")
		open = open || subject == "open"
		require.False(t, open && strings.HasSuffix(kind, "sync"), call)
	}
	require.True(t, open)
}
