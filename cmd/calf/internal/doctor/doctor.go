// Package doctor finds out whether calf works on a machine, and if it does not,
// why.
package doctor

import "context"

// Status is the outcome of a check.
type Status string

// Outcomes.
const (
	OK   Status = "ok"
	Warn Status = "warn" // it works, but less well
	Fail Status = "fail"
)

// A Finding is what a check found.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
	// Hint says what to do about it.
	Hint string `json:"hint,omitempty"`
}

// Examine runs all checks and passes on what they find, one after the other. It
// reports whether none failed.
func Examine(ctx context.Context, found func(Finding)) bool {
	healthy := true
	for _, c := range []struct {
		name  string
		check func(context.Context) Finding
	}{
		{"platform", platform},
		{"executable memory", executableMemory},
		{"address space", addressSpace},
		{"copied memory", copiedMemory},
		{"cache folder", cacheFolder},
		{"assets", installed},
		{"npm", npm},
		{"database", memoryDatabase},
	} {
		if ctx.Err() != nil {
			return false
		}
		f := c.check(ctx)
		f.Check = c.name
		healthy = healthy && f.Status != Fail
		found(f)
	}
	return healthy
}

func ok(detail string) Finding         { return Finding{Status: OK, Detail: detail} }
func warn(detail, hint string) Finding { return Finding{Status: Warn, Detail: detail, Hint: hint} }
func fail(detail, hint string) Finding { return Finding{Status: Fail, Detail: detail, Hint: hint} }
