package manager

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// Records are what the meta database holds, without the databases themselves. As
// JSON they have the names that database.build gives to them.
type Records struct {
	Databases []Database `json:"databases"`
	Messages  []Message  `json:"messages"`
}

// ExportRecords returns all databases, hidden ones too, and all messages, as of
// one moment, the oldest first. All of it is in memory.
func (m *Manager) ExportRecords(ctx context.Context) (r Records, err error) {
	err = pgx.BeginTxFunc(ctx, m.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) (err error) {
		if r.Databases, err = m.databases(ctx, tx); err != nil {
			return err
		}
		r.Messages, err = many(ctx, tx, scanMessage, "SELECT "+messageColumns+" FROM messages ORDER BY created_at, id")
		return err
	})
	return r, m.wrap(err, "exporting records", "")
}

// ImportRecords adds databases, without content, and messages: all or nothing. As
// with Import, what is there already, by its id, stays as it is, and what cannot
// be is reported.
func (m *Manager) ImportRecords(ctx context.Context, r Records) (_ *ImportReport, err error) {
	defer func() { err = m.wrap(err, "importing records", "") }()
	i, err := newImporter(ctx, m, ImportConfig{Limit: math.MaxInt64, Progress: func(string) {}})
	if err != nil {
		return nil, err
	}
	defer i.close()
	rows := make([]databaseRow, len(r.Databases))
	for n, d := range r.Databases {
		rows[n] = databaseRow{d.ID, nullable(d.Name), orNow(d.CreatedAt), d.Hidden}
	}
	err = i.add(ctx, rows, func(add func(messageRow) error) error {
		for _, r := range r.Messages {
			err := add(messageRow{
				r.ID, r.DatabaseID, string(r.Role), r.Content, nullable(string(r.ToolInvocations)),
				orNow(r.CreatedAt), nullable(r.APIURL), nullable(r.Model),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	i.report.Empty = nil // as all of them
	return i.report, nil
}

// nullable is a text that is NULL in the database if it is empty.
func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// orNow is a time, or now if it is zero.
func orNow(t time.Time) pgtype.Timestamptz {
	if t.IsZero() {
		t = time.Now()
	}
	return pgtype.Timestamptz{Time: t, Valid: true}
}
