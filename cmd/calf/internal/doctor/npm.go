package doctor

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// npm looks for the program that fetches PostgreSQL's files.
func npm(ctx context.Context) Finding {
	const hint = "it is needed to install without --from, and for nothing else"
	path, err := exec.LookPath("npm")
	if err != nil {
		return warn("not found", hint)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return warn(fmt.Sprintf("%s does not run: %v", path, err), hint)
	}
	return ok(strings.TrimSpace(string(out)) + ": " + path)
}
