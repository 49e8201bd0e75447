// Package wire moves bytes between a PostgreSQL client and a backend. It knows the first few messages of the protocol and
// nothing of what runs the backend.
//
// # The backend's side
//
// A backend always gets a [Socket]: the server side of a connection, which never blocks. Recv and Send do what they can at
// once and answer [ErrWouldBlock] when that is nothing; the function given to SetNotify says when to try again. What is at
// the other end of the Socket does not matter to the backend:
//
//   - [Pipe] joins it to a client in this process, without leaving memory;
//   - [Bridge] joins it to any net.Conn: TCP, a Unix-domain socket, TLS.
//
// # A server
//
// [Server] accepts connections from net.Listeners, does what PostgreSQL's postmaster does before there is a backend (TLS,
// cancel requests, limits, refusals), and hands every session to a [Cluster] as a Socket whose first bytes are the client's
// own startup packet, unmodified. [ReadStartup] is the part of it that reads that packet.
package wire
