package assets

import (
	"errors"
	"strings"

	"github.com/calfdb/calf/assets/internal/lock"
)

var (
	// ErrAssetsMissing says that the guest is in none of the places where [Open] looks, or not in the place that
	// was named. The text around it says where that was. Compare with errors.Is.
	ErrAssetsMissing = errors.New("the guest is not installed: run `calf assets install`")

	// ErrOutdated says that what was found belongs to another release of calf, whose lock pins other packages.
	// Compare with errors.Is.
	ErrOutdated = errors.New("the guest was installed for another release of calf: run `calf assets install`")

	// ErrCorruptAsset says that a tarball or file is not the pinned one. The text around it names the file, and the
	// expected and the found hash or size. Compare with errors.Is.
	ErrCorruptAsset = errors.New("corrupt asset")
)

// groupError is an error about a group of packages that is installed on demand. Its text says how.
type groupError struct {
	group string
	error
}

// ofGroup returns an error about a group, whose text may be about the guest.
func ofGroup(group string, err error) error {
	if group == lock.DefaultGroup || !errors.Is(err, ErrAssetsMissing) && !errors.Is(err, ErrOutdated) {
		return err
	}
	return &groupError{group, err}
}

func (e *groupError) Error() string {
	words := strings.NewReplacer("the guest", "the group "+e.group, "`calf assets install`", "`calf assets install --legacy`")
	return words.Replace(e.error.Error())
}

func (e *groupError) Unwrap() error { return e.error }

// lineError shows an error on one line, whatever npm or a caller's function wrote into it.
type lineError struct{ err error }

func oneLine(err error) error {
	if err == nil || !strings.ContainsAny(err.Error(), "\r\n") {
		return err
	}
	return lineError{err}
}

func (e lineError) Error() string {
	var lines []string
	for line := range strings.FieldsFuncSeq(e.err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

func (e lineError) Unwrap() error { return e.err }
