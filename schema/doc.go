// Package schema holds the SQL that makes calf's tables, and the runner that
// applies it.
//
// A Set is an ordered list of migrations with a table that remembers which of
// them a database has. Migrate brings a database up to date, Plan says what it
// would do, Current where the database is, and Validate whether its tables,
// columns, constraints and indexes are what the migrations promise. Everything
// works on any PostgreSQL from 15 on, through pgx.
//
//	steps, err := schema.Migrate(ctx, pool, schema.Chat(), schema.Latest)
//
// # The sets
//
//   - Chat: conversations and messages, for package presenter.
//   - Knowledge: knowledge bases with their vectors, for package presenter.
//   - Meta: the list of databases and their messages that database.build keeps,
//     byte for byte in its own format.
//   - Embeddings: meta.embeddings, which database.build puts in each database.
//
// Tables without a schema are made in the first schema of the connection's
// search_path, so a program decides where they live with that setting.
//
// Beside the migrations of a set are its rules: queries that find rows that no
// constraint could refuse and that should not be. Presenter.ValidateIntegrity of
// package presenter runs them.
//
// # Guarantees
//
// Migrate runs in one transaction: either every step is applied and recorded,
// or none. An advisory lock makes processes that start together wait for each
// other. A database whose history does not fit the set (a migration that was
// edited, removed, or slipped in before one that has been applied) is refused
// with ErrHistory, and the error names each.
package schema
