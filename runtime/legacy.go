package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/calfdb/calf/runtime/vfs"
)

// A Legacy is the PostgreSQL of an earlier PGlite, compiled. It serves to read
// data directories that today's PostgreSQL cannot. It is safe for concurrent
// use.
type Legacy struct {
	mod    *Module
	engine *legacyEngine
}

// LegacyVersions returns the earlier major versions that can be loaded.
func LegacyVersions() []string { return slices.Sorted(maps.Keys(legacyEngines)) }

// LegacyGroup returns the group of packages, as assets.OpenGroup takes it, with
// the PostgreSQL of an earlier major version, such as 17; "" if there is none.
func LegacyGroup(major string) string {
	if legacyEngines[major] == nil {
		return ""
	}
	return "legacy-" + major
}

// LoadLegacy links and compiles the PostgreSQL of an earlier major version, or
// loads what has been compiled before. The assets are those of LegacyGroup.
func LoadLegacy(ctx context.Context, major string, cfg Config) (*Legacy, error) {
	engine := legacyEngines[major]
	if engine == nil {
		return nil, fmt.Errorf("runtime: there is no PostgreSQL %s to load", major)
	}
	mod, err := load(ctx, cfg, func(set *assets.Set) (*link.Linked, error) {
		artifact, err := set.ReadFile(engine.artifact)
		if err != nil {
			return nil, err
		}
		return link.Legacy(artifact)
	})
	if err != nil {
		return nil, err
	}
	mod.legacy = true
	return &Legacy{mod, engine}, nil
}

// Close releases it. All clusters must have no sessions any more.
func (l *Legacy) Close() error { return l.mod.Close() }

// A LegacyCluster is a data directory of an earlier version that can be
// connected to. PostgreSQL runs in it as long as a session does: one after the
// other, as the build has no processes.
type LegacyCluster struct {
	legacy *Legacy
	data   vfs.Volume
	log    *serverLog
	turn   chan struct{} // holds a token while no session runs
}

// Open returns a cluster on the volume that holds the data directory. It will
// be changed: by recovery, if it was not shut down, and in any case by a
// checkpoint at the end of each session. log gets the messages of the server
// log, one at a time; nil discards them.
func (l *Legacy) Open(data vfs.Volume, log func(LogMessage)) *LegacyCluster {
	c := &LegacyCluster{legacy: l, data: data, log: newServerLog(log), turn: make(chan struct{}, 1)}
	c.turn <- struct{}{}
	return c
}

// Connect runs a session for the client at the other end of s, whose first
// bytes are its startup packet, and returns when the session has ended and
// PostgreSQL has shut down. It waits for the session before. The caller closes
// s then. When ctx is cancelled, the session is broken off, as PostgreSQL
// killed, and the error is the cause.
//
// The startup packet names the database, and may have settings. The session
// is the bootstrap superuser's, whatever name the client gives, and there is
// no authentication. What cannot be had fails with PostgreSQL's own error.
//
// Otherwise the error is nil however the session ended, unless PostgreSQL
// crashed.
func (c *LegacyCluster) Connect(ctx context.Context, s Socket) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case <-c.turn:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { c.turn <- struct{}{} }()
	client := newLegacyClient(ctx, s)
	defer client.flush()
	params, err := client.startup()
	if errors.Is(err, io.EOF) {
		return nil // it never said what it wants
	}
	if err != nil {
		client.fatal("08P01", err.Error())
		return nil
	}
	c.log.forget()
	session, err := c.start(ctx, client, params["database"])
	if err != nil {
		code, text := c.log.fatal()
		if code == "" {
			code, text = "58000", err.Error() // system_error: it is none of PostgreSQL's
		}
		client.fatal(code, text)
		return nil
	}
	defer session.close()
	err = session.serve(params)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("runtime: the earlier PostgreSQL crashed: %w", c.log.failure(err))
	}
	return nil
}

// start boots PostgreSQL in a database.
func (c *LegacyCluster) start(ctx context.Context, client *legacyClient, database string) (_ *legacySession, err error) {
	if database == "" {
		database = "postgres"
	}
	fs, _, err := c.legacy.mod.fs.Fork()
	if err != nil {
		return nil, err
	}
	fs.SetOutput(io.Discard, c.log) // PGlite's standard output is chatter
	if err := fs.Mount(c.legacy.engine.data, c.data); err != nil {
		return nil, err
	}
	// What another session left, or a program that was killed.
	_ = fs.UnlinkAt(nil, c.legacy.engine.data+"/postmaster.pid", 0)
	mem, err := linmem.New(maxMemory)
	if err != nil {
		return nil, err
	}
	s := &legacySession{engine: c.legacy.engine, client: client, sched: newScheduler(shortTick)}
	s.p, err = newProcess(&legacyHost{c.legacy.mod}, s.sched, postmasterPID, mem)
	if err != nil {
		s.sched.close()
		return nil, err
	}
	s.p.socket = client
	s.sched.acquire(s.p)
	s.stop = context.AfterFunc(ctx, s.p.kill9)
	g := s.p.guest
	g.FS, g.Env = fs, s.engine.environment()
	if g.Files, err = standardFiles(fs); err == nil {
		err = s.boot(database)
	}
	if err != nil {
		s.close()
		return nil, c.log.failure(err)
	}
	return s, nil
}

// legacyHost is the host of a process that is alone.
type legacyHost struct{ mod *Module }

