// Package manager keeps many databases under one roof: a folder with a data
// directory for each, and a meta database that lists them and the messages of the
// chats that they belong to.
//
//	m, err := manager.Open(ctx, "./databases")
//	defer m.Close()
//	d, err := m.Create(ctx, manager.NewDatabase{Name: "Planets"})
//	db, err := m.Open(ctx, d.ID) // a *manager.Handle
//	defer db.Close()
//	_, err = db.Exec(ctx, "CREATE TABLE planet (name text)")
//
// It does what the DbManager of database.build does in a browser, with the same
// tables, and reads and writes its exports.
//
// # Databases
//
// A database is opened when somebody asks for it and closed when nobody has used
// it for a while; see [Config]. [Manager.Open] returns a [Handle], and a database
// with a handle is never closed, except by Manager.Close. Each database has the
// extension vector and the table meta.embeddings (schema.Embeddings).
//
// # Tools
//
// [Handle.Run] runs SQL that somebody else wrote, a language model for example,
// with limits on what comes back. [Handle.Tables] describes what there is.
// [Handle.SaveEmbeddings] and [Handle.SearchEmbeddings] keep texts with vectors.
//
// # The folder
//
//	meta/        the data directory of the meta database (schema.Meta)
//	dbs/ID/data  that of each database
//	files/       files that belong to messages
//	incoming/    what is being made
//	deleted/     what is being deleted
//
// In a folder's name a capital letter of the id is written as = and the small
// one, since some file systems do not tell them apart. What is in incoming and
// deleted is the manager's to remove; in the others it removes only what it is
// told to, and follows no link.
//
// One program at a time has the folder: the error of another wraps
// pglite.ErrLocked and says who it is. Whatever interrupts a program, a database
// is there, complete, if and only if the meta database lists it; [Manager.Check]
// says what somebody else has changed.
package manager
