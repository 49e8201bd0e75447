package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
)

// with is the flags of calf run.
type with struct {
	db       database
	settings []string
}

func (p *program) runCommand() *cobra.Command {
	w := &with{}
	c := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARGUMENT]...",
		Short: "Run a command with a database",
		Long: `Run a command with a database, which is there as long as the command runs: tests
in any language, migrations, psql.

The command finds it in DATABASE_URL and in the variables that libpq reads (PGHOST,
PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE). It is served on a free port of
127.0.0.1. One in memory, which is new and gone afterwards, is only for those who
know its password, which is a random one; of one in a directory, its pg_hba.conf says
who may connect, and PGPASSWORD is what it was.

SIGTERM and SIGHUP are passed on to the command, as are SIGINT and SIGQUIT unless
they come from the terminal, which sends them to the command itself. calf exits as
the command did: with its status, or 128 and the number of the signal that ended it,
126 or 127 if it could not be run or found.`,
		Example: `  calf run -- go test ./...
  calf run -- pytest
  calf run --db ./data -- psql`,
		Args: cobra.MinimumNArgs(1),
	}
	f := c.Flags()
	f.SetInterspersed(false) // what comes after the command is the command's
	w.db.addDir(f)
	w.db.addLog(f)
	addSettings(f, &w.settings)
	return p.does(c, func(ctx context.Context, command []string) error { return w.run(ctx, p, command) })
}

// Statuses of commands that did not run, as the shell gives them.
const (
	exitCannotRun = 126
	exitNotFound  = 127
	exitSignalled = 128 // and the signal
)

func (w *with) run(ctx context.Context, p *program, command []string) (err error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		status := exitCannotRun
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
			status = exitNotFound
		}
		fmt.Fprintf(p.stderr, "calf: %v\n", err)
		return exited(status)
	}
	signals, release := takeSignals(ctx, serverSignals...)
	defer release()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	at := l.Addr().(*net.TCPAddr)
	db, password, err := w.open(ctx, p, at.Port)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	served := make(chan error, 1)
	go func() {
		err := db.Serve(ctx, l, pglite.ServeConfig{})
		cancel(err) // ends the command, if it still runs
		served <- err
	}()
	defer func() {
		cancel(nil)
		if failed := errors.Join(<-served, db.Close()); failed != nil {
			err = failed // which says more than the command's status
		}
	}()
	cmd := exec.CommandContext(ctx, path, command[1:]...)
	cmd.Args[0] = command[0]
	cmd.Env = environment(os.Environ(), db.ConnConfig(), at, password)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.given, p.stdout, p.stderr
	return attend(cmd, signals, p.terminal || isTerminal(p.stdout) || isTerminal(p.stderr))
}

// attend runs a command and passes signals on to it.
func attend(cmd *exec.Cmd, signals <-chan os.Signal, terminal bool) error {
	select {
	case s := <-signals: // while the database was opened
		if s, ok := s.(syscall.Signal); ok {
			return exited(exitSignalled + int(s))
		}
		return exited(exitFailed)
	default:
	}
	if err := cmd.Start(); err != nil {
		fmt.Fprintf(cmd.Stderr, "calf: %v\n", err)
		return exited(exitCannotRun)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if terminal && (s == os.Interrupt || s == syscall.SIGQUIT) {
				continue // the terminal has sent it to the command as well
			}
			_ = cmd.Process.Signal(s) // it may have ended
		case err := <-ended:
			failed := (*exec.ExitError)(nil)
			if !errors.As(err, &failed) {
				return err
			}
			if s, ok := failed.Sys().(syscall.WaitStatus); ok && s.Signaled() {
				return exited(exitSignalled + int(s.Signal()))
			}
			return exited(failed.ExitCode())
		}
	}
}

// open opens the database, with a password if it is in memory: a directory keeps its
// own.
func (w *with) open(ctx context.Context, p *program, port int) (db *pglite.DB, password string, err error) {
	settings, err := parseSettings(w.settings)
	if err != nil {
		return nil, "", err
	}
	if settings["port"] == "" {
		settings["port"] = fmt.Sprint(port)
	}
	w.db.settings = settings
	if w.db.dir != pglite.Memory {
		db, err = w.db.open(ctx, p)
		return db, "", err
	}
	w.db.hba = hbaSCRAM
	if db, err = w.db.open(ctx, p); err != nil {
		return nil, "", err
	}
	password = rand.Text()
	role := pgx.Identifier{db.ConnConfig().User}.Sanitize()
	if _, err := db.Exec(ctx, "ALTER ROLE "+role+" PASSWORD '"+password+"'"); err != nil {
		return nil, "", errors.Join(err, db.Close())
	}
	return db, password, nil
}

// environment is what a command is told. Variables of the caller that would have
// libpq look elsewhere are left out.
func environment(env []string, cfg *pgx.ConnConfig, at *net.TCPAddr, password string) []string {
	u := url.URL{Scheme: "postgres", User: url.User(cfg.User), Host: at.String(), Path: "/" + cfg.Database, RawQuery: "sslmode=disable"}
	set := map[string]string{
		"PGHOST": at.IP.String(), "PGPORT": fmt.Sprint(at.Port), "PGUSER": cfg.User, "PGDATABASE": cfg.Database, "PGSSLMODE": "disable",
		"PGHOSTADDR": "", "PGSERVICE": "", "PGREQUIRESSL": "", "PGTARGETSESSIONATTRS": "",
	}
	if password != "" {
		u.User = url.UserPassword(cfg.User, password)
		set["PGPASSWORD"] = password
	}
	set["DATABASE_URL"] = u.String()
	list := slices.DeleteFunc(env, func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		_, ok := set[name]
		return ok
	})
	for name, value := range set {
		if value != "" {
			list = append(list, name+"="+value)
		}
	}
	return list
}
