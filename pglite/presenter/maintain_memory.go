package presenter

import (
	"context"
	"errors"
	"iter"

	"github.com/jackc/pgx/v5"
)

// MinMemory is the least Config.Memory can be: the smallest maintenance_work_mem
// of all servers is a megabyte, which is a quarter of it.
const MinMemory = 4 << 20

// WithMemory runs a function that needs so many bytes, as soon as all that run at
// the same time need no more than Config.Memory together; who waits longest is
// first. More than Config.Memory is ErrMemory at once. Do not call it in a
// transaction: those whom it waits for may wait for that.
func (p *Presenter) WithMemory(ctx context.Context, bytes int64, f func() error) error {
	const op = "reserving memory"
	if bytes < 0 || bytes > p.cfg.Memory {
		return refuse(op, "", outOfMemory, "%d bytes of %d", bytes, p.cfg.Memory)
	}
	if err := p.memory.Acquire(ctx, bytes); err != nil {
		return wrap(op, "", err)
	}
	defer p.memory.Release(bytes)
	return f()
}

// bounded are rows that end with an error when they have had too many bytes.
type bounded struct {
	pgx.Rows
	left int64
	err  error
}

func (b *bounded) Next() bool {
	if b.err != nil || !b.Rows.Next() {
		return false
	}
	for _, value := range b.RawValues() {
		b.left -= int64(len(value))
	}
	if b.left < 0 {
		b.Close()
		b.err = errTooMuch
		return false
	}
	return true
}

func (b *bounded) Err() error {
	if b.err != nil {
		return b.err
	}
	return b.Rows.Err()
}

// errTooMuch is the cause of ErrMemory where the presenter stops reading.
var errTooMuch = errors.New("the result is larger than Config.Memory")

// limitWork lowers what statements may use on the server, for a transaction or
// for a session.
func (r runner) limitWork(ctx context.Context, op string, local bool) error {
	_, err := r.exec(ctx, op, "", `SELECT set_config(name, least(pg_size_bytes(current_setting(name)), bytes) / 1024 || 'kB', $3)
		FROM (VALUES ('work_mem', $1::bigint), ('maintenance_work_mem', $2)) AS most (name, bytes)`, r.cfg.Memory/8, r.cfg.Memory/4, local)
	return err
}

// size is about how many bytes a message takes, in memory and on its way to the
// server: its texts, and what is around them.
func (n NewMessage) size() int64 {
	const rest = 256 // the struct, and as much for the other columns
	return rest + int64(len(n.ID)+len(n.ConversationID)+len(n.ParentID)+len(n.Content)+len(n.Metadata))
}

// sizeOf is about how many bytes the values of a row take.
func sizeOf(row []any) int64 {
	size := int64(0)
	for _, value := range row {
		size += 32 // an interface, and as much for what it holds
		switch v := value.(type) {
		case string:
			size += int64(len(v))
		case *string:
			if v != nil {
				size += int64(len(*v))
			}
		}
	}
	return size
}

// ImportMessages is InsertMessages of more than should be in memory at a time:
// it takes messages from an iterator and inserts them in batches of up to 1000,
// and of up to an eighth of Config.Memory, all or none. An error of the iterator
// ends it. A parent must come before its children, or in the same batch, except
// within BulkLoad. It returns how many there were.
func (c chat) ImportMessages(ctx context.Context, list iter.Seq2[NewMessage, error]) (n int64, err error) {
	const op, most = "importing messages", 1000
	err = c.atomically(ctx, op, func(r runner) error {
		var batch []NewMessage
		var size int64
		flush := func() error {
			_, err := chat{r}.InsertMessages(ctx, batch)
			n += int64(len(batch))
			clear(batch) // lets go of the texts
			batch, size = batch[:0], 0
			return err
		}
		for m, err := range list {
			if err != nil {
				return err
			}
			if len(batch) > 0 && (len(batch) == most || size+m.size() > c.cfg.Memory/8) {
				if err := flush(); err != nil {
					return err
				}
			}
			batch, size = append(batch, m), size+m.size()
		}
		return flush()
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
