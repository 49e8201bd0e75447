package wire

import (
	"context"
	"time"
)

// Cluster is what a Server needs of the thing it serves: something that starts backends. Its methods are called
// concurrently.
type Cluster interface {
	// Connect runs a backend for the client at the other end of s and returns when its session has ended. The client's
	// startup packet, unmodified, is the first thing that s receives. It leaves closing s to the Server, which then
	// sees to it that the client gets everything that was sent.
	//
	// When ctx is done the server is shutting down fast, and the session is to end as pg_terminate_backend ends it. When the
	// client is gone, Recv says so.
	//
	// An error is logged. If nothing has been sent it also is what the client is told: a *pgconn.PgError as it is,
	// anything else without details, as 58000 or, when ctx is done, 57P03.
	Connect(ctx context.Context, s *Socket) error

	// Cancel asks the backend that is process pid and whose cancel key is key to cancel its statement. If there is none,
	// nothing happens. The client is told nothing but that Cancel has returned. key is 4 to 256 bytes that may not be kept.
	Cancel(pid uint32, key []byte)

	// AuthenticationTimeout returns how long a client may take to begin its session, as PostgreSQL's authentication_timeout
	// says. It is asked for each connection, and must not block.
	AuthenticationTimeout() time.Duration
}
