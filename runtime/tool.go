package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// A Tool is a client program of PostgreSQL, such as pg_dump, linked and
// compiled. It has nothing to do with any Module or Cluster: it reaches a
// server through a connection that it is given. It is safe for concurrent use;
// every run has a memory and a file system of its own.
type Tool struct {
	name     string
	engine   *engine
	compiled wazero.CompiledModule
}

// LoadTool links and compiles a program of the guest, by name: "pg_dump" is the
// one that there is.
func LoadTool(ctx context.Context, cfg Config, name string) (_ *Tool, err error) {
	t := &Tool{name: name, engine: newEngine(ctx, cfg)}
	defer func() {
		if err != nil {
			err = fmt.Errorf("runtime: loading %s: %w", name, err)
			t.Close()
		}
	}()
	artifact, err := cfg.Assets.ReadFile(name + ".wasm")
	if err != nil {
		return nil, err
	}
	wasm, imports, err := link.Tool(artifact)
	if err != nil {
		return nil, err
	}
	if t.compiled, err = t.engine.compile(ctx, name, wasm); err != nil {
		return nil, err
	}
	b := emscripten.NewBuilder(t.engine)
	for _, im := range imports {
		if f := toolFunctions[im.Name]; f != nil {
			b.Function(im, func(g *emscripten.Guest, stack []uint64) { f(g.Owner.(*toolRun), stack) })
		}
	}
	if err := b.Imports(imports, link.Hooks); err != nil {
		return nil, err
	}
	return t, b.Instantiate(ctx)
}

// Close releases the tool. All runs must have ended.
func (t *Tool) Close() error { return t.engine.close() }

// ToolConfig says how to run a Tool.
type ToolConfig struct {
	// Args are the arguments, without the program's name.
	Args []string
	// Env are environment variables, as KEY=value, beside HOME, USER and TZ.
	Env []string
	// Stdout and Stderr get what the program prints; nil discards it.
	Stdout, Stderr io.Writer
	// Dial connects to the server. It is called when the program opens a
	// connection, which it takes for one through a Unix-domain socket, whatever
	// directory the arguments name; other addresses do not work. The connection
	// is closed when the program ends, or opens another one.
	Dial func(context.Context) (net.Conn, error)
}

// A ToolError says that a tool reported a failure.
type ToolError struct {
	// Tool is the program's name and Status its exit status.
	Tool   string
	Status int
	// Stderr is the end of what it printed to its standard error, some 64 KiB
	// at most.
	Stderr string
}

// Error returns what the tool says was wrong, or else its status.
func (e *ToolError) Error() string {
	if _, said, ok := strings.Cut("\n"+e.Stderr, "\n"+e.Tool+": error: "); ok {
		return strings.ReplaceAll(strings.TrimSpace(said), "\n"+e.Tool+": ", "; ")
	}
	return fmt.Sprintf("it exited with status %d: %s", e.Status, strings.TrimSpace(e.Stderr))
}

// Run runs the tool to its end. The error is a *ToolError if its exit status is
// not 0, and wraps the error of Dial or of writing to Stdout if there was one.
// When ctx ends, so does the tool, without leave.
func (t *Tool) Run(ctx context.Context, cfg ToolConfig) error {
	if err := t.run(ctx, cfg); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return fmt.Errorf("runtime: running %s: %w", t.name, err)
	}
	return nil
}

func (t *Tool) run(ctx context.Context, cfg ToolConfig) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &toolRun{ctx: ctx, dial: cfg.Dial, stdout: output{w: cfg.Stdout}, stderr: tail{w: cfg.Stderr}}
	defer r.hangUp()
	mem, err := linmem.New(maxMemory)
	if err != nil {
		return err
	}
	defer mem.Close()
	fs := vfs.New(vfs.Options{Stdout: &r.stdout, Stderr: &r.stderr})
	defer fs.Close()
	program := "/pglite/bin/" + t.name
	if err := fs.WriteFile(program, nil, 0o555); err != nil { // it looks for itself
		return err
	}
	g := &emscripten.Guest{Mem: mem, FS: fs, Env: slices.Concat(toolEnvironment, cfg.Env), Kernel: r, Owner: r}
	if g.Files, err = standardFiles(fs); err != nil {
		return err
	}
	defer g.Files.CloseAll()
	r.guest = g
	inst, err := t.engine.InstantiateModule(withMemory(mem), t.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return err
	}
	defer inst.Close(context.Background())
	status, err := r.main(inst, append([]string{program}, cfg.Args...))
	switch {
	case err != nil:
		return fmt.Errorf("it crashed: %w", err)
	case r.dialErr != nil:
		return r.dialErr
	case r.stdout.err != nil:
		return fmt.Errorf("writing its output: %w", r.stdout.err)
	case status != 0:
		return &ToolError{t.name, status, r.stderr.String()}
	}
	return nil
}

// toolEnvironment is what every tool finds in its environment. Emscripten's C
// library has no clock but UTC.
var toolEnvironment = []string{"HOME=/home/postgres", "USER=postgres", "LOGNAME=postgres", "PATH=/", "TZ=UTC"}

// main runs the program's main and what it leaves to exit(3).
func (r *toolRun) main(inst api.Module, args []string) (int, error) {
	g := r.guest
	g.Attach(inst)
	for _, f := range []string{"__wasm_apply_data_relocs", "__wasm_call_ctors"} {
		if _, err := g.Call(f); err != nil {
			return 0, err
		}
	}
	status, err := callMain(g, args)
	if err == nil {
		err = r.atExit()
	}
	if s, ok := emscripten.ExitStatus(err); ok {
		return s, nil
	}
	return status, err
}

// atExit runs what the program registered with atexit(3), and writes what its
// streams hold.
func (r *toolRun) atExit() error {
	_, err1 := r.guest.Call("pgl_run_atexit_funcs")
	_, err2 := r.guest.Call("__funcs_on_exit")
	_, err3 := r.guest.Call("fflush", 0)
	return errors.Join(err1, err2, err3)
}
