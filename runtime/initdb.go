package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/tetratelabs/wazero"
)

// InitConfig says what kind of cluster to make. The zero value makes what
// PGlite makes: UTF8, the collation C.UTF-8 of libc, superuser postgres, data
// checksums, and trust for everybody who can connect.
type InitConfig struct {
	// Username is the superuser's name; default postgres.
	Username string
	// Encoding is the encoding of the template databases; default UTF8.
	Encoding string
	// LocaleProvider is libc (the default), builtin or icu.
	LocaleProvider string
	// Locale is the locale of the provider: by default C.UTF-8 for libc and
	// builtin, und for icu.
	Locale string
	// NoDataChecksums leaves the pages without checksums.
	NoDataChecksums bool
	// Args are further arguments of initdb, such as --wal-segsize=1.
	Args []string
	// ICU is the data of all languages; nil is what the guest has, the root
	// collation.
	ICU *ICUData
	// Log gets what initdb prints; nil discards it.
	Log func(LogMessage)
}

// IsDefault reports whether the configuration makes the default cluster.
func (c InitConfig) IsDefault() bool {
	return c.Username == "" && c.Encoding == "" && c.LocaleProvider == "" && c.Locale == "" &&
		!c.NoDataChecksums && len(c.Args) == 0 && c.ICU == nil
}

// args returns initdb's command line.
func (c InitConfig) args() []string {
	or := func(s, def string) string {
		if s == "" {
			return def
		}
		return s
	}
	args := []string{
		"/pglite/bin/initdb", "--pgdata=" + DataPath, "--auth=trust",
		"--username=" + or(c.Username, "postgres"), "--encoding=" + or(c.Encoding, "UTF8"),
	}
	switch provider := or(c.LocaleProvider, "libc"); provider {
	case "icu":
		args = append(args, "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale="+or(c.Locale, "und"))
	case "builtin":
		args = append(args, "--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale="+or(c.Locale, "C.UTF-8"))
	default:
		args = append(args, "--locale-provider="+provider, "--locale="+or(c.Locale, "C.UTF-8"))
	}
	if c.NoDataChecksums {
		args = append(args, "--no-data-checksums")
	}
	return append(args, c.Args...)
}

// InitDB makes a new cluster in data by running PostgreSQL's initdb. The volume
// must be empty; what a failed attempt has made, initdb removes.
func (m *Module) InitDB(ctx context.Context, data vfs.Volume, cfg InitConfig) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("runtime: initializing the data directory: %w", err)
		}
	}()
	fs, err := m.files(cfg.ICU)
	if err != nil {
		return err
	}
	defer fs.Close()
	log := newServerLog(cfg.Log)
	fs.SetOutput(log, log)
	if err := fs.Mount(DataPath, data); err != nil {
		return err
	}
	prog, err := m.program(ctx, "initdb.wasm")
	if err != nil {
		return err
	}
	sh := &shell{ctx: ctx, mod: m, fs: fs, pending: map[uint32]pipeCommand{}}
	mem, err := linmem.New(maxMemory)
	if err != nil {
		return err
	}
	p := newGuestProcess(sh, newScheduler(shortTick), 1, mem)
	defer p.close()
	p.shell = sh
	inst, err := m.engine.InstantiateModule(withMemory(mem), prog, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return err
	}
	p.attach(inst)
	g := p.guest
	g.FS, g.Env = fs, environment
	if g.Files, err = standardFiles(fs); err != nil {
		return err
	}
	status, err := sh.runMain(p, cfg.args())
	if ctx.Err() != nil { // what failed, if anything, failed because of this
		return ctx.Err()
	}
	if err == nil && status != 0 {
		err = fmt.Errorf("initdb exited with status %d", status)
	}
	if err != nil {
		return log.failure(err)
	}
	return nil
}

// program returns a compiled program other than PostgreSQL.
func (m *Module) program(ctx context.Context, name string) (wazero.CompiledModule, error) {
	return m.programs.Get(ctx, name, func() (wazero.CompiledModule, error) {
		artifact, err := m.assets.ReadFile(name)
		if err != nil {
			return nil, err
		}
		wasm, imports, err := link.Program(artifact, ":"+name)
		if err != nil {
			return nil, err
		}
		cm, err := m.engine.compile(ctx, name, wasm)
		if err != nil {
			return nil, err
		}
		b := emscripten.NewBuilder(m.engine)
		if err := b.Imports(imports, link.Hooks); err != nil {
			return nil, err
		}
		return cm, b.Instantiate(ctx)
	})
}

// A shell runs the commands of initdb, which are all calls of postgres. It is
// the host of the processes that it runs, each of which is alone.
type shell struct {
	ctx context.Context
	mod *Module
	fs  *vfs.FS

	pending map[uint32]pipeCommand // by FILE*, commands to run at pclose
	pipes   int
}

// pipeCommand is a command that reads what is written to a file.
type pipeCommand struct {
	args []string
	file string
}

var errNotPostgres = errors.New("initdb ran a program other than postgres")

// system runs a command and returns its exit status as wait(2) encodes it.
func (sh *shell) system(p *process, cmd string) uint64 {
	args, err := postgresArgs(cmd)
	if err != nil {
		return p.fail(vfs.ENOSYS)
	}
	return waitStatus(sh.postgres(args, "/dev/null", "/dev/null"))
}