func (h *legacyHost) module() *Module                                { return h.mod }
func (h *legacyHost) signal(*process, int32, int32) error            { return eSRCH }
func (h *legacyHost) checkpointer() *process                         { return nil }
func (h *legacyHost) walSegment(*process, string)                    {}
func (h *legacyHost) checkpointed(*process)                          {}
func (h *legacyHost) mapped(*process, *vfs.File, linmem.Range) error { return nil }

// A legacyEngine is what there is to know about one of the old programs, to
// boot and to serve. What else is particular to them is in package link.
type legacyEngine struct {
	artifact string
	prefix   string // of its installation in the guest
	data     string // where it finds its data directory
	home     string
	settings []string // name=value

	// start boots it with the arguments of postgres --single.
	start func(g *emscripten.Guest, args []string) error
	// step has it take one message of the client and answer it.
	step func(g *emscripten.Guest) error
	// shutdown ends the session and PostgreSQL, by exit.
	shutdown func(g *emscripten.Guest) error
}

// legacySettings are the settings of every session.
var legacySettings = []string{
	"exit_on_error=off",
	"log_checkpoints=off",
	"log_line_prefix=" + logLinePrefix,
	"shared_buffers=128MB", // as PGlite has it
	// Nothing but what reading needs; the old build may not even have them.
	"shared_preload_libraries=", "session_preload_libraries=", "local_preload_libraries=",
	// There are no processes that could be workers.
	"max_worker_processes=0", "max_parallel_workers=0", "max_parallel_workers_per_gather=0",
}

// environment is that of the program.
func (e *legacyEngine) environment() []string {
	return []string{
		"HOME=" + e.home, "USER=postgres", "LOGNAME=postgres", "PGDATA=" + e.data, "PATH=/", "PWD=/",
		"LANG=C.UTF-8", "LC_COLLATE=C.UTF-8", "LC_CTYPE=C.UTF-8", "TZ=UTC", "PGTZ=UTC",
		"ICU_DATA=" + e.prefix + "/icu",
	}
}

// arguments are those of PostgreSQL. Its files are a copy: nothing needs to be
// made durable.
func (e *legacyEngine) arguments(database string) []string {
	args := []string{e.prefix + "/bin/postgres", "--single", "-F", "-O", "-j"}
	for _, list := range [][]string{legacySettings, e.settings} {
		for _, s := range list {
			args = append(args, "-c", s)
		}
	}
	return append(args, "-D", e.data, database)
}

// Exit statuses by which PGlite comes back from PostgreSQL (pglite-comm.h):
// it is up, and it has an error to handle.
const (
	legacyAlive   = 99
	legacyLongjmp = 100
)

// legacyEngines are the old programs by major version of PostgreSQL. That of
// 17 is PGlite 0.4's, which also reads what PGlite 0.3 wrote.
var legacyEngines = map[string]*legacyEngine{
	"16": {
		artifact: "postgres.wasm", prefix: "/tmp/pglite", data: "/tmp/pglite/base", home: "/home/web_user",
		// As PGlite 0.2 always had it. A directory that it left behind may not
		// recover without.
		settings: []string{"ignore_invalid_pages=on"},
		start: func(g *emscripten.Guest, args []string) error {
			// It takes its environment from main's arguments. REPL=N makes main
			// return, and what then boots is what pg_initdb does for a directory
			// that there is, but with arguments of our own.
			if _, err := callMain(g, []string{args[0], "REPL=N"}); err != nil {
				return err
			}
			if _, err := g.Call("main_post"); err != nil {
				return err
			}
			argv := newArgv(g, args)
			_, err := g.Call("AsyncPostgresSingleUserMain", uint64(len(args)), argv, uint64(g.NewString("postgres")))
			return err
		},
		step: func(g *emscripten.Guest) error {
			// A message is there, of whatever length.
			if _, err := g.Call("interactive_write", 1); err != nil {
				return err
			}
			_, err := g.Call("interactive_one")
			return err
		},
		shutdown: func(g *emscripten.Guest) error {
			_, err := g.Call("pg_shutdown")
			return err
		},
	},
	"17": {
		artifact: "pglite.wasm", prefix: "/pglite", data: DataPath, home: "/home/postgres",
		start: func(g *emscripten.Guest, args []string) error {
			if _, err := g.Call("pgl_setPGliteActive", 1); err != nil {
				return err
			}
			_, err := callMain(g, args)
			if status, ok := emscripten.ExitStatus(err); !ok || status != legacyAlive {
				return err
			}
			_, err = g.Call("pgl_startPGlite")
			return err
		},
		step: func(g *emscripten.Guest) error {
			sp := g.StackPointer()
			_, err := g.Call("PostgresMainLoopOnce")
			if status, ok := emscripten.ExitStatus(err); ok && status == legacyLongjmp {
				g.SetStackPointer(sp)
				_, err = g.Call("PostgresMainLongJmp")
			}
			for _, f := range []string{"PostgresSendReadyForQueryIfNecessary", "pgl_pq_flush"} {
				if err == nil {
					_, err = g.Call(f)
				}
			}
			return err
		},
		shutdown: func(g *emscripten.Guest) error {
			if _, err := g.Call("pgl_setPGliteActive", 0); err != nil {
				return err
			}
			_, err := g.Call("pgl_run_atexit_funcs")
			return err
		},
	},
}
