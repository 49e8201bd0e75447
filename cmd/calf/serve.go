package main

import (
	"cmp"
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
	"github.com/spf13/pflag"
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

There is a place for max_connections sessions. The last of them are for superusers,
as superuser_reserved_connections says. One more is refused with SQLSTATE 53300.
Connections that have not begun a session take no place: there can be 1000, one
more closes the oldest, and each is closed after --startup-timeout.

The pg_hba.conf of the directory counts, unless --auth is scram; --auth hba lets it
decide about clients from elsewhere, too. With --tls-ca clients are asked for certificates, which its
lines can demand (clientcert, cert). SELECT pg_reload_conf() reads the files for
TLS again, too.

When all listeners are ready, a line "ready on ..." per listener is printed, and a
service manager is told if NOTIFY_SOCKET says so. Signals mean what they mean to
PostgreSQL:

  SIGINT   fast shutdown: end all sessions, write a checkpoint, exit (as Ctrl-C;
           a second one exits at once)
  SIGTERM  smart shutdown: take no new sessions, and exit when the last has ended
  SIGQUIT  immediate shutdown: exit at once; the next start recovers
  SIGHUP   read the configuration files again

Whoever stops services with SIGTERM, as systemd and containers do, should be told
to use SIGINT (KillSignal=, STOPSIGNAL), or waits for the clients.`,
		Example: `  calf serve --db ./data
  calf serve --db ./data --listen 127.0.0.1:5433 --socket /tmp  # /tmp/.s.PGSQL.5433
  calf serve --db ./data --listen 0.0.0.0:5432 --auth scram --tls-cert c.pem --tls-key k.pem`,
		Args: cobra.NoArgs,
	}
	f := c.Flags()
	s.db.addDir(f)
	f.StringSliceVar(&s.listen, "listen", []string{"127.0.0.1:5432"}, "`address`es to listen on; none if empty")
	f.StringVar(&s.socket, "socket", "", "`directory` in which to make a Unix-domain socket, .s.PGSQL. and the port")
	f.StringVar(&s.tls.cert, "tls-cert", "", "`file` with the server's certificates, PEM")
	f.StringVar(&s.tls.key, "tls-key", "", "`file` with the key of the certificate, PEM")
	f.StringVar(&s.tls.ca, "tls-ca", "", "`file` with the authorities that sign clients' certificates, PEM")
	f.StringVar(&s.auth, "auth", "trust", "how clients of the network prove who they are: trust, scram, or hba, as pg_hba.conf says")
	f.IntVar(&s.maxConnections, "max-connections", 0, "`number` of sessions that there can be at once, as -c max_connections (default 100)")
	f.DurationVar(&s.startupTimeout, "startup-timeout", 0, "`time` that a client may take to begin a session (default authentication_timeout, 1m)")
	addSettings(f, &s.settings)
	c.MarkFlagsRequiredTogether("tls-cert", "tls-key")
	return p.does(c, func(ctx context.Context, _ []string) error { return s.run(ctx, p) })
}

func (s *serve) run(ctx context.Context, p *program) (err error) {
	cfg, err := s.config(p)
	if err != nil {
		return err
	}
	serving := pglite.ServeConfig{StartupTimeout: s.startupTimeout}
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
	listeners, err := s.listeners(cfg.Settings)
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
	control := &serverControl{db: db, log: cfg.Logger, listeners: listeners, drain: make(chan struct{}), stop: cancel}
	serving.Drain = control.drain
	defer control.obey(ctx)()
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
		if e := <-ended; e != nil {
			err = errors.Join(err, e)
			cancel() // all end with the first that fails
		}
	}
	return err
}

// hbaSCRAM trusts what is local and asks everybody else for a password.
const hbaSCRAM = "local all all trust\nhost all all all scram-sha-256\n"

// config returns the configuration of the database.
func (s *serve) config(p *program) (pglite.Config, error) {
	icu, err := s.db.icu.data()
	if err != nil {
		return pglite.Config{}, err
	}
	cfg := pglite.Config{
		Dir: s.db.dir, ICU: icu, Logger: slog.New(slog.NewTextHandler(p.stderr, nil)),
	}
	switch s.auth {
	case "trust", "hba": // the file decides; listeners sees to it that trust stays on this machine
	case "scram":
		cfg.HBA = hbaSCRAM
	default:
		return cfg, usage(fmt.Sprintf("--auth must be trust, scram or hba, not %q", s.auth))
	}
	if cfg.Settings, err = parseSettings(s.settings); err != nil {
		return cfg, err
	}
	if s.maxConnections > 0 && cfg.Settings["max_connections"] == "" {
		cfg.Settings["max_connections"] = fmt.Sprint(s.maxConnections)
	}
	return cfg, nil
}

// addSettings adds the flag -c. parseSettings reads its values.
func addSettings(f *pflag.FlagSet, list *[]string) {
	f.StringArrayVarP(list, "set", "c", nil, "`name=value` of a configuration parameter, for example work_mem=64MB")
}

// parseSettings reads what -c gave.
func parseSettings(list []string) (map[string]string, error) {
	settings := map[string]string{}
	for _, set := range list {
		name, value, ok := strings.Cut(set, "=")
		if !ok {
			return nil, usage(fmt.Sprintf("-c %s is not name=value", set))
		}
		settings[name] = value
	}
	return settings, nil
}

// listeners listens on all addresses. It refuses what would let strangers in.
// If the settings do not say what the port of the server is, it is that of the
// first address, and the settings say so afterwards.
func (s *serve) listeners(settings map[string]string) (list []net.Listener, err error) {
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
		if tcp, ok := l.Addr().(*net.TCPAddr); ok && settings["port"] == "" {
			settings["port"] = fmt.Sprint(tcp.Port)
		}
		switch {
		case isLocal(l.Addr()):
		case s.auth == "trust":
			return list, fmt.Errorf("refusing to trust everybody who can reach %s: use --auth scram", address)
		case s.tls.cert == "":
			return list, fmt.Errorf("refusing to send passwords and data in the clear from %s: use --tls-cert and --tls-key", address)
		}
	}
	if s.socket != "" {
		l, err := listenUnix(filepath.Join(s.socket, ".s.PGSQL."+cmp.Or(settings["port"], "5432")), s.db.dir)
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
