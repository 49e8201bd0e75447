package assets

import (
	"errors"
	"strings"
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
