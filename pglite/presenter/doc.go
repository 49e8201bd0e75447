// Package presenter is the application layer for programs that chat: it keeps
// conversations, messages, attachments and settings in PostgreSQL, and knowledge
// bases with vectors.
//
// It works on any PostgreSQL from 15 on, through a pool of pgx: that of a calf
// database, or of a server.
//
//	db, err := pglite.Open(ctx, "chat.calf")
//	pool, err := db.Pool(ctx)
//	p, err := presenter.New(ctx, pool, presenter.Config{})
//	c, err := p.CreateConversation(ctx, presenter.NewConversation{Title: "Planets"})
//	m, err := p.InsertMessage(ctx, presenter.NewMessage{ConversationID: c.ID, Role: presenter.User, Content: "Why is Mars red?"})
//
// New migrates the database to the schema of this package (schema.Chat). Where
// the tables live is the pool's search_path's choice.
//
// # Knowledge
//
// With Config.Knowledge, and pgvector, there are knowledge bases (schema.Knowledge):
// each has files, these have chunks, and each chunk a vector. Bases differ in
// the dimensions of their vectors, in how they are compared (Metric), and in what
// makes them.
//
//	b, err := p.CreateBase(ctx, presenter.NewBase{Name: "Planets", Dimensions: 384})
//	f, err := p.InsertFile(ctx, presenter.NewFile{BaseID: b.ID, Name: "mars.md"})
//	err = p.InsertChunks(ctx, b.ID, []presenter.Chunk{{FileID: f.ID, Content: "Mars is red."}})
//	n, err := p.EmbedChunks(ctx, b.ID, embedder, presenter.EmbedOptions{})
//	err = p.IndexVectors(ctx, b.ID, presenter.IndexOptions{})
//	list, err := p.HybridQuery(ctx, b.ID, "red planet", vector, presenter.HybridOptions{})
//
// SimilarityQuery searches by vectors, HybridQuery by words, too. Programs that
// have vectors of their own use InsertVectors or LoadVectors. TaskStatus says how
// far files and chunks are; PauseTasks, ResumeTasks and RetryTasks govern what
// EmbedChunks does. Reembed changes the model of a base while it is used, and
// CheckRecall says how much of what there is an index finds.
//
// # Values
//
// Times have milliseconds and are UTC when read. Ids are any text that is not
// empty; whoever creates something may bring one, or get a random one. Texts are
// UTF-8 without NUL, as PostgreSQL has them.
//
// # Transactions
//
// Every method is one transaction by itself: it has happened, or not. WithTx
// runs several as one, and again if PostgreSQL asks for it; a Tx has the same
// methods as a Presenter, and its own WithTx makes a savepoint. Begin, Commit
// and Rollback are for callers that cannot wrap their work in a function. In
// works within a transaction of pgx.
//
// # Errors
//
// Errors are *DatabaseError, *TransactionError and *MigrationError. ErrNotFound,
// ErrExists, ErrReference and ErrInvalid tell what a program usually needs to
// know; the cause, with SQLSTATE, is a *pgconn.PgError in the chain.
//
// # Watching
//
// Config.Logger gets each statement at level Debug, and slow ones at Warn,
// without the values of parameters. A tracer of pgx, such as OpenTelemetry's,
// belongs in the pool's configuration: it sees every statement with the
// context of the call, and Operation says which method it serves. Health is
// what a health endpoint would answer.
//
// # Maintenance
//
// Statistics says what PostgreSQL counts, Indexes how the indexes are, and
// Explain and ExplainCalls how statements are run. Optimize vacuums, analyzes and
// repairs what needs it, RepairIndexes only indexes, and ValidateIntegrity looks
// for what constraints should have kept out or none could. They find tables in
// the catalogs, partitions included, and drop nothing that anybody made.
//
// Config.Memory bounds what one call holds and what its statements may use on the
// server where they use much. ImportMessages takes any number of messages a
// few at a time; BulkLoad is for many at once.
//
// # Rooms
//
// The package grows by concern, one embedded type each: chat.go is
// conversations to export, and knowledge.go is knowledge bases, in files
// knowledge_*.go; what looks after indexes, statistics and integrity is methods
// of Presenter in maintain_*.go, for the schemas that maintain.go names. What rows
// of a schema must fulfil and no constraint can say is a query in a file of the
// schema, rules/TABLE.NAME.sql. All run statements through type runner, so
// that they are logged, traced and usable in a Tx.
package presenter
