package wire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/calfdb/calf/wire"
	"github.com/jackc/pgx/v5/pgconn"
)

// A backend serves its Socket without ever blocking in it: it sleeps until it is told.
func ExamplePipe() {
	client, server := wire.Pipe()
	wake := make(chan struct{}, 1)
	server.SetNotify(func() {
		select {
		case wake <- struct{}{}:
		default: // it will wake up anyway
		}
	})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p := make([]byte, 8192)
		for {
			n, err := server.Recv(p)
			switch {
			case errors.Is(err, wire.ErrWouldBlock):
				<-wake
			case err != nil:
				fmt.Println("backend:", err)
				_ = server.Close()
				return
			default:
				_, _ = server.Send(append([]byte("you said "), p[:n]...))
			}
		}
	}()

	fmt.Fprint(client, "hello")
	p := make([]byte, 100)
	n, _ := client.Read(p)
	fmt.Println("client:", string(p[:n]))
	_ = client.CloseWrite()
	<-ended
	_, err := client.Read(p)
	fmt.Println("client:", err)
	_ = client.Close()
	// Output:
	// client: you said hello
	// backend: EOF
	// client: EOF
}

// closed is a Cluster that has no backends.
type closed struct{}

func (closed) Connect(context.Context, *wire.Socket) error {
	return &pgconn.PgError{Code: "57P03", Message: "the database system is starting up"}
}

func (closed) Cancel(uint32, []byte) {}

func (closed) AuthenticationTimeout() time.Duration { return time.Minute }

func ExampleServer() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	server := &wire.Server{Cluster: closed{}, MaxConnections: 10}
	served := make(chan error)
	go func() { served <- server.Serve(context.Background(), ln) }()

	client, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Fprint(client, "\x00\x00\x00\x14\x00\x03\x00\x00user\x00alice\x00\x00")
	answer, _ := io.ReadAll(client)
	fmt.Printf("%q\n", answer)
	_ = client.Close()

	fmt.Println(server.Shutdown(context.Background(), wire.Fast), <-served)
	// Output:
	// "E\x00\x00\x00>SFATAL\x00VFATAL\x00C57P03\x00Mthe database system is starting up\x00\x00"
	// <nil> <nil>
}
