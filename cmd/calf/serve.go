package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/calfdb/calf/pglite"
	"github.com/spf13/cobra"
)

// serve is the flags of calf serve.
type serve struct {
	db             database
	listen         []string
	socket         string
	tls            certificates
	auth           string
	maxConnections int
	startupTimeout time.Duration
	settings       []string
}

func (p *program) serveCommand() *cobra.Command {
	s := &serve{}
	c := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Serve a database to clients of the network",
		Long: `Serve a database with PostgreSQL's protocol, for psql and every other client.

By default only programs of this machine can connect, and everybody is trusted.
Listening on other addresses takes --auth scram, which asks for passwords of roles
(ALTER ROLE ... PASSWORD), and a certificate: clients from elsewhere must use TLS.
Unix-domain sockets are files that only their owner can use, and trusted.

The pg_hba.conf of the directory counts, unless --auth is scram; --auth hba lets it
decide about clients from elsewhere, too. With --tls-ca clients are asked for certificates, which its
lines can demand (clientcert, cert). SELECT pg_reload_conf() reads the files for
TLS again, too.

When all listeners are ready, a line "ready on ..." per listener is printed, and a
service manager is told if NOTIFY_SOCKET says so. Ctrl-C and SIGTERM end all
sessions, write a checkpoint and exit.`,
		Example: `  calf serve --db ./data
  calf serve --db ./data --listen 127.0.0.1:5433 --socket /tmp
  calf serve --db ./data --listen 0.0.0.0:5432 --auth scram --tls-cert c.pem --tls-key k.pem`,
		Args: cobra.NoArgs,
	}
	f := c.Flags()
	f.StringVar(&s.db.dir, "db", pglite.Memory, "`directory` of the database, which is made if it does not exist")
	f.StringSliceVar(&s.listen, "listen", []string{"127.0.0.1:5432"}, "`address`es to listen on; none if empty")
	f.StringVar(&s.socket, "socket", "", "`directory` in which to make a Unix-domain socket, .s.PGSQL.5432")
	f.StringVar(&s.tls.cert, "tls-cert", "", "`file` with the server's certificates, PEM")
	f.StringVar(&s.tls.key, "tls-key", "", "`file` with the key of the certificate, PEM")
	f.StringVar(&s.tls.ca, "tls-ca", "", "`file` with the authorities that sign clients' certificates, PEM")
	f.StringVar(&s.auth, "auth", "trust", "how clients of the network prove who they are: trust, scram, or hba, as pg_hba.conf says")
	f.IntVar(&s.maxConnections, "max-connections", 0, "`number` of sessions that there can be at once (default 100)")
	f.DurationVar(&s.startupTimeout, "startup-timeout", 0, "`time` that a client may take to begin a session (default 1m)")
	f.StringArrayVarP(&s.settings, "set", "c", nil, "`name=value` of a configuration parameter, for example work_mem=64MB")
	c.MarkFlagsRequiredTogether("tls-cert", "tls-key")
	return p.does(c, func(ctx context.Context, _ []string) error { return s.run(ctx, p) })
}

func (s *serve) run(ctx context.Context, p *program) (err error) {
	cfg, err := s.config(p)
	if err != nil {
		return err
	}
	serving := pglite.ServeConfig{MaxConnections: s.maxConnections, StartupTimeout: s.startupTimeout}
	switch {
	case s.tls.cert != "":
		if err := s.tls.load(); err != nil {
			return err
		}
		serving.TLS = s.tls.config()
		cfg.OnReload = func() { s.tls.reload(cfg.Logger) }
	case s.tls.ca != "":
		return usage("--tls-ca needs --tls-cert and --tls-key")
	}
	listeners, err := s.listeners()
	if err != nil {
		return err
	}
	defer func() {
		for _, l := range listeners {
			l.Close() // those that no server has closed
		}
	}()
	db, err := pglite.OpenConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		serving := serving
		serving.RequireTLS = !isLocal(l.Addr())
		go func() { ended <- db.Serve(ctx, l, serving) }()
		fmt.Fprintf(p.stdout, "ready on %s\n", l.Addr())
	}
	if err := notifyReady(); err != nil {
		cfg.Logger.Warn("could not tell the service manager", "error", err)
	}
	for range listeners {
		err = errors.Join(err, <-ended)
		cancel() // all end with the first
	}
	return err
}

// hbaSCRAM trusts what is local and asks everybody else for a password.
const hbaSCRAM = "local all all trust\nhost all all all scram-sha-256\n"

// config returns the configuration of the database.
func (s *serve) config(p *program) (pglite.Config, error) {
	cfg := pglite.Config{
		Dir: s.db.dir, Logger: slog.New(slog.NewTextHandler(p.stderr, nil)),
		Settings: map[string]string{},
	}
	switch s.auth {
	case "trust", "hba": // the file decides; listeners sees to it that trust stays on this machine
	case "scram":
		cfg.HBA = hbaSCRAM
	default:
		return cfg, usage(fmt.Sprintf("--auth must be trust, scram or hba, not %q", s.auth))
	}
	for _, set := range s.settings {
		name, value, ok := strings.Cut(set, "=")
		if !ok {
			return cfg, usage(fmt.Sprintf("-c %s is not name=value", set))
		}
		cfg.Settings[name] = value
	}
	if s.maxConnections > 0 && cfg.Settings["max_connections"] == "" {
		// Some for the superuser, as in PostgreSQL, and for calf itself.
		cfg.Settings["max_connections"] = fmt.Sprint(s.maxConnections + 5)
	}
	return cfg, nil
}

// listeners listens on all addresses. It refuses what would let strangers in.
func (s *serve) listeners() (list []net.Listener, err error) {
	defer func() {
		if err != nil {
			for _, l := range list {
				l.Close()
			}
		}
	}()
	for _, address := range s.listen {
		if address == "" {
			continue
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			return list, err
		}
		list = append(list, l)
		switch {
		case isLocal(l.Addr()):
		case s.auth == "trust":
			return list, fmt.Errorf("refusing to trust everybody who can reach %s: use --auth scram", address)
		case s.tls.cert == "":
			return list, fmt.Errorf("refusing to send passwords and data in the clear from %s: use --tls-cert and --tls-key", address)
		}
	}
	if s.socket != "" {
		l, err := listenUnix(filepath.Join(s.socket, ".s.PGSQL.5432"))
		if err != nil {
			return list, err
		}
		list = append(list, l)
	}
	if len(list) == 0 {
		return list, usage("nothing to listen on: give --listen or --socket")
	}
	return list, nil
}

// listenUnix listens on a Unix-domain socket that only its owner can use. A
// socket that nobody listens on any more is replaced.
func listenUnix(path string) (net.Listener, error) {
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, fmt.Errorf("listen unix %s: another server listens there", path)
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// isLocal reports whether only this machine can reach an address.
func isLocal(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return !ok || tcp.IP.IsLoopback()
}

// notifyReady tells a service manager that the service has started, in the way
// of systemd's sd_notify(3).
func notifyReady() error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	conn, err := net.Dial("unixgram", path)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte("READY=1"))
	return err
}
