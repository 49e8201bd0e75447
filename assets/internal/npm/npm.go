// Package npm fetches packages with the npm command.
package npm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
	"unicode"
)

// ErrNotFound says that there is no npm command to run.
var ErrNotFound = errors.New("npm is not in PATH")

// Client runs one npm command. The zero value runs the one in PATH.
type Client struct {
	// Path of the command; empty means to look in PATH.
	Path string
}

// Pack downloads the tarball of a package, such as "@scope/name@1.2.3", into dir, which holds no other tarball, and
// returns its path.
func (c Client) Pack(ctx context.Context, dir, spec string) (string, error) {
	// "error" is the quietest level that still says why the command fails.
	if _, err := c.run(ctx, dir, "pack", spec, "--ignore-scripts", "--loglevel=error", "--pack-destination=."); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("looking for what npm pack left: %w", err)
	}
	var found []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".tgz") {
			found = append(found, e.Name())
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("npm pack left %d tarballs, expected 1", len(found))
	}
	return filepath.Join(dir, found[0]), nil
}

// Integrity asks for the hash that is published with a package.
func (c Client) Integrity(ctx context.Context, spec string) (string, error) {
	out, err := c.run(ctx, "", "view", spec, "dist.integrity", "--loglevel=error")
	return strings.TrimSpace(out), err
}

func (c Client) run(ctx context.Context, dir, command string, args ...string) (string, error) {
	path := c.Path
	if path == "" {
		found, err := exec.LookPath("npm")
		if err != nil {
			return "", ErrNotFound
		}
		path = found
	}
	var stdout, stderr head
	cmd := exec.CommandContext(ctx, path, append([]string{command}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	cmd.WaitDelay = 3 * time.Second
	killWholeGroup(cmd)
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return "", ErrNotFound
	case err != nil:
		return "", fmt.Errorf("npm %s: %w", command, &failure{reason: reason(stderr.String()), cause: err})
	}
	return stdout.String(), nil
}

// failure says why npm failed in npm's words, and wraps how it ended.
type failure struct {
	reason string
	cause  error
}

func (f *failure) Error() string {
	if f.reason == "" {
		return f.cause.Error()
	}
	return f.reason
}

func (f *failure) Unwrap() error { return f.cause }

// reason picks the line of npm's error output that tells most: the first one of its own that is a sentence, not a code.
func reason(stderr string) string {
	var last string
	for line := range strings.Lines(stderr) {
		line = printable(line)
		if line == "" {
			continue
		}
		said, own := cutAny(line, "npm error ", "npm ERR! ")
		if !own {
			last = line
			continue
		}
		said = strings.TrimSpace(said)
		switch word, _, _ := strings.Cut(said, " "); word {
		case "", "code", "errno", "syscall", "path", "dest":
			last = said
		default:
			return said
		}
	}
	return last
}

func cutAny(line string, prefixes ...string) (string, bool) {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(line, p); ok {
			return rest, true
		}
	}
	return line, false
}

func printable(line string) string {
	line = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, line)
	if runes := []rune(line); len(runes) > 300 {
		line = string(runes[:300]) + "…"
	}
	return strings.TrimSpace(line)
}

// head keeps the first 64 KiB that a command writes; npm's reason comes first.
type head struct{ kept bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	if room := 64<<10 - h.kept.Len(); room > 0 {
		h.kept.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (h *head) String() string { return h.kept.String() }