// popen starts a command that the program reads from or writes to. Either way
// the pipe is a file, and the command runs when it is complete.
func (sh *shell) popen(p *process, cmd, mode string) uint64 {
	args, err := postgresArgs(cmd)
	if err != nil {
		p.fail(vfs.ENOSYS)
		return 0
	}
	sh.pipes++
	file := fmt.Sprintf("/tmp/pipe.%d", sh.pipes)
	if mode == "r" {
		if status, err := sh.postgres(args, "/dev/null", file); err != nil || status != 0 {
			p.fail(vfs.EIO)
			return 0
		}
	}
	g := p.guest
	f, err := g.Call("fopen", uint64(g.NewString(file)), uint64(g.NewString(mode)))
	if err != nil {
		panic(err)
	}
	if mode == "w" {
		sh.pending[uint32(f)] = pipeCommand{args, file}
	}
	return f
}

// pclose closes a pipe and returns the command's exit status.
func (sh *shell) pclose(p *process, file uint32) uint64 {
	status, err := p.guest.Call("fclose", uint64(file))
	if err != nil {
		panic(err)
	}
	cmd, ok := sh.pending[file]
	if !ok {
		return status
	}
	delete(sh.pending, file)
	return waitStatus(sh.postgres(cmd.args, cmd.file, "/dev/null"))
}

// waitStatus encodes an exit status as wait(2) does: killed by SIGABRT, if the
// program did not exit.
func waitStatus(status int, err error) uint64 {
	if err != nil {
		return sigABRT
	}
	return uint64(status&0xff) << 8
}

// postgres runs postgres by itself.
func (sh *shell) postgres(args []string, stdin, stdout string) (int, error) {
	if err := sh.ctx.Err(); err != nil {
		return 0, err
	}
	mem, err := linmem.New(maxMemory)
	if err != nil {
		return 0, err
	}
	p, err := newProcess(sh, newScheduler(shortTick), postmasterPID, mem)
	if err != nil {
		return 0, err
	}
	defer p.close()
	g := p.guest
	g.FS, g.Env = sh.fs, environment
	if g.Files, err = redirected(sh.fs, stdin, stdout); err != nil {
		return 0, err
	}
	copy(mem.Bytes(), sh.mod.data)
	return sh.runMain(p, args)
}

// runMain runs a program's main to its end. The shell's processes run one
// inside the other, each with a scheduler of its own.
func (sh *shell) runMain(p *process, args []string) (int, error) {
	defer p.sched.close()
	p.sched.acquire(p)
	defer p.sched.release(p)
	if _, err := p.guest.Call("__wasm_call_ctors"); err != nil {
		return 0, err
	}
	status, err := callMain(p.guest, args)
	if s, ok := emscripten.ExitStatus(err); ok {
		return s, nil
	}
	return status, err
}

// The methods of processHost.

func (sh *shell) module() *Module             { return sh.mod }
func (sh *shell) checkpointer() *process      { return nil }
func (sh *shell) walSegment(*process, string) {}

func (sh *shell) checkpointed(*process) {}

func (sh *shell) signal(*process, int32, int32) error { return eSRCH }

func (sh *shell) mapped(*process, *vfs.File, linmem.Range) error { return nil }

// postgresArgs splits a command line of initdb, as far as a shell would hand
// it to postgres: up to the first redirection.
func postgresArgs(cmd string) ([]string, error) {
	var args []string
	var word []byte
	inWord, quoted := false, false
	for i := 0; i < len(cmd); i++ {
		c := cmd[i]
		switch {
		case c == '"':
			quoted, inWord = !quoted, true
		case c == '\\' && i+1 < len(cmd):
			i++
			word, inWord = append(word, cmd[i]), true
		case quoted:
			word = append(word, c)
		case c == ' ' || c == '\n' || c == '\t':
			if inWord {
				args, word, inWord = append(args, string(word)), nil, false
			}
		case c == '<' || c == '>' || c == '|' || c == ';' || c == '&':
			if inWord && c == '>' && string(word) == "2" { // 2>&1
				inWord = false
			}
			i = len(cmd)
		default:
			word, inWord = append(word, c), true
		}
	}
	if inWord {
		args = append(args, string(word))
	}
	if len(args) == 0 || args[0] != "/pglite/bin/postgres" {
		return nil, errNotPostgres
	}
	return args, nil
}

// redirected returns a table whose first descriptors are open on files.
func redirected(fs *vfs.FS, stdin, stdout string) (*vfs.Table, error) {
	t := vfs.NewTable()
	for _, o := range []struct {
		path  string
		flags int
	}{{stdin, vfs.O_RDONLY}, {stdout, vfs.O_WRONLY | vfs.O_CREAT}, {"/dev/stderr", vfs.O_WRONLY}} {
		f, err := fs.OpenAt(nil, o.path, o.flags, 0o600)
		if err != nil {
			t.CloseAll()
			return nil, err
		}
		if _, err := t.Open(f); err != nil {
			return nil, err
		}
	}
	return t, nil
}
