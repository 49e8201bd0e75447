package inspect

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/calfdb/calf/internal/pgdata/tree"
)

// maxProblems is how many problems are listed.
const maxProblems = 1000

// problem notes a problem. It is not for several goroutines.
func (i *inspector) problem(p Problem) {
	if len(i.info.Problems) >= maxProblems {
		i.info.ProblemsOmitted++
		return
	}
	i.info.Problems = append(i.info.Problems, p)
}

// archiveProblems notes what is wrong with the container.
func (i *inspector) archiveProblems() {
	t := i.tree
	if t.Truncated != nil {
		i.problem(Problem{Kind: "archive", Text: "the archive is incomplete: " + t.Truncated.Error()})
	}
	if t.TooMany {
		i.problem(Problem{Kind: "limit", Text: fmt.Sprintf("there are more than %d files, or their names are too long; the others are left out", tree.MaxFiles)})
	}
}

// linkProblems notes what is not followed.
func (i *inspector) linkProblems() {
	for _, o := range i.tree.Others {
		i.problem(Problem{Kind: "link", File: text(o.Name), Text: "not read: " + text(o.What)})
	}
}

// unreadable makes a problem of an error of reading.
func unreadable(file string, err error) Problem {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	}
	return Problem{Kind: "unreadable", File: file, Text: err.Error()}
}
