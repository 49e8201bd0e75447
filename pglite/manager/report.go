package manager

// An ImportReport says what an import did with what it was given.
type ImportReport struct {
	// Databases were added, and so were so many Messages, and Files.
	Databases []Database
	Messages  int64
	Files     []File
	// What has an id that was there already was left as it was. Messages that
	// are new for a database that is not were added.
	DuplicateDatabases []string
	DuplicateMessages  int64
	DuplicateFiles     []string
	// Empty are databases that were added without content, because the archive
	// has none of them: database.build exports no hidden ones.
	Empty []string
	// Unlisted are databases that the archive's list does not have. They were
	// added without a name.
	Unlisted []string
	// Older are databases that were added as they are, but are of an earlier
	// version of PostgreSQL and cannot be opened before they are upgraded. The
	// error is a *pglite.VersionError or, if Config.DB.Upgrade is set, what came of
	// that.
	Older []ImportProblem
	// Failed is what was not added, such as databases whose archive is damaged,
	// with all their messages.
	Failed []ImportProblem
}

// An ImportProblem says what is wrong with a part of an import.
type ImportProblem struct {
	// Name is that of an entry of the archive, or the id of a database, message or
	// file.
	Name string
	Err  error
}

// String returns name and error.
func (p ImportProblem) String() string { return p.Name + ": " + p.Err.Error() }

// maxProblems is how many things may be wrong before an import gives up: more
// than any export has entries, and few enough to be held in memory.
const maxProblems = 10_000
