package push

import (
	"fmt"
	"strings"
)

// An Obstacle is a reason why a database cannot be moved.
type Obstacle struct {
	// Kind is one of
	//	version     a server is too old or too new
	//	standby     the target is one, and read-only
	//	encoding    the databases' encodings differ
	//	extension   the target does not have it
	//	role        the target does not have it
	//	privilege   a role may not do what it has to
	//	not-empty   the target has something where the source has
	//	changed     the schema is not that of the push that was begun
	//	unfinished  the source is itself what an unfinished push left
	//	busy        another push to this database is going on
	//	schema      the target refuses a statement
	Kind string `json:"kind"`
	Text string `json:"text"`
	// Objects are what it is about: the columns and indexes that need an extension, for example.
	Objects []string `json:"objects,omitempty"`
	// Err is the target's error, if there is one.
	Err error `json:"-"`
}

// maxObstacleObjects is how many of its objects an obstacle's text names.
const maxObstacleObjects = 5

// String tells what hinders, and some of what it is about.
func (o Obstacle) String() string {
	if len(o.Objects) == 0 {
		return o.Text
	}
	objects, rest := o.Objects, ""
	if n := len(objects) - maxObstacleObjects; n > 0 {
		objects, rest = objects[:maxObstacleObjects], fmt.Sprintf(" and %d more", n)
	}
	return o.Text + ": " + strings.Join(objects, ", ") + rest
}

// A BlockedError says that a database was not moved, and that nothing has been changed.
type BlockedError struct{ Obstacles []Obstacle }

// Error tells the obstacles, on one line.
func (e *BlockedError) Error() string {
	var texts []string
	for _, o := range e.Obstacles {
		texts = append(texts, o.String())
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the errors of the target, if it was asked.
func (e *BlockedError) Unwrap() (errs []error) {
	for _, o := range e.Obstacles {
		if o.Err != nil {
			errs = append(errs, o.Err)
		}
	}
	return errs
}

// block adds an obstacle.
func (p *pusher) block(kind string, objects []string, format string, args ...any) {
	p.report.Obstacles = append(p.report.Obstacles, Obstacle{Kind: kind, Text: fmt.Sprintf(format, args...), Objects: objects})
}

// note adds a note.
func (p *pusher) note(format string, args ...any) {
	p.report.Notes = append(p.report.Notes, fmt.Sprintf(format, args...))
}
